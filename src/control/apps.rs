//! `/apps`: what can be connected and what each app asks for; and the operator's OAuth clients.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use axum::{
    Json,
    extract::{Path, State},
    http::StatusCode,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    Control,
    extract::{Admin, Body, Caller, Query},
    problem::Refusal,
};
use crate::{
    catalog::{
        App, Auth, Method,
        auth::CredentialField,
        field::{Field, Source},
    },
    clients::OAuthClient,
    vault::Secret,
};

/// The routes.
pub(super) fn routes() -> OpenApiRouter<Control> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(get)).routes(routes!(put_client))
}

/// An app: an upstream API of the catalog.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = App)]
struct View {
    /// Its name: the first path segment at the gateway.
    name: String,
    /// What people call it.
    display_name: String,
    /// Other names that lead here.
    aliases: Vec<String>,
    /// What kind of product it is.
    categories: Vec<String>,
    /// The ways in, the preferred one first.
    methods: Vec<Method>,
    /// Hosts that calls go to; `${…}` is a tenant field.
    hosts: Vec<String>,
    /// Tenant fields to give as `fields`, or on the connect page.
    fields: Vec<FieldView>,
    /// What each way in needs.
    ways: Vec<WayView>,
    /// Where the provider documents its API.
    docs: Option<String>,
    /// Whether it can be connected now: an OAuth client is configured, or a way in needs none.
    configured: bool,
}

/// One way in.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Way)]
struct WayView {
    /// Its kind.
    method: Method,
    /// What the connect page calls it.
    label: Option<String>,
    /// The operator's OAuth client it needs.
    client: Option<String>,
    /// What to register at the provider for that client.
    redirect_uri: Option<String>,
    /// Whether it can be used now.
    configured: bool,
    /// Scopes asked for when a connection names none.
    scopes: Vec<String>,
    /// What to give as `credentials`, or on the connect page.
    fields: Vec<FieldView>,
    /// Where users find what to type in.
    docs: Option<String>,
}

/// One value to ask for.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Field)]
struct FieldView {
    /// The name to give it by.
    name: String,
    /// What the connect page calls it.
    label: String,
    /// A sentence about it.
    help: Option<String>,
    /// A value as it would look.
    example: Option<String>,
    /// What a value has to match, whole.
    pattern: Option<String>,
    /// May be left out.
    optional: bool,
    /// Sealed, and never shown again.
    secret: bool,
    /// May have several lines.
    multiline: bool,
    /// The only values there are; empty: any that matches.
    choices: Vec<String>,
    /// Only for these ways in; empty: for all.
    methods: Vec<Method>,
}

impl From<&CredentialField> for FieldView {
    fn from(field: &CredentialField) -> Self {
        Self {
            name: field.name.clone(),
            label: field.label.clone(),
            help: field.help.clone(),
            example: field.example.clone(),
            pattern: field.pattern.as_ref().map(|pattern| pattern.as_str().to_owned()),
            optional: field.optional,
            secret: field.secret,
            multiline: field.multiline,
            choices: Vec::new(),
            methods: Vec::new(),
        }
    }
}

impl From<&Field> for FieldView {
    fn from(field: &Field) -> Self {
        Self {
            name: field.name.clone(),
            label: field.label.clone(),
            help: field.help.clone(),
            example: field.example.clone(),
            pattern: field.pattern.as_ref().map(|pattern| pattern.as_str().to_owned()),
            optional: field.optional || field.default.is_some(),
            secret: field.secret,
            multiline: field.multiline,
            choices: field.choices.clone(),
            methods: field.methods.clone(),
        }
    }
}

/// A list of apps.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AppList)]
struct All {
    apps: Vec<View>,
}

/// Which apps to list.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
struct ListQuery {
    /// Only those whose name, alias or category contains this.
    q: Option<String>,
    /// Only those that can, or can't, be connected now.
    configured: Option<bool>,
}

/// No query.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct NoQuery {}

impl Control {
    fn view(&self, app: &App, clients: &BTreeSet<String>) -> View {
        let ways: Vec<WayView> = app.auth.iter().map(|way| self.way(app, way, clients)).collect();
        let asked = app.fields.iter().filter(|field| field.from == Source::User);
        View {
            name: app.name.clone(),
            display_name: app.display_name.clone(),
            aliases: app.aliases.clone(),
            categories: app.categories.clone(),
            methods: app.auth.iter().map(|way| way.method).collect(),
            hosts: app.hosts(),
            fields: asked.map(FieldView::from).collect(),
            configured: ways.iter().any(|way| way.configured),
            ways,
            docs: app.docs.clone(),
        }
    }

    fn way(&self, app: &App, way: &Auth, clients: &BTreeSet<String>) -> WayView {
        let configured = way.client.as_ref().is_none_or(|client| clients.contains(client));
        let redirect_uri = way.authorize.as_ref().map(|_| self.0.connections.redirect_uri(&app.name));
        let scopes = way.authorize.as_ref().map(|authorize| authorize.scopes.clone());
        let scopes = scopes.or_else(|| way.token.as_ref().map(|token| token.scopes.clone()));
        WayView {
            method: way.method,
            label: way.label.clone(),
            client: way.client.clone(),
            redirect_uri,
            configured,
            scopes: scopes.unwrap_or_default(),
            fields: way.fields.iter().map(FieldView::from).collect(),
            docs: way.docs.clone(),
        }
    }

    /// What the operator gives with this client, for whichever of the apps that share it.
    fn client_fields(&self, client: &str) -> BTreeSet<String> {
        let shares = |app: &&Arc<App>| app.auth.iter().any(|way| way.client.as_deref() == Some(client));
        let apps = self.0.apps.now();
        let fields = apps.iter().filter(shares).flat_map(|app| &app.fields);
        fields.filter(|field| field.from == Source::Operator).map(|field| field.name.clone()).collect()
    }

    fn app(&self, slug: &str) -> Result<Arc<App>, Refusal> {
        self.0.apps.app(slug).ok_or_else(|| {
            let detail = format!("The path: {}", self.no_app(slug));
            Refusal::new(StatusCode::NOT_FOUND, "app_unknown", detail)
                .with("nearest", self.0.apps.now().nearest(slug))
        })
    }
}

/// Whether `q` (lower case) occurs in what people may look for.
fn matches(app: &App, q: &str) -> bool {
    let names = [&app.name, &app.display_name].into_iter().chain(&app.aliases).chain(&app.categories);
    names.into_iter().any(|name| name.to_lowercase().contains(q))
}

/// List apps
#[utoipa::path(get, path = "/apps", tag = "apps", params(ListQuery),
    responses((status = 200, body = All), (status = 400, body = super::ProblemBody)))]
async fn list(
    Caller(_): Caller,
    State(control): State<Control>,
    Query(query): Query<ListQuery>,
) -> Result<Json<All>, Refusal> {
    let q = query.q.unwrap_or_default().to_lowercase();
    let clients = control.0.clients.names().await?;
    let known = control.0.apps.now();
    let found = known.iter().filter(|app| matches(app, &q));
    let views = found.map(|app| control.view(app, &clients));
    let apps = views.filter(|app| query.configured.is_none_or(|wanted| wanted == app.configured)).collect();
    Ok(Json(All { apps }))
}

/// Look at an app
#[utoipa::path(get, path = "/apps/{app}", tag = "apps", params(("app" = String, Path)),
    responses((status = 200, body = View), (status = 404, body = super::ProblemBody)))]
async fn get(
    Caller(_): Caller,
    State(control): State<Control>,
    Path(slug): Path<String>,
    Query(NoQuery {}): Query<NoQuery>,
) -> Result<Json<View>, Refusal> {
    let clients = control.0.clients.names().await?;
    Ok(Json(control.view(&*control.app(&slug)?, &clients)))
}

/// An OAuth client registered at a provider.
#[derive(Deserialize, ToSchema)]
#[schema(as = Client)]
struct ClientBody {
    /// The public id.
    client_id: String,
    /// The secret; left out for a public client.
    #[schema(value_type = Option<String>)]
    client_secret: Option<Secret>,
    /// What else the files of the apps that share the client ask of their operator, such as `developer_token`. What is
    /// left out stays, what is empty goes.
    #[serde(flatten)]
    #[schema(value_type = BTreeMap<String, String>)]
    extra: BTreeMap<String, Secret>,
}

/// That a client is stored. What it holds is never shown.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ClientAnswer)]
struct ClientView {
    /// The app.
    app: String,
    /// The client's name; apps of the same name share it.
    client: String,
    /// True.
    configured: bool,
    /// What to register at the provider.
    redirect_uri: String,
}

/// Give an app its OAuth client
///
/// Sealed at rest. Admin keys only.
#[utoipa::path(put, path = "/apps/{app}/client", tag = "apps", params(("app" = String, Path)),
    request_body = ClientBody,
    responses((status = 200, body = ClientView), (status = 403, body = super::ProblemBody),
        (status = 404, body = super::ProblemBody), (status = 422, body = super::ProblemBody)))]
async fn put_client(
    Admin(caller): Admin,
    State(control): State<Control>,
    Path(slug): Path<String>,
    Query(NoQuery {}): Query<NoQuery>,
    Body(body): Body<ClientBody>,
) -> Result<Json<ClientView>, Refusal> {
    let app = control.app(&slug)?;
    let name = app.auth.iter().find_map(|way| way.client.clone());
    let name = name.ok_or_else(|| Refusal::invalid("app", "takes no OAuth client"))?;
    if body.client_id.trim().is_empty() {
        return Err(Refusal::invalid("client_id", "may not be empty"));
    }
    let known = control.client_fields(&name);
    if let Some(unknown) = body.extra.keys().find(|extra| !known.contains(*extra)) {
        return Err(Refusal::invalid(unknown, "is no field of this app's client"));
    }
    let client = OAuthClient {
        client_id: body.client_id,
        client_secret: body.client_secret.unwrap_or_else(|| Secret::from("")),
        extra: body.extra.into_iter().map(|(name, value)| (name, value.expose().to_owned())).collect(),
    };
    control.0.clients.put(&name, &client).await?;
    super::changed(&caller, "OAuth client stored", &name);
    let redirect_uri = control.0.connections.redirect_uri(&app.name);
    Ok(Json(ClientView { app: app.name.clone(), client: name, configured: true, redirect_uri }))
}
