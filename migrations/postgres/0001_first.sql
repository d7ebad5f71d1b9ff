-- Times are microseconds since 1970. Sealed columns are ciphertext of the vault; digests are SHA-256.
create table owners (
    id uuid primary key not null,
    name text not null unique,
    email text,
    creation_time bigint not null
);

create table keys (
    id uuid primary key not null,
    owner uuid not null references owners (id) on delete cascade,
    name text not null,
    digest bytea not null unique,
    hint text not null,
    admin boolean not null,
    rules jsonb not null,
    creation_time bigint not null,
    expires_time bigint,
    last_used_time bigint
);
create index keys_by_owner on keys (owner, creation_time, id);

create table connections (
    id uuid primary key not null,
    owner uuid not null references owners (id) on delete cascade,
    app text not null,
    method text not null,
    status text not null,
    status_reason text,
    name text,
    metadata jsonb not null,
    fields jsonb not null,
    scopes jsonb not null,
    generation bigint not null,
    return_url text,
    creation_time bigint not null,
    last_updated_time bigint not null,
    last_used_time bigint
);
create index connections_by_app on connections (owner, app, creation_time, id);
create index connections_by_owner on connections (owner, creation_time, id);

create table grants (
    connection uuid primary key not null references connections (id) on delete cascade,
    generation bigint not null,
    key_id text not null,
    sealed bytea not null,
    expires_time bigint,
    updated_time bigint not null
);
create index grants_by_expiry on grants (expires_time) where expires_time is not null;

create table flows (
    state_digest bytea primary key not null,
    connection uuid not null references connections (id) on delete cascade,
    app text not null,
    generation bigint not null,
    browser_digest bytea not null,
    key_id text not null,
    sealed bytea not null,
    expires_time bigint not null
);
create index flows_by_expiry on flows (expires_time);
create index flows_by_connection on flows (connection);

create table clients (
    name text collate "C" primary key not null,
    key_id text not null,
    sealed bytea not null,
    updated_time bigint not null
);

create table checks (
    key_id text collate "C" primary key not null,
    sealed bytea not null
);
