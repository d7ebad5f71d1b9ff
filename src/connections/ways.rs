//! Which ways into an app stand open: typed-in ones always, those by consent once the operator gave a client.

use std::sync::Arc;

use super::{Connections, Fault};
use crate::{
    catalog::{
        app::{App, Method},
        auth::Auth,
    },
    clients::OAuthClient,
    oauth,
    vault::Secret,
};

/// Whether the user types in the credential.
pub(super) fn is_typed_in(way: &Auth) -> bool {
    match way.method {
        Method::ApiKey | Method::Basic | Method::ClientCredentials | Method::Jwt => true,
        // Some providers hand out a token to type in beside the client; with the others it is asked for.
        Method::Oauth1 => way.oauth1.is_none(),
        _ => false,
    }
}

/// Whether a provider gives tokens here that end and can be renewed.
pub(super) fn is_renewable(way: &Auth) -> bool {
    way.token.is_some() || way.mcp.is_some()
}

/// Whether the next token is asked for with what the user typed in.
pub(super) fn asks_as_client(way: &Auth) -> bool {
    is_renewable(way) && is_typed_in(way)
}

/// Whether the credential is a token that is signed here.
pub(super) fn signs_itself(way: &Auth) -> bool {
    way.jwt.is_some() && way.token.is_none()
}

/// The client a user typed in for a client credentials grant.
pub(super) fn typed_client(credentials: &std::collections::BTreeMap<String, Secret>) -> oauth::Client {
    let value = |name: &str| credentials.get(name).cloned().unwrap_or_else(|| Secret::from(""));
    oauth::Client { id: value("client_id").expose().to_owned(), secret: value("client_secret") }
}

/// The operator's client, as the protocol takes it.
pub(super) fn operators_client(client: &OAuthClient) -> oauth::Client {
    oauth::Client { id: client.client_id.clone(), secret: client.client_secret.clone() }
}

impl Connections {
    /// The operator's client that a way asks for, if it was given.
    pub(super) async fn client_of(&self, way: &Auth) -> Result<Option<Arc<OAuthClient>>, Fault> {
        match &way.client {
            Some(name) => Ok(self.parts.clients.get(name).await?),
            None => Ok(None),
        }
    }

    /// Whether a way can be begun now.
    pub(super) async fn is_open(&self, way: &Auth) -> Result<bool, Fault> {
        let finds_its_own = way.mcp.is_some() || way.register.is_some();
        let has_client = match way.client {
            Some(_) => self.client_of(way).await?.is_some(),
            None => is_typed_in(way) || finds_its_own,
        };
        Ok(has_client)
    }

    /// The first way of the app's file that can be begun now.
    pub(super) async fn first_open<'a>(&self, app: &'a App) -> Result<Option<&'a Auth>, Fault> {
        for way in &app.auth {
            if self.is_open(way).await? {
                return Ok(Some(way));
            }
        }
        Ok(None)
    }
}

/// The name of the client that would open the app, for the error that says so.
pub(super) fn missing_client(app: &App) -> Option<&str> {
    app.auth.iter().find_map(|way| way.client.as_deref())
}
