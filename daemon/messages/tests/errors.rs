//! Errors and the list of models in Anthropic's shape.
#![expect(clippy::unwrap_used, reason = "a test says what it expects")]

use messages::error::{body, event, from_openai, kind_of};
use messages::models::{Model, Page, list, one};
use serde_json::{Value, json};
use shared::error_body::{ErrorBody, code};
use shared::timestamp::Timestamp;

fn read(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

#[test]
fn every_status_has_its_kind() {
    let kinds = [
        (400, "invalid_request_error"),
        (401, "authentication_error"),
        (402, "billing_error"),
        (403, "permission_error"),
        (404, "not_found_error"),
        (409, "invalid_request_error"),
        (413, "request_too_large"),
        (422, "invalid_request_error"),
        (429, "rate_limit_error"),
        (500, "api_error"),
        (502, "api_error"),
        (503, "overloaded_error"),
        (504, "timeout_error"),
        (529, "overloaded_error"),
    ];
    for (status, kind) in kinds {
        assert_eq!(kind_of(status), kind, "{status}");
    }
}

#[test]
fn an_error_of_ours_tells_its_hint_in_the_message() {
    let text = body(
        404,
        "there is no `x`",
        "model_not_found",
        Some("mcpctl get llms"),
        Some("r1"),
    );
    assert_eq!(
        read(&text),
        json!({"type": "error", "request_id": "r1", "error": {"type": "not_found_error",
            "message": "there is no `x` (try: mcpctl get llms)", "code": "model_not_found"}})
    );
    let bare = json!({"type": "error",
        "error": {"type": "api_error", "message": "oh", "code": "internal"}});
    assert_eq!(read(&body(500, "oh", "internal", None, None)), bare);
}

#[test]
fn an_openai_error_is_carried_whole() {
    let mut ours = ErrorBody::new(429, code::OVERLOADED, "all slots are taken").with_hint("wait");
    ours.error.request_id = Some("r2".into());
    assert_eq!(
        read(&from_openai(429, ours.to_json().as_bytes())),
        json!({"type": "error", "request_id": "r2", "error": {"type": "rate_limit_error",
            "message": "all slots are taken (try: wait)", "code": "overloaded"}})
    );
}

#[test]
fn errors_of_every_shape_keep_their_message() {
    let message = |body: &str| read(&from_openai(400, body.as_bytes()))["error"]["message"].take();
    assert_eq!(
        message(r#"{"error":{"message":"too long","param":"messages"}}"#),
        "messages: too long"
    );
    assert_eq!(message(r#"{"error":"too long"}"#), "too long");
    assert_eq!(
        message(r#"{"object":"error","message":"too long"}"#),
        "too long"
    );
    assert_eq!(message(r#"{"detail":"too long"}"#), "too long");
    assert_eq!(message(r#"{"error":null}"#), r#"{"error":null}"#);
    let page = message("<html>secret page</html>");
    assert_eq!(page, "the LLM answered with status 400 and no JSON");
    let long = format!(r#"{{"error":"{}"}}"#, "x".repeat(100_000));
    assert_eq!(message(&long).as_str().unwrap().len(), 4_000);
}

#[test]
fn an_error_can_end_a_stream() {
    let mut out = Vec::new();
    event(&body(529, "busy", "overloaded", None, None), &mut out);
    let text = String::from_utf8(out).unwrap();
    assert!(
        text.starts_with("event: error\ndata: {\"type\":\"error\""),
        "{text}"
    );
    assert!(text.ends_with("\n\n"));
}

const AT: Timestamp = Timestamp::from_millis(1_795_253_400_125);
const MODELS: [Model<'_>; 3] = [
    Model {
        id: "a",
        created_at: AT,
        display_name: "A",
    },
    Model {
        id: "b",
        created_at: AT,
        display_name: "B",
    },
    Model {
        id: "c",
        created_at: AT,
        display_name: "C",
    },
];

fn page(page: Page<'_>) -> (Vec<String>, bool) {
    let list = read(&list(&MODELS, &page).unwrap());
    let data = list["data"].as_array().unwrap();
    let ids: Vec<String> = data
        .iter()
        .map(|m| m["id"].as_str().unwrap().into())
        .collect();
    assert_eq!(list["first_id"].as_str(), ids.first().map(String::as_str));
    assert_eq!(list["last_id"].as_str(), ids.last().map(String::as_str));
    (ids, list["has_more"].as_bool().unwrap())
}

#[test]
fn the_list_of_models_has_anthropics_shape() {
    let model = json!({"type": "model", "id": "a", "display_name": "A",
        "created_at": "2026-11-21T09:30:00.125Z"});
    assert_eq!(read(&one(&MODELS[0])), model);
    assert_eq!(
        read(&list(&MODELS[..1], &Page::default()).unwrap()),
        json!({"data": [model], "has_more": false, "first_id": "a", "last_id": "a"})
    );
    assert_eq!(
        read(&list(&[], &Page::default()).unwrap()),
        json!({"data": [], "has_more": false, "first_id": null, "last_id": null})
    );
    let never = Model {
        created_at: Timestamp::from_millis(i64::MAX),
        ..MODELS[0]
    };
    assert_eq!(read(&one(&never))["created_at"], "1970-01-01T00:00:00.000Z");
}

#[test]
fn the_list_of_models_is_paged_both_ways() {
    let ids = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect::<Vec<_>>();
    let two = Some(2);
    assert_eq!(page(Page::default()), (ids(&["a", "b", "c"]), false));
    assert_eq!(
        page(Page {
            limit: two,
            ..Page::default()
        }),
        (ids(&["a", "b"]), true)
    );
    let after = Page {
        limit: two,
        after_id: Some("b"),
        before_id: None,
    };
    assert_eq!(page(after), (ids(&["c"]), false));
    let before = Page {
        limit: Some(1),
        after_id: None,
        before_id: Some("c"),
    };
    assert_eq!(page(before), (ids(&["b"]), true));
    let lost = Page {
        after_id: Some("x"),
        ..Page::default()
    };
    assert_eq!(list(&MODELS, &lost).unwrap_err().field, "after_id");
    for limit in [0, 1001] {
        let wrong = Page {
            limit: Some(limit),
            ..Page::default()
        };
        assert_eq!(list(&MODELS, &wrong).unwrap_err().field, "limit");
    }
    let both = Page {
        limit: None,
        after_id: Some("a"),
        before_id: Some("c"),
    };
    assert_eq!(list(&MODELS, &both).unwrap_err().field, "before_id");
}
