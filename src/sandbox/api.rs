//! The rest of the API: who am I, an echo, an event stream, a redirect; and what happens on every other path.

use std::{collections::BTreeMap, convert::Infallible, time::Duration};

use axum::{
    Json,
    body::Bytes,
    extract::{RawQuery, State},
    response::{
        IntoResponse, Redirect, Response,
        sse::{Event, Sse},
    },
};
use futures_util::{Stream, stream};
use http::{HeaderMap, Method, StatusCode, Uri, header};
use serde_json::{Value, json};

use super::{
    Shared,
    account::{Account, Scope},
    bearer::Caller,
    error::ApiError,
    params::Params,
};

/// `GET /`: what there is, open to everybody.
pub(super) async fn index() -> Json<Value> {
    Json(json!({
        "name": "sandbox",
        "paths": ["/userinfo", "/v1/items", "/v1/items/{id}", "/v1/echo", "/v1/events", "/v1/redirect"],
    }))
}

/// `GET /userinfo`: whose token this is.
pub(super) async fn userinfo(caller: Caller) -> Result<Json<&'static Account>, ApiError> {
    caller.may(Scope::Profile)?;
    Ok(Json(caller.0.account))
}

/// `/v1/echo`, any method: what arrived here, but never the credential.
pub(super) async fn echo(
    caller: Caller,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Json<Value> {
    Json(json!({
        "account": caller.0.account.email,
        "method": method.as_str(),
        "path": uri.path(),
        "query": uri.query(),
        "headers": shown(&headers),
        "body_bytes": body.len(),
        "body": std::str::from_utf8(&body).ok(),
    }))
}

fn shown(headers: &HeaderMap) -> BTreeMap<&str, String> {
    let mut shown = BTreeMap::<&str, String>::new();
    for (name, value) in headers {
        let text = match *name {
            header::AUTHORIZATION => "Bearer [redacted]".to_owned(),
            _ => String::from_utf8_lossy(value.as_bytes()).into_owned(),
        };
        shown.entry(name.as_str()).and_modify(|before| *before = format!("{before}, {text}")).or_insert(text);
    }
    shown
}

/// `GET /v1/events?count=5&interval_ms=1000`: that many server-sent events, then the end.
pub(super) async fn events(
    State(parts): Shared,
    _caller: Caller,
    RawQuery(query): RawQuery,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, ApiError> {
    let params = Params::parse(query.unwrap_or_default().as_bytes());
    let (count, interval) =
        (bounded(&params, "count", 5, 1000)?, bounded(&params, "interval_ms", 1000, 60_000)?);
    Ok(Sse::new(stream::unfold(1, move |number| {
        let clock = parts.clock.clone();
        async move {
            if number > count {
                return None;
            }
            // The first one goes out at once, so that a caller sees the stream begin.
            if number > 1 {
                tokio::time::sleep(Duration::from_millis(interval)).await;
            }
            let data = json!({ "number": number, "of": count, "time": clock.now() });
            let event = Event::default().event("tick").id(number.to_string()).data(data.to_string());
            Some((Ok(event), number + 1))
        }
    })))
}

fn bounded(params: &Params, name: &str, default: u64, most: u64) -> Result<u64, ApiError> {
    let Some(text) = params.get(name) else { return Ok(default) };
    let number = text.parse().ok().filter(|number| *number <= most);
    number.ok_or_else(|| ApiError::bad_request(format!("{name} is a whole number up to {most}.")))
}

/// `GET /v1/redirect?to=`: sends the caller there, wherever that is; without `to`, to the items.
pub(super) async fn redirect(
    State(parts): Shared,
    _caller: Caller,
    RawQuery(query): RawQuery,
) -> Result<Response, ApiError> {
    let params = Params::parse(query.unwrap_or_default().as_bytes());
    let items = format!("{}/v1/items", parts.settings.url);
    let to = params.get("to").unwrap_or(&items);
    if to.starts_with(['/', '.', '?']) || to.starts_with("https://") || to.starts_with("http://") {
        Ok(Redirect::temporary(to).into_response())
    } else {
        Err(ApiError::bad_request("to is a path or an http or https URL."))
    }
}

/// Every path that is none.
pub(super) async fn unknown(uri: Uri) -> ApiError {
    ApiError::not_found(format!("There is nothing at {}.", uri.path()))
}

/// A path that takes other methods.
pub(super) async fn wrong_method(method: Method, uri: Uri) -> ApiError {
    let message = format!("{} does not take {method}.", uri.path());
    ApiError::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", message)
}
