//! Refresh token to tokens (RFC 6749 6); or, where a provider has none, the access token itself for its successor.

use super::{OAuthError, TokenAnswer, TokenEndpoint, answer, params::Params, request::Step};
use crate::{catalog::auth::Refresh, vault::Secret};

/// Spends a refresh token; `None` where the file's own parameters carry the access token. The caller sees to it that it is
/// spent once, and that its successor is kept.
pub async fn refresh(
    endpoint: &TokenEndpoint<'_>,
    differs: &Refresh,
    refresh_token: Option<&Secret>,
) -> Result<TokenAnswer, OAuthError> {
    let token = endpoint.token;
    let mut params = Params::new(&token.rename);
    let grant_type = differs.grant_type.as_deref().or(refresh_token.map(|_| "refresh_token"));
    if let Some(grant_type) = grant_type.filter(|grant_type| !grant_type.is_empty()) {
        params.standard("grant_type", grant_type);
    }
    if let Some(refresh_token) = refresh_token {
        params.standard("refresh_token", refresh_token.clone());
    }
    let step = Step {
        url: differs.url.as_ref().unwrap_or(&token.url),
        method: differs.method,
        format: differs.format.unwrap_or(token.format),
        client_auth: differs.client_auth.unwrap_or(token.client_auth),
        params: &differs.params,
        headers: [&token.headers, &differs.headers],
    };
    let response = endpoint.ask(&step, params).await?;
    endpoint.read(&response, token.into()).map_err(|error| match error {
        // Who is out of order or asks to wait has not judged the token.
        error if error.passes() => error,
        error => answer::dead(&response, &differs.dead).unwrap_or(error),
    })
}
