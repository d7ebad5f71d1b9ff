//! The frame around the doors: sockets in, requests out to whichever service stands behind.
//!
//! It accepts, speaks TLS and HTTP/1.1 and HTTP/2, gives every request its id, turns a panic into a 500 for that one
//! request, and drains at the end. What a request means is the doors' business.

mod accept;
mod admin;
mod arrival;
mod behind;
mod client_ip;
mod connection;
mod cores;
mod entry;
mod floods;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;
mod preface;
mod pulse;
mod streams;
mod tls;

use std::sync::Arc;

use futures_util::future::BoxFuture;
use http::{Request, Response};

pub use self::{
    accept::{Door, Limits},
    admin::{Health, admin},
    client_ip::behind_proxies,
    cores::Cores,
    entry::{control_door, gateway_door, of_router},
    tls::TlsError,
};
use crate::net::Body;

/// What stands behind a door. It never fails: every refusal is an answer. One erased type, so that the types of the
/// connections' tasks stay short.
pub type Service = Arc<dyn Fn(Request<Body>) -> BoxFuture<'static, Response<Body>> + Send + Sync>;
