//! Client credentials to a token (RFC 6749 4.4).

use super::{OAuthError, TokenAnswer, TokenEndpoint};

/// Asks for a token with the client's own credentials.
pub async fn client_credentials(
    endpoint: &TokenEndpoint<'_>,
    scopes: &[String],
) -> Result<TokenAnswer, OAuthError> {
    let mut params = endpoint.params("client_credentials");
    if !scopes.is_empty() {
        params.standard("scope", scopes.join(" "));
    }
    endpoint.send(&endpoint.step(), params).await
}
