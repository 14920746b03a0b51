//! Merge patches of rows. Source: RFC 7396, "JSON Merge Patch".

use serde_json::{Value, json};

use crate::fixture::Mcpd;

const PATH: &str = "/api/v1/llms/gpt";

async fn row(mcpd: &Mcpd) -> Value {
    let more = json!({
        "tier": "fast", "labels": {"team": "a", "zone": "b"}, "x-note": {"a": 1, "b": {"c": 2}},
    });
    let row = mcpd.public_llm("gpt", "http://127.0.0.1:1/v1", more);
    row.await.json()
}

#[tokio::test]
async fn a_flat_patch_and_an_envelope_patch_do_the_same() {
    let mcpd = Mcpd::start().await;
    let before = row(&mcpd).await;
    let flat = json!({"tier": null, "model": "m2", "labels": {"zone": null, "new": "c"},
        "x-note": {"b": {"c": null, "d": 3}}});
    let envelope = json!({
        "metadata": {"labels": {"zone": null, "new": "c"}},
        "spec": {"tier": null, "model": "m2", "x-note": {"b": {"c": null, "d": 3}}},
    });
    let flat = mcpd.admin.patch(PATH, flat).await.is(200).json();
    let undo = mcpd.admin.put(
        PATH,
        json!({"spec": before["spec"],
        "metadata": {"name": "gpt", "labels": before["metadata"]["labels"]}}),
    );
    undo.await.is(200);
    let envelope = mcpd.admin.patch(PATH, envelope).await.is(200).json();
    assert_eq!(flat["spec"], envelope["spec"]);
    assert_eq!(flat["metadata"]["labels"], json!({"team": "a", "new": "c"}));
    assert_eq!(flat["metadata"]["labels"], envelope["metadata"]["labels"]);
    assert_eq!(flat["spec"]["x-note"], json!({"a": 1, "b": {"d": 3}}));
    assert!(flat["spec"].get("tier").is_none());
    assert_eq!(flat["spec"]["url"], before["spec"]["url"]);
}

#[tokio::test]
async fn an_empty_patch_changes_nothing_not_even_the_version() {
    let mcpd = Mcpd::start().await;
    let before = row(&mcpd).await;
    for nothing in [json!({}), json!({"spec": {}}), json!({"tier": "fast"})] {
        let after = mcpd.admin.patch(PATH, nothing).await.is(200).json();
        assert_eq!(after, before);
    }
}

#[tokio::test]
async fn what_is_seen_and_whose_it_is_can_not_be_patched() {
    let mcpd = Mcpd::start().await;
    let before = row(&mcpd).await;
    for patch in [
        json!({"status": "inactive", "inFlight": 7, "id": "x", "owner": "eve"}),
        json!({"metadata": {"id": "x", "owner": "eve", "createdAt": "2020-01-01T00:00:00Z"}}),
        json!({"spec": {}, "status": {"phase": "inactive"}}),
    ] {
        let after = mcpd.admin.patch(PATH, patch.clone()).await.is(200).json();
        assert_eq!(after, before, "{patch}");
    }
}

#[tokio::test]
async fn a_patch_must_leave_a_good_row_of_the_same_name() {
    let mcpd = Mcpd::start().await;
    let before = row(&mcpd).await;
    for (patch, words) in [
        (json!({"url": null}), "`url`"),
        (json!({"model": 5}), "expected a string"),
        (json!({"key": "sk-canary"}), "secret/NAME#FIELD"),
        (
            json!({"kind": "virtual", "url": null}),
            "made by its publisher",
        ),
        (json!({"name": "other"}), "the path says `gpt`"),
        (json!(["a"]), "must be a JSON object"),
        (json!({"spec": null}), "spec"),
    ] {
        let answer = mcpd.admin.patch(PATH, patch).await;
        answer.says(400, "invalid_request", words);
        assert!(!answer.text().contains("canary"));
    }
    assert_eq!(mcpd.admin.get(PATH).await.json(), before);
    let gone = mcpd
        .admin
        .patch("/api/v1/llms/gtp", json!({"tier": "x"}))
        .await;
    gone.says(404, "model_not_found", "`gtp`");
}
