//! The calls that are not about a resource: routes, accounts, load, limits.

use std::time::Duration;

use http::Method;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};
use shared::name::Name;
use shared::token::Limits;

use super::{Client, path_of};
use crate::failure::Result;
use crate::resource::Resource;

/// How long a look at the load may take: those who look again soon don't wait long.
const LOAD_TIMEOUT: Duration = Duration::from_secs(5);

impl Client {
    /// Where a request for `model` would go now.
    pub(crate) async fn explain_route(&self, model: &str) -> Result<Value> {
        let body = json!({"model": model});
        let path = "/api/v1/route/explain";
        match self.call(Method::POST, path, Some(&body)).await {
            Ok(answer) => Ok(answer),
            Err(failure) => Err(self.with_near_model(failure, model).await),
        }
    }

    /// Sums of what was used. An answer of `shared::usage::UsageList`'s shape.
    pub(crate) async fn usage(&self, query: &[(&str, String)]) -> Result<Value> {
        let path = with_query("/api/v1/usage", query);
        self.call(Method::GET, &path, None).await
    }

    /// The last requests, newest first.
    pub(crate) async fn requests(&self, query: &[(&str, String)]) -> Result<Value> {
        let path = with_query("/api/v1/requests", query);
        self.call(Method::GET, &path, None).await
    }

    /// What the current day, week or month cost.
    pub(crate) async fn costs(&self, period: &str) -> Result<Value> {
        let path = with_query("/v1/costs/summary", &[("period", period.into())]);
        self.call(Method::GET, &path, None).await
    }

    /// How busy each LLM is.
    pub(crate) async fn load(&self) -> Result<Value> {
        let hasty = Self {
            timeout: self.timeout.or(Some(LOAD_TIMEOUT)),
            ..self.clone()
        };
        hasty.call(Method::GET, "/api/v1/load", None).await
    }

    /// Replaces the limits of a token.
    pub(crate) async fn put_limits(&self, token: &Name, limits: &Limits) -> Result<Value> {
        let path = format!("{}/limits", path_of(Resource::Token, token));
        self.call(Method::PUT, &path, Some(&json!(limits))).await
    }
}

/// A path with a query. Everything but letters and digits is escaped: names may hold `/` and `:`.
pub(super) fn with_query(path: &str, query: &[(&str, String)]) -> String {
    let pairs = query
        .iter()
        .map(|(key, value)| format!("{key}={}", utf8_percent_encode(value, NON_ALPHANUMERIC)));
    match pairs.collect::<Vec<_>>().join("&") {
        pairs if pairs.is_empty() => path.into(),
        pairs => format!("{path}?{pairs}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_holds_any_text() {
        let query = [("by", "llm,day".into()), ("llm", "org/m:7b&x=ü".into())];
        assert_eq!(
            with_query("/api/v1/usage", &query),
            "/api/v1/usage?by=llm%2Cday&llm=org%2Fm%3A7b%26x%3D%C3%BC"
        );
        assert_eq!(with_query("/v1/jobs", &[]), "/v1/jobs");
    }
}
