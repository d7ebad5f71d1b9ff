//! What the tests stand on.

pub(crate) mod browser;
pub(crate) mod caller;
pub(crate) mod frames;
pub(crate) mod http;
pub(crate) mod peer;
pub(crate) mod postgres;
pub(crate) mod provider;
pub(crate) mod raw;
pub(crate) mod resolver;
pub(crate) mod secure;
pub(crate) mod slow_store;
pub(crate) mod streams;
pub(crate) mod tls;
pub(crate) mod upstream;
pub(crate) mod world;
