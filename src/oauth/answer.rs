//! Token answers (RFC 6749 5.1) and what providers make of them: failures inside a 200, nested tokens, lifetimes as
//! text, forms instead of JSON. What can't be used is a failure; nothing is guessed.

use std::time::Duration;

use bytes::Bytes;
use http::{Response, StatusCode};
use serde_json::Value;

use super::{OAuthError, error};
use crate::{
    catalog::{auth::Token, json_path},
    clock::Timestamp,
    vault::Secret,
};

/// Longest lifetime that is believed: a token that claims more has no end anybody will see.
const LONGEST_LIFE: u64 = 10 * 365 * 24 * 3600;

/// What a token endpoint gave.
#[derive(Clone)]
pub struct TokenAnswer {
    /// What goes upstream.
    pub access_token: Secret,
    /// What the next access token is asked for with; `None`: the old one stays good.
    pub refresh_token: Option<Secret>,
    /// How long the access token lives, from one second to ten years; `None`: nobody says.
    pub lifetime: Option<Duration>,
    /// What was granted, if the answer says so.
    pub scopes: Option<Vec<String>>,
    /// All of it, for the fields that are found in it. Holds the tokens: never print it.
    pub raw: Value,
}

impl std::fmt::Debug for TokenAnswer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TokenAnswer")
            .field("refresh_token", &self.refresh_token)
            .field("lifetime", &self.lifetime)
            .field("scopes", &self.scopes)
            .finish_non_exhaustive()
    }
}

/// Reads the answer of a token endpoint.
pub(super) fn read(
    response: &Response<Bytes>,
    token: &Token,
    now: Timestamp,
) -> Result<TokenAnswer, OAuthError> {
    let body = body(response.body());
    if response.status() != StatusCode::OK && response.status() != StatusCode::CREATED {
        return Err(OAuthError::of_status(response.status(), response.headers(), body.as_ref(), now));
    }
    let raw = body.ok_or(OAuthError::Protocol("it is neither JSON nor a form"))?;
    refused(&raw, token)?;
    let path = token.path.as_deref().unwrap_or("access_token");
    // Where the token is nested, what belongs to it lies beside it.
    let beside = path.rsplit_once('.').and_then(|(parent, _)| json_path(&raw, parent));
    let find = |name: &str| beside.and_then(|place| place.get(name)).or_else(|| raw.get(name));
    Ok(TokenAnswer {
        access_token: json_path(&raw, path)
            .and_then(Value::as_str)
            .map_or_else(|| Err(OAuthError::Protocol("it has no access token")), secret)?,
        refresh_token: find("refresh_token")
            .and_then(Value::as_str)
            .filter(|text| !text.is_empty())
            .map(secret)
            .transpose()?,
        lifetime: find("expires_in").and_then(lifetime).or_else(|| token.lifetime_s.and_then(seconds)),
        scopes: find("scope").and_then(scopes),
        raw,
    })
}

/// That a refresh token is dead, if a refusal says so in one of the app's own `words`.
pub(super) fn dead(response: &Response<Bytes>, words: &[String]) -> Option<OAuthError> {
    let body = body(response.body())?;
    let said = [error::code(&body), body.get("status").and_then(Value::as_str)];
    let word =
        said.into_iter().flatten().find(|said| words.iter().any(|word| word.eq_ignore_ascii_case(said)))?;
    Some(OAuthError::InvalidGrant(error::shortened(word)))
}

/// A failure inside a success: an `error`, `ok: false`, or not what this provider's successes hold.
fn refused(body: &Value, token: &Token) -> Result<(), OAuthError> {
    if let Some(code) = error::code(body) {
        return Err(OAuthError::of_code(code));
    }
    let is_success = match &token.ok {
        Some((path, expected)) => json_path(body, path) == Some(expected),
        None => body.get("ok") != Some(&Value::Bool(false)),
    };
    if is_success { Ok(()) } else { Err(OAuthError::Permanent("not_ok".to_owned())) }
}

/// JSON, or a form, which some providers send whatever they are asked for.
fn body(bytes: &Bytes) -> Option<Value> {
    if let Ok(value) = serde_json::from_slice::<Value>(bytes) {
        return value.is_object().then_some(value);
    }
    let pairs: Vec<_> = form_urlencoded::parse(bytes).into_owned().collect();
    let known = pairs.iter().any(|(name, _)| name == "access_token" || name == "error");
    known.then(|| pairs.into_iter().map(|(name, value)| (name, Value::from(value))).collect())
}

/// A token as it can stand in a header: one or more visible ASCII characters (HD-7).
fn secret(text: &str) -> Result<Secret, OAuthError> {
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic()) {
        Ok(Secret::from(text))
    } else {
        Err(OAuthError::Protocol("it has a token that no header can carry"))
    }
}

/// A lifetime as a number or as text, whole or not. Zero and less say nothing that can be used: then the upstream's
/// 401 tells when the token has ended.
fn lifetime(value: &Value) -> Option<Duration> {
    let number = match value {
        Value::Number(number) => number.as_f64()?,
        Value::String(text) => text.trim().parse::<f64>().ok()?,
        _ => return None,
    };
    #[expect(clippy::cast_precision_loss, reason = "ten years are far below 2^52 seconds")]
    let longest = LONGEST_LIFE as f64;
    (number > 0.0).then(|| Duration::from_secs_f64(number.clamp(1.0, longest).floor()))
}

fn seconds(given: u64) -> Option<Duration> {
    (given > 0).then(|| Duration::from_secs(given.min(LONGEST_LIFE)))
}

/// Scopes as one text, separated by spaces or commas, or as an array.
fn scopes(value: &Value) -> Option<Vec<String>> {
    let scopes: Vec<String> = match value {
        Value::String(text) => {
            text.split([' ', ',']).filter(|scope| !scope.is_empty()).map(str::to_owned).collect()
        }
        Value::Array(list) => list.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    };
    (!scopes.is_empty()).then_some(scopes)
}

#[cfg(test)]
mod tests;
