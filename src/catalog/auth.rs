//! One way into an app: what is asked of the user, where tokens come from, what goes onto each request.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    app::{Method, Probe},
    field::Role,
    pattern::Pattern,
    template::Template,
    value::{self, Unfit},
};

/// One way in.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Auth {
    /// Which kind it is.
    pub method: Method,
    /// What the connect page calls it, where an app has several.
    pub label: Option<String>,
    /// For OAUTH2: the name of the operator's client, a table under `[clients]` in the settings.
    pub client: Option<String>,
    /// What the user types in.
    #[serde(default)]
    pub fields: Vec<CredentialField>,
    /// The consent step.
    pub authorize: Option<Authorize>,
    /// What the callback brings.
    #[serde(default)]
    pub callback: Callback,
    /// The token step.
    pub token: Option<Token>,
    /// Where the refresh differs from the token step.
    #[serde(default)]
    pub refresh: Refresh,
    /// Ending the grant at the provider (RFC 7009).
    pub revoke: Option<Revoke>,
    /// What goes onto each upstream request.
    #[serde(default)]
    pub inject: Vec<Inject>,
    /// Another base for this way in.
    pub base: Option<Template>,
    /// Another probe for this way in.
    pub probe: Option<Probe>,
    /// Where the user finds what to type in; for OAUTH2: where the operator registers the client.
    pub docs: Option<String>,
}

/// One value the user types in.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CredentialField {
    /// The name in `credentials` and in templates.
    pub name: String,
    /// What the page calls it.
    pub label: String,
    /// A sentence under the input.
    pub help: Option<String>,
    /// A value as it would look.
    pub example: Option<String>,
    /// What a value must match, whole.
    pub pattern: Option<Pattern>,
    /// Shown as dots and never shown again.
    #[serde(default)]
    pub secret: bool,
    /// May stay empty.
    #[serde(default)]
    pub optional: bool,
    /// The strictest place templates use it at; computed.
    #[serde(skip)]
    pub(super) role: Role,
}

impl CredentialField {
    /// Whether `value` can be stored.
    pub fn accepts(&self, value: &str) -> Result<(), Unfit> {
        value::accepts(value, self.pattern.as_ref(), self.role, self.example.as_deref())
    }
}

/// The consent step (RFC 6749 4.1.1).
#[derive(Clone, Debug, Deserialize)]
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
#[serde(deny_unknown_fields)]
pub struct Callback {
    /// The parameter of the code.
    #[serde(default = "code")]
    pub code: String,
    /// Parameters repeated in the token request.
    #[serde(default)]
    pub echo: Vec<String>,
}

fn code() -> String {
    "code".to_owned()
}

impl Default for Callback {
    fn default() -> Self {
        Self { code: code(), echo: Vec::new() }
    }
}

/// The token step (RFC 6749 4.1.3).
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Token {
    /// Token endpoint.
    pub url: Template,
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
    /// Lifetime in seconds to assume when the answer has none; unset: it does not expire.
    pub lifetime_s: Option<u64>,
    /// A dotted path that must hold this: for providers that fail inside a 200.
    pub ok: Option<(String, serde_json::Value)>,
}

/// How a client proves itself at the token endpoint (RFC 6749 2.3.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
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
}

/// How a token request is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
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
#[serde(deny_unknown_fields)]
pub struct Refresh {
    /// Another endpoint.
    pub url: Option<Template>,
    /// Further parameters.
    #[serde(default)]
    pub params: BTreeMap<String, Template>,
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

/// What a provider's refresh tokens do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
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
#[serde(deny_unknown_fields)]
pub struct Revoke {
    /// Revocation endpoint.
    pub url: Template,
    /// Which token it takes.
    #[serde(default)]
    pub token: RevokeToken,
    /// How the client proves itself there.
    #[serde(default)]
    pub client_auth: ClientAuth,
    /// How the request is written.
    #[serde(default)]
    pub format: Format,
    /// Further parameters.
    #[serde(default)]
    pub params: BTreeMap<String, Template>,
}

/// Which token a revocation endpoint takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RevokeToken {
    /// The refresh token, or the access token where there is none.
    #[default]
    Refresh,
    /// The access token.
    Access,
    /// The access token as the request's bearer.
    Bearer,
}

/// One thing that goes onto each upstream request: exactly one of `header`, `query`, `path`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Inject {
    /// The header to set.
    pub header: Option<String>,
    /// The query parameter to set.
    pub query: Option<String>,
    /// The placeholder in the path to fill: what callers write.
    pub path: Option<String>,
    /// What to set.
    pub value: Template,
    /// Left out where a field of the template is empty.
    #[serde(default)]
    pub optional: bool,
}
