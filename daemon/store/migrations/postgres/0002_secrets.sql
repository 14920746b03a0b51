-- Secrets. Values stand here sealed only: AES-256-GCM-SIV under a key derived from the master key,
-- bound to table, row, field and key, so that one moved elsewhere does not open.

create table secrets (
    id               text    collate "C" not null primary key,
    name             text    collate "C" not null unique,
    labels           text    not null default '{}',
    created_at       bigint  not null,
    updated_at       bigint  not null,
    resource_version bigint  not null default 1
);

create table secret_fields (
    secret_id text not null references secrets (id) on delete cascade,
    field     text collate "C" not null,
    -- Which key sealed it, so that a change of the master key can go row by row.
    key_id    text not null,
    nonce     bytea not null,
    sealed    bytea not null,
    primary key (secret_id, field)
);

-- A known text, sealed by the key in use. A start with another key is refused by it. One row.
create table sealing_key (
    slot       text    not null primary key check (slot = 'current'),
    key_id     text    not null,
    nonce      bytea  not null,
    sealed     bytea  not null,
    created_at bigint  not null
);
