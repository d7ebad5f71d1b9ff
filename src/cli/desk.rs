//! What commands on owners, keys and connections work with: the opened store and the things over it.

use std::path::PathBuf;

use anyhow::{Context as _, bail};
use percent_encoding::percent_decode_str;

use super::options::Options;
use crate::{
    clock::Clock,
    config::Settings,
    keys::Keys,
    limits::Limits,
    master,
    owners::{Owner, Owners},
    store::Store,
    vault::Vault,
};

/// The opened store and the things over it.
pub(super) struct Desk {
    pub(super) settings: Settings,
    pub(super) store: Store,
    pub(super) owners: Owners,
    pub(super) keys: Keys,
}

impl Desk {
    /// Opens the store of these settings, which must be there already: a typing error in its name must not make a
    /// second one.
    pub(super) async fn open(options: &Options) -> anyhow::Result<Self> {
        let settings = options.settings()?;
        let vault = Vault::from_file(&settings.vault.key_file)?;
        if let Some(file) = sqlite_file(&settings).filter(|file| !file.exists()) {
            bail!("there is no database {}; `keyferry init` or `keyferry migrate` makes it", file.display());
        }
        Self::open_or_create(settings, &vault).await
    }

    /// Opens the store of these settings, or makes it.
    pub(super) async fn open_or_create(settings: Settings, vault: &Vault) -> anyhow::Result<Self> {
        let store = master::open(settings.store.url.expose(), vault).await.context("opening the database")?;
        let owners = Owners::new(store.clone(), Clock::System);
        let limits = Limits::new(&settings.limits, &Clock::System);
        let keys = Keys::new(store.clone(), (Clock::System, limits), &settings.cache, &settings.store);
        Ok(Self { settings, store, owners, keys })
    }

    /// The owner of this name.
    pub(super) async fn owner(&self, name: &str) -> anyhow::Result<Owner> {
        let Some(owner) = self.owners.find_by_name(name).await? else {
            bail!(
                "there is no owner {name:?}; `keyferry owner list` shows them, `keyferry owner create` adds one"
            );
        };
        Ok(owner)
    }

    /// The owner of this name, or without a name all of them.
    pub(super) async fn owners_of(&self, name: Option<&str>) -> anyhow::Result<Vec<Owner>> {
        match name {
            Some(name) => Ok(vec![self.owner(name).await?]),
            None => Ok(self.owners.list().await?),
        }
    }

    /// Ends the connections to the store in order, so that SQLite leaves one file and not three.
    pub(super) async fn close(self) {
        self.store.close().await;
    }
}

/// The database file, where the store is one.
pub(super) fn sqlite_file(settings: &Settings) -> Option<PathBuf> {
    let rest = settings.store.url.expose().strip_prefix("sqlite:")?;
    let path = rest.strip_prefix("//").unwrap_or(rest).split('?').next()?;
    Some(PathBuf::from(percent_decode_str(path).decode_utf8_lossy().into_owned()))
}
