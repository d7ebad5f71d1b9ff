update connections set requested_scopes = '["read", "write"]' where app = 'stripe';
