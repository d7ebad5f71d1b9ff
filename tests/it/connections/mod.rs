//! What connections promise, asked of them directly: no door, no real provider, no real time.

mod choose;
mod dialects;
mod flow;
mod found;
mod manage;
mod others;
mod pick;
mod refuse;
mod renew;
mod store_faults;
mod typed_in;
pub(crate) mod world;
