//! Token answers (RFC 6749 5.1) and what providers make of them: failures inside a 200, nested tokens, lifetimes as
//! text, forms instead of JSON. What can't be used is a failure; nothing is guessed.

use std::time::Duration;

use bytes::Bytes;
use http::{Response, StatusCode};
use serde_json::Value;

use super::{OAuthError, error, when};
use crate::{
    catalog::{
        auth::{Exchange, Expiry, Token, Unit},
        json_path,
        limit::Limit,
    },
    clock::Timestamp,
    vault::Secret,
};

/// Where an answer of one step has what.
#[derive(Clone, Copy)]
pub(super) struct Shape<'s> {
    path: Option<&'s str>,
    expiry: Option<&'s Expiry>,
    lifetime_s: Option<u64>,
    ok: Option<&'s (String, Value)>,
}

impl<'s> From<&'s Token> for Shape<'s> {
    fn from(step: &'s Token) -> Self {
        let Token { path, expiry, lifetime_s, ok, .. } = step;
        Self { path: path.as_deref(), expiry: expiry.as_ref(), lifetime_s: *lifetime_s, ok: ok.as_ref() }
    }
}

impl<'s> From<&'s Exchange> for Shape<'s> {
    fn from(step: &'s Exchange) -> Self {
        let Exchange { path, expiry, lifetime_s, ok, .. } = step;
        Self { path: path.as_deref(), expiry: expiry.as_ref(), lifetime_s: *lifetime_s, ok: ok.as_ref() }
    }
}

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
    /// All of the answer before it, where this one was exchanged for another token.
    pub earlier: Option<Value>,
}

impl TokenAnswer {
    /// What stands at a dotted path: in this answer, else in the one before.
    #[must_use]
    pub fn find(&self, path: &str) -> Option<&Value> {
        json_path(&self.raw, path)
            .filter(|value| !value.is_null())
            .or_else(|| json_path(self.earlier.as_ref()?, path))
    }

    /// What `later`, asked for with this answer's token, leaves: its token goes upstream, this one's refresh token stays.
    #[must_use]
    pub fn then(self, later: Self) -> Self {
        Self {
            refresh_token: self.refresh_token.or(later.refresh_token),
            lifetime: later.lifetime.or(self.lifetime),
            scopes: self.scopes.or(later.scopes),
            access_token: later.access_token,
            raw: later.raw,
            earlier: Some(self.raw),
        }
    }

    /// A further token in the same answer, as another app's `token` step finds it.
    #[must_use]
    pub fn also(&self, token: &Token, now: Timestamp) -> Option<Self> {
        let raw = self.earlier.as_ref().unwrap_or(&self.raw);
        taken(raw.clone(), token.into(), now).ok()
    }
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
    shape: Shape<'_>,
    limit: Option<&Limit>,
    now: Timestamp,
) -> Result<TokenAnswer, OAuthError> {
    let body = body(response.body());
    if response.status() != StatusCode::OK && response.status() != StatusCode::CREATED {
        let wait = when::retry_after(response.headers(), limit, now);
        return Err(OAuthError::of_status(response.status(), body.as_ref(), wait));
    }
    let raw = body.ok_or(OAuthError::Protocol("it is neither JSON nor a form"))?;
    refused(&raw, shape)?;
    taken(raw, shape, when::told(response.headers(), now))
}

/// The tokens of a success; `now` by the clock of whoever gave it.
fn taken(raw: Value, shape: Shape<'_>, now: Timestamp) -> Result<TokenAnswer, OAuthError> {
    let path = shape.path.unwrap_or("access_token");
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
        lifetime: match shape.expiry {
            Some(Expiry { path, unit }) => {
                json_path(&raw, path).and_then(|end| when::lifetime(end, *unit, now))
            }
            None => find("expires_in")
                .and_then(|left| when::lifetime(left, Unit::S, now))
                .or_else(|| when::lifetime_until(find("expires_at")?, now)),
        }
        .or_else(|| shape.lifetime_s.and_then(when::assumed)),
        scopes: find("scope").and_then(scopes),
        raw,
        earlier: None,
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
fn refused(body: &Value, shape: Shape<'_>) -> Result<(), OAuthError> {
    if let Some(code) = error::code(body) {
        return Err(OAuthError::of_code(code));
    }
    let is_success = match shape.ok {
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
