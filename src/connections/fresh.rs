//! A credential that works now: cached, refreshed ahead of its end, one refresh at a time per connection.

use std::sync::Arc;

use super::{Connection, Connections, Credential, Fault};
use crate::{catalog::app::App, id::ConnectionId};

/// Why there is no credential for a connection.
#[derive(Clone, Debug, thiserror::Error)]
pub enum CredentialError {
    /// `reauthorization_required`: the provider has ended the grant.
    #[error("the provider has ended the grant")]
    Reauthorize {
        /// The page that reconnects it.
        url: String,
    },
    /// `token_endpoint_failed`: no valid token left, and the provider gave no new one.
    #[error("{0}")]
    TokenEndpoint(String),
    /// `connection_unusable`: deleted or changed meanwhile, or its app's file asks for what it hasn't got.
    #[error("{0}")]
    Unusable(String),
    /// The store is out of reach.
    #[error(transparent)]
    Store(#[from] Fault),
}

impl Connections {
    /// A credential of `connection` that works now. Waits for a refresh only if no valid token is left.
    #[expect(clippy::unused_async, reason = "the store stands behind it soon")]
    pub async fn credential(
        &self,
        _connection: &Arc<Connection>,
        _app: &Arc<App>,
    ) -> Result<Arc<Credential>, CredentialError> {
        Err(Fault::Internal("not built yet".to_owned()).into())
    }

    /// The upstream said 401 to `refused`: a newer credential, if the provider gives one.
    ///
    /// At most one forced refresh per token; `None` means: pass the 401 on.
    #[expect(clippy::unused_async, reason = "the store stands behind it soon")]
    pub async fn refused(
        &self,
        _connection: &Arc<Connection>,
        _app: &Arc<App>,
        _refused: &Credential,
    ) -> Option<Arc<Credential>> {
        None
    }

    /// The upstream took `credential` (any answer but 401): its predecessor is no longer needed. Cheap.
    pub fn worked(&self, _connection: &Arc<Connection>, _credential: &Credential) {}

    /// The connection carried a call: its `last_used_time` follows within a minute. Cheap.
    pub fn used(&self, _connection: ConnectionId) {}
}
