//! Listing and reading connections: pages from the store, and a short memory of what each owner has for an app.

use std::sync::Arc;

use quick_cache::Equivalent;

use super::{Connection, Connections, Fault, Status, cursor};
use crate::{
    cache::Cache,
    catalog::app::Method,
    clock::Timestamp,
    id::{ConnectionId, OwnerId},
    keys::Rules,
    store::{ConnectionFilter, ConnectionRow},
};

/// The connections of an owner to an app, oldest first.
pub(super) type Lists = Cache<OfApp<String>, Arc<[Arc<Connection>]>>;

/// An owner and an app's slug.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct OfApp<S>(pub(super) OwnerId, pub(super) S);

/// Looked up without making a copy of the slug.
impl Equivalent<OfApp<String>> for OfApp<&str> {
    fn equivalent(&self, key: &OfApp<String>) -> bool {
        self.0 == key.0 && self.1 == key.1
    }
}

/// Which connections to list.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Only of this app (slug or alias).
    pub app: Option<String>,
    /// Only in this state.
    pub status: Option<Status>,
    /// Only by this way in.
    pub method: Option<Method>,
    /// Only those that a key with these rules may see.
    pub rules: Rules,
    /// At most so many; 1 to 1000.
    pub limit: u32,
    /// Where the page before ended.
    pub cursor: Option<String>,
}

/// A page of connections, oldest first.
#[derive(Clone, Debug)]
pub struct Page {
    /// They.
    pub connections: Vec<Connection>,
    /// Where the next page begins, if there is one.
    pub next_cursor: Option<String>,
}

/// Why a connection could not be read or changed.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ConnectionError {
    /// 404: not one of this owner's.
    #[error("unknown connection")]
    Unknown,
    /// 400: the cursor is not one of ours.
    #[error("the cursor is not valid")]
    Cursor,
    /// 400: there is nothing to confirm.
    #[error("the connection does not wait for a confirmation")]
    NothingToConfirm,
    /// 422: a value that can't be taken.
    #[error("{field}: {problem}")]
    Invalid {
        /// Its name in the body.
        field: String,
        /// What is wrong with it.
        problem: String,
    },
    /// The store is out of reach.
    #[error(transparent)]
    Store(#[from] Fault),
}

impl Connections {
    /// A page of the owner's connections.
    pub async fn list(&self, owner: OwnerId, filter: Filter) -> Result<Page, ConnectionError> {
        let after = match &filter.cursor {
            Some(text) => Some(cursor::read(text).ok_or(ConnectionError::Cursor)?),
            None => None,
        };
        let app = filter.app.map(|slug| self.parts.apps.app(&slug).map_or(slug, |app| app.name.clone()));
        let limit = filter.limit.clamp(1, 1000);
        let rules = filter.rules;
        let mut question = ConnectionFilter {
            owner: Some(owner),
            app,
            status: filter.status.map(|status| status.as_str().to_owned()),
            method: filter.method.map(|method| method.as_str().to_owned()),
            after,
            // One more tells whether there is a next page; where some are left out, few questions find enough.
            limit: if rules.first().is_none() { limit + 1 } else { 1001 },
        };
        let mut rows = Vec::new();
        loop {
            let more = self.parts.store.connections().page(&question).await.map_err(Fault::from)?;
            let was_last = more.len() < question.limit as usize;
            question.after = more.last().map(|row| (row.creation_time, row.id));
            rows.extend(more.into_iter().filter(|row| rules.connection(&row.app, row.id).is_ok()));
            if was_last || rows.len() > limit as usize {
                break;
            }
        }
        let has_more = rows.len() > limit as usize;
        rows.truncate(limit as usize);
        // Of the rows, not of what can be shown of them: the next page begins behind one that is passed over.
        let next_cursor = rows.last().filter(|_| has_more).map(cursor::after);
        Ok(Page { connections: rows.into_iter().filter_map(usable).collect(), next_cursor })
    }

    /// One of the owner's connections.
    pub async fn get(&self, owner: OwnerId, id: ConnectionId) -> Result<Connection, ConnectionError> {
        self.found(owner, id).await?.ok_or(ConnectionError::Unknown)
    }

    pub(super) async fn found(&self, owner: OwnerId, id: ConnectionId) -> Result<Option<Connection>, Fault> {
        let row = self.parts.store.connections().find(owner, id).await?;
        row.map(Connection::try_from).transpose()
    }

    pub(super) async fn find(&self, id: ConnectionId) -> Result<Option<Connection>, Fault> {
        let row = self.parts.store.connections().find_by_id(id).await?;
        row.map(Connection::try_from).transpose()
    }

    /// What an owner has for an app, if that is fresh `now`.
    pub(super) fn known_of_app(
        &self,
        owner: OwnerId,
        app: &str,
        now: Timestamp,
    ) -> Option<Arc<[Arc<Connection>]>> {
        self.lists.at_hand(&OfApp(owner, app), now)
    }

    /// What an owner has for an app, oldest first; a few seconds old at most, older while the store is away.
    pub(super) async fn of_app(&self, owner: OwnerId, app: &str) -> Result<Arc<[Arc<Connection>]>, Fault> {
        let load = async {
            let rows = self.parts.store.connections().of_app(owner, app).await?;
            let list: Arc<[_]> = rows.into_iter().filter_map(usable).map(Arc::new).collect();
            // That there is none is not remembered: the first one is seen at once.
            Ok::<_, Fault>((!list.is_empty()).then_some(list))
        };
        Ok(self.lists.get(&OfApp(owner, app.to_owned()), load).await?.unwrap_or_default())
    }
}

/// One row that can't be does not take the others along.
fn usable(row: ConnectionRow) -> Option<Connection> {
    Connection::try_from(row).inspect_err(|fault| tracing::error!(%fault, "a row is passed over")).ok()
}
