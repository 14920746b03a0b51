//! Aliases and prices: made, read, changed, deleted; what can't be is refused with the reason.

use serde_json::{Value, json};

use crate::fixture::Mcpd;
use crate::provider::Provider;

/// The kinds, each with a document of its own.
fn kinds() -> [(&'static str, &'static str, Value, Value); 2] {
    let alias = json!({"name": "x", "model": "m"});
    let price = json!({"name": "x", "input": 1.0, "output": 2.0});
    [
        ("/api/v1/aliases", "Alias", alias, json!({"policy": "cost"})),
        ("/api/v1/prices", "Price", price, json!({"output": 3.0})),
    ]
}

fn with(mut value: Value, more: &Value) -> Value {
    let fields = value.as_object_mut().unwrap();
    fields.extend(more.as_object().unwrap().clone());
    value
}

#[tokio::test]
async fn each_is_made_read_changed_and_deleted() {
    let mcpd = Mcpd::start().await;
    let user = mcpd.token("user", "user").await;
    for (path, kind, document, change) in kinds() {
        let one = format!("{path}/x");
        let made = mcpd.admin.post(path, document.clone()).await.is(201).json();
        assert_eq!(
            (&made["kind"], &made["metadata"]["resourceVersion"]),
            (&json!(kind), &json!(1))
        );
        assert_eq!(made["metadata"]["owner"], "admin");
        mcpd.admin
            .post(path, document.clone())
            .await
            .refused(409, "conflict");
        let read = user.get(&one).await.is(200).json();
        assert_eq!(read["spec"], made["spec"]);
        let list = user.get(path).await.is(200).json();
        assert_eq!(list["items"].as_array().unwrap().len(), 1);
        assert_eq!(list["kind"], format!("{kind}List"));
        let changed = with(document.clone(), &change);
        let versioned = with(changed.clone(), &json!({"resourceVersion": 1}));
        let put = mcpd.admin.put(&one, versioned.clone()).await.is(200).json();
        assert_eq!(put["metadata"]["resourceVersion"], 2);
        let (field, value) = change.as_object().unwrap().iter().next().unwrap();
        assert_eq!(&put["spec"][field], value);
        let stale = mcpd.admin.put(&one, versioned).await;
        assert!(
            stale.refused(409, "conflict")["hint"]
                .as_str()
                .unwrap()
                .contains("read it again")
        );
        mcpd.admin
            .put(&one, with(changed, &json!({"name": "y"})))
            .await
            .is(400);
        for caller in [&user, &mcpd.nobody()] {
            let status = if caller.token().is_some() { 403 } else { 401 };
            caller.post(path, document.clone()).await.is(status);
            caller.put(&one, document.clone()).await.is(status);
            caller.delete(&one).await.is(status);
        }
        mcpd.admin.delete(&one).await.is(200);
        mcpd.admin.get(&one).await.refused(404, "not_found");
        mcpd.admin.delete(&one).await.refused(404, "not_found");
        // A `PUT` makes what is not there, unless it expects a version.
        let expecting = with(document.clone(), &json!({"resourceVersion": 2}));
        mcpd.admin
            .put(&one, expecting)
            .await
            .refused(404, "not_found");
        mcpd.admin.put(&one, document).await.is(201);
    }
}

#[tokio::test]
async fn what_makes_no_sense_is_refused_with_its_field() {
    let mcpd = Mcpd::start().await;
    for (path, document, words) in [
        ("aliases", json!({"name": "a"}), "`model`"),
        (
            "aliases",
            json!({"name": "a", "llms": ["x"], "policy": "best"}),
            "prefer-local",
        ),
        (
            "aliases",
            json!({"name": "a", "llms": ["x"], "fallbacks": ["a"]}),
            "own fallback",
        ),
        (
            "aliases",
            json!({"name": "a", "llms": ["x"], "timeout": "0s"}),
            "`timeout`",
        ),
        (
            "aliases",
            json!({"name": "a", "llms": ["x"], "cache": {"ttl": "0s"}}),
            "ttl",
        ),
        ("aliases", json!({"name": "a b", "llms": ["x"]}), "name"),
        ("aliases", json!({"name": "a", "llms": "x"}), "expected"),
        ("prices", json!({"name": "a", "input": -1}), "`input`"),
        (
            "prices",
            json!({"name": "a", "input": 1, "output": 1e12}),
            "`output`",
        ),
        ("prices", json!({"name": "a", "output": 1}), "input"),
        (
            "prices",
            json!({"name": "a", "input": 1, "ouput": 1}),
            "ouput",
        ),
        ("prices", json!([1]), "object"),
    ] {
        let answer = mcpd.admin.post(&format!("/api/v1/{path}"), document).await;
        answer.says(400, "invalid_request", words);
    }
}

#[tokio::test]
async fn an_alias_shows_its_members_and_outlives_a_restart() {
    let mcpd = Mcpd::start().await;
    let provider = Provider::start("gpt").await;
    mcpd.public_llm("gpt", &provider.url, json!({})).await;
    let alias = json!({"name": "smart", "model": "real-model", "llms": ["gone"]});
    let made = mcpd
        .admin
        .post("/api/v1/aliases", alias)
        .await
        .is(201)
        .json();
    assert_eq!(made["status"], json!({"members": ["gpt"], "active": 1}));
    let price = json!({"name": "real-model", "input": 1.0});
    mcpd.admin.post("/api/v1/prices", price).await.is(201);
    let mcpd = Mcpd::start_in(mcpd.stop().await, &[]).await;
    let read = mcpd.admin.get("/api/v1/aliases/smart").await.is(200).json();
    assert_eq!(
        (&read["spec"], &read["status"]),
        (&made["spec"], &made["status"])
    );
    mcpd.admin.get("/api/v1/prices/real-model").await.is(200);
    let body = json!({"model": "smart"});
    mcpd.admin.post("/v1/chat/completions", body).await.is(200);
}

#[tokio::test]
async fn explain_and_load_say_what_is_and_change_nothing() {
    let mcpd = Mcpd::start().await;
    let provider = Provider::start("gpt").await;
    mcpd.public_llm("gpt", &provider.url, json!({})).await;
    let laptop = mcpd.token("laptop", "publisher").await;
    mcpd.publish(&laptop, &["qwen"]).await;
    let alias = json!({"name": "smart", "llms": ["qwen"], "fallbacks": ["gpt"]});
    mcpd.admin.post("/api/v1/aliases", alias).await.is(201);
    let user = mcpd.token("user", "user").await;
    let ask = |model: &str| user.post("/api/v1/route/explain", json!({"model": model}));
    let told = user
        .post("/api/v1/route/explain", json!({"model": "smart"}))
        .await
        .is(200)
        .json();
    assert_eq!(
        (&told["wouldGoTo"], &told["resolvedAs"]),
        (&json!("gpt"), &json!("alias"))
    );
    assert_eq!(told["candidates"][0]["verdict"], "excluded");
    assert_eq!(told["candidates"][1]["verdict"], "chosen");
    assert_eq!(told["candidates"][1]["fallback"], 1);
    assert!(
        told["summary"].as_str().unwrap().contains("not `qwen`"),
        "{told}"
    );
    ask("smarr").await.refused(404, "model_not_found");
    let bad = user
        .post("/api/v1/route/explain", json!({"modell": "x"}))
        .await;
    bad.says(400, "invalid_request", "model");
    assert_eq!(provider.requests(), 0);
    user.post("/v1/chat/completions", json!({"model": "smart"}))
        .await
        .is(200);
    let load = user.get("/api/v1/load").await.is(200).json();
    assert_eq!(load["items"][0]["llm"], "gpt");
    assert_eq!(
        (&load["items"][0]["requests"], &load["items"][0]["errors"]),
        (&json!(1), &json!(0))
    );
    assert_eq!(load["items"][1]["phase"], "inactive");
}
