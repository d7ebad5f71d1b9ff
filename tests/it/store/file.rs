//! The file of a SQLite store, and URLs that name no store.

use std::{fs::Permissions, os::unix::fs::PermissionsExt, path::Path};

use keyferry::store::{Store, StoreError};

use super::{Stage, rows};

fn mode(file: &Path) -> u32 {
    file.metadata().unwrap().permissions().mode() & 0o777
}

#[tokio::test]
async fn sc_5_the_database_files_are_their_owners_only() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let store = Store::open(&format!("sqlite:{}", path("test.db").display())).await.unwrap();
    store.migrate().await.unwrap();
    rows::stored_owner(&store).await;
    for name in ["test.db", "test.db-wal", "test.db-shm"] {
        assert_eq!(mode(&path(name)), 0o600, "{name}");
    }
}

#[tokio::test]
async fn sc_5_a_file_that_others_may_open_is_refused() {
    for (name, wider) in [("test.db", 0o640), ("test.db", 0o604), ("test.db-wal", 0o660)] {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        std::fs::write(path(name), "").unwrap();
        std::fs::set_permissions(path(name), Permissions::from_mode(wider)).unwrap();
        let error = Store::open(&format!("sqlite:{}", path("test.db").display())).await.unwrap_err();
        assert_eq!(error, StoreError::Exposed(path(name)));
        assert!(error.to_string().ends_with(&format!("run: chmod 600 {}", path(name).display())), "{error}");
    }
}

#[tokio::test]
async fn what_was_written_is_there_after_opening_again() {
    let stage = Stage::sqlite().await;
    let owner = rows::stored_owner(&stage).await;
    stage.close().await;
    assert!(matches!(stage.ping().await, Err(StoreError::Unavailable(_))));
    let again = Store::open(&stage.url).await.unwrap();
    again.ping().await.unwrap();
    assert!(again.owners().find(owner).await.unwrap().is_some());
}

#[tokio::test]
async fn a_store_in_memory_is_migrated_and_its_own() {
    let (one, other) = (Store::in_memory().await.unwrap(), Store::in_memory().await.unwrap());
    let owner = rows::stored_owner(&one).await;
    assert!(one.owners().find(owner).await.unwrap().is_some());
    assert!(other.owners().find(owner).await.unwrap().is_none());
}

#[tokio::test]
async fn urls_that_name_no_store_are_refused_without_their_password() {
    for url in [
        "mysql://root:hunter2@localhost/keyferry",
        "postgres://root:hunter2@local host:what/keyferry",
        "postgres://root:hunter2@localhost/keyferry?sslmode=hunter2",
        "sqlite:keyferry.db?mode=hunter2",
        "sqlite::memory:",
        "keyferry.db",
        "",
    ] {
        let error = Store::open(url).await.unwrap_err();
        assert!(matches!(error, StoreError::Url(_)), "{url}: {error:?}");
        assert!(!format!("{error} {error:?}").contains("hunter2"), "{error:?}");
    }
}

#[tokio::test]
async fn a_folder_that_is_not_there_is_named() {
    let error = Store::open("sqlite:/nowhere/at/all.db").await.unwrap_err();
    assert_eq!(error.to_string(), "the store can't be reached: /nowhere/at/all.db: entity not found");
}
