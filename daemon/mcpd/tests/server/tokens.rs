//! Access tokens: what can be made, by whom, and who sees it.

use std::time::Duration;

use serde_json::{Value, json};
use shared::access_token;
use shared::timestamp::Timestamp;

use crate::fixture::{Mcpd, value_of};

const TOKENS: &str = "/api/v1/tokens";

fn names(list: &Value) -> Vec<&str> {
    let items = list["items"].as_array().unwrap().iter();
    items
        .map(|token| token["metadata"]["name"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn a_token_is_shown_once_with_what_it_may_do() {
    let mcpd = Mcpd::start().await;
    let wanted = json!({"name": "ci", "roles": ["worker", "user", "user"]});
    let made = mcpd.admin.post(TOKENS, wanted).await.is(201).json();
    let value = value_of(&made);
    assert!(value.starts_with("mcp_user_"), "{value}");
    assert_eq!(made["spec"]["roles"], json!(["user", "worker"]));
    assert_eq!(
        made["spec"]["principal"], "ci",
        "an admin's token is its own principal"
    );
    let shown = mcpd.admin.get("/api/v1/tokens/ci").await.is(200);
    let list = mcpd.admin.get(TOKENS).await.is(200);
    for answer in [&shown, &list] {
        assert!(!answer.text().contains(value), "{}", answer.text());
        // It may have a `_` itself.
        let secret = access_token::parse(value).unwrap().secret;
        assert!(!answer.text().contains(secret));
    }
    assert_eq!(list.json()["kind"], "TokenList");
    let who = mcpd.admin.with_token(value).get("/api/v1/whoami").await;
    let who = who.is(200).json();
    assert_eq!(
        (&who["principal"], &who["token"]),
        (&json!("ci"), &json!("ci"))
    );
    let used = mcpd.admin.get("/api/v1/tokens/ci").await.json();
    assert!(used["status"]["lastUsedAt"].is_string());
}

#[tokio::test]
async fn nobody_grants_more_than_he_holds() {
    let mcpd = Mcpd::start().await;
    let user = mcpd.token("alice", "user").await;
    for roles in [
        json!(["admin"]),
        json!(["user", "publisher"]),
        json!(["worker"]),
    ] {
        let answer = user
            .post(TOKENS, json!({"name": "more", "roles": roles}))
            .await;
        answer.says(403, "forbidden", "which you don't hold");
    }
    let other = json!({"name": "bobs", "roles": ["user"], "principal": "bob"});
    let answer = user.post(TOKENS, other).await;
    answer.says(403, "forbidden", "another principal");
    let same = json!({"name": "second", "roles": ["user"]});
    let second = user.post(TOKENS, same).await.is(201).json();
    assert_eq!(
        second["spec"]["principal"], "alice",
        "by default the creator's"
    );
    let many = json!({"name": "many", "roles": ["user", "publisher"], "principal": "carol"});
    let carol = mcpd.token_with(many).await;
    let half = json!({"name": "half", "roles": ["publisher"], "principal": "carol"});
    carol.post(TOKENS, half).await.is(201);
}

#[tokio::test]
async fn nobody_but_an_admin_uses_up_the_servers_tokens() {
    let mcpd = Mcpd::start().await;
    let user = json!({"name": "user", "roles": ["user"]});
    let made = mcpd.admin.post(TOKENS, user).await.is(201).json();
    let user = mcpd.admin.with_token(value_of(&made));
    for n in 1..100 {
        let one = json!({"name": format!("own-{n}"), "roles": ["user"]});
        user.post(TOKENS, one).await.is(201);
    }
    let more = json!({"name": "more", "principal": "user", "roles": ["user"]});
    let refused = user.post(TOKENS, more.clone()).await.is(400);
    assert!(
        refused.text().contains("ask an admin"),
        "{}",
        refused.text()
    );
    mcpd.admin.post(TOKENS, more).await.is(201);
    for own in ["more", "own-1"] {
        user.delete(&format!("{TOKENS}/{own}")).await.is(200);
    }
    let again = json!({"name": "again", "roles": ["user"]});
    user.post(TOKENS, again).await.is(201);
}

#[tokio::test]
async fn a_token_ends_no_later_than_its_creator() {
    let mcpd = Mcpd::start().await;
    let soon = json!({"name": "guest", "roles": ["user"], "expiresAt": "2100-01-01T00:00:00Z"});
    let guest = mcpd.token_with(soon).await;
    for wanted in [Value::Null, "2200-01-01T00:00:00Z".into()] {
        let name = if wanted.is_null() { "a" } else { "b" };
        let child = json!({"name": name, "roles": ["user"], "expiresAt": wanted});
        let child = guest.post(TOKENS, child).await.is(201).json();
        assert_eq!(child["spec"]["expiresAt"], "2100-01-01T00:00:00.000Z");
    }
    let earlier = json!({"name": "c", "roles": ["user"], "expiresAt": "2090-01-01T00:00:00Z"});
    let earlier = guest.post(TOKENS, earlier).await.is(201).json();
    assert_eq!(earlier["spec"]["expiresAt"], "2090-01-01T00:00:00.000Z");
    let past = json!({"name": "d", "roles": ["user"], "expiresAt": "2020-01-01T00:00:00Z"});
    let answer = mcpd.admin.post(TOKENS, past).await;
    answer.says(400, "invalid_request", "in the past");
}

#[tokio::test]
async fn a_token_that_has_expired_is_refused() {
    let mcpd = Mcpd::start().await;
    let end = now().plus(Duration::from_secs(2));
    let wanted = json!({"name": "brief", "roles": ["user"], "expiresAt": end});
    let brief = mcpd.token_with(wanted).await;
    loop {
        let asked_at = now();
        let answer = brief.get("/api/v1/whoami").await;
        if answer.status == 401 {
            assert!(now() >= end, "not before its time");
            answer.says(401, "invalid_api_key", "expired at ");
            return;
        }
        answer.is(200);
        assert!(asked_at < end, "not after its time");
    }
}

fn now() -> Timestamp {
    kit::clock::Clock::now(&kit::clock::SystemClock)
}

#[tokio::test]
async fn bad_wishes_are_answered_with_what_is_allowed() {
    let mcpd = Mcpd::start().await;
    for (wish, words) in [
        (json!({"name": "x", "roles": []}), "at least one role"),
        (json!({"name": "x"}), "`roles`"),
        (json!({"name": "x", "roles": ["root"]}), "`admin`"),
        (json!({"name": "a b", "roles": ["user"]}), "only letters"),
        (
            json!({"name": "x", "roles": ["user"], "principal": "a b"}),
            "`principal` must be",
        ),
        (
            json!({"name": "x", "roles": ["user"], "expiresAt": "soon"}),
            "RFC 3339",
        ),
        (
            json!({"kind": "Llm", "metadata": {"name": "x"}, "spec": {}}),
            "kind `Token`",
        ),
    ] {
        let answer = mcpd.admin.post(TOKENS, wish).await;
        answer.says(400, "invalid_request", words);
    }
    mcpd.token("taken", "user").await;
    let again = json!({"name": "taken", "roles": ["user"]});
    let answer = mcpd.admin.post(TOKENS, again).await;
    answer.says(409, "conflict", "exists already");
}

#[tokio::test]
async fn an_admin_sees_all_tokens_and_others_their_principals() {
    let mcpd = Mcpd::start().await;
    let alice = mcpd.token("alice", "user").await;
    let bob = mcpd.token("bob", "publisher").await;
    alice
        .post(TOKENS, json!({"name": "alice-2", "roles": ["user"]}))
        .await
        .is(201);
    let all = mcpd.admin.get(TOKENS).await.json();
    assert_eq!(names(&all), ["admin", "alice", "alice-2", "bob"]);
    assert_eq!(names(&alice.get(TOKENS).await.json()), ["alice", "alice-2"]);
    assert_eq!(names(&bob.get(TOKENS).await.json()), ["bob"]);
    // What is not yours to see is like what is not there.
    let foreign = bob
        .get("/api/v1/tokens/alice")
        .await
        .refused(404, "not_found");
    let missing = bob
        .get("/api/v1/tokens/nobody")
        .await
        .refused(404, "not_found");
    let text = |error: &Value| {
        error["message"]
            .as_str()
            .unwrap()
            .replace("alice", "nobody")
    };
    assert_eq!(text(&foreign), text(&missing));
    let answer = bob.delete("/api/v1/tokens/alice").await;
    answer.refused(404, "not_found");
    alice.get("/api/v1/whoami").await.is(200);
}

#[tokio::test]
async fn a_deleted_token_is_refused_at_once() {
    let mcpd = Mcpd::start().await;
    let alice = mcpd.token("alice", "user").await;
    let second = alice
        .post(TOKENS, json!({"name": "alice-2", "roles": ["user"]}))
        .await;
    let created = second.json();
    let second = mcpd.admin.with_token(value_of(&created));
    second.get("/api/v1/whoami").await.is(200);
    let deleted = alice.delete("/api/v1/tokens/alice-2").await.is(200).json();
    assert!(deleted["status"].get("value").is_none());
    // Over the connection that it had, too.
    for path in ["/api/v1/whoami", "/api/v1/llms", "/metrics"] {
        let answer = second.get(path).await;
        answer.says(401, "invalid_api_key", "was deleted");
    }
    alice.delete("/api/v1/tokens/alice").await.is(200);
    alice
        .get("/api/v1/whoami")
        .await
        .refused(401, "invalid_api_key");
    mcpd.token("alice", "user")
        .await
        .get("/api/v1/whoami")
        .await
        .is(200);
    alice
        .get("/api/v1/whoami")
        .await
        .refused(401, "invalid_api_key");
}

#[tokio::test]
async fn the_last_admin_can_not_be_deleted() {
    let mcpd = Mcpd::start().await;
    let answer = mcpd.admin.delete("/api/v1/tokens/admin").await;
    answer.says(409, "conflict", "last token of an admin");
    let second = mcpd.token("root", "admin").await;
    second.delete("/api/v1/tokens/admin").await.is(200);
    mcpd.admin
        .get("/api/v1/whoami")
        .await
        .refused(401, "invalid_api_key");
    let answer = second.delete("/api/v1/tokens/root").await;
    answer.refused(409, "conflict");
}
