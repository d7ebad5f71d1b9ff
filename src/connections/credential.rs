//! What goes onto an upstream request, prepared once per connection and grant; the plane only copies it.

use std::sync::{Arc, atomic::AtomicBool};

use http::{
    HeaderName, HeaderValue,
    uri::{Authority, Scheme},
};

use crate::{
    clock::{Seldom, Timestamp},
    sign::Signer,
    vault::Secret,
};

/// What goes onto each upstream request of one connection.
#[derive(Clone, Debug)]
pub struct Credential {
    /// Of the grant: raised by each refresh.
    pub generation: i64,
    /// Of the app's file that it was prepared by.
    pub edition: u64,
    /// When the access token ends, if it does.
    pub expires: Option<Timestamp>,
    /// Whether its predecessor's refresh token is still kept, in case this one never works (TL-9).
    pub unproven: Arc<AtomicBool>,
    /// When its use was noted.
    pub noted: Seldom,
    /// Where requests go.
    pub base: Base,
    /// Where requests go by route, parallel to the app's routes; `None`: the base can't be filled here.
    pub routes: Vec<Option<Base>>,
    /// Headers to set, marked sensitive.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// Query parameters to set.
    pub query: Vec<(String, Secret)>,
    /// Headers to set where the caller sent none of that name.
    pub default_headers: Vec<(HeaderName, HeaderValue)>,
    /// Query parameters to set where the caller sent none of that name.
    pub default_query: Vec<(String, String)>,
    /// What callers write in the path, and the value that goes out, still to be percent-encoded.
    pub path_vars: Vec<(String, Secret)>,
    /// What goes onto requests of a route instead of `headers`, `query` and `path_vars`, parallel to the app's routes.
    pub routes_own: Vec<Option<Own>>,
    /// What signs the request once it is complete.
    pub signer: Option<Arc<Signer>>,
}

/// What a route puts onto its requests.
#[derive(Clone, Debug, Default)]
pub struct Own {
    /// Headers to set, marked sensitive.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// Query parameters to set.
    pub query: Vec<(String, Secret)>,
    /// What callers write in the path, and the value that goes out.
    pub path_vars: Vec<(String, Secret)>,
}

/// Where requests go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Base {
    /// `https`, or `http` where settings and app allow it.
    pub scheme: Scheme,
    /// Host and optional port.
    pub authority: Authority,
    /// Path before the caller's path, without a trailing slash; often empty.
    pub prefix: String,
}
