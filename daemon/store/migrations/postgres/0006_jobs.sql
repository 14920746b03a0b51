-- Durable jobs. What changes with every claim stands in `jobs`, which is narrow; payloads are
-- written once, results with the attempt that brought them. Nothing refers by foreign key: rows
-- of a job go together, in the statements that delete it, and no row is checked on its way in.

create table jobs (
    -- Counts up as jobs are stored: their age, also within one millisecond.
    seq              bigint  generated always as identity,
    id               text    collate "C" not null primary key,
    kind             text    collate "C" not null,
    -- queued, running, done, error, canceled, expired.
    status           text    not null,
    -- Minus the priority, so that one order serves the whole index.
    rank             bigint not null,
    principal        text    collate "C" not null,
    -- The LLM or model without which it can't run; empty where there is none.
    waits_for        text    collate "C" not null,
    -- 1 while it waits for run_at. Such a job is not in the index that claims read.
    delayed          bigint not null,
    run_at           bigint,
    deadline_at      bigint,
    unique_key       text    collate "C",
    -- Of the last attempt.
    attempts         bigint not null default 0,
    max_attempts     bigint not null,
    worker           text,
    started_at       bigint,
    started_event    bigint,
    -- Set exactly while it runs. By the database's clock.
    lease_token      text,
    lease_until      bigint,
    cancel_requested bigint not null default 0,
    error            text,
    queued_at        bigint not null,
    updated_at       bigint not null,
    ended_at         bigint,
    -- The number of its last event, that of the one that queued it, and what stands in
    -- job_events.
    events           bigint not null default 1,
    queued_event     bigint not null default 1,
    event_rows       bigint not null default 0,
    event_bytes      bigint not null default 0
)
-- Room for the new version of a row on its own page, and a sweep before dead ones pile up.
with (
    fillfactor = 70,
    autovacuum_vacuum_scale_factor = 0.02,
    autovacuum_vacuum_threshold = 1000,
    autovacuum_vacuum_cost_delay = 0
);

-- What claims read: within a kind and a name waited for, the most urgent and oldest first.
create index jobs_queue on jobs (kind, waits_for, rank, seq)
    where status = 'queued' and delayed = 0;
create index jobs_delayed on jobs (run_at) where status = 'queued' and delayed = 1;
-- Without lease_until, so that a heartbeat changes no index.
create index jobs_running on jobs (seq) where status = 'running';
create index jobs_deadline on jobs (deadline_at)
    where deadline_at is not null and ended_at is null;
create unique index jobs_unique_key on jobs (principal, unique_key)
    where unique_key is not null and ended_at is null;
create index jobs_ended on jobs (ended_at) where ended_at is not null;
create index jobs_failed on jobs (status, id) where status in ('error', 'canceled', 'expired');

create table job_payloads (
    job_id  text collate "C" not null primary key,
    payload text not null,
    labels  text not null,
    source  text
);

-- Attempts that ended; the one that runs stands in `jobs`.
create table job_attempts (
    job_id        text collate "C" not null,
    -- The event that began it: unique, where numbers are not.
    started_event bigint not null,
    number        bigint not null,
    worker        text    not null,
    started_at    bigint not null,
    ended_at      bigint not null,
    ended_event   bigint not null,
    -- done, failed, lease_ended, canceled, expired.
    outcome       text    not null,
    error         text,
    metrics       text,
    -- The job's result, where the outcome is done.
    result        text,
    primary key (job_id, started_event)
);

-- Progress and chunks. What a job's own columns and attempts tell is not repeated.
create table job_events (
    job_id text collate "C" not null,
    number bigint not null,
    name   text    not null,
    data   text    not null,
    primary key (job_id, number)
);

-- Idempotency keys, with the ids that they stand for.
create table job_keys (
    principal  text    collate "C" not null,
    key        text    collate "C" not null,
    body_hash  text    not null,
    -- A JSON array of ids.
    job_ids    text    not null,
    created_at bigint not null,
    primary key (principal, key)
);

create index job_keys_by_age on job_keys (created_at);
