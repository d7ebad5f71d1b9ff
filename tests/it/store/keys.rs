use keyferry::{
    id::{KeyId, OwnerId},
    store::{KeyChange, KeyRow, Store, StoreError},
};
use serde_json::json;

use super::{
    on_both,
    rows::{self, NOW, at},
};

async fn stored(store: &Store) -> KeyRow {
    let row = rows::key(rows::stored_owner(store).await);
    store.keys().insert(&row).await.unwrap();
    row
}

async fn a_key_comes_back_as_stored(store: &Store) {
    let row = stored(store).await;
    let bare = KeyRow { admin: false, expires_time: None, last_used_time: Some(NOW), ..rows::key(row.owner) };
    store.keys().insert(&bare).await.unwrap();
    assert_eq!(store.keys().find_by_digest(&row.digest).await.unwrap(), Some(row.clone()));
    assert_eq!(store.keys().find(row.owner, row.id).await.unwrap(), Some(row));
    assert_eq!(store.keys().find_by_digest(&bare.digest).await.unwrap(), Some(bare));
    assert_eq!(store.keys().find_by_digest(b"nobody's").await.unwrap(), None);
}

async fn a_digest_is_taken_once(store: &Store) {
    let row = stored(store).await;
    let twin = KeyRow { digest: row.digest.clone(), ..rows::key(row.owner) };
    assert_eq!(store.keys().insert(&twin).await, Err(StoreError::Taken("key")));
    let other = stored(store).await;
    let replaced = store.keys().replace_digest(other.owner, other.id, &row.digest, "").await;
    assert_eq!(replaced, Err(StoreError::Taken("key")));
}

async fn a_key_needs_an_owner(store: &Store) {
    let orphan = rows::key(OwnerId::new(NOW));
    assert_eq!(store.keys().insert(&orphan).await, Err(StoreError::Gone));
}

async fn an_owner_sees_and_changes_only_its_own(store: &Store) {
    let (row, stranger) = (stored(store).await, rows::stored_owner(store).await);
    let change = KeyChange { name: Some("mine".into()), ..KeyChange::default() };
    assert_eq!(store.keys().find(stranger, row.id).await.unwrap(), None);
    assert_eq!(store.keys().change(stranger, row.id, &change).await.unwrap(), None);
    assert!(!store.keys().rename(stranger, row.id, "mine").await.unwrap());
    assert!(!store.keys().replace_digest(stranger, row.id, b"mine", "mine").await.unwrap());
    assert!(!store.keys().delete(stranger, row.id).await.unwrap());
    assert_eq!(store.keys().list(stranger).await.unwrap(), []);
    assert_eq!(store.keys().list(row.owner).await.unwrap(), [row]);
}

async fn keys_are_listed_oldest_first(store: &Store) {
    let owner = rows::stored_owner(store).await;
    let mut rows: Vec<_> =
        [2, 1, 2].iter().map(|s| KeyRow { creation_time: at(*s), ..rows::key(owner) }).collect();
    for row in &rows {
        store.keys().insert(row).await.unwrap();
    }
    rows.sort_by_key(|row| (row.creation_time, row.id));
    assert_eq!(store.keys().list(owner).await.unwrap(), rows);
}

async fn a_change_leaves_what_it_does_not_name(store: &Store) {
    let row = stored(store).await;
    let same = store.keys().change(row.owner, row.id, &KeyChange::default()).await.unwrap();
    assert_eq!(same, Some(row.clone()));
    let change = KeyChange { rules: Some(json!({})), expires_time: Some(None), ..KeyChange::default() };
    let changed = KeyRow { rules: json!({}), expires_time: None, ..row.clone() };
    assert_eq!(store.keys().change(row.owner, row.id, &change).await.unwrap(), Some(changed.clone()));
    let change = KeyChange { expires_time: Some(Some(at(9))), ..KeyChange::default() };
    store.keys().change(row.owner, row.id, &change).await.unwrap();
    assert!(store.keys().rename(row.owner, row.id, "other").await.unwrap());
    let wanted = KeyRow { name: "other".into(), expires_time: Some(at(9)), ..changed };
    assert_eq!(store.keys().find(row.owner, row.id).await.unwrap(), Some(wanted));
}

async fn a_replaced_digest_ends_the_old_key(store: &Store) {
    let row = stored(store).await;
    assert!(store.keys().replace_digest(row.owner, row.id, b"new", "kf_new").await.unwrap());
    assert_eq!(store.keys().find_by_digest(&row.digest).await.unwrap(), None);
    let found = store.keys().find_by_digest(b"new").await.unwrap();
    assert_eq!(found, Some(KeyRow { digest: b"new".to_vec(), hint: "kf_new".into(), ..row }));
}

async fn a_deleted_key_is_gone(store: &Store) {
    let row = stored(store).await;
    assert!(store.keys().delete(row.owner, row.id).await.unwrap());
    assert!(!store.keys().delete(row.owner, row.id).await.unwrap());
    assert_eq!(store.keys().find_by_digest(&row.digest).await.unwrap(), None);
}

async fn uses_only_move_forward(store: &Store) {
    let (one, other) = (stored(store).await, stored(store).await);
    store.keys().touch(&[]).await.unwrap();
    store.keys().touch(&[(other.id, at(5)), (KeyId::new(NOW), at(5)), (one.id, at(9))]).await.unwrap();
    store.keys().touch(&[(one.id, at(8)), (other.id, at(6))]).await.unwrap();
    let used =
        async |row: &KeyRow| store.keys().find(row.owner, row.id).await.unwrap().unwrap().last_used_time;
    assert_eq!((used(&one).await, used(&other).await), (Some(at(9)), Some(at(6))));
}

on_both! {
    a_key_comes_back_as_stored,
    a_digest_is_taken_once,
    a_key_needs_an_owner,
    an_owner_sees_and_changes_only_its_own,
    keys_are_listed_oldest_first,
    a_change_leaves_what_it_does_not_name,
    a_replaced_digest_ends_the_old_key,
    a_deleted_key_is_gone,
    uses_only_move_forward,
}
