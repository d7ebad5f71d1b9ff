//! How a connection comes to its grant, changes its status and ends.
//!
//! Where a transaction touches both, the connection comes before the grant: two of them then wait for each other in
//! turn and never in a circle.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use sqlx::types::Json;

use super::{ConnectionRow, Table, columns};
use crate::{
    clock::Timestamp,
    id::{ConnectionId, OwnerId},
    store::{FlowRow, StoreError, commit, grants::GrantRow},
};

/// What a finished connect flow brings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Completion {
    /// The grant; its generation counts only where there was none before.
    pub grant: GrantRow,
    /// The way it authenticates.
    pub method: String,
    /// The status from now on.
    pub status: String,
    /// Why it has that status.
    pub status_reason: Option<String>,
    /// Who the account is.
    pub metadata: Map<String, Value>,
    /// Tenant fields.
    pub fields: BTreeMap<String, String>,
    /// The access granted.
    pub scopes: Vec<String>,
    /// The access asked for.
    pub requested_scopes: Vec<String>,
}

/// What was removed with a connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deleted {
    /// The connection as it was.
    pub row: ConnectionRow,
    /// Its grant.
    pub grant: Option<GrantRow>,
    /// Flows that held a grant of their own.
    pub picks: Vec<FlowRow>,
}

/// Stores a connection within a transaction.
macro_rules! insert_connection {
    ($tx:ident, $row:ident) => {
        sqlx::query(concat!(
            "insert into connections (",
            columns!(),
            ") \
             values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)",
        ))
        .bind($row.id)
        .bind($row.owner)
        .bind(&$row.app)
        .bind(&$row.method)
        .bind(&$row.status)
        .bind(&$row.status_reason)
        .bind(&$row.name)
        .bind(Json(&$row.metadata))
        .bind(Json(&$row.fields))
        .bind(Json(&$row.scopes))
        .bind($row.generation)
        .bind(&$row.return_url)
        .bind($row.creation_time)
        .bind($row.last_updated_time)
        .bind($row.last_used_time)
        .bind($row.requested_scopes.as_ref().map(Json))
        .execute(&mut *$tx)
        .await
        .map_err(StoreError::taken("connection id"))?
    };
}

/// Stores a grant within a transaction, in the place of an earlier one, whose generation it continues.
macro_rules! put_grant {
    ($tx:ident, $row:expr, $connection:expr) => {
        sqlx::query(
            "insert into grants (connection, generation, key_id, sealed, expires_time, updated_time) \
             values ($1, $2, $3, $4, $5, $6) \
             on conflict (connection) do update set generation = grants.generation + 1, \
             key_id = excluded.key_id, sealed = excluded.sealed, expires_time = excluded.expires_time, \
             updated_time = excluded.updated_time",
        )
        .bind($connection)
        .bind($row.generation)
        .bind(&$row.key_id)
        .bind(&$row.sealed)
        .bind($row.expires_time)
        .bind($row.updated_time)
        .execute(&mut *$tx)
        .await?
    };
}

impl Table<'_> {
    /// Stores a new connection that has no grant yet.
    pub async fn insert(self, row: &ConnectionRow) -> Result<(), StoreError> {
        commit!(self.0, tx => { insert_connection!(tx, row); });
        Ok(())
    }

    /// Stores a new connection together with its grant, both or neither.
    pub async fn insert_with_grant(self, row: &ConnectionRow, grant: &GrantRow) -> Result<(), StoreError> {
        commit!(self.0, tx => {
            insert_connection!(tx, row);
            put_grant!(tx, grant, row.id);
        });
        Ok(())
    }

    /// Finishes a connect flow: the new grant replaces the old one and all links end. Refused (`false`) when the
    /// link generation is no longer `expected`: another flow was faster, or the connection is gone.
    pub async fn complete(
        self,
        id: ConnectionId,
        expected: i64,
        done: &Completion,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        Ok(commit!(self.0, tx => {
            let found = sqlx::query(
                "update connections set generation = generation + 1, method = $3, status = $4, \
                 status_reason = $5, metadata = $6, fields = $7, scopes = $8, last_updated_time = $9, \
                 requested_scopes = $10 where id = $1 and generation = $2",
            )
            .bind(id)
            .bind(expected)
            .bind(&done.method)
            .bind(&done.status)
            .bind(&done.status_reason)
            .bind(Json(&done.metadata))
            .bind(Json(&done.fields))
            .bind(Json(&done.scopes))
            .bind(now)
            .bind(Json(&done.requested_scopes))
            .execute(&mut *tx)
            .await?
            .rows_affected()
                == 1;
            if found {
                put_grant!(tx, done.grant, id);
            }
            found
        }))
    }

    /// Changes the status of a connection whose link generation still is `expected`; whether that was so. Who read
    /// it before another flow completed has no say any more.
    pub async fn set_status(
        self,
        id: ConnectionId,
        expected: i64,
        status: &str,
        reason: Option<&str>,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        Ok(commit!(self.0, tx => {
            sqlx::query(
                "update connections set status = $3, status_reason = $4, last_updated_time = $5 \
                 where id = $1 and generation = $2",
            )
            .bind(id)
            .bind(expected)
            .bind(status)
            .bind(reason)
            .bind(now)
            .execute(&mut *tx)
            .await?
            .rows_affected()
                == 1
        }))
    }

    /// Marks a connection as failed because its grant of generation `expected` is dead. Refused (`false`) when the
    /// grant was replaced meanwhile, or is gone. The grant stays, so that it can still be revoked.
    pub async fn fail_grant(
        self,
        id: ConnectionId,
        expected: i64,
        reason: &str,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        Ok(commit!(self.0, tx => {
            sqlx::query(
                "update connections set status = 'FAILED', status_reason = $2, last_updated_time = $3 where id = $1",
            )
            .bind(id)
            .bind(reason)
            .bind(now)
            .execute(&mut *tx)
            .await?;
            // Writes what stands there, for the lock: a reader would not wait for a replacement on its way.
            let same = sqlx::query(
                "update grants set generation = generation where connection = $1 and generation = $2",
            )
            .bind(id)
            .bind(expected)
            .execute(&mut *tx)
            .await?
            .rows_affected();
            if same != 1 {
                tx.rollback().await?;
                return Ok(false);
            }
            true
        }))
    }

    /// Ends all links of a connection; answers the new generation, or nothing if there is no such connection.
    pub async fn raise_generation(self, id: ConnectionId) -> Result<Option<i64>, StoreError> {
        Ok(commit!(self.0, tx => {
            sqlx::query_scalar("update connections set generation = generation + 1 where id = $1 returning generation")
                .bind(id)
                .fetch_optional(&mut *tx)
                .await?
        }))
    }

    /// Removes a connection with its grant and flows; answers what was removed, if this owner had it. Of the flows only
    /// those that hold a grant matter to anybody.
    pub async fn delete(self, owner: OwnerId, id: ConnectionId) -> Result<Option<Deleted>, StoreError> {
        Ok(commit!(self.0, tx => {
            // The lock first: a completion on its way ends before, and its grant is seen.
            let row: Option<ConnectionRow> = sqlx::query_as(concat!(
                "update connections set generation = generation + 1 where id = $1 and owner = $2 returning ",
                columns!(),
            ))
            .bind(id)
            .bind(owner)
            .fetch_optional(&mut *tx)
            .await?;
            let Some(row) = row else { return Ok(None) };
            let grant = sqlx::query_as(
                "delete from grants where connection = $1 \
                 returning connection, generation, key_id, sealed, expires_time, updated_time",
            )
            .bind(id)
            .fetch_optional(&mut *tx)
            .await?;
            let picks = sqlx::query_as(
                "delete from flows where connection = $1 and app = '' returning \
                 state_digest, connection, app, generation, browser_digest, key_id, sealed, expires_time",
            )
            .bind(id)
            .fetch_all(&mut *tx)
            .await?;
            sqlx::query("delete from connections where id = $1").bind(id).execute(&mut *tx).await?;
            Some(Deleted { row, grant, picks })
        }))
    }
}
