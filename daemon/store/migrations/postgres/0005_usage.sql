-- What was used, by whom, and what it cost. Written in batches, off the way of the requests.
-- Money is in nano-dollars (USD / 1,000,000,000), so that sums are exact.

-- Sums per hour. They stay for good: budgets without a period and the costs of past months are
-- read off them. The hour stands first in the key, so what is asked for lies side by side.
create table usage_hours (
    -- The hour's start.
    hour             bigint  not null,
    -- The access token's public part; empty where there was none.
    token_id         text    collate "C" not null,
    llm              text    collate "C" not null,
    provider         text    collate "C" not null,
    principal        text    collate "C" not null,
    -- The name that belongs to token_id, kept since tokens are deleted.
    token            text    collate "C" not null,
    requests         bigint  not null,
    -- Of the requests: those that failed, were broken off, came from a cache, were counted here.
    errors           bigint  not null,
    cancelled        bigint  not null,
    cache_hits       bigint  not null,
    estimated        bigint  not null,
    tokens_in        bigint  not null,
    tokens_out       bigint  not null,
    tokens_cached    bigint  not null,
    tokens_reasoning bigint  not null,
    cost_nano_usd    bigint  not null,
    primary key (hour, token_id, llm, provider, principal)
);

-- Single requests, the last ones only: swept by age and by number.
create table usage_requests (
    -- Counts up as lines are written. The request's own id may be the caller's, so not unique.
    seq              bigint  generated always as identity primary key,
    id               text    not null,
    -- When the request came.
    at               bigint  not null,
    model            text    not null,
    llm              text    collate "C" not null,
    provider         text    not null,
    principal        text    collate "C" not null,
    token            text    not null,
    path             text    not null,
    status           bigint  not null,
    -- ok, error or cancelled.
    outcome          text    not null,
    attempts         bigint  not null,
    cache_hit        bigint  not null,
    estimated        bigint  not null,
    ttft_ms          bigint,
    duration_ms      bigint  not null,
    tokens_in        bigint  not null,
    tokens_out       bigint  not null,
    tokens_cached    bigint  not null,
    tokens_reasoning bigint  not null,
    cost_nano_usd    bigint  not null
);

create index usage_requests_by_time on usage_requests (at, seq);
create index usage_requests_by_principal on usage_requests (principal, at, seq);
create index usage_requests_by_llm on usage_requests (llm, at, seq);
