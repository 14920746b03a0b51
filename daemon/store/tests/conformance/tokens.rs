//! Access tokens.

use kit::random::SystemRandom;
use secrecy::ExposeSecret;
use shared::access_token;
use shared::role::Role;
use shared::token::{Budget, Limits, Period};
use store::StoreError;
use store::credential::mint;
use store::tokens::TokenRecord;

use crate::support::{Db, at, name};

on_both![
    a_token_is_found_by_its_id_and_proves_its_bearer,
    a_token_name_is_taken_once,
    tokens_are_listed_by_name,
    a_revoked_token_stays_and_a_deleted_one_goes,
    the_last_use_is_noted_in_batches_and_never_moves_back,
    ended_tokens_are_deleted_after_a_while,
    a_token_of_unknown_roles_is_corrupt,
    the_limits_of_a_token_are_stored_and_changed,
    a_token_of_before_has_no_limits_and_unknown_ones_are_corrupt,
];

fn token(text: &str) -> TokenRecord {
    let minted = mint(Role::User, &SystemRandom);
    TokenRecord {
        id: minted.id,
        name: name(text),
        principal: "alice".into(),
        roles: vec![Role::User, Role::Publisher],
        secret_hash: minted.hash,
        created_at: at(0),
        expires_at: Some(at(100)),
        revoked_at: None,
        last_used_at: None,
        limits: Limits::default(),
    }
}

async fn a_token_is_found_by_its_id_and_proves_its_bearer(db: Db) {
    let minted = mint(Role::Publisher, &SystemRandom);
    let record = TokenRecord {
        id: minted.id,
        secret_hash: minted.hash,
        ..token("t")
    };
    db.tokens().insert(&record).await.unwrap();
    let shown = access_token::parse(minted.text.expose_secret()).unwrap();
    let found = db.tokens().find(shown.id).await.unwrap().unwrap();
    assert_eq!(found, record);
    assert!(found.secret_hash.proves(shown.secret));
    assert!(found.is_live(at(99)) && !found.is_live(at(100)));
    let document = serde_json::to_string(&found.document()).unwrap();
    assert!(!document.contains("hash") && !document.contains(shown.secret));
    assert_eq!(db.tokens().find("unknown").await.unwrap(), None);
}

async fn a_token_name_is_taken_once(db: Db) {
    db.tokens().insert(&token("t")).await.unwrap();
    let refused = db.tokens().insert(&token("t")).await;
    assert!(
        matches!(refused, Err(StoreError::Conflict { .. })),
        "{refused:?}"
    );
}

async fn tokens_are_listed_by_name(db: Db) {
    for text in ["b", "a", "C"] {
        db.tokens().insert(&token(text)).await.unwrap();
    }
    let listed = db.tokens().list_all().await.unwrap();
    let listed: Vec<_> = listed.iter().map(|token| token.name.as_str()).collect();
    assert_eq!(listed, ["C", "a", "b"]);
}

async fn a_revoked_token_stays_and_a_deleted_one_goes(db: Db) {
    let tokens = db.tokens();
    tokens.insert(&token("t")).await.unwrap();
    let revoked = tokens.revoke(&name("t"), at(5)).await.unwrap();
    assert!(!revoked.is_live(at(6)));
    let again = tokens.revoke(&name("t"), at(9)).await.unwrap();
    assert_eq!(again.revoked_at, Some(at(5)));
    let stored = tokens.find_by_name(&name("t")).await.unwrap();
    assert_eq!(stored.unwrap().revoked_at, Some(at(5)));
    tokens.delete(&name("t")).await.unwrap();
    let gone = tokens.delete(&name("t")).await;
    assert!(matches!(gone, Err(StoreError::NotFound { .. })), "{gone:?}");
}

async fn the_last_use_is_noted_in_batches_and_never_moves_back(db: Db) {
    let (a, b) = (token("a"), token("b"));
    db.tokens().insert(&a).await.unwrap();
    db.tokens().insert(&b).await.unwrap();
    let uses = [
        (a.id.clone(), at(7)),
        (b.id.clone(), at(8)),
        ("unknown".into(), at(9)),
        (a.id.clone(), at(3)),
    ];
    db.tokens().note_used(&uses).await.unwrap();
    let used: Vec<_> = db.tokens().list_all().await.unwrap();
    let used: Vec<_> = used.into_iter().map(|token| token.last_used_at).collect();
    assert_eq!(used, [Some(at(7)), Some(at(8))]);
}

async fn ended_tokens_are_deleted_after_a_while(db: Db) {
    let tokens = db.tokens();
    let endless = TokenRecord {
        expires_at: None,
        ..token("endless")
    };
    for record in [endless, token("expired"), token("revoked")] {
        tokens.insert(&record).await.unwrap();
    }
    tokens.revoke(&name("revoked"), at(5)).await.unwrap();
    assert_eq!(tokens.delete_ended(at(5)).await.unwrap(), 0);
    assert_eq!(tokens.delete_ended(at(6)).await.unwrap(), 1);
    assert_eq!(tokens.delete_ended(at(101)).await.unwrap(), 1);
    let left = tokens.list_all().await.unwrap();
    assert_eq!(left.len(), 1);
    assert_eq!(left[0].name, name("endless"));
}

async fn a_token_of_unknown_roles_is_corrupt(db: Db) {
    db.tokens().insert(&token("t")).await.unwrap();
    db.tamper("update tokens set roles = '[\"emperor\"]'").await;
    let listed = db.tokens().list_all().await;
    assert!(
        matches!(
            listed,
            Err(StoreError::Corrupt {
                column: "roles",
                ..
            })
        ),
        "{listed:?}"
    );
}

async fn the_limits_of_a_token_are_stored_and_changed(db: Db) {
    let limits = Limits {
        requests_per_minute: Some(60),
        tokens_per_minute: Some(u64::MAX),
        max_concurrency: Some(2),
        budget: Some(Budget {
            usd: 0.1 + 0.2,
            period: Period::Week,
        }),
    };
    let record = TokenRecord {
        limits,
        ..token("t")
    };
    db.tokens().insert(&record).await.unwrap();
    let stored = db.tokens().find(&record.id).await.unwrap().unwrap();
    assert_eq!(stored, record);
    assert_eq!(stored.document().spec.limits, limits);
    let none = Limits::default();
    let changed = db.tokens().set_limits(&record.name, none).await.unwrap();
    assert_eq!(changed, token_like(&record, none));
    assert_eq!(db.tokens().list_all().await.unwrap(), [changed]);
    let missing = db.tokens().set_limits(&name("other"), limits).await;
    assert!(matches!(missing, Err(StoreError::NotFound { .. })));
}

fn token_like(record: &TokenRecord, limits: Limits) -> TokenRecord {
    TokenRecord {
        limits,
        ..record.clone()
    }
}

async fn a_token_of_before_has_no_limits_and_unknown_ones_are_corrupt(db: Db) {
    let record = TokenRecord {
        limits: Limits {
            max_concurrency: Some(1),
            ..Limits::default()
        },
        ..token("t")
    };
    db.tokens().insert(&record).await.unwrap();
    // As a program writes it that knows of no limits.
    db.tamper(
        "insert into tokens (id, name, principal, roles, secret_hash, created_at)
        select 'old', 'old', principal, roles, secret_hash, created_at from tokens",
    )
    .await;
    let old = db.tokens().find("old").await.unwrap().unwrap();
    assert!(old.limits.is_empty());
    db.tamper("update tokens set limits = '{\"wishes\": 3}'")
        .await;
    let listed = db.tokens().list_all().await;
    assert!(
        matches!(
            listed,
            Err(StoreError::Corrupt {
                column: "limits",
                ..
            })
        ),
        "{listed:?}"
    );
}
