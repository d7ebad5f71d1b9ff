//! `GET /callback/{app}`: the provider sends the browser back. `code` and `state` leave the address bar at once.

use axum::{
    extract::{Path, RawQuery, State},
    http::{Extensions, HeaderMap},
    response::{IntoResponse, Redirect, Response},
};

use super::{
    Web, choose,
    connect::with_cookie,
    done::{self, Done},
    inert::inert,
    link::Link,
    short_digest, trouble,
    words::Words,
};
use crate::{
    connections::{CallbackError, Outcome},
    net::request_id::RequestId,
};

/// The name of the cookie that binds the flow of this `state` to a browser.
pub(super) fn flow_cookie(query: &[(String, String)]) -> String {
    // What names the flow, as the connections look for it.
    let named = |wanted: &str| query.iter().find(|(name, _)| name == wanted);
    let state = named("state").or_else(|| named("oauth_token")).or_else(|| named("denied"));
    cookie_of(state.map_or("", |(_, state)| state))
}

/// The name of the cookie that binds what this word names to a browser.
pub(super) fn cookie_of(word: &str) -> String {
    format!("kf_flow_{}", short_digest(word.as_bytes()))
}

/// Spends the flow and leads to the page about it, or back to where the connection's maker wants the browser.
pub(super) async fn arrive(
    State(web): State<Web>,
    Path(app): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    extensions: Extensions,
) -> Response {
    let (id, words) = (RequestId::of(&extensions), Words::of(&extensions));
    let query: Vec<(String, String)> =
        form_urlencoded::parse(query.unwrap_or_default().as_bytes()).into_owned().collect();
    let name = flow_cookie(&query);
    let cookie = web.jar().get(&headers, &name);
    let response = match web.0.connections.callback(&app, &query, cookie.as_deref()).await {
        Ok(Outcome::Connected(finished)) => {
            let forget = Link::forget(web.jar(), finished.connection.id);
            with_cookie(done::connected(&web, &finished).await, forget)
        }
        Ok(Outcome::Failed { finished, reason, retry }) => {
            let failed = || Done::failed(&finished.app.display_name, &reason, said(&query), retry, &id);
            let back = finished.return_to.as_deref().map(|url| Redirect::to(url).into_response());
            back.unwrap_or_else(|| done::failed(&web, &words, failed()))
        }
        Ok(Outcome::Choose(picking)) => choose::lead(&web, &picking),
        Err(CallbackError::Refused) => done::failed(&web, &words, Done::refused(&id)),
        Err(CallbackError::Store(fault)) => trouble::fault(&fault, &extensions),
    };
    with_cookie(response, cookie.and_then(|_| web.jar().remove(&name)))
}

/// What the provider says to people about a refusal (RFC 6749 4.1.2.1).
fn said(query: &[(String, String)]) -> Option<String> {
    let text = &query.iter().find(|(name, _)| name == "error_description")?.1;
    Some(inert(text)).filter(|text| !text.is_empty())
}
