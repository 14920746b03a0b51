//! Who may call what: the table of routes against every role.

use http::Method;
use mcpd::auth::Access;
use mcpd::routes::{Route, table};
use serde_json::json;
use shared::role::Role;

use crate::client::Answer;
use crate::fixture::Mcpd;

/// A request for `route` that names nothing that exists.
fn concrete(route: &Route) -> String {
    route
        .path
        .replace("{name}", "nothing-here")
        .replace("{*path}", "embeddings")
        .replace("{*id}", "nothing-here")
        .replace("{id}", "1-1")
}

fn assert_shape(answer: &Answer) {
    assert!(answer.header("x-request-id").is_some());
    if answer.status >= 400 {
        let code = answer.json()["error"]["code"].as_str().unwrap().to_owned();
        answer.refused(answer.status, &code);
    }
}

#[tokio::test]
async fn without_a_token_only_the_open_routes_answer() {
    let mcpd = Mcpd::start().await;
    let nobody = mcpd.nobody();
    for route in table() {
        let answer = nobody
            .call(route.method.clone(), &concrete(&route), "")
            .await;
        assert_shape(&answer);
        if route.access == Access::Open {
            assert_eq!(answer.status, 200, "{route:?}");
        } else {
            answer.refused(401, "invalid_api_key");
            assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
        }
    }
}

#[tokio::test]
async fn each_role_is_refused_exactly_where_the_table_says() {
    let mcpd = Mcpd::start().await;
    for role in Role::ALL {
        let caller = mcpd.token(&format!("only-{role}"), role.as_str()).await;
        for route in table() {
            let answer = caller
                .call(route.method.clone(), &concrete(&route), "")
                .await;
            assert_shape(&answer);
            let allowed = match route.access {
                Access::Open | Access::Any => true,
                Access::Role(needed) => role.covers(needed),
            };
            if allowed {
                assert!(![401, 403].contains(&answer.status), "{role}: {route:?}");
            } else {
                answer.says(403, "forbidden", "takes the role");
            }
        }
    }
}

#[tokio::test]
async fn every_route_of_the_contract_is_in_the_table() {
    let mut routes: Vec<_> = table()
        .iter()
        .map(|route| format!("{} {}", route.method, route.path))
        .collect();
    let count = routes.len();
    routes.sort();
    routes.dedup();
    assert_eq!(routes.len(), count, "no route stands there twice");
    for wanted in [
        "GET /healthz",
        "GET /metrics",
        "GET /api/v1/whoami",
        "PATCH /api/v1/llms/{name}",
        "POST /api/v1/llms/{name}/infer",
        "POST /api/v1/llms/_provider-register",
        "PUT /api/v1/secrets/{name}",
        "DELETE /api/v1/tokens/{name}",
    ] {
        assert!(routes.iter().any(|route| route == wanted), "{wanted}");
    }
}

#[tokio::test]
async fn what_is_not_in_the_table_is_refused_in_the_same_shape() {
    let mcpd = Mcpd::start().await;
    for (path, near) in [
        ("/", "`/`"),
        ("/api/v1/nothing", "/api/v1/nothing"),
        ("/api/v2/llms", "/api/v2/llms"),
        ("/api/v1/llms/a/b", "/api/v1/llms/a/b"),
        ("/api/v1/llms/a/infer/images", "infer/images"),
        ("/api/v1/llms/a/infer/../secrets", "infer/../secrets"),
    ] {
        let answer = mcpd.admin.post(path, json!({})).await;
        answer.says(404, "unknown_url", near);
    }
    for (method, path) in [
        (Method::DELETE, "/api/v1/llms"),
        (Method::PATCH, "/api/v1/secrets/x"),
        (Method::PUT, "/api/v1/tokens/x"),
        (Method::POST, "/api/v1/whoami"),
        (Method::POST, "/healthz"),
        (Method::POST, "/api/v1/llms/_provider-stream"),
    ] {
        let answer = mcpd.admin.call(method.clone(), path, "").await;
        answer.says(405, "method_not_allowed", method.as_str());
    }
}

#[tokio::test]
async fn a_sane_request_id_is_kept_and_another_replaced() {
    let mcpd = Mcpd::start().await;
    let with_id = async |id: &str| {
        let headers = [("x-request-id", id)];
        let coming = mcpd.admin.open(Method::GET, "/api/v1/llms/x", &headers, "");
        let answer = coming.await.whole().await;
        answer.refused(404, "model_not_found")["requestId"].clone()
    };
    assert_eq!(with_id("trace-1.2:3").await, "trace-1.2:3");
    assert_ne!(with_id("<script>").await, "<script>");
    assert_ne!(with_id(&"x".repeat(65)).await, "x".repeat(65));
}

#[tokio::test]
async fn a_token_that_is_cut_or_forged_is_refused_without_being_repeated() {
    let mcpd = Mcpd::start().await;
    let token = std::fs::read_to_string(mcpd.dir.path().join("admin.token")).unwrap();
    let token = token.trim();
    let parts = shared::access_token::parse(token).unwrap();
    let forged = shared::access_token::format(parts.role, parts.id, &"A".repeat(43));
    for bad in [&token[..token.len() - 3], &forged, "sk-canary", ""] {
        let caller = mcpd.nobody().with_token(bad);
        let answer = caller.get("/api/v1/whoami").await;
        answer.refused(401, "invalid_api_key");
        assert!(bad.is_empty() || !answer.text().contains(bad));
    }
    let who = mcpd.admin.get("/api/v1/whoami").await.is(200).json();
    assert_eq!(
        (&who["principal"], &who["token"], &who["roles"]),
        (&json!("admin"), &json!("admin"), &json!(["admin"]))
    );
}
