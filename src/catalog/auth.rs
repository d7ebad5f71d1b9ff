//! One way into an app: what is asked of the user, where tokens come from, what goes onto each request.

use serde::Deserialize;

use super::{
    app::{Method, Probe},
    field::Role,
    pattern::Pattern,
    template::Template,
    value::{self, Unfit},
};
pub use super::{
    consent::{Authorize, Callback, CallbackMac, CallbackSignature, MacEncoding, Mcp, Pkce, Register},
    signing::{Algorithm, Jwt, KeyEncoding, OAuth1, Sign, Signature},
    token::{
        ClientAuth, Ends, Exchange, Expiry, Format, Refresh, RefreshKind, Revoke, RevokeToken, Spend, Token,
        Unit, Verb,
    },
};

/// One way in.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
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
    /// One more request straight after the code.
    pub exchange: Option<Exchange>,
    /// Where the refresh differs from the token step.
    #[serde(default)]
    pub refresh: Refresh,
    /// Ending the grant at the provider (RFC 7009).
    pub revoke: Option<Revoke>,
    /// A token that is signed here.
    pub jwt: Option<Jwt>,
    /// What signs each upstream request.
    pub sign: Option<Sign>,
    /// The legs of OAuth 1.0a beside consent.
    pub oauth1: Option<OAuth1>,
    /// The server that a MCP client discovers its endpoints from.
    pub mcp: Option<Mcp>,
    /// Where a client is registered at connect time, instead of the operator's `client`.
    pub register: Option<Register>,
    /// Further tokens in the same answer, each a connection of another app.
    #[serde(default)]
    pub also: Vec<Also>,
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
#[cfg_attr(test, derive(schemars::JsonSchema))]
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
    /// May have several lines: a PEM key, a JSON document. Then it never stands in a header or a URL itself.
    #[serde(default)]
    pub multiline: bool,
    /// The strictest place templates use it at; computed.
    #[serde(skip)]
    pub(super) role: Role,
}

impl CredentialField {
    /// Whether `value` can be stored.
    pub fn accepts(&self, value: &str) -> Result<(), Unfit> {
        if self.multiline {
            return value::accepts_lines(value, self.pattern.as_ref(), self.example.as_deref());
        }
        value::accepts(value, self.pattern.as_ref(), self.role, self.example.as_deref())
    }
}

/// One thing that goes onto each upstream request: exactly one of `header`, `query`, `path`.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
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

/// A further token in the answer, which becomes a connection of another app.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Also {
    /// The app whose connection it becomes; its own way OAUTH2 says where in the answer the token stands.
    pub app: String,
    /// Dotted path to the further access token: where the answer has none, there is no further connection.
    pub path: String,
}
