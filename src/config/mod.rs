//! The settings: what an operator can choose, its defaults, and nothing of what is done with it.
//!
//! Four layers, each over the one before: defaults, the settings file, `KEYFERRY_SECTION__NAME` variables,
//! flags. Names that the outside relies on are fixed; a name nobody knows is an error.

mod bounds;
mod check;
mod client;
mod doors;
mod load;
mod names;
mod node;
mod read;
mod secret_files;
mod sections;
mod settle;
pub mod span;

use std::collections::BTreeMap;

use serde::Deserialize;

pub use self::{
    bounds::{Bounds, Egress, Limits},
    client::ClientSettings,
    doors::{Admin, Control, Gateway, Server, Tls},
    load::{Layers, SettingsError, load, load_as},
    node::Origin,
    sections::{
        CacheSettings, CatalogSettings, Connect, ConnectionSettings, Log, LogFormat, Redis, Refresh,
        Selection, Shutdown, StoreSettings, VaultSettings,
    },
};

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
    /// All doors.
    pub server: Server,
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

#[cfg(test)]
mod tests;
