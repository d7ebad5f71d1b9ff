//! Refresh token to tokens (RFC 6749 6).

use super::{OAuthError, TokenAnswer, TokenEndpoint, answer};
use crate::{catalog::auth::Refresh, vault::Secret};

/// Spends a refresh token. The caller sees to it that it is spent once, and that its successor is kept.
pub async fn refresh(
    endpoint: &TokenEndpoint<'_>,
    differs: &Refresh,
    refresh_token: &Secret,
) -> Result<TokenAnswer, OAuthError> {
    let token = endpoint.token;
    let mut params = super::params::Params::new(&token.rename);
    params.standard("grant_type", "refresh_token");
    params.standard("refresh_token", refresh_token.clone());
    let url = differs.url.as_ref().unwrap_or(&token.url);
    let how = differs.client_auth.unwrap_or(token.client_auth);
    let response = endpoint.ask(url, how, params, &differs.params).await?;
    answer::read(&response, token, endpoint.clock.now()).map_err(|error| match error {
        // Who is out of order or asks to wait has not judged the token.
        error if error.passes() => error,
        error => answer::dead(&response, &differs.dead).unwrap_or(error),
    })
}
