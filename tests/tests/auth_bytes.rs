//! Whatever stands where a token should: it is none, on every route, and is never said again.

#![expect(
    clippy::unwrap_used,
    reason = "a test that can't go on shall panic with what it saw"
)]

use mcpd::auth::Access;
use mcpd::routes::{Route, table};
use shared::access_token::{self, ID_CHARS, SECRET_CHARS};
use std::sync::Arc;
use std::time::Duration;
use system_tests::cluster::{Ask, Mcpd, Raw};
use tokio::task::JoinSet;

const SOON: Duration = Duration::from_secs(15);

/// Headers that are no valid credential, made from one that is.
fn wrong(token: &str) -> Vec<Vec<u8>> {
    let parts = access_token::parse(token).unwrap();
    let forged = |id: &str, secret: &str| access_token::format(parts.role, id, secret);
    let guessed = forged(parts.id, &"A".repeat(SECRET_CHARS));
    let nobody = forged(&"a".repeat(ID_CHARS), parts.secret);
    let (body, _) = token.rsplit_once('_').unwrap();
    let mut flipped = token.to_owned().into_bytes();
    let last = flipped.last_mut().unwrap();
    *last = if *last == b'A' { b'B' } else { b'A' };
    let flipped = String::from_utf8(flipped).unwrap();
    let other_role = token.replacen("admin", "user", 1);
    let bearer = |value: &str| format!("authorization: Bearer {value}\r\n").into_bytes();
    let mut all: Vec<_> = [
        "",
        " ",
        "'",
        "\"",
        "\\",
        "' or '1'='1",
        "'; drop table tokens; --",
        "\" or \"\"=\"",
        "%27%20or%201=1",
        "../../admin.token",
        "{\"$ne\": null}",
        "null",
        "undefined",
        "*",
        "mcp_",
        "mcp_admin_",
        "mcp_admin",
        "mcp_admin__",
        "mcp_admin_x_y",
        "mcp_king_x_y",
        &flipped,
        &other_role,
        &token[..token.len() - 1],
        &token[1..],
        &token.to_uppercase(),
        &token.to_lowercase(),
        &format!("{token}x"),
        &format!("{token}="),
        &format!("{token}, {token}"),
        &format!("{token} {token}"),
        &format!("Bearer {token}"),
        &format!("\"{token}\""),
        &format!("<{token}>"),
        &guessed,
        &nobody,
        body,
        &format!("{body}_00000000"),
        &format!("{body}_"),
        &"mcp_admin_".repeat(6000),
        &"a".repeat(60_000),
    ]
    .into_iter()
    .map(bearer)
    .collect();
    let raw = |bytes: &[u8]| [b"authorization: Bearer ", bytes, b"\r\n"].concat();
    all.extend([
        raw(b"\xff\xfe"),
        raw(b"\xc3\x28"),
        raw("🦀".as_bytes()),
        raw("mcp_аdmin_x".as_bytes()),
        raw(&[token.as_bytes(), b"\xff"].concat()),
        raw(&[token.as_bytes(), b"\x00"].concat()),
        raw(&[token.as_bytes(), b"\x7f"].concat()),
    ]);
    let odd = [
        format!("authorization: Basic {token}\r\n"),
        format!("authorization: {token}\r\n"),
        format!("authorization: Bearer{token}\r\n"),
        format!("authorization: Bearer:{token}\r\n"),
        format!("authorization: Bearer=\"{token}\"\r\n"),
        format!("authorization: Token {token}\r\n"),
        format!("authorization: Bearer\t{token}\r\n"),
        // The first of two counts, and a key beside it does not.
        format!("authorization: Bearer wrong\r\nauthorization: Bearer {token}\r\n"),
        format!("authorization: Bearer wrong\r\nx-api-key: {token}\r\n"),
        format!("authorization: Basic dXNlcjpwYXNz\r\nx-api-key: {token}\r\n"),
        format!("authorization: \r\nx-api-key: {token}\r\n"),
        format!("x-api-key: wrong\r\nx-api-key: {token}\r\n"),
        format!("x-api-key: Bearer {token}\r\n"),
        format!("proxy-authorization: Bearer {token}\r\n"),
        format!("cookie: authorization=Bearer {token}\r\n"),
        format!("x-authorization: Bearer {token}\r\n"),
    ];
    all.extend(odd.map(String::into_bytes));
    all
}

/// A request's first answer, all of it; empty where the connection was closed without.
async fn answer(mcpd: &Mcpd, method: &str, path: &str, header: &[u8]) -> (u16, String) {
    let head = format!(
        "{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 2\r\n"
    );
    let request = [head.as_bytes(), header, b"\r\n{}"].concat();
    let mut caller = Raw::say(mcpd.addr, request).await;
    assert!(caller.closes(SOON).await, "{method} {path} is left open");
    let status = caller.statuses().first().copied().unwrap_or(0);
    (status, caller.text())
}

#[tokio::test]
async fn what_is_no_token_is_none_on_every_route() {
    let mcpd = Mcpd::start(&[]).await;
    let wrong = Arc::new(wrong(&mcpd.admin));
    let mcpd = Arc::new(mcpd);
    let mut calls = JoinSet::new();
    for route in table() {
        if route.access == Access::Open {
            continue;
        }
        calls.spawn(is_refused(mcpd.clone(), route, wrong.clone()));
    }
    assert!(calls.len() > 60);
    while let Some(called) = calls.join_next().await {
        called.unwrap();
    }
    mcpd.at_rest().await;
}

async fn is_refused(mcpd: Arc<Mcpd>, route: Route, wrong: Arc<Vec<Vec<u8>>>) {
    let secret = access_token::parse(&mcpd.admin).unwrap().secret;
    let path = route.path.replace("{*path}", "embeddings");
    let path = path.replace(['{', '}', '*'], "");
    let method = route.method.as_str();
    for header in wrong.iter() {
        let (status, text) = answer(&mcpd, method, &path, header).await;
        let shown: String = String::from_utf8_lossy(header).chars().take(90).collect();
        // A control byte in a header, or too many bytes, are no HTTP.
        assert!(
            matches!(status, 400 | 401 | 431),
            "{method} {path} {shown:?}: {status} {text}"
        );
        let may_be_bad = header.iter().any(|byte| *byte < b' ' || *byte == 0x7f);
        assert!(
            status != 400 || may_be_bad || header.len() > 60_000,
            "{shown:?}: {text}"
        );
        assert!(!text.contains(secret), "{method} {path} {shown:?}: {text}");
    }
}

#[tokio::test]
async fn a_megabyte_of_token_is_cut_off_and_nobody_is_disturbed() {
    let mcpd = Mcpd::start(&[]).await;
    let before = mcpd.process.memory_kib();
    for bytes in [100_000, 1_000_000] {
        let header = format!("authorization: Bearer mcp_admin_{}\r\n", "x".repeat(bytes));
        for path in ["/api/v1/whoami", "/api/v1/secrets", "/v1/models"] {
            let (status, text) = answer(&mcpd, "GET", path, header.as_bytes()).await;
            assert!(matches!(status, 0 | 401 | 431), "{path} {bytes}: {text}");
        }
    }
    let grown = mcpd.process.memory_kib().saturating_sub(before);
    assert!(grown < 20 * 1024, "{grown} KiB");
    let who = mcpd.admin(Ask::get("/api/v1/whoami")).await;
    assert_eq!(who.status, 200, "{}", who.text());
    mcpd.at_rest().await;
}

#[tokio::test]
async fn spellings_of_a_good_token_that_clients_use_are_taken() {
    let mcpd = Mcpd::start(&[]).await;
    let token = &mcpd.admin;
    for header in [
        format!("authorization: Bearer {token}\r\n"),
        format!("Authorization: bearer {token}\r\n"),
        format!("AUTHORIZATION: BEARER   {token}  \r\n"),
        format!("x-api-key: {token}\r\n"),
        // A good token is one, whatever stands beside it.
        format!("authorization: Bearer {token}\r\nx-api-key: wrong\r\n"),
    ] {
        let (status, text) = answer(&mcpd, "GET", "/api/v1/whoami", header.as_bytes()).await;
        assert_eq!(status, 200, "{header:?}: {text}");
    }
}
