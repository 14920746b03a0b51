//! What was used: every place that tells it tells the same, to whom it concerns, after a restart too.

use serde_json::{Value, json};

use crate::client::Caller;
use crate::fixture::Mcpd;
use crate::provider::{INPUT, OUTPUT, Provider};

const CHAT: &str = "/v1/chat/completions";

/// What one answer costs, in US dollars, at the price of [`priced`].
const EACH: f64 = (INPUT as f64 + OUTPUT as f64 * 2.0) * 100.0 / 1e6;

async fn priced() -> (Mcpd, Provider) {
    let mcpd = Mcpd::start().await;
    let provider = Provider::start("gpt").await;
    let patient = json!({"breaker": {"failures": 1000}});
    mcpd.public_llm("gpt", &provider.url, patient).await;
    let price = json!({"name": "gpt", "input": 100.0, "output": 200.0});
    mcpd.admin.post("/api/v1/prices", price).await.is(201);
    (mcpd, provider)
}

fn is_near(told: &Value, usd: f64) {
    let told = told.as_f64().unwrap();
    assert!((told - usd).abs() < 1e-9, "{told} instead of {usd}");
}

async fn metric(caller: &Caller, line: &str) -> f64 {
    let metrics = caller.get("/metrics").await.is(200);
    let text = metrics.text();
    let found = text.lines().find_map(|seen| seen.strip_prefix(line));
    let value = found.unwrap_or_else(|| panic!("no {line} in {text}"));
    value.trim().parse().unwrap()
}

#[tokio::test]
async fn every_sum_agrees_with_what_the_provider_counted() {
    let (mcpd, provider) = priced().await;
    let user = mcpd.token("user", "user").await;
    let other = mcpd.token("other", "user").await;
    for (caller, body) in [
        (&user, json!({"model": "gpt"})),
        (&user, json!({"model": "gpt", "stream": true})),
        (
            &other,
            json!({"model": "gpt", "stream": true, "stream_options": {"include_usage": true}}),
        ),
    ] {
        caller.post(CHAT, body).await.is(200);
    }
    let failing = json!({"model": "gpt", "play": {"gpt": "500"}});
    user.post(CHAT, failing).await.is(500);
    let good = provider.charged() as f64;
    assert_eq!(good, 3.0);

    let usage = mcpd.admin.get("/api/v1/usage?by=llm").await.is(200).json();
    let row = &usage["items"][0];
    assert_eq!(
        (&row["llm"], &row["requests"], &row["errors"]),
        (&json!("gpt"), &json!(4), &json!(1))
    );
    assert_eq!(
        (&row["tokens_in"], &row["tokens_out"]),
        (&json!(3 * INPUT), &json!(3 * OUTPUT))
    );
    is_near(&row["cost_usd"], good * EACH);
    let requests = mcpd.admin.get("/api/v1/requests").await.is(200).json();
    let items = requests["items"].as_array().unwrap();
    assert_eq!(items.len(), 4);
    let out: u64 = items
        .iter()
        .map(|one| one["tokens_out"].as_u64().unwrap())
        .sum();
    assert_eq!(out, 3 * OUTPUT);
    assert_eq!(
        (&items[0]["status"], &items[0]["outcome"]),
        (&json!(500), &json!("error"))
    );
    for period in ["day", "week", "month"] {
        let path = format!("/v1/costs/summary?period={period}");
        let costs = mcpd.admin.get(&path).await.is(200).json();
        assert_eq!(
            (&costs["period"], &costs["total_requests"]),
            (&json!(period), &json!(4))
        );
        is_near(&costs["total_cost_usd"], good * EACH);
        assert_eq!(costs["by_provider"][0]["provider"], "openai");
        assert_eq!(costs["by_provider"][0]["tokens_out"], 3 * OUTPUT);
    }
    let out = r#"mcpd_tokens_total{llm="gpt",direction="out"}"#;
    assert_eq!(metric(&user, out).await, (3 * OUTPUT) as f64);
    let cost = metric(&user, r#"mcpd_cost_usd_total{llm="gpt"}"#).await;
    assert!((cost - good * EACH).abs() < 1e-9);

    // Each sees his own.
    for (caller, principal, count) in [(&user, "user", 3), (&other, "other", 1)] {
        let own = caller
            .get("/api/v1/usage?by=principal")
            .await
            .is(200)
            .json();
        assert_eq!(own["items"].as_array().unwrap().len(), 1);
        assert_eq!(
            (&own["items"][0]["principal"], &own["items"][0]["requests"]),
            (&json!(principal), &json!(count))
        );
        let own = caller.get("/api/v1/requests").await.is(200).json();
        assert_eq!(own["items"].as_array().unwrap().len(), count);
        let own = caller.get("/v1/costs/summary").await.is(200).json();
        assert_eq!(own["total_requests"], count);
        for path in ["usage", "requests"] {
            let path = format!("/api/v1/{path}?principal=admin");
            caller.get(&path).await.refused(403, "forbidden");
        }
    }
    mcpd.admin
        .get("/api/v1/usage?by=colour")
        .await
        .says(400, "invalid_request", "colour");

    // And after a restart.
    let mcpd = Mcpd::start_in(mcpd.stop().await, &[]).await;
    let again = mcpd.admin.get("/api/v1/usage?by=llm").await.is(200).json();
    assert_eq!(again["items"], usage["items"]);
    let again = mcpd.admin.get("/api/v1/requests").await.is(200).json();
    assert_eq!(again["items"], requests["items"]);
}

#[tokio::test]
async fn metrics_have_the_contracts_names() {
    let (mcpd, _provider) = priced().await;
    mcpd.admin
        .post(CHAT, json!({"model": "gpt", "stream": true}))
        .await
        .is(200);
    mcpd.admin
        .post(CHAT, json!({"model": "nobody"}))
        .await
        .is(404);
    let metrics = mcpd.admin.get("/metrics").await.is(200);
    for wanted in [
        r#"mcpd_requests_total{llm="gpt",kind="public",status="200"} 1"#,
        r#"mcpd_requests_total{llm="_none",kind="_none",status="404"} 1"#,
        r#"mcpd_request_seconds_count{llm="gpt"} 1"#,
        r#"mcpd_request_seconds_bucket{le="+Inf",llm="gpt"} 1"#,
        r#"mcpd_ttft_seconds_count{llm="gpt"} 1"#,
        r#"mcpd_tokens_total{llm="gpt",direction="in"} 11"#,
        r#"mcpd_cost_usd_total{llm="gpt"} 0.00"#,
        r#"mcpd_in_flight{llm="gpt"} 0"#,
        r#"mcpd_queue_depth{llm="gpt"} 0"#,
        r#"mcpd_breaker_state{llm="gpt"} 0"#,
        "mcpd_provider_sessions 0",
        "mcpd_relay_bytes_total 0",
        r#"mcpd_cancelled_total{llm="gpt"} 0"#,
    ] {
        assert!(
            metrics.text().contains(wanted),
            "{wanted} is not in {}",
            metrics.text()
        );
    }
}

#[tokio::test]
async fn no_more_than_so_many_llms_have_labels_of_their_own() {
    let mcpd = Mcpd::start().await;
    for at in 0..505 {
        let row = json!({"name": format!("llm-{at:03}"), "type": "demo", "model": "demo"});
        mcpd.admin.post("/api/v1/llms", row).await.is(201);
    }
    for name in ["llm-001", "llm-501", "llm-503"] {
        mcpd.admin
            .post(CHAT, json!({"model": name, "messages": []}))
            .await
            .is(200);
    }
    let metrics = mcpd.admin.get("/metrics").await.is(200);
    let labelled = metrics
        .text()
        .lines()
        .filter(|line| line.starts_with("mcpd_in_flight{"));
    assert_eq!(labelled.count(), 501);
    for (llm, count) in [("llm-001", 1), ("_other", 2)] {
        let line = format!(r#"mcpd_request_seconds_count{{llm="{llm}"}} {count}"#);
        assert!(metrics.text().contains(&line), "{line}");
    }
}

#[tokio::test]
async fn a_stream_that_its_caller_breaks_off_is_charged_by_what_was_counted() {
    let (mcpd, _provider) = priced().await;
    let user = mcpd.token("user", "user").await;
    let body = json!({"model": "gpt", "stream": true, "play": {"gpt": "pause"}}).to_string();
    let mut coming = user.open(http::Method::POST, CHAT, &[], body).await;
    coming.until("half").await;
    drop(coming);
    mcpd.until("gpt", |status| status["inFlight"] == 0).await;
    let record = user.get("/api/v1/requests?limit=1").await.is(200).json()["items"][0].clone();
    assert_eq!(
        (&record["outcome"], &record["status"]),
        (&json!("cancelled"), &json!(200))
    );
    assert_eq!(
        (&record["estimated"], &record["llm"]),
        (&json!(true), &json!("gpt"))
    );
    assert!(record["tokens_out"].as_u64().unwrap() > 0, "{record}");
    assert!(record["cost_usd"].as_f64().unwrap() > 0.0, "{record}");
    assert!(metric(&user, r#"mcpd_cancelled_total{llm="gpt"}"#).await >= 1.0);
    let load = user.get("/api/v1/load").await.is(200).json();
    assert_eq!(load["items"][0]["errors"], 0);
    assert_eq!(load["items"][0]["breaker"], "closed");
}
