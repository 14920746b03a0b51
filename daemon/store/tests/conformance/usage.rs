//! Usage: sums per hour, what tokens have spent, single requests. Here is what the tests share.

mod batches;
mod requests;
mod sums;

use shared::timestamp::Timestamp;
use shared::usage::{Outcome, Tokens, UsageRow};
use store::Store;
use store::usage::{GroupBy, HourSum, Query, RequestFilter, RequestLine};

const HOUR_S: i64 = 3600;

fn sum(hour: Timestamp, llm: &str, token: &str) -> HourSum {
    HourSum {
        hour,
        llm: llm.into(),
        provider: "ollama".into(),
        principal: "alice".into(),
        token_id: format!("id-{token}"),
        token: token.into(),
        requests: 10,
        errors: 1,
        cancelled: 2,
        cache_hits: 3,
        estimated: 4,
        tokens: Tokens {
            input: 100,
            output: 200,
            cached: 30,
            reasoning: 40,
        },
        cost_nano_usd: 500_000_000,
    }
}

fn line(when: Timestamp, id: &str) -> RequestLine {
    RequestLine {
        id: id.into(),
        at: when,
        model: "smart".into(),
        llm: "qwen".into(),
        provider: "ollama".into(),
        principal: "alice".into(),
        token: "laptop".into(),
        path: "chat/completions".into(),
        status: 499,
        outcome: Outcome::Cancelled,
        attempts: 2,
        cache_hit: false,
        estimated: true,
        ttft_ms: Some(120),
        duration_ms: 2500,
        tokens: Tokens {
            input: 7,
            output: 8,
            cached: 5,
            reasoning: 6,
        },
        cost_nano_usd: 1_500_000_000,
    }
}

async fn sums(store: &Store, query: Query) -> Vec<UsageRow> {
    store.usage().sums(&query).await.unwrap()
}

async fn by(store: &Store, by: &[GroupBy]) -> Vec<UsageRow> {
    let by = by.to_vec();
    let query = Query {
        by,
        ..Query::default()
    };
    sums(store, query).await
}

async fn listed(store: &Store, filter: RequestFilter) -> Vec<String> {
    let found = store.usage().requests(1000, &filter).await.unwrap();
    found.into_iter().map(|request| request.id).collect()
}
