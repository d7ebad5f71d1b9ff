//! What the store promises, on both engines. Each file holds the tests of one table; `on_both!` runs every test of a
//! list on an empty SQLite file and on an empty PostgreSQL database.

mod changes;
mod checks;
mod clients;
mod complete;
mod connections;
mod contention;
mod coverage;
mod faults;
mod file;
mod flows;
mod grants;
mod keys;
mod migrations;
mod owners;
pub(crate) mod rows;

use std::ops::Deref;

use keyferry::store::Store;
use sqlx::{Connection, PgConnection, SqliteConnection};
use tempfile::TempDir;

use crate::harness::postgres;

macro_rules! on_both {
    ($($name:ident),+ $(,)?) => {
        mod sqlite {
            $(
                #[tokio::test]
                async fn $name() {
                    let stage = $crate::store::Stage::sqlite().await;
                    super::$name(&stage).await;
                }
            )+
        }
        mod postgres {
            $(
                #[tokio::test]
                async fn $name() {
                    let stage = $crate::store::Stage::postgres().await;
                    super::$name(&stage).await;
                }
            )+
        }
    };
}
pub(crate) use on_both;

/// An empty, migrated store that is gone when this is dropped.
pub(crate) struct Stage {
    pub(crate) store: Store,
    pub(crate) url: String,
    _folder: Option<TempDir>,
}

impl Stage {
    pub(crate) async fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite:{}", folder.path().join("test.db").display());
        Self::open(url, Some(folder)).await
    }

    pub(crate) async fn postgres() -> Self {
        Self::open(postgres::database().await, None).await
    }

    async fn open(url: String, folder: Option<TempDir>) -> Self {
        let store = Store::open_with(&url, Some(8)).await.unwrap();
        store.migrate().await.unwrap();
        Self { store, url, _folder: folder }
    }
}

impl Deref for Stage {
    type Target = Store;

    fn deref(&self) -> &Store {
        &self.store
    }
}

/// Does to the database what keyferry itself never does.
async fn spoil(stage: &Stage, sql: &'static str) {
    if stage.url.starts_with("sqlite") {
        let mut other = SqliteConnection::connect(&stage.url).await.unwrap();
        sqlx::query(sql).execute(&mut other).await.unwrap();
    } else {
        let mut other = PgConnection::connect(&stage.url).await.unwrap();
        sqlx::query(sql).execute(&mut other).await.unwrap();
    }
}
