//! The connect page. Opening it changes nothing, however often and by whom; only its button does.
//!
//! `GET /connect?session_token=…` puts the token into a cookie and leads to `/connect/{connection}`: the address bar,
//! the history and whatever reads them keep no working link. `POST /connect` takes the form.

use std::collections::BTreeMap;

use axum::{
    body::Bytes,
    extract::{Path, Query, State, rejection::QueryRejection},
    http::{Extensions, HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;
use subtle::ConstantTimeEq;

use super::{
    Web, away, callback, choose, csrf, done,
    form::{self, Earlier, PREFIX, Trouble},
    link::Link,
    pages::{gone, show_form},
    trouble,
    words::Words,
};
use crate::{
    catalog::Method,
    connections::{BeginError, Begun, LinkError, Offer},
    id::ConnectionId,
};

/// The query of a connect link.
#[derive(Deserialize)]
pub(super) struct Opened {
    #[serde(default)]
    session_token: String,
}

/// The query of the clean address.
#[derive(Deserialize)]
pub(super) struct Shown {
    method: Option<String>,
}

/// `GET /connect?session_token=…`.
pub(super) async fn open(
    State(web): State<Web>,
    query: Result<Query<Opened>, QueryRejection>,
    headers: HeaderMap,
    extensions: Extensions,
) -> Response {
    let words = Words::of(&extensions);
    let Ok(Query(Opened { session_token })) = query else { return gone(&words) };
    match web.0.connections.open(&session_token).await {
        Ok(offer) => {
            let link = Link::new(web.jar(), &headers, offer.connection.id, &session_token);
            let clean = Redirect::to(&format!("/connect/{}", offer.connection.id)).into_response();
            with_cookie(clean, link.keep(web.jar()))
        }
        Err(LinkError::Dead) => gone(&words),
        Err(LinkError::Store(fault)) => trouble::fault(&fault, &extensions),
    }
}

/// `GET /connect/{connection}`: the page, for the browser that opened the link.
pub(super) async fn page(
    State(web): State<Web>,
    Path(connection): Path<String>,
    query: Result<Query<Shown>, QueryRejection>,
    headers: HeaderMap,
    extensions: Extensions,
) -> Response {
    let words = Words::of(&extensions);
    let link = connection.parse().ok().and_then(|id| Link::find(web.jar(), &headers, id));
    let Some(link) = link else { return gone(&words) };
    let method = query.ok().and_then(|Query(shown)| shown.method?.parse().ok());
    match web.0.connections.open(&link.session_token).await {
        Ok(offer) => {
            let page = show(&offer, method, &link, StatusCode::OK, Earlier::default(), &extensions);
            with_cookie(page, link.keep(web.jar()))
        }
        Err(LinkError::Dead) => gone(&words),
        Err(LinkError::Store(fault)) => trouble::fault(&fault, &extensions),
    }
}

/// What the form carries beside the app's own fields.
struct Posted {
    connection: ConnectionId,
    csrf: String,
    method: Option<Method>,
    fields: BTreeMap<String, String>,
}

impl Posted {
    fn read(body: &[u8]) -> Option<Self> {
        let mut pairs: BTreeMap<String, String> = form_urlencoded::parse(body).into_owned().collect();
        let connection = pairs.remove("connection_id")?.parse().ok()?;
        let (csrf, method) = (pairs.remove("csrf")?, pairs.remove("method"));
        let own = |(name, value): (String, String)| Some((name.strip_prefix(PREFIX)?.to_owned(), value));
        let fields = pairs.into_iter().filter_map(own).collect();
        Some(Self { connection, csrf, method: method.and_then(|text| text.parse().ok()), fields })
    }
}

/// `POST /connect`: the button was pressed.
pub(super) async fn submit(
    State(web): State<Web>,
    headers: HeaderMap,
    extensions: Extensions,
    body: Bytes,
) -> Response {
    let own = csrf::from_own_page(&headers, &web.origin());
    let Some(posted) = Posted::read(&body).filter(|_| own) else { return trouble::forged(&extensions) };
    let link = Link::find(web.jar(), &headers, posted.connection);
    let same = |link: &Link| bool::from(link.csrf().as_bytes().ct_eq(posted.csrf.as_bytes()));
    let Some(link) = link.filter(same) else { return trouble::forged(&extensions) };
    let words = Words::of(&extensions);
    match web.0.connections.begin(&link.session_token, posted.method, &posted.fields).await {
        Ok(Begun::Redirect { url, cookie, .. }) => leave(&web, &words, &headers, &url, &cookie),
        Ok(Begun::Connected(finished)) => {
            let forget = Link::forget(web.jar(), posted.connection);
            let response = match &finished.return_to {
                Some(url) => away::to(&words, &headers, url, &words.say("away-back")),
                None => done::connected(&web, &finished).await,
            };
            with_cookie(response, forget)
        }
        Ok(Begun::Choose(picking)) => choose::lead(&web, &picking),
        Err(error) => refuse(&web, error, &link, posted, &extensions).await,
    }
}

/// On to the provider. The flow's cookie is named after its `state`, so that several flows can be under way.
fn leave(web: &Web, words: &Words, headers: &HeaderMap, url: &str, cookie: &str) -> Response {
    let query = url.split_once('?').map_or("", |(_, query)| query);
    let pairs: Vec<_> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    let host = url::Url::parse(url).ok().and_then(|url| url.host_str().map(str::to_owned));
    let response = away::to(words, headers, url, &host.unwrap_or_else(|| words.say("away-provider")));
    with_cookie(response, web.jar().set(&callback::flow_cookie(&pairs), cookie))
}

/// The page again, with what has to be changed; or another one where changing helps nothing.
async fn refuse(
    web: &Web,
    error: BeginError,
    link: &Link,
    posted: Posted,
    extensions: &Extensions,
) -> Response {
    let (status, trouble) = match error {
        BeginError::Link(LinkError::Dead) => return gone(&Words::of(extensions)),
        BeginError::Link(LinkError::Store(fault)) | BeginError::Store(fault) => {
            return trouble::fault(&fault, extensions);
        }
        BeginError::Invalid { field, wrong, problem } => {
            tracing::debug!(field, problem, "an input was refused");
            (StatusCode::UNPROCESSABLE_ENTITY, Trouble::Input { field, wrong })
        }
        BeginError::Rejected(_) => (StatusCode::UNPROCESSABLE_ENTITY, Trouble::Rejected),
        BeginError::NotConfigured(said) => {
            tracing::warn!(said, "a connect page leads nowhere");
            (StatusCode::BAD_REQUEST, Trouble::NotReady)
        }
        BeginError::TokenEndpoint(_) => (StatusCode::BAD_GATEWAY, Trouble::NotReached),
    };
    match web.0.connections.open(&link.session_token).await {
        Ok(offer) => {
            let earlier = Earlier { form: posted.fields, trouble: Some(trouble) };
            show(&offer, posted.method, link, status, earlier, extensions)
        }
        Err(LinkError::Dead) => gone(&Words::of(extensions)),
        Err(LinkError::Store(fault)) => trouble::fault(&fault, extensions),
    }
}

fn show(
    offer: &Offer,
    method: Option<Method>,
    link: &Link,
    status: StatusCode,
    earlier: Earlier,
    extensions: &Extensions,
) -> Response {
    match form::way(offer, method) {
        Some(way) => {
            let target = form::form_action(offer, way);
            let page = form::page(&Words::of(extensions), offer, way, link, earlier);
            show_form(status, &page, target.as_deref())
        }
        None => trouble::not_set_up(&offer.app.display_name, extensions),
    }
}

/// `response`, and a cookie beside those it sets already.
pub(super) fn with_cookie(mut response: Response, cookie: Option<HeaderValue>) -> Response {
    if let Some(cookie) = cookie {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}
