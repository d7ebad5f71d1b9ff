//! The pages a person sees here: consent, and the page that says why there is none.
//!
//! Plain HTML that works without scripts; the policy allows this origin's style sheet and nothing else.

use askama::Template;
use axum::response::{Html, IntoResponse, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use url::Url;

use super::{
    account::{ACCOUNTS, Account, Scope},
    pending::{LIFETIME, Request, Ticket},
};

#[derive(Template)]
#[template(path = "consent.html", config = "src/sandbox/askama.toml")]
struct Consent<'r> {
    client: &'r str,
    destination: String,
    scopes: &'r [Scope],
    accounts: &'static [Account],
    ticket: &'r str,
}

#[derive(Template)]
#[template(path = "problem.html", config = "src/sandbox/askama.toml")]
struct Problem<'p> {
    problem: &'p str,
}

/// The consent page, with the cookie that ties it to this browser.
pub(super) fn consent(request: &Request, ticket: &Ticket) -> Response {
    let destination = origin(&request.redirect_uri);
    let page = Consent {
        client: &request.client_name,
        destination: destination.clone(),
        scopes: &request.scopes,
        accounts: &ACCOUNTS,
        ticket: &ticket.ticket,
    };
    let mut response = html(StatusCode::OK, &page, &destination);
    let cookie = format!(
        "{}={}; Path=/authorize; Max-Age={}; HttpOnly; SameSite=Strict",
        cookie_name(&ticket.ticket),
        ticket.browser,
        LIFETIME.as_secs()
    );
    if let Ok(cookie) = HeaderValue::try_from(cookie) {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    response
}

/// A page that says what is wrong.
pub(super) fn problem(status: StatusCode, problem: &str) -> Response {
    html(status, &Problem { problem }, "")
}

/// The style sheet of both pages.
pub(super) async fn style() -> impl IntoResponse {
    let headers = [(header::CONTENT_TYPE, "text/css; charset=utf-8"), (header::CACHE_CONTROL, "max-age=600")];
    (headers, include_str!("templates/style.css"))
}

/// The cookie of the page with this ticket.
pub(super) fn cookie(headers: &HeaderMap, ticket: &str) -> Option<String> {
    let name = cookie_name(ticket);
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(found, _)| *found == name)
        .map(|(_, value)| value.to_owned())
}

/// A name of its own for each page, so that two tabs don't take each other's cookie.
fn cookie_name(ticket: &str) -> String {
    format!("sandbox_{}", ticket.get(..8).unwrap_or_default())
}

fn origin(uri: &str) -> String {
    Url::parse(uri).map(|url| url.origin().ascii_serialization()).unwrap_or_default()
}

fn html(status: StatusCode, page: &impl Template, destination: &str) -> Response {
    let Ok(text) = page.render() else { return StatusCode::INTERNAL_SERVER_ERROR.into_response() };
    // Browsers hold every hop after a form against form-action: the client's callback, and where that sends
    // the person on, which is the client's own affair.
    let policy = format!(
        "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'; \
         form-action 'self' {destination} https: http://localhost:* http://127.0.0.1:*"
    );
    let headers = [
        (header::CONTENT_SECURITY_POLICY, policy.as_str()),
        (header::CACHE_CONTROL, "no-store"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
    ];
    (status, headers, Html(text)).into_response()
}
