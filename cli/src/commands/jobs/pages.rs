//! The jobs of the server's list, newest first, over its pages.

use serde_json::Value;

use crate::args::usage::Ask;
use crate::client::Client;
use crate::failure::{Failure, Result};

/// How many jobs are listed where the line does not say.
const DEFAULT_LIMIT: u32 = 50;
/// Jobs on one page of the server's list.
const MAX_PAGE: u32 = 500;

/// Goes through the pages until there are as many as asked for that `keep` wants. Says whether
/// there is more.
pub(crate) async fn pages(
    client: &Client,
    ask: &Ask,
    keep: impl Fn(&Value) -> bool,
) -> Result<(Vec<Value>, bool)> {
    let limit = ask.limit.unwrap_or(DEFAULT_LIMIT);
    let mut jobs = Vec::new();
    let mut cursor: Option<String> = None;
    loop {
        let left = limit - u32::try_from(jobs.len()).unwrap_or(limit).min(limit);
        let mut query = vec![("limit", left.min(MAX_PAGE).to_string())];
        query.extend(ask.status.map(|status| ("status", status.to_string())));
        query.extend(ask.kind.clone().map(|kind| ("kind", kind)));
        query.extend(cursor.take().map(|cursor| ("cursor", cursor)));
        let mut page = client.jobs(&query).await?;
        let Some(Value::Array(mut found)) = page.get_mut("jobs").map(Value::take) else {
            return Err(Failure::failed("the server's jobs can't be read")
                .hint("`mcpctl version` shows whether server and mcpctl differ"));
        };
        let nothing = found.is_empty();
        found.retain(&keep);
        jobs.extend(found);
        let next = page.get("next_cursor").and_then(Value::as_str);
        let full = jobs.len() >= limit as usize;
        let more = next.is_some() || jobs.len() > limit as usize;
        jobs.truncate(limit as usize);
        if full || nothing || next.is_none() {
            return Ok((jobs, more && !nothing));
        }
        cursor = next.map(String::from);
    }
}
