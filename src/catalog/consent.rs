//! The consent step: where the browser is sent, what comes back with it, and where a client can be had at connect time.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{template::Template, token::Format};

/// The consent step (RFC 6749 4.1.1).
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Authorize {
    /// Authorization endpoint.
    pub url: Template,
    /// Scopes asked for when the caller names none.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// Between two scopes.
    #[serde(default = "space")]
    pub separator: String,
    /// The parameter that carries the scopes.
    #[serde(default = "scope")]
    pub scope_param: String,
    /// Further parameters.
    #[serde(default)]
    pub params: BTreeMap<String, Template>,
    /// Standard parameters under another name; an empty name leaves one out.
    #[serde(default)]
    pub rename: BTreeMap<String, String>,
    /// Proof key for code exchange (RFC 7636).
    #[serde(default)]
    pub pkce: Pkce,
    /// The `iss` the callback must carry (RFC 9207); unset: a provider that doesn't send it.
    pub issuer: Option<Template>,
}

fn space() -> String {
    " ".to_owned()
}

fn scope() -> String {
    "scope".to_owned()
}

/// Proof key for code exchange.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum Pkce {
    /// The only method worth having.
    #[default]
    S256,
    /// The provider refuses a challenge.
    #[serde(rename = "none")]
    None,
}

/// What the callback brings.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Callback {
    /// The parameter of the code.
    #[serde(default = "code")]
    pub code: String,
    /// Parameters repeated in the token request.
    #[serde(default)]
    pub echo: Vec<String>,
    /// How the provider signs the callback, where it does.
    pub signature: Option<CallbackSignature>,
}

/// A signature over the other parameters of the callback: sorted by name, joined as in a query.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct CallbackSignature {
    /// The parameter that carries it.
    pub param: String,
    /// By what it is made.
    #[serde(default)]
    pub algorithm: CallbackMac,
    /// How it is written.
    #[serde(default)]
    pub encoding: MacEncoding,
    /// The key.
    pub secret: Template,
}

/// What a callback can be signed by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum CallbackMac {
    /// HMAC with SHA-256 (RFC 2104).
    #[default]
    #[serde(rename = "HMAC-SHA256")]
    HmacSha256,
}

/// How the bytes of a signature are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum MacEncoding {
    /// Hexadecimal digits, in either case.
    #[default]
    Hex,
    /// Standard base64.
    Base64,
}

fn code() -> String {
    "code".to_owned()
}

impl Default for Callback {
    fn default() -> Self {
        Self { code: code(), echo: Vec::new(), signature: None }
    }
}

/// The server of a Model Context Protocol app: endpoints and client are found out at connect time
/// (RFC 9728, RFC 8414, RFC 7591), and tokens are asked for this resource (RFC 8707).
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Mcp {
    /// The resource: the server's own URL, as clients call it.
    pub url: Template,
    /// Every endpoint that is found lies at or below one of these, or the flow ends: the code goes nowhere else.
    pub domains: Vec<String>,
}

/// Where a client is registered at connect time: by RFC 7591, or the way of a server that had one before.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Register {
    /// Registration endpoint.
    pub url: Template,
    /// How the request is written.
    #[serde(default = "json")]
    pub format: Format,
    /// All of its parameters.
    #[serde(default)]
    pub params: BTreeMap<String, Template>,
}

fn json() -> Format {
    Format::Json
}
