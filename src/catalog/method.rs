//! The ways a connection can prove itself upstream, by their names in the control API and in app files.

use serde::{Deserialize, Serialize};

/// How a connection proves itself upstream.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Deserialize, Serialize, utoipa::ToSchema,
)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
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
