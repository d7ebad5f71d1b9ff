//! The authorization endpoint (RFC 6749 3.1): checks the request, asks the person, sends the browser back.
//!
//! An unknown client or redirect URI is told to the person and never followed; every other fault goes back to the
//! client (RFC 6749 4.1.2.1). Each answer carries `iss` (RFC 9207).

use axum::{
    Json,
    body::Bytes,
    extract::{RawQuery, State},
    response::{IntoResponse, Redirect, Response},
};
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};
use url::Url;

use super::{
    Parts, SandboxClient, Shared,
    account::{self, Scope},
    grants::Consent,
    page,
    params::Params,
    pending::Request,
};

/// What the server can do (RFC 8414).
pub(super) async fn metadata(State(parts): Shared) -> Json<Value> {
    let url = &parts.settings.url;
    Json(json!({
        "issuer": url,
        "authorization_endpoint": format!("{url}/authorize"),
        "token_endpoint": format!("{url}/token"),
        "revocation_endpoint": format!("{url}/revoke"),
        "userinfo_endpoint": format!("{url}/userinfo"),
        "scopes_supported": Scope::ALL.map(Scope::as_str),
        "response_types_supported": ["code"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
        "authorization_response_iss_parameter_supported": true,
    }))
}

/// Shows the consent page. Changes nothing but the list of open pages.
pub(super) async fn ask(State(parts): Shared, RawQuery(query): RawQuery) -> Response {
    let params = Params::parse(query.unwrap_or_default().as_bytes());
    let client = match client(&parts, &params) {
        Ok(client) => client,
        Err(problem) => return page::problem(StatusCode::BAD_REQUEST, &problem),
    };
    match request(client, &params) {
        Ok(request) => {
            let ticket = parts.pending.open(request.clone());
            page::consent(&request, &ticket)
        }
        Err((error, description)) => {
            let redirect_uri = params.get("redirect_uri").unwrap_or_default();
            let answer = [("error", error), ("error_description", &description)];
            back(&parts, redirect_uri, params.get("state"), &answer)
        }
    }
}

/// Takes the person's answer and sends the browser back with a code, or with `access_denied`.
pub(super) async fn decide(State(parts): Shared, headers: HeaderMap, body: Bytes) -> Response {
    let form = Params::parse(&body);
    let ticket = form.get("ticket").unwrap_or_default();
    let foreign = headers.get("sec-fetch-site").is_some_and(|site| site != "same-origin");
    let request = page::cookie(&headers, ticket)
        .filter(|_| !foreign)
        .and_then(|browser| parts.pending.take(ticket, &browser));
    let Some(request) = request else {
        let problem = "This page was answered before, was open too long, or comes from another browser. \
                       Go back to the application and start again.";
        return page::problem(StatusCode::FORBIDDEN, problem);
    };
    let account = form.get("account").and_then(account::find);
    let (Some("allow"), Some(account)) = (form.get("decision"), account) else {
        let answer = [("error", "access_denied"), ("error_description", "The person refused.")];
        return back(&parts, &request.redirect_uri, request.state.as_deref(), &answer);
    };
    let Request { client, redirect_uri, state, challenge, scopes, .. } = request;
    let consent = Consent { client, redirect_uri: redirect_uri.clone(), challenge, scopes, account };
    let code = parts.grants.code(consent);
    back(&parts, &redirect_uri, state.as_deref(), &[("code", &code)])
}

/// The client, if it exists and the redirect URI is one of its own, letter by letter.
fn client<'p>(parts: &'p Parts, params: &Params) -> Result<&'p SandboxClient, String> {
    if let Some(name @ ("client_id" | "redirect_uri")) = params.doubled() {
        return Err(format!("The request carries {name} twice."));
    }
    let id = params.get("client_id").ok_or("The request names no client_id.")?;
    let known = parts.settings.clients.iter().find(|client| client.id == id);
    let client = known.ok_or("No application is registered under this client_id.")?;
    let uri = params.get("redirect_uri").ok_or("The request names no redirect_uri.")?;
    if client.redirect_uris.iter().any(|registered| registered == uri) {
        Ok(client)
    } else {
        Err(format!("{} has not registered this redirect_uri: {uri}", client.name))
    }
}

/// The request, if everything in it is in order; else the error word and a description for the client.
fn request(client: &SandboxClient, params: &Params) -> Result<Request, (&'static str, String)> {
    let bad = |text: &str| Err(("invalid_request", text.to_owned()));
    if let Some(name) = params.doubled() {
        return bad(&format!("{name} stands there twice"));
    }
    match params.get("response_type") {
        Some("code") => {}
        Some(_) => return Err(("unsupported_response_type", "only code".to_owned())),
        None => return bad("response_type is missing"),
    }
    if params.get("code_challenge_method") != Some("S256") {
        return bad("PKCE is required: code_challenge_method=S256");
    }
    let challenge = match params.get("code_challenge") {
        Some(challenge) if challenge.len() == 43 => challenge.to_owned(),
        _ => return bad("PKCE is required: code_challenge has 43 characters"),
    };
    let scopes = account::scopes(params.get("scope").unwrap_or(Scope::Profile.as_str()))
        .map_err(|name| ("invalid_scope", format!("{name} is not a scope")))?;
    Ok(Request {
        client: client.id.clone(),
        client_name: client.name.clone(),
        redirect_uri: params.get("redirect_uri").unwrap_or_default().to_owned(),
        state: params.get("state").map(str::to_owned),
        challenge,
        scopes,
    })
}

/// Sends the browser to the client with `answer`, `state` and `iss`.
fn back(parts: &Parts, redirect_uri: &str, state: Option<&str>, answer: &[(&str, &str)]) -> Response {
    let Ok(mut target) = Url::parse(redirect_uri) else {
        return page::problem(StatusCode::BAD_REQUEST, "The registered redirect_uri is not a URL.");
    };
    target
        .query_pairs_mut()
        .extend_pairs(answer)
        .extend_pairs(state.map(|state| ("state", state)))
        .append_pair("iss", &parts.settings.url);
    Redirect::to(target.as_str()).into_response()
}
