//! The token step and what differs from it later: refresh, one more exchange, revocation.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::template::Template;

/// The token step (RFC 6749 4.1.3).
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Token {
    /// Token endpoint.
    pub url: Template,
    /// How it is asked.
    #[serde(default)]
    pub method: Verb,
    /// How the client proves itself there.
    #[serde(default)]
    pub client_auth: ClientAuth,
    /// How the request is written.
    #[serde(default)]
    pub format: Format,
    /// Further parameters.
    #[serde(default)]
    pub params: BTreeMap<String, Template>,
    /// Further headers.
    #[serde(default)]
    pub headers: BTreeMap<String, Template>,
    /// Scopes of a client credentials request.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// Standard parameters under another name; an empty name leaves one out.
    #[serde(default)]
    pub rename: BTreeMap<String, String>,
    /// `grant_type`, where it is not the standard's.
    pub grant_type: Option<String>,
    /// Dotted path to the access token, where it is not `access_token`.
    pub path: Option<String>,
    /// Where the answer says when the token ends, if not in `expires_in` or `expires_at`.
    pub expiry: Option<Expiry>,
    /// Lifetime in seconds to assume when the answer has none; unset: it does not expire.
    pub lifetime_s: Option<u64>,
    /// A dotted path that must hold this: for providers that fail inside a 200.
    pub ok: Option<(String, serde_json::Value)>,
}

/// How a client proves itself at the token endpoint (RFC 6749 2.3.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum ClientAuth {
    /// `client_id` and `client_secret` in the body.
    #[default]
    Body,
    /// HTTP Basic.
    Basic,
    /// A public client: `client_id` only.
    None,
    /// Only `client_secret`, no `client_id`.
    SecretOnly,
    /// Signed assertion (RFC 7523).
    PrivateKeyJwt,
    /// Nothing at all: what the endpoint needs stands in `params` or `headers`.
    Absent,
}

/// How an endpoint is asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "UPPERCASE")]
pub enum Verb {
    /// With the parameters in the body.
    #[default]
    Post,
    /// With the parameters in the query.
    Get,
}

/// Where an answer says when its token ends.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Expiry {
    /// Dotted path to it.
    pub path: String,
    /// What it counts.
    #[serde(default)]
    pub unit: Unit,
}

/// What an expiry counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Seconds from now.
    #[default]
    S,
    /// Milliseconds from now.
    Ms,
    /// Seconds since 1970.
    Epoch,
    /// Milliseconds since 1970.
    EpochMs,
    /// A date (RFC 3339).
    Rfc3339,
}

/// One more request straight after the code: a short token for a long one, or a token for a session. What it gives goes
/// upstream; the refresh token of the first answer stays.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Exchange {
    /// Where.
    pub url: Template,
    /// How it is asked.
    #[serde(default)]
    pub method: Verb,
    /// How the request is written.
    #[serde(default)]
    pub format: Format,
    /// All of its parameters.
    #[serde(default)]
    pub params: BTreeMap<String, Template>,
    /// Further headers.
    #[serde(default)]
    pub headers: BTreeMap<String, Template>,
    /// Dotted path to the token, where it is not `access_token`.
    pub path: Option<String>,
    /// Where the answer says when the token ends, if not in `expires_in` or `expires_at`.
    pub expiry: Option<Expiry>,
    /// Lifetime in seconds to assume when the answer has none.
    pub lifetime_s: Option<u64>,
    /// A dotted path that must hold this: for providers that fail inside a 200.
    pub ok: Option<(String, serde_json::Value)>,
    /// After each refresh too.
    #[serde(default)]
    pub always: bool,
}

/// How a token request is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// As the standard says.
    #[default]
    Form,
    /// As some providers want it.
    Json,
}

/// Where the refresh differs from the token step.
#[derive(Clone, Debug, Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Refresh {
    /// Another endpoint.
    pub url: Option<Template>,
    /// How it is asked.
    #[serde(default)]
    pub method: Verb,
    /// How the request is written, if not like the token request.
    pub format: Option<Format>,
    /// Which token is spent.
    #[serde(default)]
    pub spend: Spend,
    /// `grant_type`, where it is not the standard's; an empty one leaves it out.
    pub grant_type: Option<String>,
    /// Further parameters.
    #[serde(default)]
    pub params: BTreeMap<String, Template>,
    /// Further headers.
    #[serde(default)]
    pub headers: BTreeMap<String, Template>,
    /// Another proof.
    pub client_auth: Option<ClientAuth>,
    /// Further words by which this provider says that a refresh token is dead, as the error code or as a text under
    /// `status`; in any case.
    #[serde(default)]
    pub dead: Vec<String>,
    /// What is known of the refresh token: shown to operators, never relied on.
    #[serde(default)]
    pub kind: RefreshKind,
}

/// Which token the next one is asked for with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Spend {
    /// The refresh token (RFC 6749 6).
    #[default]
    RefreshToken,
    /// The access token, while it is still good: there is no other.
    AccessToken,
}

/// What a provider's refresh tokens do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum RefreshKind {
    /// The answer tells.
    #[default]
    Unknown,
    /// Each use gives a new one.
    Rotating,
    /// The same one stays good.
    Stable,
    /// There is none: the access token lasts.
    None,
}

/// Ending the grant at the provider.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Revoke {
    /// Revocation endpoint.
    pub url: Template,
    /// What it ends.
    #[serde(default)]
    pub ends: Ends,
    /// Which token it takes.
    #[serde(default)]
    pub token: RevokeToken,
    /// How the client proves itself there, if not as at the token endpoint.
    pub client_auth: Option<ClientAuth>,
    /// How the request is written.
    #[serde(default)]
    pub format: Format,
    /// Further parameters.
    #[serde(default)]
    pub params: BTreeMap<String, Template>,
    /// Further headers.
    #[serde(default)]
    pub headers: BTreeMap<String, Template>,
}

/// What a revocation ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Ends {
    /// The grant that the token is of.
    #[default]
    Grant,
    /// All that the account gave to this client: other connections to the same account would end with it.
    Account,
}

/// Which token a revocation endpoint takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum RevokeToken {
    /// The refresh token, or the access token where there is none.
    #[default]
    Refresh,
    /// The access token.
    Access,
    /// The access token as the request's bearer.
    Bearer,
    /// None, but what `params` or `headers` say.
    None,
}
