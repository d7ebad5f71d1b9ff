//! Checks: one sealed constant for each master key, so that a wrong key is noticed before anything is written.

use super::{Store, StoreError, commit, on};

/// One check as stored.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct CheckRow {
    /// Which master key sealed it.
    pub key_id: String,
    /// The constant, sealed.
    pub sealed: Vec<u8>,
}

/// The functions on checks.
#[derive(Clone, Copy, Debug)]
pub struct Table<'a>(pub(super) &'a Store);

macro_rules! columns {
    () => {
        "key_id, sealed"
    };
}

impl Table<'_> {
    /// Whether this table exists: not in a new database, which no migration has been applied to.
    pub async fn exists(self) -> Result<bool, StoreError> {
        let found: i64 = match self.0 {
            Store::Sqlite { readers, .. } => {
                sqlx::query_scalar(
                    "select count(*) from sqlite_master where type = 'table' and name = 'checks'",
                )
                .fetch_one(readers)
                .await?
            }
            Store::Postgres(pool) => sqlx::query_scalar(
                "select count(*) from pg_tables where tablename = 'checks' and schemaname = current_schema()",
            )
            .fetch_one(pool)
            .await?,
        };
        Ok(found > 0)
    }

    /// Stores the check of a master key; the first one stays, of several nodes that start together.
    pub async fn insert(self, row: &CheckRow) -> Result<(), StoreError> {
        commit!(self.0, tx => {
            sqlx::query("insert into checks (key_id, sealed) values ($1, $2) on conflict (key_id) do nothing")
                .bind(&row.key_id)
                .bind(&row.sealed)
                .execute(&mut *tx)
                .await?;
        });
        Ok(())
    }

    /// All checks.
    pub async fn list(self) -> Result<Vec<CheckRow>, StoreError> {
        Ok(on!(self.0, pool => {
            sqlx::query_as(concat!("select ", columns!(), " from checks order by key_id")).fetch_all(pool).await
        })?)
    }
}
