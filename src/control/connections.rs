//! `/connections`: make, list, look at, rename, confirm, reconnect, delete.

use std::collections::BTreeMap;

use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    Control, Empty,
    extract::{Body, Caller, Id, Query},
    problem::Refusal,
};
use crate::{
    catalog::Method,
    clock::Timestamp,
    connections::{Connection, Connections, Filter, NewConnection, Status},
    id::ConnectionId,
    vault::Secret,
};

/// Most connections on one page.
const MOST: u32 = 1000;

/// The routes.
pub(super) fn routes() -> OpenApiRouter<Control> {
    OpenApiRouter::new()
        .routes(routes!(list, create))
        .routes(routes!(get, rename, delete))
        .routes(routes!(confirm))
        .routes(routes!(reconnect))
}

/// A connection: what the gateway presents to one account at an app.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Connection)]
struct View {
    /// Its id.
    #[schema(value_type = String, format = "uuid")]
    connection_id: ConnectionId,
    /// The app's name.
    app: String,
    /// The way in.
    method: Method,
    /// Whether it can be used.
    status: Status,
    /// Why it is so: a stable word, or nothing.
    status_reason: Option<String>,
    /// The owner's label.
    name: Option<String>,
    /// Who the account is, and tenant fields. Never a secret.
    metadata: Map<String, Value>,
    /// What was granted, or what will be asked for.
    scopes: Vec<String>,
    /// What was asked for, or will be.
    requested_scopes: Vec<String>,
    /// What was asked for and not granted.
    missing_scopes: Vec<String>,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    creation_time: Timestamp,
    /// When it last changed.
    #[schema(value_type = String, format = DateTime)]
    last_updated_time: Timestamp,
    /// When it last carried a call; may lag by a minute.
    #[schema(value_type = Option<String>, format = DateTime)]
    last_used_time: Option<Timestamp>,
    /// A working connect link while PENDING or FAILED, and in the answer of a reconnect.
    url: Option<String>,
}

impl View {
    fn new(connections: &Connections, connection: &Connection) -> Self {
        let url = (!connection.is_active()).then(|| connections.connect_url(connection));
        Self { url, ..Self::without_url(connection) }
    }

    fn without_url(connection: &Connection) -> Self {
        Self {
            connection_id: connection.id,
            app: connection.app.clone(),
            method: connection.method,
            status: connection.status,
            status_reason: connection.status_reason.clone(),
            name: connection.name.clone(),
            metadata: connection.metadata.clone(),
            scopes: connection.scopes.clone(),
            requested_scopes: connection.requested_scopes.clone(),
            missing_scopes: connection.missing_scopes(),
            creation_time: connection.creation_time,
            last_updated_time: connection.last_updated_time,
            last_used_time: connection.last_used_time,
            url: None,
        }
    }
}

/// One connection.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ConnectionAnswer)]
struct One {
    connection: View,
}

/// One connection, flat and under `connection`.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ConnectionCreated)]
struct Both {
    #[serde(flatten)]
    flat: View,
    connection: View,
}

impl From<View> for Both {
    fn from(view: View) -> Self {
        Self { flat: view.clone(), connection: view }
    }
}

/// A page of connections, oldest first.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ConnectionPage)]
struct Page {
    connections: Vec<View>,
    /// Where the next page begins; null on the last one.
    next_cursor: Option<String>,
}

/// Which connections to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ListQuery {
    /// Only of this app.
    app: Option<String>,
    /// Only in this state.
    status: Option<Status>,
    /// Only by this way in.
    method: Option<Method>,
    /// At most so many, 1 to 1000; 1000 by default.
    #[param(minimum = 1, maximum = 1000)]
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// For admin keys: whose, by id or name.
    owner: Option<String>,
}

/// Whose thing it is.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct OwnerQuery {
    /// For admin keys: whose, by id or name.
    pub(super) owner: Option<String>,
}

/// What to connect.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewConnection)]
struct New {
    /// The app's name.
    app: String,
    /// The way in; by default the first one of the app that is configured.
    method: Option<Method>,
    /// A label of your own.
    name: Option<String>,
    /// Scopes to ask for instead of the app's own.
    scopes: Option<Vec<String>>,
    /// Tenant fields, such as `subdomain`.
    #[serde(default)]
    fields: BTreeMap<String, String>,
    /// Where the browser goes afterwards; one of the operator's `control.return_urls`, to the letter.
    return_url: Option<String>,
    /// Typed-in credentials, by the names of the app's fields. The connection is ACTIVE at once if the app takes them.
    #[schema(value_type = Option<BTreeMap<String, String>>)]
    credentials: Option<BTreeMap<String, Secret>>,
}

/// What to change.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ConnectionChange)]
struct Change {
    /// The new label; null removes it.
    #[serde(deserialize_with = "super::present")]
    #[schema(required = true)]
    name: Option<String>,
}

/// List connections
#[utoipa::path(get, path = "/connections", tag = "connections", params(ListQuery),
    responses((status = 200, body = Page), (status = 400, body = super::ProblemBody)))]
async fn list(
    Caller(caller): Caller,
    State(control): State<Control>,
    Query(query): Query<ListQuery>,
) -> Result<Json<Page>, Refusal> {
    let owner = control.owner_of(&caller, query.owner.as_deref()).await?;
    let limit = query.limit.unwrap_or(MOST);
    if !(1..=MOST).contains(&limit) {
        return Err(Refusal::bad_request(format!("Query: limit: expected a number from 1 to {MOST}")));
    }
    let app = query.app.map(|slug| control.known_app(&slug)).transpose()?;
    let rules = caller.rules.clone();
    let filter =
        Filter { app, status: query.status, method: query.method, rules, limit, cursor: query.cursor };
    let page = control.0.connections.list(owner, filter).await?;
    let view = |connection: &Connection| View::new(&control.0.connections, connection);
    let connections = page.connections.iter().map(view).collect();
    Ok(Json(Page { connections, next_cursor: page.next_cursor }))
}

/// Make a connection
///
/// Answers a connect link to open in a browser; with `credentials`, an ACTIVE connection.
#[utoipa::path(post, path = "/connections", tag = "connections", params(OwnerQuery), request_body = New,
    responses((status = 200, body = Both), (status = 400, body = super::ProblemBody),
        (status = 403, body = super::ProblemBody), (status = 422, body = super::ProblemBody)))]
async fn create(
    Caller(caller): Caller,
    State(control): State<Control>,
    Query(query): Query<OwnerQuery>,
    Body(new): Body<New>,
) -> Result<Json<Both>, Refusal> {
    let owner = control.owner_of(&caller, query.owner.as_deref()).await?;
    let New { app, method, name, scopes, fields, return_url, credentials } = new;
    control.may_connect(&caller, &app)?;
    let name = super::label(name.as_deref())?;
    let new = NewConnection { app, method, name, scopes, fields, return_url, credentials };
    let connection = control.0.connections.create(owner, new).await?;
    super::changed(&caller, "connection created", connection.id);
    Ok(Json(View::new(&control.0.connections, &connection).into()))
}

/// Look at a connection
#[utoipa::path(get, path = "/connections/{id}", tag = "connections",
    params(("id" = String, Path, format = "uuid"), OwnerQuery),
    responses((status = 200, body = One), (status = 404, body = super::ProblemBody)))]
async fn get(
    Caller(caller): Caller,
    State(control): State<Control>,
    Id(id): Id<ConnectionId>,
    Query(query): Query<OwnerQuery>,
) -> Result<Json<One>, Refusal> {
    let owner = control.owner_of(&caller, query.owner.as_deref()).await?;
    let connection = control.connection(&caller, owner, id).await?;
    Ok(Json(One { connection: View::new(&control.0.connections, &connection) }))
}

/// Label a connection
#[utoipa::path(patch, path = "/connections/{id}", tag = "connections",
    params(("id" = String, Path, format = "uuid"), OwnerQuery), request_body = Change,
    responses((status = 200, body = One), (status = 404, body = super::ProblemBody),
        (status = 422, body = super::ProblemBody)))]
async fn rename(
    Caller(caller): Caller,
    State(control): State<Control>,
    Id(id): Id<ConnectionId>,
    Query(query): Query<OwnerQuery>,
    Body(change): Body<Change>,
) -> Result<Json<One>, Refusal> {
    let owner = control.owner_of(&caller, query.owner.as_deref()).await?;
    let name = super::label(change.name.as_deref())?;
    control.connection(&caller, owner, id).await?;
    let connection = control.0.connections.rename(owner, id, name).await?;
    super::changed(&caller, "connection renamed", id);
    Ok(Json(One { connection: View::new(&control.0.connections, &connection) }))
}

/// Accept who was connected
#[utoipa::path(post, path = "/connections/{id}/confirm", tag = "connections",
    params(("id" = String, Path, format = "uuid"), OwnerQuery),
    responses((status = 200, body = One), (status = 400, body = super::ProblemBody),
        (status = 404, body = super::ProblemBody)))]
async fn confirm(
    Caller(caller): Caller,
    State(control): State<Control>,
    Id(id): Id<ConnectionId>,
    Query(query): Query<OwnerQuery>,
) -> Result<Json<One>, Refusal> {
    let owner = control.owner_of(&caller, query.owner.as_deref()).await?;
    control.connection(&caller, owner, id).await?;
    let connection = control.0.connections.confirm(owner, id).await?;
    super::changed(&caller, "connection confirmed", id);
    Ok(Json(One { connection: View::new(&control.0.connections, &connection) }))
}

/// Get a link that connects again
///
/// Ends earlier links. The connection keeps serving until the new grant replaces the old one.
#[utoipa::path(post, path = "/connections/{id}/reconnect", tag = "connections",
    params(("id" = String, Path, format = "uuid"), OwnerQuery),
    responses((status = 200, body = Both), (status = 404, body = super::ProblemBody)))]
async fn reconnect(
    Caller(caller): Caller,
    State(control): State<Control>,
    Id(id): Id<ConnectionId>,
    Query(query): Query<OwnerQuery>,
) -> Result<Json<Both>, Refusal> {
    let owner = control.owner_of(&caller, query.owner.as_deref()).await?;
    control.connection(&caller, owner, id).await?;
    let connection = control.0.connections.reconnect(owner, id).await?;
    super::changed(&caller, "connection to be reconnected", id);
    let url = Some(control.0.connections.connect_url(&connection));
    Ok(Json(View { url, ..View::without_url(&connection) }.into()))
}

/// Delete a connection
///
/// Refused everywhere at once; revoked at the provider in the background where it can be.
#[utoipa::path(delete, path = "/connections/{id}", tag = "connections",
    params(("id" = String, Path, format = "uuid"), OwnerQuery),
    responses((status = 200, body = Empty), (status = 404, body = super::ProblemBody)))]
async fn delete(
    Caller(caller): Caller,
    State(control): State<Control>,
    Id(id): Id<ConnectionId>,
    Query(query): Query<OwnerQuery>,
) -> Result<Json<Empty>, Refusal> {
    let owner = control.owner_of(&caller, query.owner.as_deref()).await?;
    control.connection(&caller, owner, id).await?;
    control.0.connections.delete(owner, id).await?;
    super::changed(&caller, "connection deleted", id);
    Ok(Json(Empty {}))
}
