-- Durable jobs. What changes with every claim stands in `jobs`, which is narrow; payloads are
-- written once, results with the attempt that brought them. Nothing refers by foreign key: rows
-- of a job go together, in the statements that delete it, and no row is checked on its way in.

create table jobs (
    -- Counts up as jobs are stored: their age, also within one millisecond.
    seq              integer not null primary key,
    id               text    not null unique,
    kind             text    not null,
    -- queued, running, done, error, canceled, expired.
    status           text    not null,
    -- Minus the priority, so that one order serves the whole index.
    rank             integer not null,
    principal        text    not null,
    -- The LLM or model without which it can't run; empty where there is none.
    waits_for        text    not null,
    -- 1 while it waits for run_at. Such a job is not in the index that claims read.
    delayed          integer not null,
    run_at           integer,
    deadline_at      integer,
    unique_key       text,
    -- Of the last attempt.
    attempts         integer not null default 0,
    max_attempts     integer not null,
    worker           text,
    started_at       integer,
    started_event    integer,
    -- Set exactly while it runs. By the database's clock.
    lease_token      text,
    lease_until      integer,
    cancel_requested integer not null default 0,
    error            text,
    queued_at        integer not null,
    updated_at       integer not null,
    ended_at         integer,
    -- The number of its last event, that of the one that queued it, and what stands in
    -- job_events.
    events           integer not null default 1,
    queued_event     integer not null default 1,
    event_rows       integer not null default 0,
    event_bytes      integer not null default 0
) strict;

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
    job_id  text not null primary key,
    payload text not null,
    labels  text not null,
    source  text
) strict;

-- Attempts that ended; the one that runs stands in `jobs`.
create table job_attempts (
    job_id        text    not null,
    -- The event that began it: unique, where numbers are not.
    started_event integer not null,
    number        integer not null,
    worker        text    not null,
    started_at    integer not null,
    ended_at      integer not null,
    ended_event   integer not null,
    -- done, failed, lease_ended, canceled, expired.
    outcome       text    not null,
    error         text,
    metrics       text,
    -- The job's result, where the outcome is done.
    result        text,
    primary key (job_id, started_event)
) strict;

-- Progress and chunks. What a job's own columns and attempts tell is not repeated.
create table job_events (
    job_id text    not null,
    number integer not null,
    name   text    not null,
    data   text    not null,
    primary key (job_id, number)
) without rowid, strict;

-- Idempotency keys, with the ids that they stand for.
create table job_keys (
    principal  text    not null,
    key        text    not null,
    body_hash  text    not null,
    -- A JSON array of ids.
    job_ids    text    not null,
    created_at integer not null,
    primary key (principal, key)
) without rowid, strict;

create index job_keys_by_age on job_keys (created_at);
