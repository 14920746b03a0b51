//! Claiming: the most urgent jobs that can run now become the worker's own for a lease.
//!
//! The queue's index is read lane by lane: a lane is a kind and a name waited for. Lanes are found
//! by jumping from one to the next, so neither a million jobs that wait for an absent LLM, nor a
//! million of a kind that nobody claims, cost a claim anything. Of each lane as many are looked at
//! as are wanted, the most urgent of all are taken.

use std::time::Duration;

use kit::random::{Random, base32};
use sha2::{Digest, Sha256};
use shared::job::{Claimed, LeaseToken, MAX_BATCH, MAX_KINDS, WorkerId};
use shared::timestamp::Timestamp;

use super::Jobs;
use super::row::ClaimedRow;
use super::submit::json;
use crate::backend::{Backend, on_write};
use crate::error::{During, StoreError};

/// How many times a claim looks again where others took all that it had looked at.
const MAX_LOOKS: u32 = 3;
/// Random bytes of a claim's nonce.
const NONCE_BYTES: usize = 15;
/// What they are in base 32.
const NONCE_CHARS: usize = 24;
/// Bytes of the hash that marks whose claim it was: enough that no two principals are mixed up.
const MARK_BYTES: usize = 8;

/// Which of a kind's lanes are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lanes {
    /// All of them.
    All,
    /// That of the jobs which wait for no name: for kinds that never do.
    Plain,
}

/// What a worker asks for.
#[derive(Clone, Copy, Debug)]
pub struct ClaimRequest<'a> {
    /// Who.
    pub worker: &'a WorkerId,
    /// What it can do, at most [`MAX_KINDS`].
    pub kinds: &'a [String],
    /// How long the jobs are its own without a heartbeat.
    pub lease: Duration,
    /// How many, at most [`MAX_BATCH`].
    pub limit: usize,
    /// Names that can't be served now: jobs that wait for one of them stay queued.
    pub absent: &'a [String],
    /// Where its jobs are.
    pub lanes: Lanes,
    /// On whose behalf it claims: nobody else can use the lease tokens. See [`Holder`].
    pub principal: &'a str,
}

macro_rules! claimed_columns {
    () => {
        "jobs.id, jobs.kind, jobs.rank, jobs.seq, jobs.principal, jobs.waits_for, jobs.run_at,
         jobs.deadline_at, jobs.unique_key, jobs.attempts, jobs.max_attempts, jobs.worker,
         jobs.lease_token, jobs.lease_until, jobs.queued_at, jobs.updated_at, "
    };
}

/// `$1` kinds, `$2` absent names, `$3` limit, `$4` now, `$5` nonce, `$6` lease in ms, `$7` worker.
/// The lease goes by the database's clock.
const SQLITE: &str = concat!(
    "with recursive lanes (kind, waits_for) as (
        select value, (
            select min(jobs.waits_for) from jobs
            where status = 'queued' and delayed = 0 and kind = value
        )
        from json_each($1)
        union
        select lanes.kind, (
            select min(jobs.waits_for) from jobs
            where status = 'queued' and delayed = 0
                and kind = lanes.kind and jobs.waits_for > lanes.waits_for
        )
        from lanes
        where lanes.waits_for is not null
    )
    update jobs
    set status = 'running',
        attempts = attempts + 1,
        events = events + 1,
        started_event = events + 1,
        started_at = $4,
        updated_at = $4,
        worker = $7,
        lease_token = $5 || '-' || seq,
        lease_until = cast(unixepoch('subsec') * 1000 as integer) + $6
    where status = 'queued' and seq in (
        select head.seq
        from lanes
        cross join jobs head on head.seq in (
            select first.seq from jobs first
            where first.status = 'queued' and first.delayed = 0
                and first.kind = lanes.kind and first.waits_for = lanes.waits_for
                and (first.deadline_at is null or first.deadline_at > $4)
            order by first.rank, first.seq
            limit $3
        )
        where lanes.waits_for is not null
            and lanes.waits_for not in (select value from json_each($2))
        order by head.rank, head.seq
        limit $3
    )
    returning ",
    claimed_columns!(),
    "(select payload from job_payloads where job_id = jobs.id) as payload,
     (select labels from job_payloads where job_id = jobs.id) as labels,
     (select source from job_payloads where job_id = jobs.id) as source,
     (select token_id from job_payloads where job_id = jobs.id) as token_id"
);
/// The same, where others claim at once: what they hold is skipped. Materialized, since a limit in
/// a subquery that is run again takes more than it says.
///
/// Of each lane as many are locked as are wanted; what is left over is free again at the commit,
/// and others step over it meanwhile. They are changed by where they stand (`ctid`): they are ours
/// by then, and a second search by id costs as much as the first. The subquery with `offset 0`
/// keeps a planner without statistics from reading all payloads.
///
/// The limit is part of the text where it is a usual one: with a parameter there PostgreSQL plans
/// each claim anew, which takes longer than a small claim itself (measured: 0.6 to 1.0 ms).
macro_rules! postgres_claim {
    ($lanes:expr, $limit:literal) => {
        concat!(
            $lanes,
            "picked as materialized (
                select head.id, head.place
                from lanes
                cross join lateral (
                    select id, ctid as place, rank, seq from jobs
                    where status = 'queued' and delayed = 0
                        and kind = lanes.kind and waits_for = lanes.waits_for
                        and (deadline_at is null or deadline_at > $4)
                    order by kind, waits_for, rank, seq
                    limit ",
            $limit,
            "
                    for update skip locked
                ) head
                where not exists (
                    select 1 from jsonb_array_elements_text($2::jsonb) as absent (name)
                    where absent.name = lanes.waits_for
                )
                order by head.rank, head.seq
                limit ",
            $limit,
            "
            )
            update jobs
            set status = 'running',
                attempts = attempts + 1,
                events = events + 1,
                started_event = events + 1,
                started_at = $4,
                updated_at = $4,
                worker = $7,
                lease_token = $5 || '-' || seq,
                lease_until = cast(extract(epoch from clock_timestamp()) * 1000 as bigint) + $6
            from picked
            left join lateral (
                select payload, labels, source, token_id from job_payloads
                where job_id = picked.id
                offset 0
            ) given on true
            where jobs.ctid = picked.place and $3 > 0
            returning ",
            claimed_columns!(),
            "given.payload, given.labels, given.source, given.token_id"
        )
    };
}

/// All lanes of the kinds.
macro_rules! every_lane {
    () => {
        "with recursive lanes as (
            select wanted.kind, lane.waits_for
            from jsonb_array_elements_text($1::jsonb) as wanted (kind)
            cross join lateral (
                select waits_for from jobs
                where status = 'queued' and delayed = 0 and kind = wanted.kind
                order by waits_for
                limit 1
            ) lane
            union
            select lanes.kind, lane.waits_for
            from lanes
            cross join lateral (
                select waits_for from jobs
                where status = 'queued' and delayed = 0
                    and kind = lanes.kind and waits_for > lanes.waits_for
                order by waits_for
                limit 1
            ) lane
        ),
        "
    };
}

/// The one lane of kinds whose jobs wait for no name.
macro_rules! plain_lanes {
    () => {
        "with lanes as (
            select wanted.kind, '' as waits_for
            from jsonb_array_elements_text($1::jsonb) as wanted (kind)
        ),
        "
    };
}

macro_rules! by_limit {
    ($lanes:expr, $limit:expr) => {
        match $limit {
            1 => postgres_claim!($lanes, "1"),
            2 => postgres_claim!($lanes, "2"),
            3 => postgres_claim!($lanes, "3"),
            4 => postgres_claim!($lanes, "4"),
            10 => postgres_claim!($lanes, "10"),
            50 => postgres_claim!($lanes, "50"),
            100 => postgres_claim!($lanes, "100"),
            250 => postgres_claim!($lanes, "250"),
            1000 => postgres_claim!($lanes, "1000"),
            _ => postgres_claim!($lanes, "$3"),
        }
    };
}

fn postgres(lanes: Lanes, limit: usize) -> &'static str {
    match lanes {
        Lanes::All => by_limit!(every_lane!(), limit),
        Lanes::Plain => by_limit!(plain_lanes!(), limit),
    }
}

impl Jobs<'_> {
    /// Makes queued jobs the worker's own: the highest priority first, then the oldest; due, and
    /// not past their deadline. Each counts as an attempt and has a lease token of its own.
    ///
    /// Shape: at most `limit`, in that order; none where nothing can run. A worker whose jobs are
    /// long should claim no more than it has room for.
    /// Errors: [`StoreError::TooMany`] beyond [`MAX_KINDS`], [`MAX_BATCH`] or 1,000 absent names.
    pub async fn claim(
        self,
        request: ClaimRequest<'_>,
        now: Timestamp,
    ) -> Result<Vec<Claimed>, StoreError> {
        let most = |found: usize, what, limit| match found > limit {
            true => Err(StoreError::TooMany { what, limit }),
            false => Ok(()),
        };
        most(request.kinds.len(), "kinds in one claim", MAX_KINDS)?;
        most(request.limit, "jobs in one claim", MAX_BATCH)?;
        most(request.absent.len(), "absent names in one claim", 1000)?;
        if request.limit == 0 || request.kinds.is_empty() {
            return Ok(Vec::new());
        }
        let limit = i64::try_from(request.limit).unwrap_or(0);
        let sql = match self.store.backend() {
            Backend::Sqlite { .. } => SQLITE,
            Backend::Postgres(_) => postgres(request.lanes, request.limit),
        };
        let (kinds, absent) = (json(request.kinds)?, json(request.absent)?);
        let lease_ms = i64::try_from(request.lease.as_millis()).unwrap_or(i64::MAX / 4);
        for _ in 0..MAX_LOOKS {
            let asked = Asked {
                sql,
                nonce: nonce(request.principal, self.store.random()),
                kinds: &kinds,
                absent: &absent,
                limit,
                lease_ms,
                worker: request.worker.as_str(),
            };
            let rows = self.try_claim(asked, now).await.during("claim jobs")?;
            if !rows.is_empty() {
                let jobs: Result<Vec<_>, _> = rows.into_iter().map(ClaimedRow::read).collect();
                let mut jobs = jobs?;
                jobs.sort_by_key(|(order, _)| *order);
                return Ok(jobs.into_iter().map(|(_, job)| job).collect());
            }
            if matches!(self.store.backend(), Backend::Sqlite { .. }) {
                break;
            }
        }
        Ok(Vec::new())
    }
}

/// A request as its statement takes it.
struct Asked<'a> {
    sql: &'static str,
    nonce: String,
    kinds: &'a str,
    absent: &'a str,
    limit: i64,
    lease_ms: i64,
    worker: &'a str,
}

impl Jobs<'_> {
    async fn try_claim(
        self,
        asked: Asked<'_>,
        now: Timestamp,
    ) -> Result<Vec<ClaimedRow>, sqlx::Error> {
        // One statement, so a transaction of its own.
        on_write!(self.store, |pool| {
            sqlx::query_as(asked.sql)
                .bind(asked.kinds)
                .bind(asked.absent)
                .bind(asked.limit)
                .bind(now.as_millis())
                .bind(asked.nonce)
                .bind(asked.lease_ms)
                .bind(asked.worker)
                .fetch_all(pool)
                .await
        })
    }
}

/// The beginning of a claim's lease tokens: random, then a mark of who claims.
fn nonce(principal: &str, random: &dyn Random) -> String {
    base32(random, NONCE_BYTES) + &mark(principal)
}

/// Knows the lease tokens of one principal's claims: a token alone is no credential. Made once for
/// all that a principal says.
#[derive(Debug)]
pub struct Holder(String);

impl Holder {
    /// The holder that `principal` is.
    pub fn of(principal: &str) -> Self {
        Self(mark(principal))
    }

    /// Whether `token` comes from a claim of its own.
    pub fn holds(&self, token: &LeaseToken) -> bool {
        let nonce = token.as_str().split('-').next().unwrap_or("");
        nonce.get(NONCE_CHARS..) == Some(&*self.0)
    }
}

fn mark(principal: &str) -> String {
    let hash = Sha256::digest(principal.as_bytes());
    hash.iter()
        .take(MARK_BYTES)
        .fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}

pub(super) fn lease_token(text: &str) -> Result<LeaseToken, StoreError> {
    text.parse()
        .map_err(|_| StoreError::corrupt(super::KIND, "-", "lease_token"))
}
