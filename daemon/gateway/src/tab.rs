//! The tab of one request: opened when it comes, closed exactly once, however it ends.
//!
//! It is dropped with the request (its caller went), with the error that ends it, or with the last
//! byte of its answer. Then its slot in the retry budget and its reservation are given back, its
//! LLM's numbers grow, and the accounts get its record.

use std::sync::Arc;
use std::time::Duration;

use http::header::HeaderValue;
use registry::Row;
use shared::chat_body::Head;
use shared::infer_path::InferPath;
use shared::timestamp::Timestamp;
use shared::usage::{Outcome, Tokens};
use tokio::time::Instant;

use crate::accounts::{Closed, Payer};
use crate::infer::Gateway;
use crate::limits::{Estimate, Ledger, LimitReached, Reservation};
use crate::prices::cost_nano_usd;
use crate::retry::Active;
use crate::standing::{Ended, Standing};

/// The status that is written down for a request whose caller went before there was one.
const CALLER_GONE: u16 = 499;
/// What an answer may have where its request does not say, in tokens.
const DEFAULT_MAX_TOKENS: u64 = 4096;
/// A token of a prompt has about so many bytes, JSON around it included.
const BYTES_PER_TOKEN: u64 = 4;
/// And at least so many, for what a request may use at most.
const BYTES_PER_TOKEN_AT_LEAST: u64 = 3;

/// An open tab.
pub(crate) struct Tab {
    gateway: Gateway,
    shard: usize,
    id: HeaderValue,
    model: String,
    path: InferPath,
    payer: Payer,
    opened: Instant,
    /// When the LLM was called that serves it.
    called: Option<Instant>,
    at: Timestamp,
    body_bytes: u64,
    /// Calls of an LLM, this one included.
    pub(crate) attempts: u32,
    pub(crate) status: u16,
    pub(crate) outcome: Outcome,
    pub(crate) cache_hit: bool,
    /// The LLM that was called last, or is meant to be called first.
    pub(crate) served_by: Option<(Arc<Row>, Arc<Standing>)>,
    first_byte: Option<Duration>,
    /// What the provider told.
    pub(crate) usage: Option<Tokens>,
    /// What was counted here of the answer.
    pub(crate) counted: u64,
    /// What of that the LLM's rate knows.
    pub(crate) told: u64,
    reservation: Option<Reservation>,
    _active: Active,
}

impl Tab {
    pub(crate) fn open(
        gateway: &Gateway,
        shard: usize,
        id: HeaderValue,
        model: String,
        (path, body_bytes): (InferPath, usize),
        payer: Payer,
    ) -> Self {
        Self {
            shard,
            id,
            model,
            path,
            payer,
            opened: Instant::now(),
            called: None,
            at: gateway.inner().clock.now(),
            body_bytes: body_bytes as u64,
            attempts: 0,
            status: CALLER_GONE,
            outcome: Outcome::Cancelled,
            cache_hit: false,
            served_by: None,
            first_byte: None,
            usage: None,
            counted: 0,
            told: 0,
            reservation: None,
            _active: gateway.inner().retries.enter(),
            gateway: gateway.clone(),
        }
    }

    /// The request's id.
    pub(crate) fn id(&self) -> &str {
        self.id.to_str().unwrap_or_default()
    }

    pub(crate) fn model(&self) -> &str {
        &self.model
    }

    pub(crate) fn opened(&self) -> Instant {
        self.opened
    }

    pub(crate) fn at(&self) -> Timestamp {
        self.at
    }

    /// Reserves what the request may use, but for its cost: that depends on who is called.
    pub(crate) fn reserve(&mut self, ledger: &Ledger, head: &Head) -> Result<(), LimitReached> {
        let tokens = self.most(head);
        let most = Estimate {
            tokens: tokens.input.saturating_add(tokens.output),
            cost_nano_usd: 0,
        };
        self.reservation = Some(ledger.reserve(most, self.at)?);
        Ok(())
    }

    /// Reserves what the request may cost at the LLM of `row`.
    pub(crate) fn afford(&mut self, head: &Head, row: &Row) -> Result<(), LimitReached> {
        let inner = self.gateway.inner();
        let Some(price) = inner.planner.prices.of(row) else {
            return Ok(());
        };
        let cost = cost_nano_usd(&price, &self.most(head));
        let now = inner.clock.now();
        match &mut self.reservation {
            Some(reservation) => reservation.raise(cost, now),
            None => Ok(()),
        }
    }

    /// The most tokens that the request may use.
    fn most(&self, head: &Head) -> Tokens {
        let answer = match self.path {
            InferPath::Embeddings | InferPath::Rerank => 0,
            _ => head.max_tokens.unwrap_or(DEFAULT_MAX_TOKENS),
        };
        Tokens {
            input: self.body_bytes.div_ceil(BYTES_PER_TOKEN_AT_LEAST),
            output: answer.saturating_mul(head.n.unwrap_or(1).max(1)),
            ..Tokens::default()
        }
    }

    /// An LLM is called.
    pub(crate) fn calls(&mut self, row: &Arc<Row>, standing: &Arc<Standing>) {
        self.attempts += 1;
        self.called = Some(Instant::now());
        self.served_by = Some((row.clone(), standing.clone()));
    }

    /// The first byte of an answer came, with its status.
    pub(crate) fn begins(&mut self, status: u16) {
        self.status = status;
        let now = Instant::now();
        self.first_byte = Some(now - self.opened);
        // What was waited for before it was called is not its doing.
        if status < 400
            && let (Some((_, standing)), Some(called)) = (&self.served_by, self.called)
        {
            standing.lock().numbers.first_byte(now - called, now);
        }
    }

    /// It ends without an answer, with this status.
    pub(crate) fn refused(&mut self, status: u16) {
        self.status = status;
        self.outcome = Outcome::Error;
    }

    /// Tokens of the answer were counted; from time to time the LLM's rate is told.
    pub(crate) fn flows(&mut self, counted: u64) {
        const STEP: u64 = 64;
        self.counted = counted;
        if counted >= self.told + STEP
            && let Some((_, standing)) = &self.served_by
        {
            let more = counted - self.told;
            standing.lock().numbers.flowing(more, Instant::now());
            self.told = counted;
        }
    }

    /// What it used, and whether that is an estimate.
    fn used(&self) -> (Tokens, bool) {
        if let Some(usage) = self.usage {
            return (usage, false);
        }
        // A provider's error, or no provider at all: nothing was used.
        let reached = self.attempts > 0;
        if !reached || self.status >= 400 && self.status != CALLER_GONE {
            return (Tokens::default(), false);
        }
        let tokens = Tokens {
            input: self.body_bytes.div_ceil(BYTES_PER_TOKEN),
            output: self.counted,
            ..Tokens::default()
        };
        (tokens, true)
    }
}

impl Drop for Tab {
    fn drop(&mut self) {
        let (tokens, estimated) = self.used();
        let inner = self.gateway.inner();
        let row = self.served_by.as_ref().map(|(row, _)| row);
        let price = row.and_then(|row| inner.planner.prices.of(row));
        let cost_nano_usd = match self.cache_hit {
            true => 0,
            false => price.map_or(0, |price| cost_nano_usd(&price, &tokens)),
        };
        if let Some(reservation) = self.reservation.take() {
            reservation.settle(Estimate {
                tokens: tokens.input + tokens.output,
                cost_nano_usd,
            });
        }
        let duration = self.opened.elapsed();
        match &self.served_by {
            Some((_, standing)) => standing.lock().numbers.add(
                &Ended {
                    status: self.status,
                    outcome: self.outcome,
                    tokens,
                    cost_nano_usd,
                    first_byte: self.first_byte,
                    duration,
                    told: self.told,
                },
                self.opened + duration,
            ),
            None => inner.unserved.count(self.status),
        }
        let (llm, provider) = row.map_or_else(
            || ("".into(), ""),
            |row| (row.shared_name(), row.spec().provider_type.as_str()),
        );
        inner.accounts.enter(
            self.shard,
            Closed {
                at: self.at,
                id: self.id(),
                model: &self.model,
                path: self.path.as_str(),
                llm,
                provider,
                payer: self.payer.clone(),
                status: self.status,
                outcome: self.outcome,
                attempts: self.attempts,
                cache_hit: self.cache_hit,
                estimated,
                first_byte: self.first_byte,
                duration,
                tokens,
                cost_nano_usd,
            },
        );
    }
}
