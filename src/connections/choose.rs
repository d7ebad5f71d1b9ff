//! Which connection a call uses: the one it names, else the oldest ACTIVE one of its owner and app.

use std::sync::Arc;

use super::{Connection, Connections, Fault};
use crate::{
    catalog::app::App,
    id::{ConnectionId, OwnerId},
};

/// The connection a call uses.
#[derive(Clone, Debug)]
pub struct Chosen {
    /// It.
    pub connection: Arc<Connection>,
    /// What `X-Maton-Hint` says, if anything.
    pub hint: Option<String>,
}

/// A connection that somebody still has to finish.
#[derive(Clone, Debug)]
pub struct PendingLink {
    /// Its id.
    pub connection_id: ConnectionId,
    /// The page that finishes it.
    pub url: String,
}

/// One of the caller's ACTIVE connections, for an error that lists them.
#[derive(Clone, Debug)]
pub struct ActiveSummary {
    /// Its id.
    pub connection_id: ConnectionId,
    /// What a person knows it by.
    pub label: Option<String>,
}

/// Why there is no connection for a call.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ChooseError {
    /// `connection_required`: none is ACTIVE.
    #[error("no active connection")]
    None {
        /// The PENDING ones.
        pending: Vec<PendingLink>,
    },
    /// `app_not_configured`: none, and nobody has given the OAuth client that the app needs.
    #[error("no OAuth client {client}")]
    NotConfigured {
        /// The client's name under `[clients]`.
        client: String,
        /// What to register at the provider.
        redirect_uri: String,
    },
    /// `connection_unknown`: the named one is not one of the caller's.
    #[error("unknown connection")]
    Unknown {
        /// The caller's ACTIVE ones of that app.
        active: Vec<ActiveSummary>,
    },
    /// `connection_unusable`: the named one is unfinished or of another app.
    #[error("{detail}")]
    Unusable {
        /// Why, and what to do.
        detail: String,
        /// The page that finishes it.
        url: Option<String>,
    },
    /// `reauthorization_required`: the provider has ended the grant.
    #[error("connection {} needs re-authorization", connection.id)]
    Reauthorize {
        /// Which.
        connection: Arc<Connection>,
        /// The page that reconnects it.
        url: String,
    },
    /// The store is out of reach.
    #[error(transparent)]
    Store(#[from] Fault),
}

impl Connections {
    /// The connection a call of `owner` to `app` uses; `wanted` is what the caller named.
    #[expect(clippy::unused_async, reason = "the store stands behind it soon")]
    pub async fn choose(
        &self,
        _owner: OwnerId,
        _app: &Arc<App>,
        _wanted: Option<ConnectionId>,
    ) -> Result<Chosen, ChooseError> {
        Err(Fault::Internal("not built yet".to_owned()).into())
    }
}
