//! The settings: what an operator can choose, its defaults, and nothing of what is done with it.
//!
//! Four layers, each over the one before: defaults, the settings file, `KEYFERRY_SECTION__NAME` variables,
//! flags. Names that the outside relies on are fixed; a name nobody knows is an error.

mod check;
mod doors;
mod load;
mod names;
mod node;
mod read;
mod secret_files;
mod settle;
pub mod span;

use std::{
    collections::BTreeMap,
    net::IpAddr,
    num::{NonZeroU32, NonZeroU64, NonZeroUsize},
    path::PathBuf,
    time::Duration,
};

use ipnet::IpNet;
use serde::{Deserialize, Deserializer, de::Error as _};

pub use self::{
    doors::{Admin, Control, Gateway, Tls},
    load::{Layers, SettingsError, load, load_as},
    node::Origin,
};
use crate::vault::Secret;

/// Everything that can be set.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Which doors this process opens.
    pub role: Role,
    /// The door for calls.
    pub gateway: Gateway,
    /// The door for the control API and the pages.
    pub control: Control,
    /// The door for probes and metrics.
    pub admin: Admin,
    /// The database.
    pub store: StoreSettings,
    /// Shared limits and instant invalidation between nodes.
    pub redis: Redis,
    /// The master keys.
    pub vault: VaultSettings,
    /// How much one owner or key may ask for.
    pub limits: Limits,
    /// Bounds on what a peer can send and how long it may take.
    pub bounds: Bounds,
    /// How long what was read from the store is believed.
    pub cache: CacheSettings,
    /// Where calls may go.
    pub egress: Egress,
    /// The operator's own app files.
    pub catalog: CatalogSettings,
    /// How a connection is chosen.
    pub selection: Selection,
    /// The connect flow.
    pub connect: Connect,
    /// Rules for connections.
    pub connections: ConnectionSettings,
    /// When access tokens are renewed.
    pub refresh: Refresh,
    /// How the process ends.
    pub shutdown: Shutdown,
    /// What is logged.
    pub log: Log,
    /// The operator's OAuth clients, by the name that app files use.
    pub clients: BTreeMap<String, ClientSettings>,
}

/// Which doors a process opens; the admin door is always open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Both.
    #[default]
    All,
    /// Only the door for calls.
    Gateway,
    /// Only the control API and the pages.
    Control,
}

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

/// `[limits]`
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Calls per second of one owner.
    pub owner_rate: NonZeroU32,
    /// Calls one owner may make at once after a rest.
    pub owner_burst: NonZeroU32,
    /// Calls of one key in flight.
    pub key_concurrency: NonZeroU32,
}

/// `[bounds]`
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Bounds {
    /// Bytes of a request head.
    pub head_bytes: NonZeroUsize,
    /// Header fields of a request.
    pub head_fields: NonZeroUsize,
    /// Bytes of a request target.
    pub target_bytes: NonZeroUsize,
    /// Bytes of a request body; none: unlimited, it is streamed.
    pub body_bytes: Option<NonZeroU64>,
    /// Connections that a door holds open at the same time.
    pub connections: NonZeroUsize,
    /// Until a request head has arrived.
    #[serde(with = "span")]
    pub head_timeout: Duration,
    /// Until an upstream has accepted the connection.
    #[serde(with = "span")]
    pub connect_timeout: Duration,
    /// Until an upstream's answer begins.
    #[serde(with = "span")]
    pub first_byte_timeout: Duration,
    /// Without a byte in either direction.
    #[serde(with = "span")]
    pub idle_timeout: Duration,
}

/// `[cache]`
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CacheSettings {
    /// How long a key or connection is believed without asking the store: on other nodes, and without
    /// Redis, a revocation takes this long.
    #[serde(with = "span")]
    pub fresh: Duration,
    /// How many keys, and as many connections, are kept.
    pub entries: NonZeroU64,
}

/// `[egress]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Egress {
    /// Private address ranges that apps may dial.
    #[serde(deserialize_with = "ranges")]
    pub allow: Vec<IpNet>,
    /// Whether app files may say `http://`.
    pub plain_http: bool,
    /// Further certificate authorities to trust, as PEM.
    pub ca_file: Option<PathBuf>,
}

/// `[catalog]`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CatalogSettings {
    /// A folder with app files.
    pub dir: Option<PathBuf>,
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

/// Address ranges such as `10.0.0.0/8`; an address alone is a range of one.
fn ranges<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<IpNet>, D::Error> {
    let range = |text: &String| {
        let single = || text.parse().map(|address: IpAddr| IpNet::from(address));
        text.parse().or_else(|_not_a_range: ipnet::AddrParseError| single()).map_err(|_neither| {
            D::Error::custom(format!("{text:?} is not an address range; write it like 10.0.0.0/8"))
        })
    };
    Vec::<String>::deserialize(deserializer)?.iter().map(range).collect()
}

const fn count(value: u32) -> NonZeroU32 {
    match NonZeroU32::new(value) {
        Some(value) => value,
        None => NonZeroU32::MIN,
    }
}

const fn size(value: usize) -> NonZeroUsize {
    match NonZeroUsize::new(value) {
        Some(value) => value,
        None => NonZeroUsize::MIN,
    }
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

impl Default for Limits {
    fn default() -> Self {
        Self { owner_rate: count(50), owner_burst: count(100), key_concurrency: count(100) }
    }
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            head_bytes: size(64 * 1024),
            head_fields: size(100),
            target_bytes: size(16 * 1024),
            body_bytes: None,
            connections: size(20_000),
            head_timeout: Duration::from_secs(30),
            connect_timeout: Duration::from_secs(10),
            first_byte_timeout: Duration::from_mins(2),
            idle_timeout: Duration::from_mins(5),
        }
    }
}

impl Default for CacheSettings {
    fn default() -> Self {
        Self { fresh: Duration::from_secs(5), entries: NonZeroU64::from(count(10_000)) }
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

#[cfg(test)]
mod tests;
