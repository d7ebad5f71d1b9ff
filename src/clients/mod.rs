//! The operator's OAuth clients: from the settings, or sealed in the store. The settings win.
//!
//! It hands clients out to those who speak to providers; no door ever shows a secret of one.

mod sealed;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use crate::{
    cache::{Cache, Times},
    clock::{Clock, Timestamp},
    config::{CacheSettings, ClientSettings, StoreSettings},
    store::{Store, StoreError},
    vault::{Secret, Vault, VaultError},
};

/// The OAuth clients of this gateway. A clone shares the cache.
#[derive(Clone, Debug)]
pub struct Clients {
    given: Arc<BTreeMap<String, Arc<OAuthClient>>>,
    store: Store,
    vault: Vault,
    clock: Clock,
    cache: Cache<String, Arc<OAuthClient>>,
}

/// An OAuth client registered at a provider.
#[derive(Clone, PartialEq, Eq)]
pub struct OAuthClient {
    /// The public id.
    pub client_id: String,
    /// The secret; empty for a public client.
    pub client_secret: Secret,
    /// What else the provider gives its operators, such as `developer_token`.
    pub extra: BTreeMap<String, String>,
}

/// Why something about OAuth clients failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClientError {
    /// The settings file has a client of this name, which would hide the one given.
    #[error("the client {0} is in the settings file; change it there, or remove it there first")]
    InSettings(String),
    /// No client can be without an id.
    #[error("client_id is empty")]
    NoId,
    /// The store can't be reached or takes no writes: 503.
    #[error("{0}")]
    Unavailable(String),
    /// A row that can't be, or a secret that can't be opened: 500.
    #[error("{0}")]
    Internal(String),
}

impl Clients {
    /// The clients of these settings and this store.
    pub fn new(
        given: &BTreeMap<String, ClientSettings>,
        (store, vault, clock): (Store, Vault, Clock),
        cache: &CacheSettings,
        settings: &StoreSettings,
    ) -> Self {
        let given = given.iter().map(|(name, client)| (name.clone(), Arc::new(client.into()))).collect();
        let times = Times { fresh: cache.fresh, grace: settings.grace };
        let cache = Cache::new(clock.clone(), times, cache.entries.get());
        Self { given: Arc::new(given), store, vault, clock, cache }
    }

    /// Drops what is remembered of clients that nobody needs. For a job.
    pub fn sweep(&self) {
        self.cache.sweep();
    }

    /// The client that app files call `name`.
    pub async fn get(&self, name: &str) -> Result<Option<Arc<OAuthClient>>, ClientError> {
        if let Some(client) = self.given.get(name) {
            return Ok(Some(Arc::clone(client)));
        }
        self.cache.get(&name.to_owned(), self.find(name)).await
    }

    async fn find(&self, name: &str) -> Result<Option<Arc<OAuthClient>>, ClientError> {
        let Some(row) = self.store.clients().find(name).await? else { return Ok(None) };
        Ok(Some(Arc::new(sealed::open(&self.vault, row)?)))
    }

    /// Whether there is a client of this name.
    pub async fn configured(&self, name: &str) -> Result<bool, ClientError> {
        Ok(self.get(name).await?.is_some())
    }

    /// The names of all clients, in one question to the store.
    pub async fn names(&self) -> Result<BTreeSet<String>, ClientError> {
        let stored = self.store.clients().list().await?.into_iter().map(|row| row.name);
        Ok(stored.chain(self.given.keys().cloned()).collect())
    }

    /// Keeps a client, sealed, in the place of an earlier one of its name. Of that one the further values stay that
    /// the new one doesn't name: apps share a client, and not all of them know all of its values. An empty one goes.
    pub async fn put(&self, name: &str, client: &OAuthClient) -> Result<(), ClientError> {
        self.may_change(name)?;
        if client.client_id.is_empty() {
            return Err(ClientError::NoId);
        }
        let client = OAuthClient { extra: self.merged(name, &client.extra).await?, ..client.clone() };
        let row = sealed::seal(&self.vault, name, &client, self.clock.now())?;
        let written = self.store.clients().upsert(&row).await;
        self.cache.forget(&name.to_owned());
        Ok(written?)
    }

    /// Further values over those stored, which the cache may not know yet. A stored client that can't be opened is
    /// what a new one is to replace, so it is no obstacle.
    async fn merged(
        &self,
        name: &str,
        given: &BTreeMap<String, String>,
    ) -> Result<BTreeMap<String, String>, ClientError> {
        let stored = match self.find(name).await {
            Ok(stored) => stored,
            Err(ClientError::Internal(error)) => {
                tracing::warn!(client = name, error, "an unreadable OAuth client is replaced");
                None
            }
            Err(error) => return Err(error),
        };
        let mut extra = stored.map(|stored| stored.extra.clone()).unwrap_or_default();
        extra.extend(given.clone());
        extra.retain(|_, value| !value.is_empty());
        Ok(extra)
    }

    /// Removes a client; whether there was one.
    pub async fn remove(&self, name: &str) -> Result<bool, ClientError> {
        self.may_change(name)?;
        let deleted = self.store.clients().delete(name).await;
        self.cache.forget(&name.to_owned());
        Ok(deleted?)
    }

    /// Drops what is remembered of a client that others changed.
    pub fn forget(&self, name: &str) {
        self.cache.forget(&name.to_owned());
    }

    /// Drops all that is remembered.
    pub fn forget_all(&self) {
        self.cache.forget_all();
    }

    /// Everything that others had changed at `then` was forgotten; see [`Cache::told`].
    pub fn told(&self, then: Option<Timestamp>) {
        self.cache.told(then);
    }

    fn may_change(&self, name: &str) -> Result<(), ClientError> {
        if self.given.contains_key(name) { Err(ClientError::InSettings(name.to_owned())) } else { Ok(()) }
    }
}

impl From<&ClientSettings> for OAuthClient {
    fn from(settings: &ClientSettings) -> Self {
        Self {
            client_id: settings.client_id.clone(),
            client_secret: settings.client_secret.clone(),
            extra: settings.extra.clone(),
        }
    }
}

impl From<StoreError> for ClientError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable(_) => Self::Unavailable(error.to_string()),
            _ => Self::Internal(error.to_string()),
        }
    }
}

impl From<VaultError> for ClientError {
    fn from(error: VaultError) -> Self {
        Self::Internal(format!("an OAuth client can't be opened: {error}"))
    }
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

#[cfg(test)]
mod tests;
