//! Control calls of the bench: JSON in, JSON out, and bounded waits on a condition.

use super::client::{Caller, Target};
use super::taps::Collect;
use super::trouble::Trouble;
use serde_json::Value;
use std::future::Future;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout_at};

/// Longest a single control call may take.
const CALL_LIMIT: Duration = Duration::from_secs(10);

/// One call on a connection of its own; the status and the body as JSON (`null` where it is none).
///
/// # Errors
/// When there is no whole answer within ten seconds.
pub async fn call(target: &Target, body: &str) -> Result<(u16, Value), Trouble> {
    let exchange = async {
        let mut caller = Caller::connect(target.addr).await?;
        let mut collected = Collect::default();
        let reply = caller.call(&target.request(body), &mut collected).await?;
        Ok((
            reply.status,
            serde_json::from_slice(&collected.bytes).unwrap_or(Value::Null),
        ))
    };
    let late = || Trouble::Late {
        what: format!("an answer from {}", target.addr),
        seconds: CALL_LIMIT.as_secs(),
        last: "none".to_owned(),
    };
    tokio::time::timeout(CALL_LIMIT, exchange)
        .await
        .unwrap_or_else(|_| Err(late()))
}

/// One call that must be answered with a 2xx.
///
/// # Errors
/// When it is not, with the status and the body.
pub async fn call_ok(target: &Target, body: &str) -> Result<Value, Trouble> {
    match call(target, body).await? {
        (200..=299, answer) => Ok(answer),
        (status, answer) => Err(Trouble::Unexpected(format!(
            "{target:?} answered {status}: {answer}"
        ))),
    }
}

/// Asks `look` every `pause` until it gives a value, at most for `limit`.
///
/// # Errors
/// [`Trouble::Late`] with the last thing seen; the error itself where `look` gives up early with one.
pub async fn wait_for<T, F>(
    what: &str,
    limit: Duration,
    pause: Duration,
    mut look: impl FnMut() -> F,
) -> Result<T, Trouble>
where
    F: Future<Output = Result<Seen<T>, Trouble>>,
{
    let end = Instant::now() + limit;
    let mut last = "nothing".to_owned();
    while Instant::now() < end {
        match timeout_at(end, look()).await {
            Ok(Ok(Seen::Done(value))) => return Ok(value),
            Ok(Ok(Seen::NotYet(seen))) => last = seen,
            Ok(Err(trouble)) => return Err(trouble),
            Err(_) => break,
        }
        sleep(pause).await;
    }
    Err(Trouble::Late {
        what: what.to_owned(),
        seconds: limit.as_secs(),
        last,
    })
}

/// What one look at a condition gave.
#[derive(Debug)]
pub enum Seen<T> {
    /// It holds.
    Done(T),
    /// Not yet; what was there instead.
    NotYet(String),
}

/// Waits until `path` at `addr` answers 200 to a GET.
///
/// # Errors
/// [`Trouble::Late`] when it does not within `limit`.
pub async fn wait_for_200(
    addr: SocketAddr,
    path: &str,
    limit: Duration,
    pause: Duration,
) -> Result<(), Trouble> {
    let target = Target::new("GET", addr, path, None);
    wait_for(&format!("{path} at {addr}"), limit, pause, || async {
        Ok(match call(&target, "").await {
            Ok((200, _)) => Seen::Done(()),
            Ok((status, _)) => Seen::NotYet(format!("status {status}")),
            Err(trouble) => Seen::NotYet(trouble.chain()),
        })
    })
    .await
}
