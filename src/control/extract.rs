//! What handlers take as arguments: who calls, the query and the body, all checked before a handler runs.

use std::sync::Arc;

use axum::{
    extract::{FromRequest, FromRequestParts, Path, Request},
    http::{StatusCode, header, request::Parts},
};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{Control, problem::Refusal, rules};
use crate::{
    keys::{self, KeyError},
    net::{
        arrival::Arrival,
        body::{self, ReadError},
        punctual::Late,
    },
    vault::token::ApiKey,
};

/// No body of this API is longer.
const LONGEST_BODY: usize = 1024 * 1024;

/// Who calls: an owner by one of its keys, whose rules allow this request.
#[derive(Clone, Debug)]
pub(super) struct Caller(pub(super) Arc<keys::Caller>);

/// Who calls, with a key that may manage everything.
#[derive(Clone, Debug)]
pub(super) struct Admin(pub(super) Arc<keys::Caller>);

impl FromRequestParts<Control> for Caller {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, control: &Control) -> Result<Self, Refusal> {
        let (keys, limits) = (&control.0.keys, &control.0.limits);
        let address = Arrival::address(&parts.extensions);
        let verified = match presented(parts)? {
            Some(key) => {
                let may_look_up = || address.map_or(Ok(()), |address| limits.look_up(address));
                keys.verify_if(&key.digest(), may_look_up).await?
            }
            None => Err(KeyError::Invalid),
        };
        if matches!(verified, Err(KeyError::Invalid | KeyError::Expired)) {
            address.map_or(Ok(()), |address| limits.guess(address))?;
        }
        let caller = verified?;
        limits.manage(caller.owner)?;
        rules::admit(&caller.rules, &parts.method, parts.uri.path())?;
        Ok(Self(caller))
    }
}

impl FromRequestParts<Control> for Admin {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, control: &Control) -> Result<Self, Refusal> {
        let Caller(caller) = Caller::from_request_parts(parts, control).await?;
        if caller.admin {
            Ok(Self(caller))
        } else {
            Err(Refusal::not_allowed("Only an admin key may do this; this key is not one (rule: admin)."))
        }
    }
}

/// The key in `Authorization: Bearer` (RFC 6750 2.1); none if what stands there can't be one.
fn presented(parts: &Parts) -> Result<Option<ApiKey>, Refusal> {
    let mut values = parts.headers.get_all(header::AUTHORIZATION).iter();
    let missing = || Refusal::unauthorized("key_missing", "Send an API key: Authorization: Bearer <key>.");
    let value = values.next().ok_or_else(missing)?;
    if values.next().is_some() {
        return Err(Refusal::bad_request("Two Authorization fields: send one."));
    }
    let (scheme, key) = value.to_str().ok().and_then(|text| text.split_once(' ')).ok_or_else(missing)?;
    if !scheme.eq_ignore_ascii_case("bearer") {
        return Err(missing());
    }
    Ok(ApiKey::parse(key.trim()))
}

/// The query. An unknown name or value is 400, never ignored.
#[derive(Debug)]
pub(super) struct Query<T>(pub(super) T);

impl<T: DeserializeOwned, S: Sync> FromRequestParts<S> for Query<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        let query = axum::extract::Query::<T>::try_from_uri(&parts.uri);
        query.map(|query| Self(query.0)).map_err(|rejection| {
            let text = rejection.body_text();
            let problem = text.strip_prefix("Failed to deserialize query string: ").unwrap_or(&text);
            Refusal::bad_request(format!("Query: {}", without_value(problem)))
        })
    }
}

/// The id in the path. What is no id can't be one of the caller's: 404 like an unknown one.
#[derive(Debug)]
pub(super) struct Id<T>(pub(super) T);

impl<T: std::str::FromStr, S: Send + Sync> FromRequestParts<S> for Id<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        let unknown = || match parts.uri.path().split('/').nth(1) {
            Some("connections") => Refusal::unknown("connection_unknown", "connection"),
            Some("keys") => Refusal::unknown("key_unknown", "key"),
            _ => Refusal::unknown("owner_unknown", "owner"),
        };
        let unknown = unknown();
        match Path::<String>::from_request_parts(parts, state).await {
            Ok(Path(text)) => text.parse().map(Self).map_err(|_| unknown),
            Err(_) => Err(unknown),
        }
    }
}

/// The JSON body. Malformed: 400; anything in it that is unknown or of the wrong kind: 422 naming the field.
#[derive(Debug)]
pub(super) struct Body<T>(pub(super) T);

impl<T: DeserializeOwned, S: Sync> FromRequest<S> for Body<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, _: &S) -> Result<Self, Refusal> {
        let bytes = body::read(request.into_body(), LONGEST_BODY).await.map_err(|error| match error {
            ReadError::TooLarge(limit) => Refusal::new(
                StatusCode::PAYLOAD_TOO_LARGE,
                "body_too_large",
                format!("The body is longer than {limit} bytes."),
            ),
            ReadError::Broken(cause) if Late::is_behind(&*cause) => Refusal::new(
                StatusCode::REQUEST_TIMEOUT,
                "request_timeout",
                "The body did not come in time. Send it again, faster.",
            ),
            ReadError::Broken(_) => Refusal::bad_request("The body broke off before its end. Send it again."),
        })?;
        let value: Value = serde_json::from_slice(&bytes)
            .map_err(|error| Refusal::bad_request(format!("The body is not JSON: {error}.")))?;
        if !value.is_object() {
            return Err(Refusal::invalid("body", "has to be a JSON object"));
        }
        serde_path_to_error::deserialize(value).map(Self).map_err(|error| invalid(&error))
    }
}

/// Names the field, and what was expected; never the value, which may be a secret.
fn invalid(error: &serde_path_to_error::Error<serde_json::Error>) -> Refusal {
    let message = error.inner().to_string();
    let path = error.path().to_string();
    let named = |kind: &str| message.strip_prefix(kind)?.split('`').nth(1).map(str::to_owned);
    let inner = named("unknown field").or_else(|| named("missing field"));
    let field = match inner {
        Some(name) if path == "." || path == name => name,
        Some(name) if path.ends_with(&format!(".{name}")) => path,
        Some(name) => format!("{path}.{name}"),
        None => path,
    };
    let field = if field == "." { "body" } else { &field };
    Refusal::invalid(field, &without_value(&message))
}

/// serde's message without the value it quotes.
fn without_value(message: &str) -> String {
    let found = message.find("invalid type: ").or_else(|| message.find("invalid value: "));
    let found = found.or_else(|| message.find("unknown variant "));
    match (found, message.find(", expected ")) {
        (Some(start), Some(end)) if start < end => {
            let (before, after) = (message.get(..start), message.get(end + 2..));
            format!("{}{}", before.unwrap_or_default(), after.unwrap_or_default())
        }
        _ => message.to_owned(),
    }
}

#[cfg(test)]
mod tests;
