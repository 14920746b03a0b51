-- What was used, by whom, and what it cost. Written in batches, off the way of the requests.
-- Money is in nano-dollars (USD / 1,000,000,000), so that sums are exact.

-- Sums per hour. They stay for good: budgets without a period and the costs of past months are
-- read off them. The hour stands first in the key, so what is asked for lies side by side.
create table usage_hours (
    -- The hour's start.
    hour             integer not null,
    -- The access token's public part; empty where there was none.
    token_id         text    not null,
    llm              text    not null,
    provider         text    not null,
    principal        text    not null,
    -- The name that belongs to token_id, kept since tokens are deleted.
    token            text    not null,
    requests         integer not null,
    -- Of the requests: those that failed, were broken off, came from a cache, were counted here.
    errors           integer not null,
    cancelled        integer not null,
    cache_hits       integer not null,
    estimated        integer not null,
    tokens_in        integer not null,
    tokens_out       integer not null,
    tokens_cached    integer not null,
    tokens_reasoning integer not null,
    cost_nano_usd    integer not null,
    primary key (hour, token_id, llm, provider, principal)
) without rowid, strict;

-- Single requests, the last ones only: swept by age and by number.
create table usage_requests (
    -- Counts up as lines are written. The request's own id may be the caller's, so not unique.
    seq              integer not null primary key,
    id               text    not null,
    -- When the request came.
    at               integer not null,
    model            text    not null,
    llm              text    not null,
    provider         text    not null,
    principal        text    not null,
    token            text    not null,
    path             text    not null,
    status           integer not null,
    -- ok, error or cancelled.
    outcome          text    not null,
    attempts         integer not null,
    cache_hit        integer not null,
    estimated        integer not null,
    ttft_ms          integer,
    duration_ms      integer not null,
    tokens_in        integer not null,
    tokens_out       integer not null,
    tokens_cached    integer not null,
    tokens_reasoning integer not null,
    cost_nano_usd    integer not null
) strict;

create index usage_requests_by_time on usage_requests (at, seq);
create index usage_requests_by_principal on usage_requests (principal, at, seq);
create index usage_requests_by_llm on usage_requests (llm, at, seq);
