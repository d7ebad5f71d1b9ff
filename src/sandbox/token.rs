//! The token endpoint (RFC 6749 3.2) and the revocation endpoint (RFC 7009).

use axum::{
    Json,
    body::Bytes,
    extract::State,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, header};
use serde_json::json;

use super::{
    Shared, account, client,
    error::Refusal,
    grants::{Grants, Tokens},
    params::Params,
};

/// Gives tokens for a code or for a refresh token.
pub(super) async fn token(
    State(parts): Shared,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Refusal> {
    let form = form(&headers, &body)?;
    let client = client::authenticate(&parts.settings.clients, &headers, &form)?;
    let tokens = match form.get("grant_type") {
        Some("authorization_code") => redeem(&parts.grants, &client.id, &form),
        Some("refresh_token") => refresh(&parts.grants, &client.id, &form),
        Some(_) => Err(Refusal::new("unsupported_grant_type", "authorization_code or refresh_token")),
        None => Err(missing("grant_type")),
    }?;
    Ok(answer(&tokens))
}

/// Ends a token; 200 also for one that never was.
pub(super) async fn revoke(State(parts): Shared, headers: HeaderMap, body: Bytes) -> Result<(), Refusal> {
    let form = form(&headers, &body)?;
    let client = client::authenticate(&parts.settings.clients, &headers, &form)?;
    parts.grants.revoke(&client.id, needed(&form, "token")?)
}

fn redeem(grants: &Grants, client: &str, form: &Params) -> Result<Tokens, Refusal> {
    let verifier = needed(form, "code_verifier")?;
    if !(43..=128).contains(&verifier.len()) {
        return Err(Refusal::new("invalid_request", "code_verifier has 43 to 128 characters"));
    }
    grants.redeem(client, needed(form, "code")?, form.get("redirect_uri"), verifier)
}

fn refresh(grants: &Grants, client: &str, form: &Params) -> Result<Tokens, Refusal> {
    let narrowed = form
        .get("scope")
        .map(account::scopes)
        .transpose()
        .map_err(|name| Refusal::new("invalid_scope", format!("{name:?} is not a scope")))?;
    grants.refresh(client, needed(form, "refresh_token")?, narrowed)
}

fn answer(tokens: &Tokens) -> Response {
    let body = Json(json!({
        "access_token": tokens.access,
        "token_type": "Bearer",
        "expires_in": tokens.lifetime.as_secs(),
        "refresh_token": tokens.refresh,
        "scope": account::list(&tokens.scopes),
    }));
    ([(header::CACHE_CONTROL, "no-store")], body).into_response()
}

fn form(headers: &HeaderMap, body: &[u8]) -> Result<Params, Refusal> {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if !kind.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        return Err(Refusal::new("invalid_request", "send application/x-www-form-urlencoded"));
    }
    let form = Params::parse(body);
    match form.doubled() {
        Some(name) => Err(Refusal::new("invalid_request", format!("{name} stands there twice"))),
        None => Ok(form),
    }
}

fn needed<'f>(form: &'f Params, name: &str) -> Result<&'f str, Refusal> {
    form.get(name).ok_or_else(|| missing(name))
}

fn missing(name: &str) -> Refusal {
    Refusal::new("invalid_request", format!("{name} is missing"))
}
