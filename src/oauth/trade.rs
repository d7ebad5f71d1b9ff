//! One more request straight after a token answer: a short token for a long one, or a token for a session.

use std::collections::BTreeMap;

use super::{OAuthError, TokenAnswer, TokenEndpoint, params::Params, request::Step};
use crate::catalog::auth::{ClientAuth, Exchange};

/// Gives a token away for another one. All that is sent stands in the app's file.
pub async fn trade(endpoint: &TokenEndpoint<'_>, step: &Exchange) -> Result<TokenAnswer, OAuthError> {
    let (none, rename) = (BTreeMap::new(), BTreeMap::new());
    let asked = Step {
        url: &step.url,
        method: step.method,
        format: step.format,
        client_auth: ClientAuth::Absent,
        params: &step.params,
        headers: [&step.headers, &none],
    };
    let response = endpoint.ask(&asked, Params::new(&rename)).await?;
    endpoint.read(&response, step.into())
}
