//! Connections: what the gateway presents upstream. Make, list, choose, connect, refresh, disconnect.
//!
//! A connection is a row everybody may see and a sealed grant nobody sees; only this room opens the grant, and
//! what leaves it is a [`Credential`] for one request. Doors know nothing of the store or of OAuth.

use std::sync::Arc;

use crate::{
    catalog::app::Method,
    clock::Clock,
    id::{ConnectionId, OwnerId},
};

mod choose;
mod connection;
mod create;
mod credential;
mod fault;
mod flow;
mod fresh;

pub use self::{
    choose::{ActiveSummary, ChooseError, Chosen, PendingLink},
    connection::{AWAITING_CONFIRMATION, Connection, INVALID_GRANT, Status, TOKEN_EXPIRED, UNPROBED},
    create::{CreateError, NewConnection},
    credential::{Base, Credential},
    fault::Fault,
    flow::{Asked, BeginError, Begun, CallbackError, Finished, LinkError, Offer, OfferedWay, Outcome},
    fresh::CredentialError,
};

/// What connections are made of.
#[derive(Clone, Debug)]
pub struct Parts {
    /// The time.
    pub clock: Clock,
}

/// All connections of this gateway. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Connections {
    parts: Arc<Parts>,
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
    /// The store is out of reach.
    #[error(transparent)]
    Store(#[from] Fault),
}

#[expect(clippy::unused_async, reason = "the store stands behind it soon")]
impl Connections {
    /// Connections out of their parts.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        Self { parts: Arc::new(parts) }
    }

    /// A page of the owner's connections.
    pub async fn list(&self, _owner: OwnerId, _filter: Filter) -> Result<Page, ConnectionError> {
        Err(ConnectionError::Unknown)
    }

    /// One of the owner's connections.
    pub async fn get(&self, _owner: OwnerId, _id: ConnectionId) -> Result<Connection, ConnectionError> {
        Err(ConnectionError::Unknown)
    }

    /// Gives a connection another label.
    pub async fn rename(
        &self,
        _owner: OwnerId,
        _id: ConnectionId,
        _name: Option<String>,
    ) -> Result<Connection, ConnectionError> {
        Err(ConnectionError::Unknown)
    }

    /// The owner accepts who was connected.
    pub async fn confirm(&self, _owner: OwnerId, _id: ConnectionId) -> Result<Connection, ConnectionError> {
        Err(ConnectionError::Unknown)
    }

    /// Ends earlier connect links; [`Self::connect_url`] of the answer reconnects. The old grant keeps serving.
    pub async fn reconnect(&self, _owner: OwnerId, _id: ConnectionId) -> Result<Connection, ConnectionError> {
        Err(ConnectionError::Unknown)
    }

    /// Deletes a connection: refused at once; its grant is revoked at the provider in the background.
    pub async fn delete(&self, _owner: OwnerId, _id: ConnectionId) -> Result<(), ConnectionError> {
        Err(ConnectionError::Unknown)
    }

    /// A working connect link. Writes nothing and ends no earlier link.
    #[must_use]
    pub fn connect_url(&self, connection: &Connection) -> String {
        format!("/connect?session_token={}-{}", connection.id, self.parts.clock.now().as_secs())
    }

    /// `redirect_uri` of an app, as it has to be registered at the provider.
    #[must_use]
    pub fn redirect_uri(&self, app: &str) -> String {
        format!("/callback/{app}")
    }

    /// Job: refreshes grants that end soon. Call it every half minute or so.
    pub async fn refresh_due(&self) {}

    /// Job: writes the collected `last_used_time`s. Call it every half minute or so, and at stop.
    pub async fn flush_used(&self) {}

    /// Job: forgets flows that nobody finished. Call it every few minutes.
    pub async fn sweep(&self) {}
}
