//! No connection for a call, or no credential of it: what its owner, or the operator, has to do.

use http::StatusCode;
use serde_json::json;

use super::{below, not_allowed};
use crate::{
    connections::{ActiveSummary, ChooseError, CredentialError, PendingLink},
    net::problem::Problem,
};

/// No connection.
pub(super) fn choose(error: ChooseError, app: &str) -> Problem {
    let bad = |reason, detail: String| Problem::new(StatusCode::BAD_REQUEST, reason, detail);
    match error {
        ChooseError::None { pending } => connection_required(app, &pending),
        ChooseError::NotConfigured { client, redirect_uri } => bad(
            "app_not_configured",
            format!(
                "Nobody has given an OAuth client for {app} yet. Register one at the provider with the redirect URI \
                 {redirect_uri} and give it to this gateway: PUT /apps/{app}/client with an admin key, or \
                 [clients.{client}] in keyferry.toml. keyferry app show {app} says more."
            ),
        )
        .with("client", client)
        .with("redirect_uri", redirect_uri),
        ChooseError::Unknown { active } => connection_unknown(app, &active),
        ChooseError::Unusable { detail, url } => with_url(bad("connection_unusable", detail), url),
        ChooseError::Reauthorize { connection, url } => {
            reauthorize(app, url).with("connection_id", connection.id.to_string())
        }
        ChooseError::NotAllowed(rule) => {
            not_allowed(rule, "This key may not use the connection that this call needs")
        }
        ChooseError::Store(fault) => below(&fault),
    }
}

fn connection_required(app: &str, pending: &[PendingLink]) -> Problem {
    let detail = match pending.first() {
        None => format!(
            "No active connection for {app}. Create one with POST /connections {{\"app\":\"{app}\"}} and open its url."
        ),
        Some(first) => format!("No active connection for {app} yet. Open {} to finish one.", first.url),
    };
    let pending: Vec<_> = pending
        .iter()
        .map(|link| json!({ "connection_id": link.connection_id, "status": "PENDING", "url": link.url }))
        .collect();
    Problem::new(StatusCode::BAD_REQUEST, "connection_required", detail).with("connections", pending)
}

fn connection_unknown(app: &str, active: &[ActiveSummary]) -> Problem {
    let detail = if active.is_empty() {
        format!(
            "No such connection. Create one with POST /connections {{\"app\":\"{app}\"}} and open its url."
        )
    } else {
        "No such connection. Name one of those in connections, or leave Maton-Connection out.".to_owned()
    };
    let active: Vec<_> = active
        .iter()
        .map(|one| json!({ "connection_id": one.connection_id, "status": "ACTIVE", "label": one.label }))
        .collect();
    Problem::new(StatusCode::NOT_FOUND, "connection_unknown", detail).with("connections", active)
}

fn reauthorize(app: &str, url: String) -> Problem {
    let detail =
        format!("The provider has ended this connection's access to {app}. Open {url} to reconnect it.");
    with_url(Problem::new(StatusCode::BAD_REQUEST, "reauthorization_required", detail), Some(url))
}

fn with_url(problem: Problem, url: Option<String>) -> Problem {
    match url {
        Some(url) => problem.with("url", url),
        None => problem,
    }
}

/// A connection, but no credential of it.
pub(super) fn credential(error: CredentialError, app: &str) -> Problem {
    match error {
        CredentialError::Reauthorize { url } => reauthorize(app, url),
        CredentialError::TokenEndpoint(why) => Problem::new(
            StatusCode::BAD_GATEWAY,
            "token_endpoint_failed",
            format!("{app}'s token endpoint gave no new access token ({why}). Try again in a moment."),
        ),
        CredentialError::Unusable(detail) => {
            Problem::new(StatusCode::BAD_REQUEST, "connection_unusable", detail)
        }
        CredentialError::Store(fault) => below(&fault),
    }
}
