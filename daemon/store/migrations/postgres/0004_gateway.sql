-- What the gateway is told to do: aliases in front of LLMs, prices of tokens, limits of access
-- tokens. Few rows, all of them in the gateway's memory; these are what it starts from.

create table aliases (
    id               text    collate "C" not null primary key,
    name             text    collate "C" not null unique,
    -- The principal that made it.
    owner            text,
    -- The whole spec as JSON, with fields that this version does not know.
    spec             text    not null,
    labels           text    not null default '{}',
    -- Unknown fields of metadata, as a JSON object.
    extra            text    not null default '{}',
    created_at       bigint  not null,
    updated_at       bigint  not null,
    -- Counts changes of metadata and spec.
    resource_version bigint  not null default 1
);

-- Named after an LLM or a model id, which need not exist.
create table prices (
    id               text    collate "C" not null primary key,
    name             text    collate "C" not null unique,
    owner            text,
    -- US dollars per million tokens, as JSON.
    spec             text    not null,
    labels           text    not null default '{}',
    extra            text    not null default '{}',
    created_at       bigint  not null,
    updated_at       bigint  not null,
    resource_version bigint  not null default 1
);

-- What a token's bearer may use, as a JSON object; a program that knows no limits sets none.
alter table tokens add column limits text not null default '{}';
