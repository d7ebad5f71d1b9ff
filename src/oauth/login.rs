//! What a user typed in, for a token: a login with the parameters of the app's file and nothing else, or a signed
//! assertion (RFC 7523 2.1).

use std::collections::BTreeMap;

use super::{OAuthError, TokenAnswer, TokenEndpoint, params::Params, request::Step};
use crate::catalog::auth::ClientAuth;

/// The grant of a signed assertion.
const GRANT_TYPE: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";

/// Logs in.
pub async fn login(endpoint: &TokenEndpoint<'_>) -> Result<TokenAnswer, OAuthError> {
    let rename = BTreeMap::new();
    endpoint.send(&Step { client_auth: ClientAuth::Absent, ..endpoint.step() }, Params::new(&rename)).await
}

/// Asks for a token with the signed `${jwt}`: as the standard has it, or as the file says with an empty grant type.
pub async fn assert(endpoint: &TokenEndpoint<'_>) -> Result<TokenAnswer, OAuthError> {
    let token = endpoint.token;
    let mut params = Params::new(&token.rename);
    let grant_type = token.grant_type.as_deref().unwrap_or(GRANT_TYPE);
    if !grant_type.is_empty() {
        params.standard("grant_type", grant_type);
        params.standard("assertion", endpoint.signed()?);
    }
    // A user who signs has no client beside: only what the file says in so many words.
    let client_auth = match token.client_auth {
        ClientAuth::Body => ClientAuth::Absent,
        other => other,
    };
    endpoint.send(&Step { client_auth, ..endpoint.step() }, params).await
}
