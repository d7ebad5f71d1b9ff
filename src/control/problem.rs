//! The one place where errors become the control API's answers.
//!
//! A handler's [`Refusal`] rides in the response's extensions until [`finish`] writes it: only there is the request's
//! id known. What goes out is a stable reason and words for people; what only the operator may read is logged.

use axum::{
    extract::{Request, State},
    http::{HeaderValue, StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

use super::Control;
use crate::{
    clients::ClientError,
    connections::{ConnectionError, CreateError, Fault},
    keys::KeyError,
    limits::Limited,
    net::{
        arrival::Arrival,
        problem::Problem,
        request_id::{self, RequestId},
    },
    owners::OwnerError,
};

/// When to come back after the store could not be reached, in seconds.
const RETRY_AFTER: u16 = 5;

/// Why a request is not done.
#[derive(Clone, Debug)]
pub(super) struct Refusal(Box<Problem>);

impl Refusal {
    /// A refusal of `status`, known to programs as `reason`.
    pub(super) fn new(status: StatusCode, reason: &'static str, detail: impl Into<String>) -> Self {
        Self(Box::new(Problem::new(status, reason, detail)))
    }

    /// 400: malformed, or something unknown in the query.
    pub(super) fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "bad_request", detail)
    }

    /// 422: `field` of the body can't be taken.
    pub(super) fn invalid(field: &str, problem: &str) -> Self {
        Self::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "invalid",
            format!("{field}: {problem}. Nothing was changed."),
        )
        .with("field", field)
    }

    /// 404: no `what` of that id among the caller's.
    pub(super) fn unknown(reason: &'static str, what: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, reason, format!("There is no such {what}, or it is not yours."))
    }

    /// 403.
    pub(super) fn not_allowed(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::FORBIDDEN, "not_allowed", detail)
    }

    /// 401.
    pub(super) fn unauthorized(reason: &'static str, detail: &str) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, reason, detail)
    }

    /// 500: the id finds it in the log.
    pub(super) fn internal() -> Self {
        let detail = "Something went wrong here. The request id finds it in the gateway's log.";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", detail)
    }

    /// 503, logged.
    fn unavailable(error: &dyn std::fmt::Display) -> Self {
        tracing::error!(%error, "the control API can't reach the store");
        let detail = "The gateway can't reach its store. Nothing was changed; try again.";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "store_unavailable", detail)
            .header(header::RETRY_AFTER, RETRY_AFTER)
    }

    /// 500, logged.
    fn bug(error: &dyn std::fmt::Display) -> Self {
        tracing::error!(%error, "the control API could not answer");
        Self::internal()
    }

    /// What it says.
    #[cfg(test)]
    pub(super) fn problem(&self) -> &Problem {
        &self.0
    }

    /// Adds a member to the body.
    pub(super) fn with(self, name: &str, value: impl Into<serde_json::Value>) -> Self {
        Self(Box::new(self.0.with(name, value)))
    }

    /// Names the app concerned.
    pub(super) fn app(self, app: &str) -> Self {
        Self(Box::new(self.0.app(app)))
    }

    /// Adds a header.
    pub(super) fn header(self, name: header::HeaderName, value: impl Into<HeaderValue>) -> Self {
        Self(Box::new(self.0.header(name, value)))
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response = self.0.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Self {
        match &fault {
            Fault::Unavailable(_) => Self::unavailable(&fault),
            Fault::Internal(_) => Self::bug(&fault),
        }
    }
}

impl From<KeyError> for Refusal {
    fn from(error: KeyError) -> Self {
        match &error {
            KeyError::Invalid => Self::unauthorized(
                "key_invalid",
                "This is not an API key of this gateway: mistyped, or revoked.",
            ),
            KeyError::Expired => Self::unauthorized(
                "key_expired",
                "This API key has expired. Ask for another one, or rotate it with another key.",
            ),
            KeyError::NoOwner => Self::unknown("owner_unknown", "owner"),
            KeyError::BadName => Self::invalid("name", &error.to_string()),
            KeyError::BadLifetime => Self::invalid("expires_in", &error.to_string()),
            KeyError::Unavailable(_) => Self::unavailable(&error),
            KeyError::Internal(_) => Self::bug(&error),
        }
    }
}

impl From<Limited> for Refusal {
    fn from(limited: Limited) -> Self {
        let detail = "Too many requests to this API. Wait as long as Retry-After says, and ask less often.";
        let mut refusal = Self::new(StatusCode::TOO_MANY_REQUESTS, "rate_limited", detail)
            .header(header::RETRY_AFTER, limited.retry_after_seconds());
        for (name, value) in limited
            .rate
            .iter()
            .flat_map(|rate| [("ratelimit", rate.state()), ("ratelimit-policy", rate.policy())])
        {
            if let Ok(value) = HeaderValue::try_from(value) {
                refusal = refusal.header(header::HeaderName::from_static(name), value);
            }
        }
        refusal
    }
}

impl From<OwnerError> for Refusal {
    fn from(error: OwnerError) -> Self {
        match &error {
            OwnerError::NameTaken | OwnerError::BadName => Self::invalid("name", &error.to_string()),
            OwnerError::Unavailable(_) => Self::unavailable(&error),
            OwnerError::Internal(_) => Self::bug(&error),
        }
    }
}

impl From<ClientError> for Refusal {
    fn from(error: ClientError) -> Self {
        match &error {
            ClientError::InSettings(_) => {
                Self::new(StatusCode::CONFLICT, "client_in_settings", error.to_string())
            }
            ClientError::NoId => Self::invalid("client_id", "may not be empty"),
            ClientError::Unavailable(_) => Self::unavailable(&error),
            ClientError::Internal(_) => Self::bug(&error),
        }
    }
}

impl From<ConnectionError> for Refusal {
    fn from(error: ConnectionError) -> Self {
        match error {
            ConnectionError::Unknown => Self::unknown("connection_unknown", "connection"),
            ConnectionError::Cursor => Self::bad_request("cursor: not one that this gateway gave."),
            ConnectionError::NothingToConfirm => {
                Self::bad_request("The connection does not wait for a confirmation.")
            }
            ConnectionError::Invalid { field, problem } => Self::invalid(&field, &problem),
            ConnectionError::Store(fault) => fault.into(),
        }
    }
}

impl From<CreateError> for Refusal {
    fn from(error: CreateError) -> Self {
        match error {
            CreateError::Invalid { field, problem } => Self::invalid(&field, &problem),
            CreateError::NotConfigured { app, client, redirect_uri } => {
                let detail = format!(
                    "{app} needs an OAuth client called {client} that nobody has given yet. Register \
                     {redirect_uri} at the provider, then PUT /apps/{app}/client with client_id and client_secret."
                );
                Self::new(StatusCode::BAD_REQUEST, "app_not_configured", detail)
                    .app(&app)
                    .with("client", client)
                    .with("redirect_uri", redirect_uri)
            }
            CreateError::Rejected(said) => {
                Self::new(StatusCode::UNPROCESSABLE_ENTITY, "credentials_rejected", said)
                    .with("field", "credentials")
            }
            CreateError::TokenEndpoint(said) => {
                Self::new(StatusCode::BAD_GATEWAY, "token_endpoint_failed", said)
            }
            CreateError::Store(fault) => fault.into(),
        }
    }
}

/// Writes refusals out, and what every answer of the API carries.
pub(super) async fn finish(request: Request, next: Next) -> Response {
    let id = RequestId::of(request.extensions());
    let mut response = next.run(request).await;
    if let Some(Refusal(problem)) = response.extensions_mut().remove::<Refusal>() {
        let allow = response.headers_mut().remove(header::ALLOW);
        response = problem.into_response(&id).map(axum::body::Body::from);
        response.headers_mut().extend(allow.map(|allow| (header::ALLOW, allow)));
    }
    let headers = response.headers_mut();
    headers.insert(request_id::HEADER, id.header_value());
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}

/// Counts the request by its address, before anybody asks who it is.
pub(super) async fn limit(
    State(Control(parts)): State<Control>,
    request: Request,
    next: Next,
) -> Result<Response, Refusal> {
    let address = Arrival::address(request.extensions());
    address.map_or(Ok(()), |address| parts.limits.visit(address))?;
    Ok(next.run(request).await)
}

/// 404: no route.
pub(super) async fn no_route() -> Refusal {
    Refusal::new(
        StatusCode::NOT_FOUND,
        "not_found",
        "There is nothing here. GET /openapi.json describes what is.",
    )
}

/// 405: a route, but not for this method. `Allow` is the router's.
pub(super) async fn no_method() -> Refusal {
    Refusal::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "method_not_allowed",
        "This method is not for this path. GET /openapi.json describes which ones are.",
    )
}

#[cfg(test)]
mod tests;
