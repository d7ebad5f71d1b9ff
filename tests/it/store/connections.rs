//! Connections as they are listed and labelled.

use keyferry::{
    id::{ConnectionId, OwnerId},
    store::{ConnectionFilter, ConnectionRow, GrantRow, Store, StoreError},
};
use serde_json::{Map, json};

use super::{
    on_both,
    rows::{self, NOW, at},
};

async fn a_connection_comes_back_as_stored(store: &Store) {
    let row = rows::stored_connection(store).await;
    let bare = ConnectionRow {
        status_reason: None,
        name: None,
        metadata: Map::new(),
        fields: [].into(),
        scopes: vec![],
        return_url: None,
        last_used_time: None,
        ..rows::connection(row.owner)
    };
    store.connections().insert(&bare).await.unwrap();
    assert_eq!(store.connections().find_by_id(bare.id).await.unwrap(), Some(bare));
    assert_eq!(store.connections().find_by_id(row.id).await.unwrap(), Some(row.clone()));
    assert_eq!(store.connections().find(row.owner, row.id).await.unwrap(), Some(row.clone()));
    assert_eq!(store.connections().find(OwnerId::new(NOW), row.id).await.unwrap(), None);
    assert_eq!(store.connections().find_by_id(ConnectionId::new(NOW)).await.unwrap(), None);
    assert_eq!(store.connections().insert(&row).await, Err(StoreError::Taken("connection id")));
    let orphan = rows::connection(OwnerId::new(NOW));
    assert_eq!(store.connections().insert(&orphan).await, Err(StoreError::Gone));
}

/// Connections of one owner at these seconds, in the order in which the store must list them.
async fn stored_at(store: &Store, owner: OwnerId, seconds: &[u64]) -> Vec<ConnectionRow> {
    let mut rows: Vec<_> = seconds
        .iter()
        .map(|second| ConnectionRow { creation_time: at(*second), ..rows::connection(owner) })
        .collect();
    for row in &rows {
        store.connections().insert(row).await.unwrap();
    }
    rows.sort_by_key(|row| (row.creation_time, row.id));
    rows
}

async fn those_of_an_app_come_oldest_first_and_ties_by_id(store: &Store) {
    let owner = rows::stored_owner(store).await;
    let rows = stored_at(store, owner, &[5, 3, 5, 5, 4]).await;
    rows::stored_connection(store).await;
    let other = ConnectionRow { app: "stripe".into(), ..rows::connection(owner) };
    store.connections().insert(&other).await.unwrap();
    assert_eq!(store.connections().of_app(owner, "zendesk").await.unwrap(), rows);
    assert_eq!(store.connections().of_app(owner, "Zendesk").await.unwrap(), []);
}

async fn pages_follow_each_other_without_gap_or_repeat(store: &Store) {
    let owner = rows::stored_owner(store).await;
    let rows = stored_at(store, owner, &[1, 1, 1, 1, 2, 2, 3]).await;
    rows::stored_connection(store).await;
    let mut filter = ConnectionFilter { owner: Some(owner), limit: 2, ..ConnectionFilter::default() };
    let mut found = Vec::new();
    loop {
        let page = store.connections().page(&filter).await.unwrap();
        let Some(last) = page.last() else { break };
        assert!(page.len() <= 2);
        filter.after = Some((last.creation_time, last.id));
        found.extend(page);
    }
    assert_eq!(found, rows);
}

async fn filters_narrow_together(store: &Store) {
    let owner = rows::stored_owner(store).await;
    let row = |app: &str, status: &str, method: &str| ConnectionRow {
        app: app.into(),
        status: status.into(),
        method: method.into(),
        ..rows::connection(owner)
    };
    let rows = [
        row("stripe", "ACTIVE", "API_KEY"),
        row("stripe", "PENDING", "OAUTH2"),
        row("zendesk", "ACTIVE", "OAUTH2"),
    ];
    for row in &rows {
        store.connections().insert(row).await.unwrap();
    }
    let stranger = rows::stored_connection(store).await;
    let page = async |owner: Option<OwnerId>, app: &str, status: &str, method: &str| {
        let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        let (app, status, method) = (some(app), some(status), some(method));
        let filter = ConnectionFilter { owner, app, status, method, after: None, limit: 1000 };
        let found = store.connections().page(&filter).await.unwrap();
        let mut places: Vec<_> =
            found.iter().map(|row| rows.iter().position(|known| known == row).unwrap_or(9)).collect();
        places.sort_unstable();
        places
    };
    assert_eq!(page(None, "", "", "").await, [0, 1, 2, 9]);
    assert_eq!(page(Some(owner), "", "", "").await, [0, 1, 2]);
    assert_eq!(page(Some(owner), "stripe", "", "").await, [0, 1]);
    assert_eq!(page(Some(owner), "", "ACTIVE", "").await, [0, 2]);
    assert_eq!(page(Some(owner), "", "", "OAUTH2").await, [1, 2]);
    assert_eq!(page(Some(owner), "stripe", "ACTIVE", "OAUTH2").await, [] as [usize; 0]);
    assert_eq!(page(Some(stranger.owner), "stripe", "", "").await, [] as [usize; 0]);
}

async fn only_active_ones_that_end_soon_are_expiring(store: &Store) {
    let owner = rows::stored_owner(store).await;
    let mut ids = Vec::new();
    for (status, ends) in [
        ("ACTIVE", Some(at(30))),
        ("ACTIVE", Some(at(10))),
        ("FAILED", Some(at(10))),
        ("ACTIVE", None),
        ("ACTIVE", Some(at(31))),
        ("ACTIVE", Some(at(20))),
    ] {
        let row = ConnectionRow { status: status.into(), ..rows::connection(owner) };
        let grant = GrantRow { expires_time: ends, ..rows::grant(row.id) };
        store.connections().insert_with_grant(&row, &grant).await.unwrap();
        ids.push(row.id);
    }
    let expiring = async |limit| {
        let rows = store.connections().expiring(at(30), at(5), limit).await.unwrap();
        rows.into_iter().map(|row| row.id).collect::<Vec<_>>()
    };
    assert_eq!(expiring(100).await, [ids[1], ids[5], ids[0]]);
    assert_eq!(expiring(2).await, [ids[1], ids[5]]);
}

async fn idle_tokens_of_clients_do_not_crowd_out_the_others(store: &Store) {
    let owner = rows::stored_owner(store).await;
    let mut ids = Vec::new();
    for (method, used, ends) in [
        ("CLIENT_CREDENTIALS", None, at(10)),
        ("CLIENT_CREDENTIALS", Some(at(5)), at(10)),
        ("API_KEY", Some(at(6)), at(10)),
        ("CLIENT_CREDENTIALS", Some(at(6)), at(11)),
        ("OAUTH2", None, at(12)),
    ] {
        let (method, status) = (method.into(), "ACTIVE".into());
        let row = ConnectionRow { method, status, last_used_time: used, ..rows::connection(owner) };
        let grant = GrantRow { expires_time: Some(ends), ..rows::grant(row.id) };
        store.connections().insert_with_grant(&row, &grant).await.unwrap();
        ids.push(row.id);
    }
    let found = store.connections().expiring(at(30), at(5), 3).await.unwrap();
    assert_eq!(found.into_iter().map(|row| row.id).collect::<Vec<_>>(), [ids[2], ids[3], ids[4]]);
}

async fn a_label_changes_and_goes(store: &Store) {
    let row = rows::stored_connection(store).await;
    let rename = async |owner, name| store.connections().rename(owner, row.id, name, at(9)).await.unwrap();
    assert!(!rename(OwnerId::new(NOW), Some("theirs")).await);
    assert_eq!(store.connections().find_by_id(row.id).await.unwrap(), Some(row.clone()));
    assert!(rename(row.owner, Some("new")).await);
    let mut wanted = ConnectionRow { name: Some("new".into()), last_updated_time: at(9), ..row.clone() };
    assert_eq!(store.connections().find_by_id(row.id).await.unwrap(), Some(wanted.clone()));
    assert!(rename(row.owner, None).await);
    wanted.name = None;
    assert_eq!(store.connections().find_by_id(row.id).await.unwrap(), Some(wanted));
}

async fn metadata_is_replaced_whole(store: &Store) {
    let row = rows::stored_connection(store).await;
    let metadata = json!({"account_id": "acct_1"}).as_object().unwrap().clone();
    assert!(store.connections().set_metadata(row.id, &metadata, at(9)).await.unwrap());
    assert!(!store.connections().set_metadata(ConnectionId::new(NOW), &metadata, at(9)).await.unwrap());
    let wanted = ConnectionRow { metadata, last_updated_time: at(9), ..row.clone() };
    assert_eq!(store.connections().find_by_id(row.id).await.unwrap(), Some(wanted));
}

async fn uses_only_move_forward(store: &Store) {
    let (one, other) = (rows::stored_connection(store).await, rows::stored_connection(store).await);
    let unknown = ConnectionId::new(NOW);
    store.connections().touch(&[(other.id, at(5)), (unknown, at(5)), (one.id, at(9))]).await.unwrap();
    store.connections().touch(&[(one.id, at(8)), (other.id, at(6))]).await.unwrap();
    let wanted = ConnectionRow { last_used_time: Some(at(9)), ..one.clone() };
    assert_eq!(store.connections().find_by_id(one.id).await.unwrap(), Some(wanted));
    let found = store.connections().find_by_id(other.id).await.unwrap().unwrap();
    assert_eq!(found.last_used_time, Some(at(6)));
}

on_both! {
    a_connection_comes_back_as_stored,
    those_of_an_app_come_oldest_first_and_ties_by_id,
    pages_follow_each_other_without_gap_or_repeat,
    filters_narrow_together,
    only_active_ones_that_end_soon_are_expiring,
    idle_tokens_of_clients_do_not_crowd_out_the_others,
    a_label_changes_and_goes,
    metadata_is_replaced_whole,
    uses_only_move_forward,
}
