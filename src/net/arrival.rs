//! What the server notes of a request when it arrives: its id, the address it counts by, and the moment.
//!
//! It is one extension of the request for all of them, because each one costs every request an allocation. How the
//! address is found out is the server's business.

use std::{net::IpAddr, time::Instant};

use http::Extensions;

use super::request_id::RequestId;

/// A request's arrival.
#[derive(Clone, Copy, Debug)]
pub struct Arrival {
    /// The request's id.
    pub id: RequestId,
    /// The peer's address, or the one that a proxy names which the operator trusts.
    pub from: IpAddr,
    /// When that was, by the clock that times are measured with.
    pub began: Instant,
}

impl Arrival {
    /// What the server noted of the request; only in tests nothing.
    #[must_use]
    pub fn of(extensions: &Extensions) -> Option<&Self> {
        extensions.get()
    }

    /// The address by which the request counts.
    #[must_use]
    pub fn address(extensions: &Extensions) -> Option<IpAddr> {
        Self::of(extensions).map(|arrival| arrival.from)
    }
}
