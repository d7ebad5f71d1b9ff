//! `[clients.NAME]`: what an operator got from a provider.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::vault::Secret;

/// `[clients.NAME]`: an OAuth client registered at a provider.
#[derive(Clone, Deserialize)]
#[serde(try_from = "BTreeMap<String, String>")]
pub struct ClientSettings {
    /// The public id.
    pub client_id: String,
    /// The secret; empty for a public client.
    pub client_secret: Secret,
    /// What else the provider gives its operators, such as `developer_token`.
    pub extra: BTreeMap<String, String>,
}

impl TryFrom<BTreeMap<String, String>> for ClientSettings {
    type Error = &'static str;

    fn try_from(mut values: BTreeMap<String, String>) -> Result<Self, Self::Error> {
        Ok(Self {
            client_id: values
                .remove("client_id")
                .filter(|id| !id.is_empty())
                .ok_or("client_id is missing")?,
            client_secret: Secret::new(values.remove("client_secret").unwrap_or_default()),
            extra: values,
        })
    }
}

/// Shows the names of the further values only: some of them are secret.
impl std::fmt::Debug for ClientSettings {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ClientSettings")
            .field("client_id", &self.client_id)
            .field("client_secret", &self.client_secret)
            .field("extra", &self.extra.keys())
            .finish()
    }
}
