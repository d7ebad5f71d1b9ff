//! `GET /user`: who the key says one is.

use axum::{Json, extract::State};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    Control,
    apps::NoQuery,
    extract::{Caller, Query},
    problem::Refusal,
};
use crate::{
    clock::Timestamp,
    id::{KeyId, OwnerId},
    keys::{KeyError, Rules},
};

/// The routes.
pub(super) fn routes() -> OpenApiRouter<Control> {
    OpenApiRouter::new().routes(routes!(get))
}

/// The owner of the key, and the key.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = User)]
struct View {
    /// The owner's id.
    #[schema(value_type = String, format = "uuid")]
    id: OwnerId,
    /// The owner's name.
    name: String,
    /// Where to reach the owner.
    email: Option<String>,
    /// The key that asks.
    key: KeyView,
}

/// The key that asks.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = UserKey)]
struct KeyView {
    /// Its id.
    #[schema(value_type = String, format = "uuid")]
    id: KeyId,
    /// What its owner calls it.
    name: String,
    /// Whether it may manage everything.
    admin: bool,
    /// What it is limited to.
    rules: Rules,
    /// When it ends; null: never.
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_time: Option<Timestamp>,
}

/// Who am I
#[utoipa::path(get, path = "/user", tag = "user", responses((status = 200, body = View)))]
async fn get(
    Caller(caller): Caller,
    State(control): State<Control>,
    Query(NoQuery {}): Query<NoQuery>,
) -> Result<Json<View>, Refusal> {
    // The key is believed for some seconds after it was deleted elsewhere.
    let owner = control.0.owners.get(caller.owner).await?.ok_or(KeyError::Invalid)?;
    let shown = control.0.keys.get(caller.owner, caller.key).await?.ok_or(KeyError::Invalid)?;
    let key = KeyView {
        id: caller.key,
        name: shown.name,
        admin: caller.admin,
        rules: caller.rules.clone(),
        expires_time: caller.expires,
    };
    Ok(Json(View { id: owner.id, name: owner.name, email: owner.email, key }))
}
