//! The operator's OAuth clients: from the settings, or sealed in the store.

use std::collections::BTreeMap;

use crate::vault::Secret;

/// An OAuth client registered at a provider.
#[derive(Clone)]
pub struct OAuthClient {
    /// The public id.
    pub client_id: String,
    /// The secret; empty for a public client.
    pub client_secret: Secret,
    /// What else the provider gives its operators, such as `developer_token`.
    pub extra: BTreeMap<String, String>,
}

/// Shows the names of the further values only: some of them are secret.
impl std::fmt::Debug for OAuthClient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OAuthClient")
            .field("client_id", &self.client_id)
            .field("client_secret", &self.client_secret)
            .field("extra", &self.extra.keys())
            .finish()
    }
}
