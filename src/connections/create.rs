//! Making a connection: everything the caller said is checked against the app's file before a row is written.

use std::collections::BTreeMap;

use super::{Connection, Connections, Fault};
use crate::{catalog::app::Method, id::OwnerId, vault::Secret};

/// What `POST /connections` asks for.
#[derive(Debug, Default)]
pub struct NewConnection {
    /// Slug or alias.
    pub app: String,
    /// The way in; unset: the first of the app's file that is configured.
    pub method: Option<Method>,
    /// The owner's label.
    pub name: Option<String>,
    /// Scopes to ask for instead of the app's own.
    pub scopes: Option<Vec<String>>,
    /// Tenant fields.
    pub fields: BTreeMap<String, String>,
    /// Where the browser goes afterwards; must be on the operator's list, to the letter.
    pub return_url: Option<String>,
    /// Typed-in credentials.
    pub credentials: Option<BTreeMap<String, Secret>>,
}

/// Why no connection was made.
#[derive(Clone, Debug, thiserror::Error)]
pub enum CreateError {
    /// 422: a value that can't be taken; `field` is its path in the body, `credentials.api_key`.
    #[error("{field}: {problem}")]
    Invalid {
        /// Path in the body.
        field: String,
        /// What is wrong with it.
        problem: String,
    },
    /// `app_not_configured`: the app needs an OAuth client that nobody has given.
    #[error("no OAuth client {client}")]
    NotConfigured {
        /// The app's slug.
        app: String,
        /// The client's name under `[clients]`.
        client: String,
        /// What to register at the provider.
        redirect_uri: String,
    },
    /// 422: the provider refuses these credentials; nothing was stored.
    #[error("{0}")]
    Rejected(String),
    /// 502: the provider's token endpoint failed; nothing was stored.
    #[error("{0}")]
    TokenEndpoint(String),
    /// The store is out of reach.
    #[error(transparent)]
    Store(#[from] Fault),
}

impl Connections {
    /// Makes a connection: PENDING with a link to finish it, or ACTIVE at once from typed-in credentials.
    #[expect(clippy::unused_async, reason = "the store stands behind it soon")]
    pub async fn create(&self, _owner: OwnerId, _new: NewConnection) -> Result<Connection, CreateError> {
        Err(Fault::Internal("not built yet".to_owned()).into())
    }
}
