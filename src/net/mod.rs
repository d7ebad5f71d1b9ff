//! The wire: bodies, headers, the outgoing client and the shape of a problem. Knows nothing of apps or owners.

pub mod arrival;
pub mod body;
pub mod client;
mod dial;
pub mod guard;
pub mod headers;
pub mod own;
mod pool;
pub mod problem;
pub mod punctual;
pub mod request_id;
mod spare;
pub mod strangers;
pub mod stream;
pub mod tls;
pub mod tunnel;
pub mod upload;
mod waits;

/// What this gateway calls itself where it speaks for itself; calls go out with their caller's own name.
pub const AGENT: &str = concat!("keyferry/", env!("CARGO_PKG_VERSION"));

pub use body::{Body, BoxError};
pub use client::{Client, Egress, FetchError, SendError};
pub use strangers::Strangers;
