//! Rows with something in every column.

use std::{
    sync::atomic::{AtomicI64, Ordering},
    time::Duration,
};

use keyferry::{
    clock::Timestamp,
    id::{ConnectionId, KeyId, OwnerId},
    store::{ConnectionRow, FlowRow, GrantRow, KeyRow, OwnerRow, Store},
};
use serde_json::json;

pub(crate) const NOW: Timestamp = Timestamp::from_micros(1_800_000_000_000_001);

/// So many seconds after [`NOW`].
pub(crate) fn at(seconds: u64) -> Timestamp {
    NOW + Duration::from_secs(seconds)
}

/// A number that no other row has.
pub(crate) fn number() -> i64 {
    static NEXT: AtomicI64 = AtomicI64::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

pub(crate) fn owner(name: &str) -> OwnerRow {
    OwnerRow {
        id: OwnerId::new(NOW),
        name: name.into(),
        email: Some("alice@example.com".into()),
        creation_time: NOW,
    }
}

/// An owner who is in the store.
pub(crate) async fn stored_owner(store: &Store) -> OwnerId {
    let row = owner(&format!("owner {}", number()));
    store.owners().insert(&row).await.unwrap();
    row.id
}

pub(crate) fn key(owner: OwnerId) -> KeyRow {
    KeyRow {
        id: KeyId::new(NOW),
        owner,
        name: "ci".into(),
        digest: number().to_be_bytes().repeat(4),
        hint: "kf_ab…yz".into(),
        admin: true,
        rules: json!({"apps": ["stripe"]}),
        creation_time: NOW,
        expires_time: Some(at(60)),
        last_used_time: None,
    }
}

pub(crate) fn connection(owner: OwnerId) -> ConnectionRow {
    let text = |text: &str| Some(text.to_owned());
    ConnectionRow {
        id: ConnectionId::new(NOW),
        owner,
        app: "zendesk".into(),
        method: "OAUTH2".into(),
        status: "ACTIVE".into(),
        status_reason: text("unprobed"),
        name: text("Zoë's desk"),
        metadata: json!({"email": "zoe@example.com", "deep": [1, null]}).as_object().unwrap().clone(),
        fields: [("subdomain".to_owned(), "acme".to_owned())].into(),
        scopes: vec!["read".into(), "write".into()],
        requested_scopes: Some(vec!["read".into(), "write".into(), "admin".into()]),
        generation: 3,
        return_url: text("https://app.example.com/connected"),
        creation_time: NOW,
        last_updated_time: at(1),
        last_used_time: Some(at(2)),
    }
}

/// A connection that is in the store.
pub(crate) async fn stored_connection(store: &Store) -> ConnectionRow {
    let row = connection(stored_owner(store).await);
    store.connections().insert(&row).await.unwrap();
    row
}

/// A connection with a grant that is in the store.
pub(crate) async fn stored_with_grant(store: &Store) -> (ConnectionRow, GrantRow) {
    let row = connection(stored_owner(store).await);
    let grant = grant(row.id);
    store.connections().insert_with_grant(&row, &grant).await.unwrap();
    (row, grant)
}

pub(crate) fn grant(connection: ConnectionId) -> GrantRow {
    GrantRow {
        connection,
        generation: 7,
        key_id: "0a1b2c3d".into(),
        sealed: vec![0, 255, 1, 254],
        expires_time: Some(at(3600)),
        updated_time: NOW,
    }
}

pub(crate) fn flow(connection: ConnectionId) -> FlowRow {
    FlowRow {
        state_digest: number().to_be_bytes().repeat(4),
        connection,
        app: "zendesk".into(),
        generation: 3,
        browser_digest: vec![9; 32],
        key_id: "0a1b2c3d".into(),
        sealed: vec![0, 255],
        expires_time: at(600),
    }
}
