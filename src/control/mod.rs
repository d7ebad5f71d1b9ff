//! The control API: JSON over the same things the gateway uses, for one owner at a time, as its key says.
//!
//! It answers at the control door and at the gateway door alike. It knows no SQL, no OAuth and no secret but the ones
//! it is handed: what it shows of connections, keys and clients has none in it.

mod apps;
mod connections;
mod extract;
mod keys;
mod openapi;
mod owners;
mod problem;
mod rules;
mod user;

use std::sync::Arc;

use axum::{Router, middleware, response::IntoResponse, routing::get};
use serde::{Deserialize, Deserializer, Serialize};
use tower_http::catch_panic::CatchPanicLayer;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;

use self::problem::Refusal;
use crate::{
    catalog::Apps,
    clients::Clients,
    connections::Connections,
    id::OwnerId,
    keys::{Caller, Keys},
    limits::Limits,
    owners::Owners,
};

/// What the API manages.
pub struct Parts {
    /// All connections.
    pub connections: Connections,
    /// All keys.
    pub keys: Keys,
    /// All owners.
    pub owners: Owners,
    /// The operator's OAuth clients.
    pub clients: Clients,
    /// All apps.
    pub apps: Apps,
    /// Counts refused keys by address.
    pub limits: Limits,
}

/// The state of every handler.
#[derive(Clone)]
struct Control(Arc<Parts>);

/// The API with all its layers. Its fallback answers every other path with a problem.
pub fn router(parts: Parts) -> Router {
    let (router, description) = described().split_for_parts();
    let control = Control(Arc::new(parts));
    let document = openapi::document(&description);
    router
        .route("/openapi.json", get(async move || ([("content-type", "application/json")], document.clone())))
        .fallback(problem::no_route)
        .method_not_allowed_fallback(problem::no_method)
        // Outermost last: a panic becomes a refusal, and every refusal an answer.
        .layer(middleware::from_fn_with_state(control.clone(), problem::limit))
        .layer(CatchPanicLayer::custom(|_| Refusal::internal().into_response()))
        .layer(middleware::from_fn(problem::finish))
        .with_state(control)
}

/// Every route, with its description.
fn described() -> OpenApiRouter<Control> {
    OpenApiRouter::with_openapi(openapi::frame())
        .merge(connections::routes())
        .merge(apps::routes())
        .merge(keys::routes())
        .merge(owners::routes())
        .merge(user::routes())
}

impl Control {
    /// Whose things the caller means: its own, or those of `owner` (id or name) if its key is an admin one.
    async fn owner_of(&self, caller: &Caller, owner: Option<&str>) -> Result<OwnerId, Refusal> {
        let Some(named) = owner else { return Ok(caller.owner) };
        if named.parse() == Ok(caller.owner) {
            return Ok(caller.owner);
        }
        if self.0.owners.get(caller.owner).await?.is_some_and(|own| own.name == named) {
            return Ok(caller.owner);
        }
        if !caller.admin {
            return Err(Refusal::not_allowed("Only an admin key may choose an owner (rule: admin)."));
        }
        let found = match named.parse() {
            Ok(id) => self.0.owners.get(id).await?,
            Err(_) => self.0.owners.find_by_name(named).await?,
        };
        found
            .map(|owner| owner.id)
            .ok_or_else(|| Refusal::bad_request("Query: owner: there is no such owner."))
    }

    /// The name of the app that `slug` means, for a query.
    fn known_app(&self, slug: &str) -> Result<String, Refusal> {
        let app = self.0.apps.app(slug).map(|app| app.name.clone());
        app.ok_or_else(|| Refusal::bad_request(format!("Query: app: {}", self.no_app(slug))))
    }

    /// That there is no such app, and which ones come near.
    fn no_app(&self, slug: &str) -> String {
        match self.0.apps.now().nearest(slug).as_slice() {
            [] => "there is no such app; GET /apps lists all of them.".to_owned(),
            near => format!("there is no such app; the nearest are {}.", near.join(", ")),
        }
    }
}

/// One line for every change, after it was made: who did what to which. Never what was said.
fn changed(caller: &Caller, what: &'static str, id: impl std::fmt::Display) {
    tracing::info!(owner = %caller.owner, key = %caller.key, %id, "{what}");
}

/// `{}`.
#[derive(Debug, Serialize, ToSchema)]
struct Empty {}

/// The body of every refusal (RFC 9457).
#[derive(Debug, ToSchema)]
#[schema(as = Problem)]
#[expect(dead_code, reason = "describes net::problem::Problem, which has no schema of its own")]
struct ProblemBody {
    /// `urn:keyferry:problem:` and the reason.
    #[schema(rename = "type")]
    kind: String,
    /// The status in words.
    title: String,
    /// The status.
    status: u16,
    /// What happened and what to do, for people.
    detail: String,
    /// The same as `detail`.
    message: String,
    /// The same as `status`.
    code: u16,
    /// The stable word programs act on.
    reason: String,
    /// Finds the request in the gateway's log.
    request_id: String,
    /// The field of the body that can't be taken.
    field: Option<String>,
    /// The app concerned.
    app: Option<String>,
}

/// A label people gave: one line, not too long.
fn label(name: Option<&str>) -> Result<Option<String>, Refusal> {
    match name.map(str::trim) {
        None | Some("") => Ok(None),
        Some(text) if text.chars().count() > 200 => {
            Err(Refusal::invalid("name", "has to have at most 200 characters"))
        }
        Some(text) if text.chars().any(char::is_control) => {
            Err(Refusal::invalid("name", "has to be one line without control characters"))
        }
        Some(text) => Ok(Some(text.to_owned())),
    }
}

/// Reads a field that may be null but not be left out.
fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    Option::deserialize(deserializer)
}

/// Reads a field that may be left out but not be null.
fn stated<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// Tells a field that is null from one that is left out.
#[expect(clippy::option_option, reason = "left out, null and given are three things")]
fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Option<Option<T>>, D::Error> {
    Option::deserialize(deserializer).map(Some)
}
