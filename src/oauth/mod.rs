//! OAuth 2.0 as a client speaks it (RFC 6749, 7009, 7523, 7636, 9207): one request per file, and the answers' deviations.
//!
//! Protocol only: no store, no web framework, no decision about a connection. What a provider does differently is
//! said by its app file, and read here. Redirects are never followed, and nothing of a request or answer is logged.

mod answer;
mod begin;
mod client_auth;
mod client_credentials;
mod discovery;
mod error;
mod exchange;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;
mod jwt;
mod login;
mod oauth1;
mod params;
mod refresh;
mod register;
mod request;
mod revoke;
mod trade;
mod when;

pub use self::{
    answer::TokenAnswer,
    begin::{Begin, Consent, begin},
    client_credentials::client_credentials,
    discovery::{Endpoints, discover},
    error::{OAuthError, shortened},
    exchange::{Code, exchange},
    jwt::{JwtError, Signed, sign},
    login::{assert, login},
    oauth1::{Legs, begin_oauth1, finish_oauth1},
    refresh::refresh,
    register::{Registered, register, register_dynamically},
    request::TokenEndpoint,
    revoke::{Revocation, revoke},
    trade::trade,
};
use crate::vault::Secret;

/// An OAuth client as its provider knows it (RFC 6749 2).
#[derive(Clone, Debug)]
pub struct Client {
    /// `client_id`.
    pub id: String,
    /// `client_secret`; empty for a public client.
    pub secret: Secret,
}

#[cfg(test)]
mod tests;
