//! Byte fidelity: what a caller sends arrives as sent, and what the upstream answers arrives as answered, whichever
//! version of HTTP is spoken on either side.

mod answers;
mod exchange;
mod live;
pub(crate) mod published;
mod requests;
mod reuse;
mod stage;
mod standing;
