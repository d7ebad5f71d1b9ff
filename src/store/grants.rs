//! Grants: the secret part of a connection, sealed. A new grant comes with [`super::connections`], because the
//! connection changes with it; here it is read, and replaced after a refresh.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use sqlx::types::Json;

use super::{Store, StoreError, commit, on};
use crate::{clock::Timestamp, id::ConnectionId};

/// One grant as stored.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct GrantRow {
    /// Whose secret part it is.
    pub connection: ConnectionId,
    /// Rises with every replacement, so that a late writer is noticed.
    pub generation: i64,
    /// Which master key sealed it.
    pub key_id: String,
    /// What the vault sealed.
    pub sealed: Vec<u8>,
    /// When the access part ends, if known.
    pub expires_time: Option<Timestamp>,
    /// When it was last replaced.
    pub updated_time: Timestamp,
}

/// What a provider says of a connection at a renewal, to be stored with the renewed grant.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// Tenant fields.
    pub fields: BTreeMap<String, String>,
    /// Who the account is.
    pub metadata: Map<String, Value>,
}

/// The functions on grants.
#[derive(Clone, Copy, Debug)]
pub struct Table<'a>(pub(super) &'a Store);

macro_rules! columns {
    () => {
        "connection, generation, key_id, sealed, expires_time, updated_time"
    };
}

/// Puts a row in the place of a grant of one generation within a transaction; whether it still was of that one.
macro_rules! replace_grant {
    ($tx:ident, $row:ident, $expected:ident) => {
        sqlx::query(
            "update grants set generation = generation + 1, key_id = $3, sealed = $4, expires_time = $5, \
             updated_time = $6 where connection = $1 and generation = $2",
        )
        .bind($row.connection)
        .bind($expected)
        .bind(&$row.key_id)
        .bind(&$row.sealed)
        .bind($row.expires_time)
        .bind($row.updated_time)
        .execute(&mut *$tx)
        .await?
        .rows_affected()
            == 1
    };
}

impl Table<'_> {
    /// The grant of a connection.
    pub async fn find(self, connection: ConnectionId) -> Result<Option<GrantRow>, StoreError> {
        Ok(on!(self.0, pool => {
            sqlx::query_as(concat!("select ", columns!(), " from grants where connection = $1")).bind(connection).fetch_optional(pool).await
        })?)
    }

    /// Whether the grant still is of this generation, shown by writing what stands there: who is about to ask a
    /// provider for its successor knows then that the store takes writes.
    pub async fn hold(self, connection: ConnectionId, generation: i64) -> Result<bool, StoreError> {
        Ok(commit!(self.0, tx => {
            sqlx::query("update grants set generation = generation where connection = $1 and generation = $2")
                .bind(connection)
                .bind(generation)
                .execute(&mut *tx)
                .await?
                .rows_affected()
                == 1
        }))
    }

    /// Puts `row` in the place of the grant of generation `expected`; whether it still was of that generation. The
    /// stored generation is then `expected + 1`, whatever `row` says.
    pub async fn replace(self, row: &GrantRow, expected: i64) -> Result<bool, StoreError> {
        Ok(commit!(self.0, tx => { replace_grant!(tx, row, expected) }))
    }

    /// As [`Self::replace`], and writes what was told with it: both or neither.
    pub async fn replace_with(self, row: &GrantRow, expected: i64, told: &Told) -> Result<bool, StoreError> {
        Ok(commit!(self.0, tx => {
            // The connection before the grant, as everywhere.
            sqlx::query("update connections set fields = $2, metadata = $3, last_updated_time = $4 where id = $1")
                .bind(row.connection)
                .bind(Json(&told.fields))
                .bind(Json(&told.metadata))
                .bind(row.updated_time)
                .execute(&mut *tx)
                .await?;
            let replaced = replace_grant!(tx, row, expected);
            if !replaced {
                tx.rollback().await?;
                return Ok(false);
            }
            true
        }))
    }
}
