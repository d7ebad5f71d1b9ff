//! `/owners`: the accounts of this gateway, for admin keys.

use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    Control, Empty,
    apps::NoQuery,
    extract::{Admin, Body, Id, Query},
    problem::Refusal,
};
use crate::{
    clock::Timestamp,
    id::OwnerId,
    owners::{Owner, OwnerChange},
};

/// The routes.
pub(super) fn routes() -> OpenApiRouter<Control> {
    OpenApiRouter::new().routes(routes!(list, create)).routes(routes!(get, update, delete))
}

/// An account of this gateway.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Owner)]
struct View {
    /// Its id.
    #[schema(value_type = String, format = "uuid")]
    id: OwnerId,
    /// Its name, which no other owner has.
    name: String,
    /// Where to reach it.
    email: Option<String>,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    creation_time: Timestamp,
}

impl From<Owner> for View {
    fn from(owner: Owner) -> Self {
        Self { id: owner.id, name: owner.name, email: owner.email, creation_time: owner.creation_time }
    }
}

/// All owners.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OwnerList)]
struct All {
    owners: Vec<View>,
}

/// What owner to make.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewOwner)]
struct New {
    /// Its name, which no other owner may have.
    name: String,
    /// Where to reach it.
    email: Option<String>,
}

/// What to change; what is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = OwnerChange)]
struct Change {
    /// The new name.
    name: Option<String>,
    /// The new address; null removes it.
    #[serde(default, deserialize_with = "super::given")]
    #[schema(value_type = Option<String>)]
    #[expect(clippy::option_option, reason = "left out, null and given are three things")]
    email: Option<Option<String>>,
}

fn unknown() -> Refusal {
    Refusal::unknown("owner_unknown", "owner")
}

fn reachable(email: Option<String>) -> Result<Option<String>, Refusal> {
    let plausible =
        |text: &str| text.len() <= 254 && text.contains('@') && !text.contains(char::is_whitespace);
    match email.filter(|text| !text.is_empty()) {
        Some(text) if !plausible(&text) => Err(Refusal::invalid("email", "is no e-mail address")),
        email => Ok(email),
    }
}

/// List owners
#[utoipa::path(get, path = "/owners", tag = "owners",
    responses((status = 200, body = All), (status = 403, body = super::ProblemBody)))]
async fn list(
    Admin(_): Admin,
    State(control): State<Control>,
    Query(NoQuery {}): Query<NoQuery>,
) -> Result<Json<All>, Refusal> {
    let owners = control.0.owners.list().await?.into_iter().map(View::from).collect();
    Ok(Json(All { owners }))
}

/// Make an owner
#[utoipa::path(post, path = "/owners", tag = "owners", request_body = New,
    responses((status = 200, body = View), (status = 403, body = super::ProblemBody),
        (status = 422, body = super::ProblemBody)))]
async fn create(
    Admin(caller): Admin,
    State(control): State<Control>,
    Query(NoQuery {}): Query<NoQuery>,
    Body(new): Body<New>,
) -> Result<Json<View>, Refusal> {
    let owner = control.0.owners.create(&new.name, reachable(new.email)?.as_deref()).await?;
    super::changed(&caller, "owner created", owner.id);
    Ok(Json(owner.into()))
}

/// Look at an owner
#[utoipa::path(get, path = "/owners/{id}", tag = "owners", params(("id" = String, Path, format = "uuid")),
    responses((status = 200, body = View), (status = 403, body = super::ProblemBody),
        (status = 404, body = super::ProblemBody)))]
async fn get(
    Admin(_): Admin,
    State(control): State<Control>,
    Id(id): Id<OwnerId>,
    Query(NoQuery {}): Query<NoQuery>,
) -> Result<Json<View>, Refusal> {
    Ok(Json(control.0.owners.get(id).await?.ok_or_else(unknown)?.into()))
}

/// Change an owner
#[utoipa::path(patch, path = "/owners/{id}", tag = "owners", params(("id" = String, Path, format = "uuid")),
    request_body = Change,
    responses((status = 200, body = View), (status = 403, body = super::ProblemBody),
        (status = 404, body = super::ProblemBody), (status = 422, body = super::ProblemBody)))]
async fn update(
    Admin(caller): Admin,
    State(control): State<Control>,
    Id(id): Id<OwnerId>,
    Query(NoQuery {}): Query<NoQuery>,
    Body(change): Body<Change>,
) -> Result<Json<View>, Refusal> {
    let email = change.email.map(reachable).transpose()?;
    let change = OwnerChange { name: change.name, email };
    let owner = control.0.owners.change(id, change).await?.ok_or_else(unknown)?;
    super::changed(&caller, "owner changed", id);
    Ok(Json(owner.into()))
}

/// Delete an owner with its keys and connections
#[utoipa::path(delete, path = "/owners/{id}", tag = "owners", params(("id" = String, Path, format = "uuid")),
    responses((status = 200, body = Empty), (status = 403, body = super::ProblemBody),
        (status = 404, body = super::ProblemBody)))]
async fn delete(
    Admin(caller): Admin,
    State(control): State<Control>,
    Id(id): Id<OwnerId>,
    Query(NoQuery {}): Query<NoQuery>,
) -> Result<Json<Empty>, Refusal> {
    if caller.owner == id {
        return Err(Refusal::not_allowed("An owner can't delete itself: use another owner's admin key."));
    }
    if !control.0.owners.delete(id).await? {
        return Err(unknown());
    }
    super::changed(&caller, "owner deleted", id);
    Ok(Json(Empty {}))
}
