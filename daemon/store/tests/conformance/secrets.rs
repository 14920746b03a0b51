//! Secrets: sealed in the database, opened by one key in one place.

use std::os::unix::fs::PermissionsExt;

use secrecy::ExposeSecret;
use shared::name::Name;
use store::StoreError;
use store::master_key::{KeyFile, MasterKey};
use store::secrets::{NewSecret, Secrets, Write};

use crate::support::{Db, at, name};

on_both![
    a_value_goes_in_and_comes_out_of_its_field_alone,
    no_value_stands_in_the_database_or_in_an_answer,
    a_put_replaces_the_whole_secret_and_minds_versions,
    secrets_are_listed_with_their_fields,
    a_deleted_secret_takes_its_fields_along,
    a_value_moved_to_another_row_or_field_does_not_open,
    the_wrong_master_key_is_refused_at_start,
    a_key_is_made_on_the_first_start_and_never_again,
    a_given_key_file_must_be_there_and_closed_to_others,
    secrets_beyond_the_bounds_are_refused,
];

const VALUE: &str = "sk-canary-value";

fn secret(text: &str, fields: &[(&str, &str)]) -> NewSecret {
    let own = |(field, value): &(&str, &str)| (String::from(*field), String::from(*value).into());
    NewSecret {
        name: name(text),
        labels: Default::default(),
        fields: fields.iter().map(own).collect(),
    }
}

async fn open(db: &Db) -> Secrets {
    let key = MasterKey::from_bytes([7; 32]);
    Secrets::with_key(&db.store, &key, at(0)).await.unwrap()
}

async fn value(secrets: &Secrets, of: &Name, field: &str) -> Result<String, StoreError> {
    let value = secrets.get_field(of, field).await?;
    Ok(value.expose_secret().into())
}

async fn a_value_goes_in_and_comes_out_of_its_field_alone(db: Db) {
    let secrets = open(&db).await;
    let wanted = secret("openai", &[("api-key", VALUE), ("org", "")]);
    let (stored, is_new) = secrets.put(&wanted, Write::New, at(1)).await.unwrap();
    assert!(is_new);
    assert_eq!(stored.status.unwrap().fields, ["api-key", "org"]);
    let openai = name("openai");
    assert_eq!(value(&secrets, &openai, "api-key").await.unwrap(), VALUE);
    assert_eq!(value(&secrets, &openai, "org").await.unwrap(), "");
    for (of, field) in [("openai", "other"), ("other", "api-key")] {
        let missing = value(&secrets, &name(of), field).await;
        assert!(
            matches!(missing, Err(StoreError::NotFound { .. })),
            "{missing:?}"
        );
    }
}

async fn no_value_stands_in_the_database_or_in_an_answer(db: Db) {
    let secrets = open(&db).await;
    let wanted = secret("openai", &[("api-key", VALUE)]);
    let stored = secrets.put(&wanted, Write::New, at(1)).await.unwrap();
    assert!(!format!("{wanted:?} {stored:?} {secrets:?}").contains(VALUE));
    if let store::Place::DataDir(dir) = &db.config.place {
        for entry in std::fs::read_dir(dir).unwrap() {
            let bytes = std::fs::read(entry.unwrap().path()).unwrap();
            let mut windows = bytes.windows(VALUE.len());
            assert!(!windows.any(|window| window == VALUE.as_bytes()));
        }
    }
}

async fn a_put_replaces_the_whole_secret_and_minds_versions(db: Db) {
    let secrets = open(&db).await;
    let first = secret("s", &[("a", "1"), ("b", "2")]);
    let (stored, _) = secrets.put(&first, Write::Any, at(1)).await.unwrap();
    let taken = secrets.put(&first, Write::New, at(2)).await;
    assert!(
        matches!(taken, Err(StoreError::Conflict { .. })),
        "{taken:?}"
    );
    let second = secret("s", &[("b", "3"), ("c", "4")]);
    let (replaced, is_new) = secrets
        .put(&second, Write::Version(1), at(3))
        .await
        .unwrap();
    assert!(!is_new);
    assert_eq!(replaced.metadata.id, stored.metadata.id);
    assert_eq!(replaced.metadata.resource_version, Some(2));
    assert_eq!(replaced.metadata.updated_at, Some(at(3)));
    assert_eq!(replaced.status.unwrap().fields, ["b", "c"]);
    assert_eq!(value(&secrets, &name("s"), "b").await.unwrap(), "3");
    let stale = secrets.put(&first, Write::Version(1), at(4)).await;
    assert!(matches!(stale, Err(StoreError::Stale { .. })), "{stale:?}");
    let missing = secrets
        .put(&secret("t", &[("a", "1")]), Write::Version(1), at(4))
        .await;
    assert!(
        matches!(missing, Err(StoreError::NotFound { .. })),
        "{missing:?}"
    );
}

async fn secrets_are_listed_with_their_fields(db: Db) {
    let secrets = open(&db).await;
    let mut labelled = secret("b", &[("y", "1"), ("x", "2")]);
    labelled.labels.insert("team".into(), "blue".into());
    secrets.put(&labelled, Write::New, at(1)).await.unwrap();
    secrets
        .put(&secret("a", &[("z", "1")]), Write::New, at(1))
        .await
        .unwrap();
    let listed = secrets.list(None, 10).await.unwrap();
    let shown: Vec<_> = listed
        .iter()
        .map(|s| (s.metadata.name.as_str(), s.status.clone().unwrap().fields))
        .collect();
    assert_eq!(
        shown,
        [
            ("a", vec!["z".to_owned()]),
            ("b", vec!["x".into(), "y".into()])
        ]
    );
    assert_eq!(listed[1].metadata.labels, labelled.labels);
    let page = secrets.list(Some(&name("a")), 1).await.unwrap();
    assert_eq!(page[..], listed[1..]);
}

async fn a_deleted_secret_takes_its_fields_along(db: Db) {
    let secrets = open(&db).await;
    let wanted = secret("s", &[("a", "1")]);
    let (stored, _) = secrets.put(&wanted, Write::New, at(1)).await.unwrap();
    assert_eq!(secrets.delete(&name("s")).await.unwrap(), stored);
    let gone = secrets.delete(&name("s")).await;
    assert!(matches!(gone, Err(StoreError::NotFound { .. })), "{gone:?}");
    let (again, _) = secrets
        .put(&secret("s", &[("b", "2")]), Write::New, at(2))
        .await
        .unwrap();
    assert_eq!(again.status.unwrap().fields, ["b"]);
}

async fn a_value_moved_to_another_row_or_field_does_not_open(db: Db) {
    let secrets = open(&db).await;
    let mine = secret("mine", &[("a", VALUE), ("b", "other")]);
    secrets.put(&mine, Write::New, at(1)).await.unwrap();
    secrets
        .put(&secret("yours", &[("a", "x")]), Write::New, at(1))
        .await
        .unwrap();
    db.tamper(
        "update secret_fields
        set nonce = (select nonce from secret_fields where sealed in (
                select f.sealed from secret_fields f join secrets s on s.id = f.secret_id
                where s.name = 'mine' and f.field = 'a')),
            sealed = (select f.sealed from secret_fields f join secrets s on s.id = f.secret_id
                where s.name = 'mine' and f.field = 'a')
        where field = 'b' or secret_id = (select id from secrets where name = 'yours')",
    )
    .await;
    assert_eq!(value(&secrets, &name("mine"), "a").await.unwrap(), VALUE);
    for (of, field) in [("mine", "b"), ("yours", "a")] {
        let moved = value(&secrets, &name(of), field).await;
        assert!(
            matches!(moved, Err(StoreError::Corrupt { .. })),
            "{moved:?}"
        );
    }
}

async fn the_wrong_master_key_is_refused_at_start(db: Db) {
    let secrets = open(&db).await;
    secrets
        .put(&secret("s", &[("a", "1")]), Write::New, at(1))
        .await
        .unwrap();
    let wrong = MasterKey::from_bytes([8; 32]);
    let refused = Secrets::with_key(&db.store, &wrong, at(2))
        .await
        .unwrap_err();
    assert!(
        matches!(refused, StoreError::WrongKey { .. }),
        "{refused:?}"
    );
    assert!(
        refused.to_string().contains("put the key file back"),
        "{refused}"
    );
    assert_eq!(value(&open(&db).await, &name("s"), "a").await.unwrap(), "1");
}

async fn a_key_is_made_on_the_first_start_and_never_again(db: Db) {
    let path = db.dir.path().join("master.key");
    let file = KeyFile::Own(path.clone());
    let secrets = Secrets::open(&db.store, &file, at(0)).await.unwrap();
    let mode = std::fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    secrets
        .put(&secret("s", &[("a", "1")]), Write::New, at(1))
        .await
        .unwrap();
    let again = Secrets::open(&db.store, &file, at(2)).await.unwrap();
    assert_eq!(value(&again, &name("s"), "a").await.unwrap(), "1");
    std::fs::remove_file(&path).unwrap();
    let lost = Secrets::open(&db.store, &file, at(3)).await.unwrap_err();
    assert!(
        lost.to_string().contains("put it back from your backup"),
        "{lost}"
    );
    assert!(!path.exists(), "no new key takes the place of a lost one");
    let left: Vec<_> = std::fs::read_dir(db.dir.path()).unwrap().collect();
    assert!(left.len() <= 1, "{left:?}");
}

async fn a_given_key_file_must_be_there_and_closed_to_others(db: Db) {
    let path = db.dir.path().join("given.key");
    let file = KeyFile::Given(path.clone());
    let why = async || {
        let refused = Secrets::open(&db.store, &file, at(0)).await.unwrap_err();
        assert!(
            matches!(refused, StoreError::BadKeyFile { .. }),
            "{refused:?}"
        );
        refused.to_string()
    };
    assert!(why().await.contains("openssl rand -base64 32"));
    std::fs::write(&path, "AAAA\n").unwrap();
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o640)).unwrap();
    assert!(
        why()
            .await
            .contains(&format!("chmod 600 {}", path.display()))
    );
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o600)).unwrap();
    let text = why().await;
    assert!(
        text.contains("32 bytes in base64") && !text.contains("AAAA"),
        "{text}"
    );
    std::fs::write(&path, "A".repeat(43) + "=\n").unwrap();
    Secrets::open(&db.store, &file, at(0)).await.unwrap();
}

async fn secrets_beyond_the_bounds_are_refused(db: Db) {
    let secrets = open(&db).await;
    let many: Vec<String> = (0..65).map(|n| format!("f{n}")).collect();
    let many: Vec<_> = many.iter().map(|field| (field.as_str(), "")).collect();
    let long = "x".repeat(64 * 1024 + 1);
    for fields in [
        &[][..],
        &many,
        &[("a", long.as_str())],
        &[("a\n", "1")],
        &[("", "1")],
    ] {
        let refused = secrets.put(&secret("s", fields), Write::Any, at(0)).await;
        assert!(refused.is_err());
        assert!(!refused.unwrap_err().retryable());
    }
    assert!(secrets.list(None, 10).await.unwrap().is_empty());
}
