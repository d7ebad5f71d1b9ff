use keyferry::{
    id::ConnectionId,
    store::{ConnectionRow, GrantRow, Store, Told},
};

use super::{
    on_both,
    rows::{self, NOW, at},
};

async fn a_grant_is_replaced_only_by_who_read_the_last_one(store: &Store) {
    let (row, grant) = rows::stored_with_grant(store).await;
    let new = GrantRow {
        generation: grant.generation + 1,
        key_id: "ffffffff".into(),
        sealed: vec![1, 2, 3],
        expires_time: None,
        updated_time: at(5),
        ..grant.clone()
    };
    assert!(!store.grants().replace(&new, grant.generation - 1).await.unwrap());
    assert_eq!(store.grants().find(row.id).await.unwrap(), Some(grant.clone()));
    assert!(store.grants().replace(&new, grant.generation).await.unwrap());
    assert_eq!(store.grants().find(row.id).await.unwrap(), Some(new.clone()));
    assert!(!store.grants().replace(&grant, grant.generation).await.unwrap());
    assert_eq!(store.grants().find(row.id).await.unwrap(), Some(new));
}

async fn a_grant_and_what_was_told_with_it_are_replaced_together_or_not_at_all(store: &Store) {
    let (row, grant) = rows::stored_with_grant(store).await;
    let new =
        GrantRow { generation: grant.generation + 1, sealed: vec![9], updated_time: at(5), ..grant.clone() };
    let told = Told {
        fields: [("rest_url".to_owned(), "https://two.test/".to_owned())].into(),
        metadata: serde_json::Map::from_iter([("rest_url".to_owned(), "https://two.test/".into())]),
    };
    assert!(!store.grants().replace_with(&new, grant.generation + 1, &told).await.unwrap());
    assert_eq!(store.grants().find(row.id).await.unwrap(), Some(grant.clone()));
    assert_eq!(store.connections().find_by_id(row.id).await.unwrap(), Some(row.clone()));
    assert!(store.grants().replace_with(&new, grant.generation, &told).await.unwrap());
    assert_eq!(store.grants().find(row.id).await.unwrap(), Some(new));
    let Told { fields, metadata } = told;
    let expected = ConnectionRow { fields, metadata, last_updated_time: at(5), ..row.clone() };
    assert_eq!(store.connections().find_by_id(row.id).await.unwrap(), Some(expected));
}

async fn a_grant_is_held_while_it_is_the_one_that_was_read(store: &Store) {
    let (row, grant) = rows::stored_with_grant(store).await;
    assert!(store.grants().hold(row.id, grant.generation).await.unwrap());
    assert!(!store.grants().hold(row.id, grant.generation + 1).await.unwrap());
    assert!(!store.grants().hold(ConnectionId::new(NOW), grant.generation).await.unwrap());
    assert_eq!(store.grants().find(row.id).await.unwrap(), Some(grant), "holding changes nothing");
}

async fn a_grant_that_is_not_there_is_not_replaced(store: &Store) {
    let row = rows::stored_connection(store).await;
    assert!(!store.grants().replace(&rows::grant(row.id), 7).await.unwrap());
    assert_eq!(store.grants().find(row.id).await.unwrap(), None);
    assert_eq!(store.grants().find(ConnectionId::new(NOW)).await.unwrap(), None);
}

on_both! {
    a_grant_is_replaced_only_by_who_read_the_last_one,
    a_grant_and_what_was_told_with_it_are_replaced_together_or_not_at_all,
    a_grant_is_held_while_it_is_the_one_that_was_read,
    a_grant_that_is_not_there_is_not_replaced,
}
