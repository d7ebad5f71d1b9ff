//! The shipped app files, each through the whole gateway to a provider behind verified TLS.

mod answers;
mod connect;
mod contract;
mod expected;
mod failures;
mod fields;
mod given;
mod hard;
mod params;
mod places;
mod published;
mod sheet;
mod stage;
mod way;
