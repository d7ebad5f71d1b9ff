//! The address a request came from: what the server puts into its extensions, and limits count by. How it is found out
//! is the server's business.

use std::net::IpAddr;

/// The peer's address, or the one that a proxy names which the operator trusts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientIp(pub IpAddr);
