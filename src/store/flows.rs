//! Flows: connect flows on their way through the provider, found again by the digest of `state`. Each is taken once.

use super::{Store, StoreError, commit, on};
use crate::{clock::Timestamp, id::ConnectionId};

/// One flow as stored.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct FlowRow {
    /// The SHA-256 of `state`.
    pub state_digest: Vec<u8>,
    /// The connection that is to be completed.
    pub connection: ConnectionId,
    /// The app whose callback must answer it; empty for one that waits for its user to pick and holds a grant.
    pub app: String,
    /// The link generation of the connection when the flow began.
    pub generation: i64,
    /// The SHA-256 of the cookie that binds it to one browser.
    pub browser_digest: Vec<u8>,
    /// Which master key sealed it.
    pub key_id: String,
    /// What the vault sealed: the PKCE verifier and what else the callback needs.
    pub sealed: Vec<u8>,
    /// When it ends.
    pub expires_time: Timestamp,
}

/// The functions on flows.
#[derive(Clone, Copy, Debug)]
pub struct Table<'a>(pub(super) &'a Store);

macro_rules! columns {
    () => {
        "state_digest, connection, app, generation, browser_digest, key_id, sealed, expires_time"
    };
}

impl Table<'_> {
    /// Stores a new flow.
    pub async fn insert(self, row: &FlowRow) -> Result<(), StoreError> {
        commit!(self.0, tx => {
            sqlx::query(
                "insert into flows (state_digest, connection, app, generation, browser_digest, key_id, sealed, \
                 expires_time) values ($1, $2, $3, $4, $5, $6, $7, $8)",
            )
            .bind(&row.state_digest)
            .bind(row.connection)
            .bind(&row.app)
            .bind(row.generation)
            .bind(&row.browser_digest)
            .bind(&row.key_id)
            .bind(&row.sealed)
            .bind(row.expires_time)
            .execute(&mut *tx)
            .await
            .map_err(StoreError::taken("state"))?;
        });
        Ok(())
    }

    /// The flow of this state, which stays.
    pub async fn find(self, state_digest: &[u8]) -> Result<Option<FlowRow>, StoreError> {
        Ok(on!(self.0, pool => {
            sqlx::query_as(concat!("select ", columns!(), " from flows where state_digest = $1"))
                .bind(state_digest)
                .fetch_optional(pool)
                .await
        })?)
    }

    /// Removes the flow of this state and app and answers it. Of several callers exactly one gets it. It may have expired.
    pub async fn take(self, state_digest: &[u8], app: &str) -> Result<Option<FlowRow>, StoreError> {
        Ok(commit!(self.0, tx => {
            sqlx::query_as(concat!("delete from flows where state_digest = $1 and app = $2 returning ", columns!()))
                .bind(state_digest)
                .bind(app)
                .fetch_optional(&mut *tx)
                .await?
        }))
    }

    /// Removes the flows that ended by `now` and answers them.
    pub async fn sweep(self, now: Timestamp) -> Result<Vec<FlowRow>, StoreError> {
        Ok(commit!(self.0, tx => {
            sqlx::query_as(concat!("delete from flows where expires_time <= $1 returning ", columns!()))
                .bind(now)
                .fetch_all(&mut *tx)
                .await?
        }))
    }
}
