#![doc = include_str!("../docs/architecture.md")]

pub mod cache;
pub mod catalog;
pub mod cli;
pub mod clients;
pub mod clock;
pub mod config;
pub mod connections;
pub mod control;
#[cfg(any(test, fuzzing))]
#[doc(hidden)]
#[expect(clippy::panic, reason = "a panic is how a fuzz target says that a property does not hold")]
pub mod fuzzing;
pub mod gateway;
pub mod id;
pub mod jobs;
pub mod keys;
pub mod limits;
pub mod master;
pub mod net;
pub mod oauth;
pub mod owners;
pub mod plane;
pub mod reload;
pub mod sandbox;
pub mod server;
pub mod sign;
pub mod store;
pub mod telemetry;
pub mod vault;
pub mod watch;
pub mod web;
