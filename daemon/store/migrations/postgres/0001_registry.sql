-- The registry: sessions of publishers, LLMs and access tokens.
--
-- Both dialects hold the same columns: TEXT ids (UUIDv7), BIGINT milliseconds since 1970 (UTC),
-- TEXT JSON. Texts of a closed set (kind, phase) are read by the program, which calls an unknown
-- one corrupt; a CHECK would have to be rebuilt with the table for every new word. What lists are
-- ordered by has the collation "C", so that both databases order alike.

-- A publisher's registration. It outlives its connections: the publisher keeps the id.
create table provider_sessions (
    id            text    collate "C" not null primary key,
    -- On whose behalf: compared with the caller's on every use. The id alone proves nothing.
    principal     text    not null,
    node_id       text    not null,
    hostname      text    not null,
    version       text    not null,
    -- Counts binds of a channel; a message of an older one is refused.
    epoch         bigint  not null default 0,
    created_at    bigint  not null,
    last_bound_at bigint,
    -- Any sign of life: registered, bound, heard. An idle session is deleted by this.
    last_seen_at  bigint  not null
);

create index provider_sessions_by_last_seen on provider_sessions (last_seen_at);

create table llms (
    id                  text    collate "C" not null primary key,
    name                text    collate "C" not null unique,
    kind                text    not null,
    -- The principal that a virtual row belongs to until it is deleted or expires.
    owner               text,
    -- The whole spec as JSON, with fields that this version does not know.
    spec                text    not null,
    labels              text    not null default '{}',
    -- Unknown fields of metadata, as a JSON object.
    extra               text    not null default '{}',
    -- The secret that the spec's key refers to; taken from it on every write.
    secret_name         text,
    phase               text    not null,
    -- The session that serves the row. Empty where it was withdrawn or never served.
    provider_session_id text references provider_sessions (id) on delete set null,
    last_heartbeat_at   bigint,
    -- Set exactly while the phase is inactive.
    inactive_since      bigint,
    last_error          text,
    created_at          bigint  not null,
    updated_at          bigint  not null,
    -- Counts changes of metadata and spec. What is merely seen does not count.
    resource_version    bigint  not null default 1
);

create index llms_by_session on llms (provider_session_id) where provider_session_id is not null;
create index llms_by_secret on llms (secret_name) where secret_name is not null;
create index llms_by_inactive on llms (inactive_since) where inactive_since is not null;
create index llms_by_owner on llms (owner) where owner is not null;

create table tokens (
    -- The public part of the credential.
    id           text    collate "C" not null primary key,
    name         text    collate "C" not null unique,
    principal    text    not null,
    -- A JSON array of role names.
    roles        text    not null,
    -- SHA-256 of the credential's secret part, which is 256 random bits: no salt, no stretching.
    secret_hash  bytea  not null,
    created_at   bigint  not null,
    expires_at   bigint,
    revoked_at   bigint,
    last_used_at bigint
);
