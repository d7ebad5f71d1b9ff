use keyferry::store::{CheckRow, Store};

use super::{Stage, on_both, spoil};

async fn the_first_check_of_a_master_key_stays(store: &Store) {
    let check = |key_id: &str, sealed: u8| CheckRow { key_id: key_id.into(), sealed: vec![sealed] };
    assert_eq!(store.checks().list().await.unwrap(), []);
    store.checks().insert(&check("ffffffff", 1)).await.unwrap();
    store.checks().insert(&check("0a1b2c3d", 2)).await.unwrap();
    store.checks().insert(&check("ffffffff", 3)).await.unwrap();
    assert_eq!(store.checks().list().await.unwrap(), [check("0a1b2c3d", 2), check("ffffffff", 1)]);
}

async fn checks_are_there_once_the_store_was_migrated(stage: &Stage) {
    assert!(stage.checks().exists().await.unwrap());
    spoil(stage, "drop table checks").await;
    assert!(!stage.checks().exists().await.unwrap());
}

on_both! { the_first_check_of_a_master_key_stays, checks_are_there_once_the_store_was_migrated }
