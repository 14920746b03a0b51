//! The server is found, answers, and is an mcpd.

use super::finding::Finding;
use super::look::{Hello, Look};

pub(super) async fn check(look: &Look) -> Finding {
    let server = match look.server() {
        Ok(server) => server,
        Err(finding) => return finding.fix("mcpctl init, or mcpctl login URL"),
    };
    match look.hello().await {
        Ok(Ok(hello)) => judge(server.as_str(), hello),
        Ok(Err(failure)) => Finding::failed(failure),
        Err(finding) => finding,
    }
}

fn judge(server: &str, hello: &Hello) -> Finding {
    let millis = hello.took.as_millis();
    if !hello.is_mcpd() {
        return Finding::fail(format!(
            "what answers at {server} is not an mcpd (HTTP {})",
            hello.status
        ))
        .fix(
            "check host and port with `mcpctl context show`; a proxy on the way may answer itself",
        );
    }
    if hello.status >= 500 {
        let why = hello
            .body
            .pointer("/error/message")
            .and_then(|text| text.as_str());
        return Finding::warn(format!(
            "{server} answers, and says: {}",
            why.unwrap_or_default()
        ))
        .fix("ask again in a while; its log says more");
    }
    Finding::ok(format!("{server} is an mcpd and answers in {millis} ms"))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::{Value, json};

    use super::super::finding::Verdict;
    use super::*;

    fn verdict(status: u16, body: Value) -> Verdict {
        let hello = Hello {
            status,
            body,
            date: None,
            at: Default::default(),
            took: Duration::ZERO,
        };
        judge("http://s", &hello).verdict
    }

    #[test]
    fn an_mcpd_is_told_from_whoever_else_answers() {
        let error = json!({"error": {"message": "no", "code": "x", "requestId": "r"}});
        assert_eq!(verdict(200, json!({"serverVersion": "1"})), Verdict::Ok);
        assert_eq!(verdict(401, error.clone()), Verdict::Ok);
        assert_eq!(verdict(503, error), Verdict::Warn);
        assert_eq!(verdict(200, json!({"hello": 1})), Verdict::Fail);
        assert_eq!(verdict(404, Value::Null), Verdict::Fail);
        assert_eq!(
            verdict(401, json!({"error": {"message": "of some other API"}})),
            Verdict::Fail
        );
    }
}
