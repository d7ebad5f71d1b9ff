//! The address a request came from: what the server puts into its extensions, and limits count by.

use std::net::IpAddr;

/// The peer's address. Fields that proxies add are not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientIp(pub IpAddr);
