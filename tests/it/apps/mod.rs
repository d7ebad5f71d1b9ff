//! The shipped app files, each through the whole gateway to a provider behind verified TLS.
//!
//! The tables are written by hand from the providers' documentation: nothing in them is read from the files under
//! test, so that a slip in a file does not become what is expected of it.

mod complete;
mod connect;
mod failures;
mod fields;
mod google;
mod microsoft;
mod places;
mod published;
mod sign_in;
mod typed_in;
mod way;
