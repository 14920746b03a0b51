//! What the bearer of a token may use, over real sockets.

use std::time::Duration;

use serde_json::{Value, json};

use crate::client::Caller;
use crate::fixture::Mcpd;
use crate::provider::{OUTPUT, Provider};

const CHAT: &str = "/v1/chat/completions";

async fn started() -> (Mcpd, Provider) {
    let mcpd = Mcpd::start().await;
    let provider = Provider::start("gpt").await;
    mcpd.public_llm("gpt", &provider.url, json!({})).await;
    // A token of an answer costs a micro-dollar.
    let price = json!({"name": "gpt", "input": 0.0, "output": 1.0});
    mcpd.admin.post("/api/v1/prices", price).await.is(201);
    (mcpd, provider)
}

async fn limited(mcpd: &Mcpd, limits: Value) -> Caller {
    let wanted = json!({"name": "ci", "roles": ["user"], "limits": limits});
    mcpd.token_with(wanted).await
}

async fn spent(mcpd: &Mcpd) -> (f64, f64) {
    let token = mcpd.admin.get("/api/v1/tokens/ci").await.is(200).json();
    let spent = &token["status"]["spent"];
    (
        spent["usd"].as_f64().unwrap(),
        spent["reservedUsd"].as_f64().unwrap(),
    )
}

#[tokio::test]
async fn two_hundred_at_once_never_pass_a_budget() {
    let (mcpd, provider) = started().await;
    let ci = limited(&mcpd, json!({"budget": {"usd": 0.001, "period": "day"}})).await;
    // Those that are held wait until all others have their answers.
    let ci = ci.patient(Duration::from_secs(30));
    let body = json!({"model": "gpt", "max_tokens": 100, "play": {"gpt": "hold"}});
    let ask = || ci.post(CHAT, body.clone());
    let mut running: Vec<_> = (0..200).map(|_| Box::pin(ask())).collect();
    let mut ended = Vec::new();
    // All but those that are held end at once; then those are let go.
    let mut is_released = false;
    std::future::poll_fn(|cx| {
        running.retain_mut(|one| match one.as_mut().poll(cx) {
            std::task::Poll::Ready(answer) => {
                ended.push(answer);
                false
            }
            std::task::Poll::Pending => true,
        });
        if ended.len() == 190 && !is_released {
            is_released = true;
            assert_eq!(provider.charged(), 0);
            provider.release(10);
        }
        match running.is_empty() {
            true => std::task::Poll::Ready(()),
            false => std::task::Poll::Pending,
        }
    })
    .await;
    let (good, refused): (Vec<_>, Vec<_>) = ended.iter().partition(|one| one.status == 200);
    assert_eq!((good.len(), provider.requests()), (10, 10));
    for one in refused {
        let error = &one.json()["error"];
        assert_eq!(one.status, 429);
        assert_eq!(
            (&error["code"], &error["type"]),
            (&json!("insufficient_quota"), &json!("insufficient_quota"))
        );
        assert!(
            error["message"]
                .as_str()
                .unwrap()
                .contains("budget of $0.001 per day"),
            "{error}"
        );
        assert_eq!(one.header("retry-after"), None, "it does not help to wait");
    }
    let (usd, reserved) = spent(&mcpd).await;
    assert!((usd - 10.0 * OUTPUT as f64 * 1e-6).abs() < 1e-12, "{usd}");
    assert_eq!(reserved, 0.0);
}

#[tokio::test]
async fn a_budget_outlives_a_restart() {
    let (mcpd, _provider) = started().await;
    let limits = json!({"budget": {"usd": 0.000_02, "period": "total"}});
    let ci = limited(&mcpd, limits).await;
    let body = json!({"model": "gpt", "max_tokens": 10});
    ci.post(CHAT, body.clone()).await.is(200);
    ci.post(CHAT, body.clone()).await.is(200);
    ci.post(CHAT, body.clone())
        .await
        .refused_as(429, "insufficient_quota");
    let before = spent(&mcpd).await;
    let token = ci.token().unwrap().to_owned();
    let mcpd = Mcpd::start_in(mcpd.stop().await, &[]).await;
    assert_eq!(spent(&mcpd).await, before);
    let ci = mcpd.admin.with_token(&token);
    ci.post(CHAT, body.clone())
        .await
        .refused_as(429, "insufficient_quota");
    // A larger one begins with what is spent.
    let limits = json!({"budget": {"usd": 0.000_03, "period": "total"}});
    let path = "/api/v1/tokens/ci/limits";
    let token = mcpd.admin.put(path, limits).await.is(200).json();
    assert_eq!(token["status"]["spent"]["usd"], before.0);
    // No provider answers any more: only that it may is seen.
    let passed = ci.post(CHAT, body).await;
    assert_ne!(passed.status, 429, "{}", passed.text());
}

#[tokio::test]
async fn rates_are_refused_with_retry_after_and_change_at_once() {
    let (mcpd, provider) = started().await;
    let ci = limited(&mcpd, json!({"requestsPerMinute": 1})).await;
    let body = json!({"model": "gpt"});
    ci.post(CHAT, body.clone()).await.is(200);
    let refused = ci.post(CHAT, body.clone()).await;
    refused.says(429, "rate_limit_exceeded", "1 requests per minute");
    let after: u64 = refused.header("retry-after").unwrap().parse().unwrap();
    assert!((50..=60).contains(&after), "{after}");
    // In Anthropic's shape, for who speaks it.
    let message =
        json!({"model": "gpt", "max_tokens": 5, "messages": [{"role": "user", "content": "x"}]});
    let refused = ci.post("/v1/messages", message).await.is(429).json();
    assert_eq!(refused["error"]["type"], "rate_limit_error");
    let path = "/api/v1/tokens/ci/limits";
    mcpd.admin
        .put(path, json!({"tokensPerMinute": 50}))
        .await
        .is(200);
    let small = json!({"model": "gpt", "max_tokens": 5});
    ci.post(CHAT, small.clone()).await.is(200);
    let large = json!({"model": "gpt", "max_tokens": 5000});
    let refused = ci.post(CHAT, large).await;
    refused.says(429, "rate_limit_exceeded", "50 tokens per minute");
    assert!(refused.header("retry-after").is_some());
    mcpd.admin
        .put(path, json!({"maxConcurrency": 1}))
        .await
        .is(200);
    let before = provider.requests();
    let hold = ci.post(CHAT, json!({"model": "gpt", "play": {"gpt": "hold"}}));
    let second = async {
        provider.has_seen(before + 1).await;
        let refused = ci.post(CHAT, small.clone()).await;
        refused.says(429, "rate_limit_exceeded", "1 requests at once");
        provider.release(1);
    };
    let (held, ()) = tokio::join!(hold, second);
    held.is(200);
    assert_eq!(provider.requests(), before + 1);
    mcpd.admin.put(path, json!({})).await.is(200);
    for _ in 0..3 {
        ci.post(CHAT, small.clone()).await.is(200);
    }
}

#[tokio::test]
async fn a_limited_token_makes_no_tokens_and_sets_no_limits() {
    let (mcpd, _provider) = started().await;
    let ci = limited(&mcpd, json!({"maxConcurrency": 1})).await;
    let wanted = json!({"name": "free", "roles": ["user"]});
    ci.post("/api/v1/tokens", wanted)
        .await
        .says(403, "forbidden", "limits");
    let path = "/api/v1/tokens/ci/limits";
    ci.put(path, json!({})).await.refused(403, "forbidden");
    for (limits, words) in [
        (json!({"requestsPerMinute": 0}), "requestsPerMinute"),
        (json!({"tokensPerMinute": 0}), "tokensPerMinute"),
        (json!({"maxConcurrency": 0}), "maxConcurrency"),
        (json!({"budget": {"usd": -1}}), "budget"),
        (json!({"requestPerMinute": 5}), "requestPerMinute"),
        (json!({"budget": {"usd": 1, "period": "year"}}), "year"),
    ] {
        let answer = mcpd.admin.put(path, limits.clone()).await;
        answer.says(400, "invalid_request", words);
        let wanted = json!({"name": "bad", "roles": ["user"], "limits": limits});
        let answer = mcpd.admin.post("/api/v1/tokens", wanted).await;
        answer.says(400, "invalid_request", words);
    }
}
