//! How much a peer, an owner or a key may ask for, and where calls may go.

use std::{
    net::IpAddr,
    num::{NonZeroU32, NonZeroU64, NonZeroUsize},
    path::PathBuf,
    time::Duration,
};

use ipnet::IpNet;
use serde::{Deserialize, Deserializer, de::Error as _};

use super::span;

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
    /// Requests per second of one address to the pages and the control API.
    pub address_rate: NonZeroU32,
    /// Such requests at once after a rest.
    pub address_burst: NonZeroU32,
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
    /// Bytes of a request body that are held where a signature covers all of it.
    pub signed_body_bytes: NonZeroUsize,
    /// Bytes per second of a request body while an upstream waits for it; less ends the call.
    pub body_rate: u32,
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

/// Address ranges such as `10.0.0.0/8`; an address alone is a range of one.
pub(super) fn ranges<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<IpNet>, D::Error> {
    let range = |text: &String| {
        let single = || text.parse().map(|address: IpAddr| IpNet::from(address));
        text.parse().or_else(|_not_a_range: ipnet::AddrParseError| single()).map_err(|_neither| {
            D::Error::custom(format!("{text:?} is not an address range; write it like 10.0.0.0/8"))
        })
    };
    Vec::<String>::deserialize(deserializer)?.iter().map(range).collect()
}

pub(super) const fn count(value: u32) -> NonZeroU32 {
    match NonZeroU32::new(value) {
        Some(value) => value,
        None => NonZeroU32::MIN,
    }
}

pub(super) const fn size(value: usize) -> NonZeroUsize {
    match NonZeroUsize::new(value) {
        Some(value) => value,
        None => NonZeroUsize::MIN,
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            owner_rate: count(50),
            owner_burst: count(100),
            key_concurrency: count(100),
            address_rate: count(50),
            address_burst: count(200),
        }
    }
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            head_bytes: size(64 * 1024),
            head_fields: size(100),
            target_bytes: size(16 * 1024),
            body_bytes: None,
            signed_body_bytes: size(8 * 1024 * 1024),
            body_rate: 100,
            connections: size(20_000),
            head_timeout: Duration::from_secs(30),
            connect_timeout: Duration::from_secs(10),
            first_byte_timeout: Duration::from_mins(2),
            idle_timeout: Duration::from_mins(5),
        }
    }
}
