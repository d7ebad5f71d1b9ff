insert into owners (id, name, email, creation_time) values
    ({uuid 018f0000000070008000000000000001}, 'alice', 'alice@example.com', 1700000000000001),
    ({uuid 018f0000000070008000000000000002}, 'bob', null, 1700000000000002);

insert into keys (id, owner, name, digest, hint, admin, rules, creation_time, expires_time, last_used_time) values
    ({uuid 018f0000000070008000000000000003}, {uuid 018f0000000070008000000000000001}, 'first',
     {bytes 00ff11ee}, 'kf_ab…yz', true, '{"apps": ["stripe"]}', 1700000000000003, 1900000000000000, null);

insert into connections (id, owner, app, method, status, status_reason, name, metadata, fields, scopes, generation,
    return_url, creation_time, last_updated_time, last_used_time) values
    ({uuid 018f0000000070008000000000000004}, {uuid 018f0000000070008000000000000001}, 'zendesk', 'OAUTH2', 'ACTIVE',
     null, 'Zoë''s desk', '{"email": "zoe@example.com"}', '{"subdomain": "acme"}', '["read", "write"]', 2,
     'https://app.example.com/connected', 1700000000000004, 1700000000000005, 1700000000000006),
    ({uuid 018f0000000070008000000000000005}, {uuid 018f0000000070008000000000000002}, 'stripe', 'API_KEY', 'PENDING',
     'confirm', null, '{}', '{}', '[]', 1, null, 1700000000000005, 1700000000000005, null);

insert into grants (connection, generation, key_id, sealed, expires_time, updated_time) values
    ({uuid 018f0000000070008000000000000004}, 3, '0a1b2c3d', {bytes deadbeef}, 1700000003600000, 1700000000000005);

insert into flows (state_digest, connection, app, generation, browser_digest, key_id, sealed, expires_time) values
    ({bytes 0102}, {uuid 018f0000000070008000000000000005}, 'stripe', 1, {bytes 0304}, '0a1b2c3d', {bytes 05},
     1700000600000000);

insert into clients (name, key_id, sealed, updated_time) values ('google', '0a1b2c3d', {bytes 06}, 1700000000000000);

insert into checks (key_id, sealed) values ('0a1b2c3d', {bytes 07});
