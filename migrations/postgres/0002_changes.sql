-- What changed of that which gateways remember, so that they read again only that. Triggers write it together with the
-- change, whoever makes it. That something was last used is no change, and a key or client that is new was not
-- remembered: nobody remembers that there is none.
create table changes (
    seq bigint generated always as identity primary key not null,
    kind text not null,
    id uuid,
    owner uuid,
    name text,
    digest bytea,
    generation bigint,
    time bigint not null default (extract(epoch from clock_timestamp()) * 1000000)::bigint
);

create function keys_changed() returns trigger language plpgsql as $$
begin
    insert into changes (kind, digest) values ('key', old.digest);
    return null;
end $$;
create trigger keys_updated after update of id, owner, name, digest, hint, admin, rules, creation_time, expires_time on keys
    for each row execute function keys_changed();
create trigger keys_deleted after delete on keys for each row execute function keys_changed();

create function connections_changed() returns trigger language plpgsql as $$
begin
    if tg_op <> 'INSERT' then
        insert into changes (kind, id, owner, name) values ('connection', old.id, old.owner, old.app);
    end if;
    if tg_op = 'INSERT' or (tg_op = 'UPDATE' and (old.id, old.owner, old.app) <> (new.id, new.owner, new.app)) then
        insert into changes (kind, id, owner, name) values ('connection', new.id, new.owner, new.app);
    end if;
    return null;
end $$;
create trigger connections_inserted after insert on connections for each row execute function connections_changed();
create trigger connections_updated after update of id, owner, app, method, status, status_reason, name, metadata, fields,
    scopes, generation, return_url, creation_time, last_updated_time on connections
    for each row execute function connections_changed();
create trigger connections_deleted after delete on connections for each row execute function connections_changed();

-- Writing what stands there already only takes the lock.
create function grants_changed() returns trigger language plpgsql as $$
begin
    if tg_op = 'UPDATE' then
        insert into changes (kind, id, generation) values ('grant', old.connection, new.generation);
    else
        insert into changes (kind, id) values ('grant', old.connection);
    end if;
    return null;
end $$;
create trigger grants_updated after update on grants for each row
    when (old.generation <> new.generation) execute function grants_changed();
create trigger grants_deleted after delete on grants for each row execute function grants_changed();

create function clients_changed() returns trigger language plpgsql as $$
begin
    insert into changes (kind, name) values ('client', old.name);
    return null;
end $$;
create trigger clients_updated after update on clients for each row execute function clients_changed();
create trigger clients_deleted after delete on clients for each row execute function clients_changed();
