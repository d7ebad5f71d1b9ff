//! What the tests stand on.

pub(crate) mod browser;
pub(crate) mod caller;
pub(crate) mod frames;
pub(crate) mod http;
/// Field lists by chance, as the library's own tests have them.
#[path = "../../../src/fuzzing/lists.rs"]
pub(crate) mod lists;
pub(crate) mod peer;
pub(crate) mod postgres;
pub(crate) mod provider;
pub(crate) mod raw;
pub(crate) mod recorder;
pub(crate) mod resolver;
pub(crate) mod secure;
pub(crate) mod slow_store;
pub(crate) mod streams;
pub(crate) mod tls;
pub(crate) mod upstream;
/// The strict reader that the fuzz targets hold their bytes against.
#[path = "../../../src/fuzzing/wire.rs"]
pub(crate) mod wire;
pub(crate) mod world;
