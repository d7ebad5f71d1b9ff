//! The operator's OAuth clients, sealed; those given in the settings file are not here.

use super::{Store, StoreError, commit, on};
use crate::clock::Timestamp;

/// One OAuth client as stored.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct ClientRow {
    /// The name that app files call it by.
    pub name: String,
    /// Which master key sealed it.
    pub key_id: String,
    /// What the vault sealed.
    pub sealed: Vec<u8>,
    /// When it was last given.
    pub updated_time: Timestamp,
}

/// The functions on OAuth clients.
#[derive(Clone, Copy, Debug)]
pub struct Table<'a>(pub(super) &'a Store);

macro_rules! columns {
    () => {
        "name, key_id, sealed, updated_time"
    };
}

impl Table<'_> {
    /// Stores a client, in the place of an earlier one of its name.
    pub async fn upsert(self, row: &ClientRow) -> Result<(), StoreError> {
        commit!(self.0, tx => {
            sqlx::query(
                "insert into clients (name, key_id, sealed, updated_time) values ($1, $2, $3, $4) \
                 on conflict (name) do update set key_id = excluded.key_id, sealed = excluded.sealed, \
                 updated_time = excluded.updated_time",
            )
            .bind(&row.name)
            .bind(&row.key_id)
            .bind(&row.sealed)
            .bind(row.updated_time)
            .execute(&mut *tx)
            .await?;
        });
        Ok(())
    }

    /// The client of this name.
    pub async fn find(self, name: &str) -> Result<Option<ClientRow>, StoreError> {
        Ok(on!(self.0, pool => {
            sqlx::query_as(concat!("select ", columns!(), " from clients where name = $1")).bind(name).fetch_optional(pool).await
        })?)
    }

    /// All clients, by name.
    pub async fn list(self) -> Result<Vec<ClientRow>, StoreError> {
        Ok(on!(self.0, pool => {
            sqlx::query_as(concat!("select ", columns!(), " from clients order by name")).fetch_all(pool).await
        })?)
    }

    /// Removes a client; whether there was one.
    pub async fn delete(self, name: &str) -> Result<bool, StoreError> {
        Ok(commit!(self.0, tx => {
            sqlx::query("delete from clients where name = $1").bind(name).execute(&mut *tx).await?.rows_affected() == 1
        }))
    }
}
