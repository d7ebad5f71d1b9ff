insert into changes (kind, id, owner, name) values
    ('connection', {uuid 018f0000000070008000000000000004}, {uuid 018f0000000070008000000000000001}, 'zendesk');
insert into changes (kind, digest) values ('key', {bytes 00ff11ee});
insert into changes (kind, id, generation) values ('grant', {uuid 018f0000000070008000000000000004}, 3);
