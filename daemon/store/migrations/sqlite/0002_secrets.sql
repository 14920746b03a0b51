-- Secrets. Values stand here sealed only: AES-256-GCM-SIV under a key derived from the master key,
-- bound to table, row, field and key, so that one moved elsewhere does not open.

create table secrets (
    id               text    not null primary key,
    name             text    not null unique,
    labels           text    not null default '{}',
    created_at       integer not null,
    updated_at       integer not null,
    resource_version integer not null default 1
) strict;

create table secret_fields (
    secret_id text not null references secrets (id) on delete cascade,
    field     text not null,
    -- Which key sealed it, so that a change of the master key can go row by row.
    key_id    text not null,
    nonce     blob not null,
    sealed    blob not null,
    primary key (secret_id, field)
) strict;

-- A known text, sealed by the key in use. A start with another key is refused by it. One row.
create table sealing_key (
    slot       text    not null primary key check (slot = 'current'),
    key_id     text    not null,
    nonce      blob    not null,
    sealed     blob    not null,
    created_at integer not null
) strict;
