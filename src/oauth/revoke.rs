//! Ending a grant at the provider (RFC 7009).

use std::collections::BTreeMap;

use http::{HeaderMap, HeaderValue, header::AUTHORIZATION};

use super::{Client, OAuthError, client_auth, params::Params, request, when};
use crate::{
    catalog::{
        auth::{ClientAuth, Revoke, RevokeToken, Verb},
        limit::Limit,
        template::Values,
    },
    clock::Clock,
    net,
    vault::Secret,
};

/// What a revocation needs beside the tokens.
#[derive(Clone, Copy)]
pub struct Revocation<'a> {
    /// Sends it.
    pub http: &'a net::client::Client,
    /// What a date in an answer is compared with.
    pub clock: &'a Clock,
    /// The step of the app's file.
    pub step: &'a Revoke,
    /// How the client proves itself.
    pub client_auth: ClientAuth,
    /// How this provider asks to be left alone.
    pub limit: Option<&'a Limit>,
    /// Who asks.
    pub client: &'a Client,
    /// What the templates read.
    pub values: &'a (dyn Values + Sync),
}

/// Ends the grant that these tokens stand for. A provider that knows nothing of the token is content (RFC 7009 2.2).
pub async fn revoke(
    revocation: &Revocation<'_>,
    (access_token, refresh_token): (&Secret, Option<&Secret>),
) -> Result<(), OAuthError> {
    let Revocation { http, clock, step, client_auth, limit, client, values } = *revocation;
    let (rename, mut headers) = (BTreeMap::new(), HeaderMap::new());
    let mut params = Params::new(&rename);
    match (step.token, refresh_token) {
        (RevokeToken::Refresh, Some(refresh_token)) => {
            params.set("token", refresh_token.clone());
            params.set("token_type_hint", "refresh_token");
        }
        (RevokeToken::Refresh | RevokeToken::Access, _) => {
            params.set("token", access_token.clone());
            params.set("token_type_hint", "access_token");
        }
        (RevokeToken::Bearer, _) => {
            headers.insert(AUTHORIZATION, bearer(access_token)?);
        }
        (RevokeToken::None, _) => {}
    }
    // The bearer is the request's one proof; a second one in the same field would take its place.
    if step.token != RevokeToken::Bearer {
        client_auth::apply(client_auth, client, values, &mut params, &mut headers)?;
    }
    params.fill(&step.params, values)?;
    request::fill(&mut headers, &step.headers, values)?;
    let url = step.url.fill(values)?;
    let response = request::send(http, Verb::Post, &url, headers, &params, step.format).await?;
    let status = response.status();
    if status.is_success() {
        return Ok(());
    }
    let body = serde_json::from_slice(response.body()).ok();
    let wait = when::retry_after(response.headers(), limit, clock.now());
    Err(OAuthError::of_status(status, body.as_ref(), wait))
}

fn bearer(token: &Secret) -> Result<HeaderValue, OAuthError> {
    let mut value = HeaderValue::try_from(format!("Bearer {}", token.expose()))
        .map_err(|_| OAuthError::Protocol("it has a token that no header can carry"))?;
    value.set_sensitive(true);
    Ok(value)
}
