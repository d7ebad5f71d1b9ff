-- What was asked for, beside what was granted. Null in older rows: nobody knows any more.
alter table connections add column requested_scopes jsonb;

drop trigger connections_updated on connections;
create trigger connections_updated after update of id, owner, app, method, status, status_reason, name, metadata, fields,
    scopes, generation, return_url, creation_time, last_updated_time, requested_scopes on connections
    for each row execute function connections_changed();
