//! A store that fails says what can be done about it, and nothing that must not be seen.

use std::time::{Duration, Instant};

use keyferry::store::{Store, StoreError};
use sqlx::{Connection, PgConnection};

use super::{Stage, on_both, rows, spoil};

#[tokio::test]
async fn a_server_that_is_not_there_is_unavailable_soon() {
    // Bound and dropped: nothing listens there.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let begun = Instant::now();
    let error =
        Store::open(&format!("postgres://keyferry:hunter2@127.0.0.1:{port}/keyferry")).await.unwrap_err();
    assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
    assert!(begun.elapsed() < Duration::from_secs(10));
    let text = format!("{error} {error:?}");
    assert!(!text.contains("hunter2") && !text.contains(&port.to_string()), "{text}");
}

#[tokio::test]
async fn a_cut_connection_is_unavailable_or_mended_at_once() {
    let stage = Stage::postgres().await;
    let mut other = PgConnection::connect(&stage.url).await.unwrap();
    for _ in 0..5 {
        let cut = "select pg_terminate_backend(pid) from pg_stat_activity \
                   where datname = current_database() and pid <> pg_backend_pid()";
        sqlx::query(cut).execute(&mut other).await.unwrap();
        match stage.ping().await {
            Ok(()) | Err(StoreError::Unavailable(_)) => {}
            Err(error) => panic!("{error:?}"),
        }
        rows::stored_owner(&stage).await;
    }
}

#[tokio::test]
async fn a_character_that_postgres_can_not_keep_is_told_from_a_broken_store() {
    let stage = Stage::postgres().await;
    assert_eq!(stage.owners().insert(&rows::owner("a\0b")).await, Err(StoreError::Unfit));
    let mut key = rows::key(rows::stored_owner(&stage).await);
    key.rules = serde_json::json!({"apps": ["a\0b"]});
    assert_eq!(stage.keys().insert(&key).await, Err(StoreError::Unfit));
}

async fn what_lies_in_a_column_stays_out_of_the_error(stage: &Stage) {
    let owner = rows::stored_owner(stage).await;
    rows::stored_connection(stage).await;
    spoil(stage, "update connections set scopes = '{\"secret\": \"hunter2\"}'").await;
    let filter = keyferry::store::ConnectionFilter { limit: 9, ..Default::default() };
    let error = stage.connections().page(&filter).await.unwrap_err();
    assert_eq!(error, StoreError::Corrupt("column \"scopes\"".into()));
    assert!(stage.owners().find(owner).await.unwrap().is_some());
}

async fn a_store_without_tables_says_so_without_its_sql(stage: &Stage) {
    spoil(stage, "drop table checks").await;
    let error = stage.checks().list().await.unwrap_err();
    assert!(matches!(error, StoreError::Corrupt(_)), "{error:?}");
    let text = format!("{error} {error:?}");
    assert!(!text.contains("select") && !text.contains("checks"), "{text}");
}

on_both! {
    what_lies_in_a_column_stays_out_of_the_error,
    a_store_without_tables_says_so_without_its_sql,
}
