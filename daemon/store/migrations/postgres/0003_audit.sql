-- Who did what to what, and what came of it. Lines are added and, when they are old, deleted;
-- never changed.

create table audit_lines (
    id         text    collate "C" not null primary key,
    at         bigint  not null,
    principal  text    not null,
    action     text    not null,
    object     text    not null,
    outcome    text    not null,
    -- A JSON value.
    detail     text    not null default 'null',
    request_id text
);

create index audit_lines_by_time on audit_lines (at, id);
