use keyferry::{
    id::OwnerId,
    store::{OwnerRow, Store, StoreError},
};

use super::{
    on_both,
    rows::{self, NOW, at},
};

async fn an_owner_comes_back_as_stored(store: &Store) {
    let row = rows::owner("alice");
    let bare = OwnerRow { email: None, ..rows::owner("bob") };
    store.owners().insert(&row).await.unwrap();
    store.owners().insert(&bare).await.unwrap();
    assert_eq!(store.owners().find(row.id).await.unwrap(), Some(row.clone()));
    assert_eq!(store.owners().find_by_name("alice").await.unwrap(), Some(row));
    assert_eq!(store.owners().find_by_name("bob").await.unwrap(), Some(bare));
    assert_eq!(store.owners().find(OwnerId::new(NOW)).await.unwrap(), None);
    assert_eq!(store.owners().find_by_name("ALICE").await.unwrap(), None);
}

async fn a_name_is_taken_once(store: &Store) {
    let (alice, bob) = (rows::owner("alice"), rows::owner("bob"));
    store.owners().insert(&alice).await.unwrap();
    let again = store.owners().insert(&rows::owner("alice")).await;
    assert_eq!(again, Err(StoreError::Taken("owner name")));
    store.owners().insert(&bob).await.unwrap();
    let renamed = store.owners().update(bob.id, "alice", None).await;
    assert_eq!(renamed, Err(StoreError::Taken("owner name")));
    assert_eq!(store.owners().find(bob.id).await.unwrap(), Some(bob));
}

async fn owners_are_listed_oldest_first(store: &Store) {
    assert_eq!(store.owners().list().await.unwrap(), []);
    let mut rows = [
        OwnerRow { creation_time: at(2), ..rows::owner("b") },
        OwnerRow { creation_time: at(1), ..rows::owner("c") },
        OwnerRow { creation_time: at(2), ..rows::owner("a") },
    ];
    for row in &rows {
        store.owners().insert(row).await.unwrap();
    }
    rows.sort_by_key(|row| (row.creation_time, row.id));
    assert_eq!(store.owners().list().await.unwrap(), rows);
}

async fn an_update_answers_the_owner_as_it_is_then(store: &Store) {
    let row = rows::owner("alice");
    store.owners().insert(&row).await.unwrap();
    let wanted = OwnerRow { name: "Alice B".into(), email: None, ..row.clone() };
    assert_eq!(store.owners().update(row.id, "Alice B", None).await.unwrap(), Some(wanted.clone()));
    assert_eq!(store.owners().find(row.id).await.unwrap(), Some(wanted));
    assert_eq!(store.owners().update(OwnerId::new(NOW), "nobody", None).await.unwrap(), None);
}

async fn an_owner_takes_everything_along(store: &Store) {
    let (connection, _) = rows::stored_with_grant(store).await;
    let (key, flow) = (rows::key(connection.owner), rows::flow(connection.id));
    store.keys().insert(&key).await.unwrap();
    store.flows().insert(&flow).await.unwrap();
    let (other, _) = rows::stored_with_grant(store).await;

    assert!(store.owners().delete(connection.owner).await.unwrap());
    assert!(!store.owners().delete(connection.owner).await.unwrap());
    assert_eq!(store.owners().find(connection.owner).await.unwrap(), None);
    assert_eq!(store.keys().find_by_digest(&key.digest).await.unwrap(), None);
    assert_eq!(store.connections().find_by_id(connection.id).await.unwrap(), None);
    assert_eq!(store.grants().find(connection.id).await.unwrap(), None);
    assert_eq!(store.flows().take(&flow.state_digest, &flow.app).await.unwrap(), None);
    assert!(store.grants().find(other.id).await.unwrap().is_some());
}

on_both! {
    an_owner_comes_back_as_stored,
    a_name_is_taken_once,
    owners_are_listed_oldest_first,
    an_update_answers_the_owner_as_it_is_then,
    an_owner_takes_everything_along,
}
