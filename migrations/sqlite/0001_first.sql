-- Times are microseconds since 1970. Sealed columns are ciphertext of the vault; digests are SHA-256.
create table owners (
    id blob primary key not null,
    name text not null unique,
    email text,
    creation_time integer not null
) strict;

create table keys (
    id blob primary key not null,
    owner blob not null references owners (id) on delete cascade,
    name text not null,
    digest blob not null unique,
    hint text not null,
    admin integer not null,
    rules text not null,
    creation_time integer not null,
    expires_time integer,
    last_used_time integer
) strict;
create index keys_by_owner on keys (owner, creation_time, id);

create table connections (
    id blob primary key not null,
    owner blob not null references owners (id) on delete cascade,
    app text not null,
    method text not null,
    status text not null,
    status_reason text,
    name text,
    metadata text not null,
    fields text not null,
    scopes text not null,
    generation integer not null,
    return_url text,
    creation_time integer not null,
    last_updated_time integer not null,
    last_used_time integer
) strict;
create index connections_by_app on connections (owner, app, creation_time, id);
create index connections_by_owner on connections (owner, creation_time, id);

create table grants (
    connection blob primary key not null references connections (id) on delete cascade,
    generation integer not null,
    key_id text not null,
    sealed blob not null,
    expires_time integer,
    updated_time integer not null
) strict;
create index grants_by_expiry on grants (expires_time) where expires_time is not null;

create table flows (
    state_digest blob primary key not null,
    connection blob not null references connections (id) on delete cascade,
    app text not null,
    generation integer not null,
    browser_digest blob not null,
    key_id text not null,
    sealed blob not null,
    expires_time integer not null
) strict;
create index flows_by_expiry on flows (expires_time);
create index flows_by_connection on flows (connection);

create table clients (
    name text primary key not null,
    key_id text not null,
    sealed blob not null,
    updated_time integer not null
) strict;

create table checks (
    key_id text primary key not null,
    sealed blob not null
) strict;
