//! What stands in the columns of each view, and which of them a narrow terminal keeps.

use serde_json::Value;
use shared::timestamp::Timestamp;

use crate::cells::{
    Cell, amount, at, busy, job_status, joined, llm_status, millis, per_second, plain, publisher,
    since, status, tries, usd,
};
use crate::feed::By;
use crate::view::View;

/// A column.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Column {
    pub(crate) header: &'static str,
    /// `0` always stays; of the others the highest goes first.
    pub(crate) rank: u8,
    /// Numbers stand under each other.
    pub(crate) right: bool,
    pub(crate) cell: fn(&Value, Timestamp) -> Cell,
}

const fn text(header: &'static str, rank: u8, cell: fn(&Value, Timestamp) -> Cell) -> Column {
    Column {
        header,
        rank,
        right: false,
        cell,
    }
}

const fn number(header: &'static str, rank: u8, cell: fn(&Value, Timestamp) -> Cell) -> Column {
    Column {
        header,
        rank,
        right: true,
        cell,
    }
}

/// The columns of a view.
pub(crate) fn columns(view: View, by: By) -> Vec<Column> {
    match view {
        View::Llm => llm(),
        View::Publishers => publishers(),
        View::Jobs => jobs(),
        View::Usage => usage(by),
        View::Requests => requests(),
        View::Alias => vec![
            NAME,
            text("TARGET", 0, |v, _| {
                plain(joined(v, &["/spec/model", "/spec/llms"]))
            }),
            text("POLICY", 2, |v, _| at(v, "/spec/policy")),
            number("ACTIVE", 1, |v, _| at(v, "/status/active")),
            text("FALLBACKS", 3, |v, _| {
                plain(joined(v, &["/spec/fallbacks"]))
            }),
            text("ON-UNAVAILABLE", 4, |v, _| at(v, "/spec/onUnavailable")),
            text("OWNER", 6, |v, _| at(v, "/metadata/owner")),
            AGE,
        ],
        View::Price => vec![
            NAME,
            number("INPUT", 0, |v, _| usd(v, "/spec/input")),
            number("CACHED", 1, |v, _| usd(v, "/spec/cachedInput")),
            number("OUTPUT", 0, |v, _| usd(v, "/spec/output")),
            AGE,
        ],
        View::Secret => vec![
            NAME,
            text("FIELDS", 0, |v, _| plain(joined(v, &["/status/fields"]))),
            text("OWNER", 2, |v, _| at(v, "/metadata/owner")),
            AGE,
        ],
        View::Token => vec![
            NAME,
            text("PRINCIPAL", 0, |v, _| at(v, "/spec/principal")),
            text("ROLES", 0, |v, _| plain(joined(v, &["/spec/roles"]))),
            number("SPENT", 4, |v, _| usd(v, "/status/spent/usd")),
            text("EXPIRES", 2, |v, _| at(v, "/spec/expiresAt")),
            number("LAST-USED", 1, |v, now| since(v, "/status/lastUsedAt", now)),
            AGE,
        ],
    }
}

const NAME: Column = text("NAME", 0, |v, _| at(v, "/metadata/name"));
const AGE: Column = number("AGE", 5, |v, now| since(v, "/metadata/createdAt", now));

fn llm() -> Vec<Column> {
    vec![
        NAME,
        text("KIND", 5, |v, _| at(v, "/spec/kind")),
        text("STATUS", 0, llm_status),
        text("TYPE", 4, |v, _| at(v, "/spec/type")),
        text("MODEL", 2, |v, _| at(v, "/spec/model")),
        text("TIER", 6, |v, _| at(v, "/spec/tier")),
        number("RUN", 0, |v, _| busy(v, "inFlight")),
        number("WAIT", 1, |v, _| busy(v, "queued")),
        number("TOK/S", 1, |v, _| per_second(v, "/load/tokensPerSecond")),
        number("REQ/S", 9, |v, _| per_second(v, "/load/requestsPerSecond")),
        number("TTFT", 8, |v, _| millis(v, "/load/ttftP50Ms")),
        number("P99", 8, |v, _| millis(v, "/load/p99Ms")),
        number("ERRORS", 10, |v, _| amount(v, "/load/errors")),
        text("PUBLISHER", 3, |v, _| publisher(v)),
        AGE,
    ]
}

fn publishers() -> Vec<Column> {
    vec![
        text("NAME", 0, |v, _| at(v, "/name")),
        text("ROLE", 1, |v, _| at(v, "/role")),
        text("OWNER", 3, |v, _| at(v, "/owner")),
        text("NODE", 4, |v, _| at(v, "/node")),
        text("STATUS", 1, |v, _| status(at(v, "/phase"))),
        number("HEARD", 0, |v, now| since(v, "/lastHeartbeatAt", now)),
        text("SERVES", 2, |v, _| plain(joined(v, &["/serves"]))),
    ]
}

fn jobs() -> Vec<Column> {
    vec![
        text("ID", 0, |v, _| at(v, "/id")),
        text("KIND", 2, |v, _| at(v, "/kind")),
        text("STATUS", 0, |v, _| job_status(v)),
        number("TRIES", 4, |v, _| tries(v)),
        text("WAITS-FOR", 3, |v, _| at(v, "/waits_for")),
        text("WORKER", 5, |v, _| at(v, "/worker")),
        number("PRIO", 7, |v, _| amount(v, "/priority")),
        text("WHO", 6, |v, _| at(v, "/principal")),
        text("ERROR", 8, |v, _| at(v, "/error")),
        number("AGE", 1, |v, now| since(v, "/queued_at", now)),
    ]
}

fn usage(by: By) -> Vec<Column> {
    let first = match by {
        By::Llm => text("LLM", 0, |v, _| at(v, "/llm")),
        By::Token => text("TOKEN", 0, |v, _| at(v, "/token")),
        By::Day => text("DAY", 0, |v, _| at(v, "/time")),
    };
    vec![
        first,
        number("REQUESTS", 0, |v, _| amount(v, "/requests")),
        number("ERRORS", 3, |v, _| amount(v, "/errors")),
        number("CANCELLED", 5, |v, _| amount(v, "/cancelled")),
        number("CACHE-HITS", 6, |v, _| amount(v, "/cache_hits")),
        number("IN", 2, |v, _| amount(v, "/tokens_in")),
        number("OUT", 1, |v, _| amount(v, "/tokens_out")),
        number("COST-USD", 0, |v, _| usd(v, "/cost_usd")),
    ]
}

fn requests() -> Vec<Column> {
    vec![
        number("AGE", 0, |v, now| since(v, "/at", now)),
        text("MODEL", 0, |v, _| at(v, "/model")),
        text("LLM", 2, |v, _| at(v, "/llm")),
        text("WHO", 4, |v, _| at(v, "/principal")),
        text("PATH", 7, |v, _| at(v, "/path")),
        number("STATUS", 1, |v, _| at(v, "/status")),
        text("OUTCOME", 0, |v, _| status(at(v, "/outcome"))),
        number("TTFT", 6, |v, _| millis(v, "/ttft_ms")),
        number("TIME", 2, |v, _| millis(v, "/duration_ms")),
        number("IN", 5, |v, _| amount(v, "/tokens_in")),
        number("OUT", 3, |v, _| amount(v, "/tokens_out")),
        number("USD", 8, |v, _| usd(v, "/cost_usd")),
        text("ID", 9, |v, _| at(v, "/id")),
    ]
}
