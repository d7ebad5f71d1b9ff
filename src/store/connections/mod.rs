//! Connections, without their secrets: what they are, how they are listed, and their labels. How one comes to its
//! grant and loses it is in [`change`].

mod change;

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use sqlx::types::Json;

pub use self::change::{Completion, Deleted};
use super::{Store, StoreError, commit, on};
use crate::{
    clock::Timestamp,
    id::{ConnectionId, OwnerId},
};

/// One connection as stored. Words such as the status are the caller's; the store only compares them.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct ConnectionRow {
    /// Its id.
    pub id: ConnectionId,
    /// Whose it is.
    pub owner: OwnerId,
    /// The app it leads to.
    pub app: String,
    /// The way it authenticates, `OAUTH2` and so on.
    pub method: String,
    /// `PENDING`, `ACTIVE` or `FAILED`.
    pub status: String,
    /// Why it has that status, a stable word.
    pub status_reason: Option<String>,
    /// The owner's label.
    pub name: Option<String>,
    /// Who the account is; never a secret.
    #[sqlx(json)]
    pub metadata: Map<String, Value>,
    /// Tenant fields, which fill the app's templates; never a secret.
    #[sqlx(json)]
    pub fields: BTreeMap<String, String>,
    /// The access granted, or to be asked for where nothing was granted yet.
    #[sqlx(json)]
    pub scopes: Vec<String>,
    /// The access that was asked for; `None` in a row older than this column.
    #[sqlx(json(nullable))]
    pub requested_scopes: Option<Vec<String>>,
    /// The generation of its links: raising it ends them all.
    pub generation: i64,
    /// Where the browser goes afterwards.
    pub return_url: Option<String>,
    /// When it was created.
    pub creation_time: Timestamp,
    /// When it was last changed.
    pub last_updated_time: Timestamp,
    /// When it was last used; may lag.
    pub last_used_time: Option<Timestamp>,
}

/// Which connections to list; what is `None` doesn't narrow.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ConnectionFilter {
    /// Only of this owner.
    pub owner: Option<OwnerId>,
    /// Only to this app.
    pub app: Option<String>,
    /// Only of this status.
    pub status: Option<String>,
    /// Only of this method.
    pub method: Option<String>,
    /// Only those after the one of this creation time and id.
    pub after: Option<(Timestamp, ConnectionId)>,
    /// At most so many.
    pub limit: u32,
}

/// The functions on connections.
#[derive(Clone, Copy, Debug)]
pub struct Table<'a>(pub(super) &'a Store);

macro_rules! columns {
    () => {
        "id, owner, app, method, status, status_reason, name, metadata, fields, scopes, generation, return_url, \
         creation_time, last_updated_time, last_used_time, requested_scopes"
    };
}
use columns;

impl Table<'_> {
    /// The connection of this id, if this owner has it.
    pub async fn find(self, owner: OwnerId, id: ConnectionId) -> Result<Option<ConnectionRow>, StoreError> {
        Ok(self.find_by_id(id).await?.filter(|row| row.owner == owner))
    }

    /// The connection of this id, whoever owns it.
    pub async fn find_by_id(self, id: ConnectionId) -> Result<Option<ConnectionRow>, StoreError> {
        Ok(on!(self.0, pool => {
            sqlx::query_as(concat!("select ", columns!(), " from connections where id = $1"))
                .bind(id)
                .fetch_optional(pool)
                .await
        })?)
    }

    /// The connections that pass the filter, oldest first, ties by id.
    pub async fn page(self, filter: &ConnectionFilter) -> Result<Vec<ConnectionRow>, StoreError> {
        let (time, id) = filter.after.unzip();
        Ok(on!(self.0, pool => {
            sqlx::query_as(concat!(
                "select ", columns!(), " from connections where ($1 is null or owner = $1) \
                 and ($2 is null or app = $2) and ($3 is null or status = $3) and ($4 is null or method = $4) \
                 and ($5 is null or (creation_time, id) > ($5, $6)) order by creation_time, id limit $7",
            ))
            .bind(filter.owner)
            .bind(&filter.app)
            .bind(&filter.status)
            .bind(&filter.method)
            .bind(time)
            .bind(id)
            .bind(i64::from(filter.limit))
            .fetch_all(pool)
            .await
        })?)
    }

    /// All connections of an owner to an app, oldest first, ties by id.
    pub async fn of_app(self, owner: OwnerId, app: &str) -> Result<Vec<ConnectionRow>, StoreError> {
        Ok(on!(self.0, pool => {
            sqlx::query_as(concat!(
                "select ", columns!(), " from connections where owner = $1 and app = $2 order by creation_time, id",
            ))
            .bind(owner)
            .bind(app)
            .fetch_all(pool)
            .await
        })?)
    }

    /// The active connections whose grant ends by `before`, soonest first. Of tokens that what was typed in can always be
    /// had for again only those used after `used`: filtered here, so that idle ones never crowd the others out of the limit.
    pub async fn expiring(
        self,
        before: Timestamp,
        used: Timestamp,
        limit: u32,
    ) -> Result<Vec<ConnectionRow>, StoreError> {
        Ok(on!(self.0, pool => {
            sqlx::query_as(concat!(
                "select ", columns!(), " from connections join (select connection, expires_time from grants \
                 where expires_time <= $1) as ending on id = connection \
                 where status = 'ACTIVE' and (method in ('OAUTH2', 'MCP') or last_used_time > $2) \
                 order by expires_time, id limit $3",
            ))
            .bind(before)
            .bind(used)
            .bind(i64::from(limit))
            .fetch_all(pool)
            .await
        })?)
    }

    /// Gives a connection another label; whether this owner has it.
    pub async fn rename(
        self,
        owner: OwnerId,
        id: ConnectionId,
        name: Option<&str>,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        Ok(commit!(self.0, tx => {
            sqlx::query("update connections set name = $3, last_updated_time = $4 where id = $1 and owner = $2")
                .bind(id)
                .bind(owner)
                .bind(name)
                .bind(now)
                .execute(&mut *tx)
                .await?
                .rows_affected()
                == 1
        }))
    }

    /// Replaces what is known about the account; whether there is such a connection.
    pub async fn set_metadata(
        self,
        id: ConnectionId,
        metadata: &Map<String, Value>,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        Ok(commit!(self.0, tx => {
            sqlx::query("update connections set metadata = $2, last_updated_time = $3 where id = $1")
                .bind(id)
                .bind(Json(metadata))
                .bind(now)
                .execute(&mut *tx)
                .await?
                .rows_affected()
                == 1
        }))
    }

    /// Notes when connections were last used; an older time never replaces a newer one, an unknown id is passed over.
    pub async fn touch(self, uses: &[(ConnectionId, Timestamp)]) -> Result<(), StoreError> {
        // In one order everywhere, so that two nodes never wait for each other.
        let mut uses = uses.to_vec();
        uses.sort_unstable();
        commit!(self.0, tx => {
            for (id, time) in &uses {
                sqlx::query(
                    "update connections set last_used_time = $2 \
                     where id = $1 and (last_used_time is null or last_used_time < $2)",
                )
                .bind(id)
                .bind(time)
                .execute(&mut *tx)
                .await?;
            }
        });
        Ok(())
    }
}
