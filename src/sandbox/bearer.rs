//! The API's door: a request gets in with an access token in its `Authorization` header (RFC 6750 2.1), or not at all.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use http::{HeaderMap, header, request};

use super::{Parts, account::Scope, error::ApiError, grants::Bearer};

/// The account a request acts for: taking this as an argument is what checks the token.
pub(super) struct Caller(pub(super) Bearer);

impl Caller {
    /// Lets pass only a token that was granted `scope`.
    pub(super) fn may(&self, scope: Scope) -> Result<(), ApiError> {
        if self.0.scopes.contains(&scope) {
            Ok(())
        } else {
            Err(ApiError::insufficient_scope(scope.as_str()))
        }
    }
}

impl FromRequestParts<Arc<Parts>> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(request: &mut request::Parts, parts: &Arc<Parts>) -> Result<Self, ApiError> {
        let token = token(&request.headers)?;
        parts.grants.bearer(token).map(Self).ok_or_else(ApiError::token_invalid)
    }
}

fn token(headers: &HeaderMap) -> Result<&str, ApiError> {
    let mut fields = headers.get_all(header::AUTHORIZATION).iter();
    let value = fields.next().and_then(|value| value.to_str().ok()).ok_or_else(ApiError::token_missing)?;
    if fields.next().is_some() {
        return Err(ApiError::bad_request("Authorization stands there twice."));
    }
    match value.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => Ok(token.trim()),
        _ => Err(ApiError::token_missing()),
    }
}
