//! The apps with the hardest quirks, each with what goes wrong where a gateway doesn't know them.
//!
//! What their files say in the ordinary case is in `expected`, where calls go in `places`, what they carry in `fields`.

mod callbacks;
mod calls;
mod choices;
mod renewals;
mod secrets;
mod tokens;
