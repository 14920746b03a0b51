//! New jobs on PostgreSQL, in one statement: where no key asks for a look first, there is nothing to
//! read. SQLite, which has no `insert` within a `with`, goes the general way.

use sqlx::PgPool;

use super::NewJob;
use super::submit::JobRow;
use crate::bounds;
use crate::error::StoreError;

/// `$1` to `$8` columns of `jobs`, `$9` to `$12` of `job_payloads`, row by row in order; `$13`
/// principal, `$14` now.
const STORED: &str = "
    with given as materialized (
        select *
        from unnest(
            $1::text[], $2::text[], $3::bigint[], $4::text[], $5::bigint[], $6::bigint[],
            $7::bigint[], $8::bigint[], $9::text[], $10::text[], $11::text[], $12::text[]
        ) with ordinality as given (
            id, kind, rank, waits_for, delayed, run_at, deadline_at, max_attempts,
            payload, labels, source, token_id, place
        )
    ),
    stored as (
        insert into jobs (
            id, kind, status, rank, principal, waits_for, delayed, run_at, deadline_at,
            max_attempts, queued_at, updated_at
        )
        select
            id, kind, 'queued', rank, $13, waits_for, delayed, run_at, deadline_at, max_attempts,
            $14, $14
        from given
        order by place
    )
    insert into job_payloads (job_id, payload, labels, source, token_id)
    select id, payload, labels, source, token_id from given";

/// Stores jobs without unique keys, all or none.
pub(super) async fn write(
    pool: &PgPool,
    rows: &[JobRow],
    jobs: &[NewJob],
    (principal, now): (&str, i64),
) -> Result<(), StoreError> {
    let labels = jobs
        .iter()
        .map(|job| bounds::json("labels", &job.submit.labels));
    let labels: Vec<String> = labels.collect::<Result<_, _>>()?;
    let texts = |of: fn(&JobRow) -> &str| rows.iter().map(of).collect::<Vec<&str>>();
    let numbers = |of: fn(&JobRow) -> i64| rows.iter().map(of).collect::<Vec<i64>>();
    let times = |of: fn(&JobRow) -> Option<i64>| rows.iter().map(of).collect::<Vec<_>>();
    let payloads = jobs.iter().map(|job| job.submit.payload.as_str());
    let sources = jobs.iter().map(|job| job.submit.source.as_deref());
    let tokens = jobs.iter().map(|job| &*job.token_id);
    sqlx::query(STORED)
        .bind(texts(|row| &row.id))
        .bind(texts(|row| &row.kind))
        .bind(numbers(|row| row.rank))
        .bind(texts(|row| &row.waits_for))
        .bind(numbers(|row| row.delayed.into()))
        .bind(times(|row| row.run_at))
        .bind(times(|row| row.deadline_at))
        .bind(numbers(|row| row.max_attempts.into()))
        .bind(payloads.collect::<Vec<_>>())
        .bind(&labels)
        .bind(sources.collect::<Vec<_>>())
        .bind(tokens.collect::<Vec<_>>())
        .bind(principal)
        .bind(now)
        .execute(pool)
        .await?;
    Ok(())
}
