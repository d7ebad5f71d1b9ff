//! The smaller sections: where things are kept, how long they are good for, what is logged.

use std::{
    num::{NonZeroU64, NonZeroUsize},
    path::PathBuf,
    time::Duration,
};

use serde::Deserialize;

use super::{
    bounds::{count, size},
    span,
};
use crate::vault::Secret;

/// `[store]`
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StoreSettings {
    /// `sqlite:FILE` or `postgres://user@host/db`; may hold a password.
    pub url: Secret,
    /// How long known-good keys and connections keep serving while the store can't be reached.
    #[serde(with = "span")]
    pub grace: Duration,
}

/// `[redis]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Redis {
    /// `redis://host:port`; may hold a password.
    pub url: Option<Secret>,
}

/// `[vault]`
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct VaultSettings {
    /// The file with the master keys.
    pub key_file: PathBuf,
}

/// `[cache]`
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CacheSettings {
    /// How long a key or connection is believed without hearing from the store what changed: on other nodes, and
    /// without Redis, a revocation takes at most this long.
    #[serde(with = "span")]
    pub fresh: Duration,
    /// How many keys, and as many connections, are kept.
    pub entries: NonZeroU64,
}

/// `[catalog]`
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CatalogSettings {
    /// A folder with app files.
    pub dir: Option<PathBuf>,
    /// Whether there are ways whose users name the whole host.
    pub self_hosted: bool,
}

impl Default for CatalogSettings {
    fn default() -> Self {
        Self { dir: None, self_hosted: true }
    }
}

/// `[selection]`
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Selection {
    /// Refuse the call where an older connection needs re-authorization, instead of using the next one.
    pub strict: bool,
}

/// `[connect]`
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Connect {
    /// How long a connect link works.
    #[serde(with = "span")]
    pub link_lifetime: Duration,
    /// How long the way to the provider and back may take.
    #[serde(with = "span")]
    pub flow_lifetime: Duration,
}

/// `[connections]`
#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ConnectionSettings {
    /// A connection serves only after its owner has confirmed, through the API, who was connected.
    pub confirm: bool,
}

/// `[refresh]`
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Refresh {
    /// An access token is renewed when it has less than this left.
    #[serde(with = "span")]
    pub ahead: Duration,
    /// How often the background job looks for tokens to renew.
    #[serde(with = "span")]
    pub every: Duration,
    /// Renewals in flight at once.
    pub concurrency: NonZeroUsize,
    /// The shortest time between two renewals of one connection, whatever its provider says of lifetimes.
    #[serde(with = "span")]
    pub spacing: Duration,
}

/// `[shutdown]`
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Shutdown {
    /// How long calls in flight may go on after the signal to stop.
    #[serde(with = "span")]
    pub grace: Duration,
}

/// `[log]`
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Log {
    /// A level, or `tracing` directives such as `info,keyferry::plane=debug`.
    pub filter: String,
    /// Text for people or JSON for machines.
    pub format: LogFormat,
}

/// How log lines look.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One object a line.
    Json,
}

impl Default for StoreSettings {
    fn default() -> Self {
        Self { url: Secret::from("sqlite:keyferry.db"), grace: Duration::from_mins(5) }
    }
}

impl Default for VaultSettings {
    fn default() -> Self {
        Self { key_file: "master.key".into() }
    }
}

impl CacheSettings {
    /// How often to look for what others changed: often enough that one that fails once doesn't show.
    #[must_use]
    pub fn watch_every(&self) -> Duration {
        (self.fresh / 5).clamp(Duration::from_millis(20), Duration::from_secs(1))
    }
}

impl Default for CacheSettings {
    fn default() -> Self {
        Self { fresh: Duration::from_secs(5), entries: NonZeroU64::from(count(100_000)) }
    }
}

impl Default for Connect {
    fn default() -> Self {
        Self { link_lifetime: Duration::from_mins(15), flow_lifetime: Duration::from_mins(10) }
    }
}

impl Default for Refresh {
    fn default() -> Self {
        Self {
            ahead: Duration::from_mins(5),
            every: Duration::from_secs(30),
            concurrency: size(8),
            spacing: Duration::from_mins(1),
        }
    }
}

impl Default for Shutdown {
    fn default() -> Self {
        Self { grace: Duration::from_secs(30) }
    }
}

impl Default for Log {
    fn default() -> Self {
        Self { filter: "info".to_owned(), format: LogFormat::Text }
    }
}
