-- What changed of that which gateways remember, so that they read again only that. Triggers write it together with the
-- change, whoever makes it. That something was last used is no change, and a key or client that is new was not
-- remembered: nobody remembers that there is none.
create table changes (
    seq integer primary key autoincrement not null,
    kind text not null,
    id blob,
    owner blob,
    name text,
    digest blob,
    generation integer,
    time integer not null default (unixepoch() * 1000000)
) strict;

create trigger keys_updated after update of id, owner, name, digest, hint, admin, rules, creation_time, expires_time on keys
begin
    insert into changes (kind, digest) values ('key', old.digest);
end;
create trigger keys_deleted after delete on keys
begin
    insert into changes (kind, digest) values ('key', old.digest);
end;

create trigger connections_inserted after insert on connections
begin
    insert into changes (kind, id, owner, name) values ('connection', new.id, new.owner, new.app);
end;
create trigger connections_updated after update of id, owner, app, method, status, status_reason, name, metadata, fields,
    scopes, generation, return_url, creation_time, last_updated_time on connections
begin
    insert into changes (kind, id, owner, name) select 'connection', old.id, old.owner, old.app
        union select 'connection', new.id, new.owner, new.app;
end;
create trigger connections_deleted after delete on connections
begin
    insert into changes (kind, id, owner, name) values ('connection', old.id, old.owner, old.app);
end;

-- Writing what stands there already only takes the lock.
create trigger grants_updated after update on grants when old.generation <> new.generation
begin
    insert into changes (kind, id, generation) values ('grant', old.connection, new.generation);
end;
create trigger grants_deleted after delete on grants
begin
    insert into changes (kind, id) values ('grant', old.connection);
end;

create trigger clients_updated after update on clients
begin
    insert into changes (kind, name) values ('client', old.name);
end;
create trigger clients_deleted after delete on clients
begin
    insert into changes (kind, name) values ('client', old.name);
end;
