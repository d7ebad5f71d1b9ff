-- What was asked for, beside what was granted. Null in older rows: nobody knows any more.
alter table connections add column requested_scopes text;

drop trigger connections_updated;
create trigger connections_updated after update of id, owner, app, method, status, status_reason, name, metadata, fields,
    scopes, generation, return_url, creation_time, last_updated_time, requested_scopes on connections
begin
    insert into changes (kind, id, owner, name) select 'connection', old.id, old.owner, old.app
        union select 'connection', new.id, new.owner, new.app;
end;
