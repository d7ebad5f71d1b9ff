//! Ending a grant at the provider (RFC 7009).

use std::collections::BTreeMap;

use http::{HeaderMap, HeaderValue, header::AUTHORIZATION};

use super::{Client, OAuthError, client_auth, params::Params, request};
use crate::{
    catalog::{
        auth::{Revoke, RevokeToken},
        template::Values,
    },
    clock::Clock,
    net,
    vault::Secret,
};

/// Ends the grant that these tokens stand for. A provider that knows nothing of the token is content (RFC 7009 2.2).
pub async fn revoke(
    http: &net::client::Client,
    clock: &Clock,
    step: &Revoke,
    client: &Client,
    values: &(dyn Values + Sync),
    (access_token, refresh_token): (&Secret, Option<&Secret>),
) -> Result<(), OAuthError> {
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
    }
    // The bearer is the request's one proof; a second one in the same field would take its place.
    if step.token != RevokeToken::Bearer {
        client_auth::apply(step.client_auth, client, &mut params, &mut headers)?;
    }
    params.fill(&step.params, values)?;
    let response = request::post(http, &step.url.fill(values)?, headers, &params, step.format).await?;
    let status = response.status();
    if status.is_success() {
        return Ok(());
    }
    let body = serde_json::from_slice(response.body()).ok();
    Err(OAuthError::of_status(status, response.headers(), body.as_ref(), clock.now()))
}

fn bearer(token: &Secret) -> Result<HeaderValue, OAuthError> {
    let mut value = HeaderValue::try_from(format!("Bearer {}", token.expose()))
        .map_err(|_| OAuthError::Protocol("it has a token that no header can carry"))?;
    value.set_sensitive(true);
    Ok(value)
}
