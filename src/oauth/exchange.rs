//! Code to tokens (RFC 6749 4.1.3).

use super::{OAuthError, TokenAnswer, TokenEndpoint};
use crate::vault::Secret;

/// What the callback brought, and what was kept for it.
pub struct Code<'a> {
    /// The authorization code.
    pub code: &'a Secret,
    /// The same as in the consent URL.
    pub redirect_uri: &'a str,
    /// The proof key, where a challenge was sent.
    pub verifier: Option<&'a Secret>,
    /// Parameters of the callback that this provider wants to see again.
    pub echo: &'a [(String, String)],
}

/// Exchanges a code, which a provider takes once: never sent a second time.
pub async fn exchange(endpoint: &TokenEndpoint<'_>, code: &Code<'_>) -> Result<TokenAnswer, OAuthError> {
    let mut params = endpoint.params("authorization_code");
    params.standard("code", code.code.clone());
    params.standard("redirect_uri", code.redirect_uri);
    if let Some(verifier) = code.verifier {
        params.standard("code_verifier", verifier.clone());
    }
    for (name, value) in code.echo {
        params.set(name, value.as_str());
    }
    endpoint.send(&endpoint.step(), params).await
}
