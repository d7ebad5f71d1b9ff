//! What one app file says: the types behind `config/apps/*.toml`, and nothing computed from them.
//!
//! Every key is known here or the file is refused. Values that depend on the connection are [`Template`]s.
//! Parts that only later mechanisms execute are still parsed and checked, so that a file never has to change.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{
    auth::Auth,
    pattern::{Glob, Pattern},
    template::Template,
};

/// One upstream API.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct App {
    /// The slug: first path segment at the gateway, `[a-z0-9-]`.
    pub name: String,
    /// What people call it.
    pub display_name: String,
    /// Other slugs that lead here.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// What kind of product it is.
    #[serde(default)]
    pub categories: Vec<String>,
    /// Where the provider documents the API.
    pub docs: Option<String>,
    /// Scheme, host, optional port and path prefix of the API.
    pub base: Template,
    /// Whether to offer HTTP/2 to the upstream by ALPN.
    #[serde(default = "yes")]
    pub http2: bool,
    /// Values the connection needs beside its credential.
    #[serde(default, rename = "field")]
    pub fields: Vec<Field>,
    /// The ways in, the preferred one first.
    #[serde(default)]
    pub auth: Vec<Auth>,
    /// Other hosts by path; the longest match wins.
    #[serde(default, rename = "route")]
    pub routes: Vec<Route>,
    /// Headers sent only if the caller sent none of that name.
    #[serde(default)]
    pub headers: BTreeMap<String, Template>,
    /// Query parameters sent only if the caller sent none of that name.
    #[serde(default)]
    pub query: BTreeMap<String, Template>,
    /// Placeholders in the caller's path.
    #[serde(default, rename = "path_var")]
    pub path_vars: Vec<PathVar>,
    /// What becomes of a `Location` to a foreign host.
    #[serde(default)]
    pub redirects: Redirects,
    /// How the provider tells callers to slow down.
    pub limit: Option<Limit>,
    /// How the provider signs what it sends.
    pub webhook: Option<Webhook>,
    /// The request that tells whose account a credential opens.
    pub probe: Option<Probe>,
    /// Why there is no probe, where there is none.
    pub no_probe: Option<String>,
    /// Test and live, sandbox and production: how to tell them apart.
    #[serde(default, rename = "environment")]
    pub environments: Vec<Environment>,
    /// Keys of this file whose values come from no source that was read.
    #[serde(default)]
    pub unverified: Vec<String>,
}

fn yes() -> bool {
    true
}

/// One value of a connection: a tenant's name, a region, an account id.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Field {
    /// The name templates use.
    pub name: String,
    /// What the connect page calls it.
    pub label: String,
    /// A sentence under the input.
    pub help: Option<String>,
    /// A value as it would look.
    pub example: Option<String>,
    /// What a value must match, whole. Required for every field that a host uses.
    pub pattern: Option<Pattern>,
    /// Where the value comes from.
    #[serde(default)]
    pub from: Source,
    /// For `token`: dotted path in the token answer. For `callback`: the query parameter.
    /// For `request`: dotted path in that answer. Default: the field's name.
    pub path: Option<String>,
    /// For `request`: what to ask after the connection was made.
    pub request: Option<FieldRequest>,
    /// Another field this one is derived from, by `regex`.
    pub of: Option<String>,
    /// First capture group of this, over the value found (or over `of`), is the value.
    pub regex: Option<Pattern>,
    /// Used when nothing was given.
    pub default: Option<String>,
    /// May stay empty: what uses it is then left out.
    #[serde(default)]
    pub optional: bool,
    /// Sealed with the grant, never shown.
    #[serde(default)]
    pub secret: bool,
    /// Several are possible: the user picks.
    #[serde(default)]
    pub choose: bool,
    /// Only for these ways in; empty: for all.
    #[serde(default)]
    pub methods: Vec<Method>,
}

/// Where a field's value comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// Typed in at connect time.
    #[default]
    User,
    /// Belongs to the operator's OAuth client.
    Operator,
    /// In the token answer.
    Token,
    /// In the query of the OAuth callback.
    Callback,
    /// In the answer to one more GET.
    Request,
}

/// The GET that yields a field.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FieldRequest {
    /// Absolute URL.
    pub get: Template,
    /// Headers beside the credential.
    #[serde(default)]
    pub headers: BTreeMap<String, Template>,
    /// Which element of an array: `key=value`.
    pub select: Option<String>,
}

/// Another host for some paths.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Route {
    /// `/exact`, `/prefix/**` or `/with/*/segments`.
    pub path: Glob,
    /// Only for these request methods; empty: for all.
    #[serde(default)]
    pub methods: Vec<String>,
    /// Scheme, host, optional port and path prefix.
    pub base: Template,
    /// The credential is not sent there.
    #[serde(default)]
    pub anonymous: bool,
}

/// A placeholder in the caller's path, filled wherever it occurs.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PathVar {
    /// What callers write, `:realmId`.
    pub token: String,
    /// What goes out instead, percent-encoded as one segment.
    pub value: Template,
}

/// What becomes of a `Location` to a foreign host.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Redirects {
    /// It becomes a sealed link of this gateway.
    #[default]
    Seal,
    /// It stays as it is.
    Pass,
}

/// How the provider tells callers to slow down.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Limit {
    /// Calls allowed per `per_s`.
    pub requests: Option<u32>,
    /// The window, in seconds.
    pub per_s: Option<u32>,
    /// What the limit is counted over, in words.
    pub scope: Option<String>,
    /// The header that says when to come back.
    pub retry_header: Option<String>,
    /// The unit of that header.
    #[serde(default)]
    pub retry_unit: RetryUnit,
}

/// The unit of a retry header.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RetryUnit {
    /// Seconds to wait, or an HTTP date (RFC 9110 10.2.3).
    #[default]
    S,
    /// Milliseconds to wait.
    Ms,
    /// Seconds since 1970.
    Epoch,
    /// Milliseconds since 1970.
    EpochMs,
}

/// How a provider signs what it sends. Parsed and shown; nothing checks a signature by it yet.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Webhook {
    /// The shape: `hmac`, `standard`, `shared-secret`, `public-key`, `jwt`, `body`, `api`.
    pub scheme: String,
    /// Where the signature stands.
    pub header: Option<String>,
    /// `HMAC-SHA256`, `Ed25519`, …
    pub algorithm: Option<String>,
    /// `hex` or `base64`.
    pub encoding: Option<String>,
    /// What stands before the signature, `sha256=`.
    pub prefix: Option<String>,
    /// What is signed, in order: `body`, `timestamp`, `id`, `url`, `method`, or a literal in quotes.
    #[serde(default)]
    pub signed: Vec<String>,
    /// The header of the timestamp.
    pub timestamp_header: Option<String>,
    /// How far the timestamp may be off, in seconds.
    pub tolerance_s: Option<u32>,
    /// What the provider asks before it sends: `challenge`, `echo-header`, `verify-token`, …
    pub handshake: Option<String>,
    /// Where the provider documents it.
    pub docs: Option<String>,
}

/// The request that tells whose account a credential opens.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Probe {
    /// GET this: a path on the app's base, or an absolute URL.
    pub get: Option<Template>,
    /// POST this instead.
    pub post: Option<Template>,
    /// The body of the POST, sent as JSON.
    pub body: Option<String>,
    /// Dotted path to the account's id in the answer; array elements by number.
    pub id: Option<String>,
    /// Dotted path to what a person knows the account by.
    pub label: Option<String>,
    /// Dotted path to an e-mail address.
    pub email: Option<String>,
    /// A dotted path that must hold this: for providers that fail inside a 200.
    pub ok: Option<(String, serde_json::Value)>,
}

/// One environment of an app, told by the credential or chosen by the user.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Environment {
    /// Stored in `metadata.environment`: `test`, `live`, `sandbox`.
    pub name: String,
    /// What the page calls it.
    pub label: String,
    /// The credential's field whose value tells.
    pub field: Option<String>,
    /// What that value matches.
    pub pattern: Option<Pattern>,
    /// Another base for this environment.
    pub base: Option<Template>,
}

/// How a connection proves itself upstream.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize, Serialize, utoipa::ToSchema,
)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Method {
    /// Authorization code grant (RFC 6749 4.1).
    Oauth2,
    /// A key typed in.
    ApiKey,
    /// User name and password, or what stands for them (RFC 7617).
    Basic,
    /// Client credentials grant (RFC 6749 4.4) with a client of the user's own.
    ClientCredentials,
    /// A signed token made here.
    Jwt,
    /// OAuth 1.0a (RFC 5849).
    Oauth1,
    /// OAuth of the Model Context Protocol.
    Mcp,
}

impl Method {
    /// The name in the control API and in app files.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Oauth2 => "OAUTH2",
            Self::ApiKey => "API_KEY",
            Self::Basic => "BASIC",
            Self::ClientCredentials => "CLIENT_CREDENTIALS",
            Self::Jwt => "JWT",
            Self::Oauth1 => "OAUTH1",
            Self::Mcp => "MCP",
        }
    }
}

impl std::fmt::Display for Method {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::str::FromStr for Method {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        [Self::Oauth2, Self::ApiKey, Self::Basic, Self::ClientCredentials, Self::Jwt, Self::Oauth1, Self::Mcp]
            .into_iter()
            .find(|method| method.as_str() == text)
            .ok_or(())
    }
}
