//! The three doors: where they listen and what the outside calls them.

use std::{
    net::{Ipv4Addr, SocketAddr},
    num::NonZeroUsize,
    path::PathBuf,
    thread,
};

use ipnet::IpNet;
use serde::{Deserialize, Deserializer, de::Error as _};

use super::bounds::ranges;

/// `[gateway]`
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Gateway {
    /// Where it listens.
    #[serde(deserialize_with = "address")]
    pub listen: SocketAddr,
    /// Its public base URL, without a slash at the end.
    pub url: String,
    /// Apps are also served at `{app}.{app_domain}`.
    pub app_domain: String,
    /// Whether a `Via` field is added to upstream requests.
    pub via: bool,
    /// How many threads serve calls; by default one for each core.
    pub workers: NonZeroUsize,
    /// Serve TLS.
    pub tls: Option<Tls>,
}

/// `[control]`
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Control {
    /// Where it listens.
    #[serde(deserialize_with = "address")]
    pub listen: SocketAddr,
    /// Its public base URL, without a slash at the end.
    pub url: String,
    /// Where a finished connect flow may send the browser; matched exactly.
    pub return_urls: Vec<String>,
    /// Serve TLS.
    pub tls: Option<Tls>,
}

/// `[admin]`
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Admin {
    /// Where it listens.
    #[serde(deserialize_with = "address")]
    pub listen: SocketAddr,
}

/// `[server]`: what all doors have in common.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Server {
    /// Proxies in front of the doors, which are believed when they say for whom they ask.
    #[serde(deserialize_with = "ranges")]
    pub trusted_proxies: Vec<IpNet>,
}

/// A certificate chain and its key, both PEM.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tls {
    /// The chain, the server's own certificate first.
    pub cert_file: PathBuf,
    /// The private key.
    pub key_file: PathBuf,
}

fn address<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SocketAddr, D::Error> {
    let text = String::deserialize(deserializer)?;
    text.parse().map_err(|_error| {
        D::Error::custom("must be an IP address and a port, like 127.0.0.1:8080 or [::]:8080")
    })
}

fn loopback(port: u16) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, port))
}

impl Default for Gateway {
    fn default() -> Self {
        Self {
            listen: loopback(8080),
            url: "http://localhost:8080".to_owned(),
            app_domain: "localhost".to_owned(),
            via: false,
            workers: thread::available_parallelism().unwrap_or(NonZeroUsize::MIN),
            tls: None,
        }
    }
}

impl Default for Control {
    fn default() -> Self {
        Self {
            listen: loopback(8081),
            url: "http://localhost:8081".to_owned(),
            return_urls: Vec::new(),
            tls: None,
        }
    }
}

impl Default for Admin {
    fn default() -> Self {
        Self { listen: loopback(9090) }
    }
}
