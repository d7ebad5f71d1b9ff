//! Asking a provider for tokens, for one connection: which request its way calls for, by whom, with which values.
//!
//! The requests themselves are [`crate::oauth`]'s; what is done with an answer is up to who asked.

use super::{Connections, gather::Gathering, values::Values, ways};
use crate::{
    catalog::{
        app::Method,
        auth::{Auth, Exchange, Token},
    },
    clock::Timestamp,
    oauth::{self, Code, JwtError, OAuthError, TokenAnswer, TokenEndpoint},
    vault::Secret,
};

/// What a token is asked for with.
pub(super) enum With<'a> {
    /// What consent gave.
    Code(&'a Code<'a>),
    /// A refresh token; `None`: the access token, which the file's own parameters carry.
    Refresh(Option<&'a Secret>),
    /// A token, for another one.
    Token(&'a Exchange),
    /// What the user typed in.
    Client,
}

/// Adds the token that a way signs itself to the values that its templates read, and says when it ends.
pub(super) fn sign(values: &mut Values, way: &Auth, now: Timestamp) -> Result<Option<Timestamp>, JwtError> {
    let Some(jwt) = &way.jwt else { return Ok(None) };
    let signed = oauth::sign(jwt, values, now)?;
    values.set("jwt", signed.token);
    if let Some(fingerprint) = signed.fingerprint {
        values.set("key_fingerprint", fingerprint);
    }
    // Shorter than the time it takes to use it, a life is no life.
    Ok(Some(signed.expires.max(now + std::time::Duration::from_secs(10))))
}

impl From<JwtError> for OAuthError {
    fn from(error: JwtError) -> Self {
        Self::Configuration(match error {
            JwtError::Missing(name) => format!("{name} has no value"),
            JwtError::Key(problem) => format!("the key {problem}"),
        })
    }
}

impl Connections {
    /// One token answer, before anything is exchanged for it.
    pub(super) async fn ask_for_token(
        &self,
        gathering: &Gathering<'_>,
        with: With<'_>,
    ) -> Result<TokenAnswer, OAuthError> {
        let missing = || OAuthError::Configuration("the app's token step is missing".to_owned());
        let (app, way, parts) = (gathering.app, gathering.way, &self.parts);
        let token: &Token = way.token.as_ref().ok_or_else(missing)?;
        let client = client_of(gathering)?;
        let mut values = gathering.values();
        sign(&mut values, way, parts.clock.now())?;
        let endpoint = TokenEndpoint {
            http: &parts.http,
            clock: &parts.clock,
            token,
            limit: app.limit.as_ref(),
            client: &client,
            values: &values,
        };
        let answer = match (with, way.method) {
            (With::Code(code), _) => oauth::exchange(&endpoint, code).await,
            (With::Refresh(token), _) => oauth::refresh(&endpoint, &way.refresh, token).await,
            (With::Token(step), _) => oauth::trade(&endpoint, step).await,
            (With::Client, Method::ClientCredentials) => {
                oauth::client_credentials(&endpoint, &token.scopes).await
            }
            (With::Client, Method::Jwt) => oauth::assert(&endpoint).await,
            (With::Client, _) => oauth::login(&endpoint).await,
        };
        if let Err(error) = &answer {
            self.note_forgotten(way, error).await;
        }
        answer
    }

    /// What an answer's token is exchanged for, where the way says so; `gathering` takes the first one's tokens for it.
    pub(super) async fn exchanged(
        &self,
        gathering: &mut Gathering<'_>,
        answer: TokenAnswer,
    ) -> Result<TokenAnswer, OAuthError> {
        let Some(step) = &gathering.way.exchange else { return Ok(answer) };
        gathering.grant.access_token = Some(answer.access_token.clone());
        if answer.refresh_token.is_some() {
            gathering.grant.refresh_token.clone_from(&answer.refresh_token);
        }
        let later = self.ask_for_token(gathering, With::Token(step)).await?;
        Ok(answer.then(later))
    }
}

/// Who asks: the operator's client, or one that the user typed in.
pub(super) fn client_of(gathering: &Gathering<'_>) -> Result<oauth::Client, OAuthError> {
    let missing = || OAuthError::Configuration("the client is missing".to_owned());
    match gathering.way.method {
        Method::Oauth2 | Method::Mcp | Method::Oauth1 => {
            Ok(ways::operators_client(gathering.client.ok_or_else(missing)?))
        }
        Method::ApiKey | Method::Basic | Method::ClientCredentials | Method::Jwt => {
            Ok(ways::typed_client(&gathering.grant.credentials))
        }
    }
}
