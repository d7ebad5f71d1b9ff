//! Real clients, servers and browsers against the real binary, each in a process of its own, as a user would run them.
//!
//! The clients are scripts under `tests/real`; a test here gives them a gateway and an upstream and expects them to end
//! well. Nothing is skipped: what is missing on the machine fails the test with the command that installs it.

mod browser;
mod demo;
pub(crate) mod gateway;
mod maton;
mod oidc;
mod process;
mod snippets;
mod stripe;
mod tools;
