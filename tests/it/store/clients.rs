use keyferry::store::{ClientRow, Store};

use super::{
    on_both,
    rows::{NOW, at},
};

fn client(name: &str) -> ClientRow {
    ClientRow { name: name.into(), key_id: "0a1b2c3d".into(), sealed: vec![0, 255], updated_time: NOW }
}

async fn a_client_takes_the_place_of_the_last_one(store: &Store) {
    assert_eq!(store.clients().find("google").await.unwrap(), None);
    store.clients().upsert(&client("google")).await.unwrap();
    assert_eq!(store.clients().find("google").await.unwrap(), Some(client("google")));
    let new =
        ClientRow { key_id: "ffffffff".into(), sealed: vec![7], updated_time: at(1), ..client("google") };
    store.clients().upsert(&new).await.unwrap();
    assert_eq!(store.clients().find("google").await.unwrap(), Some(new));
}

async fn clients_are_listed_by_name(store: &Store) {
    for name in ["b", "a-b", "C", "ab", "a"] {
        store.clients().upsert(&client(name)).await.unwrap();
    }
    let names: Vec<_> = store.clients().list().await.unwrap().into_iter().map(|row| row.name).collect();
    assert_eq!(names, ["C", "a", "a-b", "ab", "b"]);
}

async fn a_deleted_client_is_gone(store: &Store) {
    store.clients().upsert(&client("google")).await.unwrap();
    assert!(store.clients().delete("google").await.unwrap());
    assert!(!store.clients().delete("google").await.unwrap());
    assert_eq!(store.clients().find("google").await.unwrap(), None);
}

on_both! {
    a_client_takes_the_place_of_the_last_one,
    clients_are_listed_by_name,
    a_deleted_client_is_gone,
}
