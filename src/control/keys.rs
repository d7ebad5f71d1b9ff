//! `/keys`: issue, list, look at, change, rotate, revoke. The plain key is in the answer that makes it, and nowhere else.

use std::time::Duration;

use axum::{Json, extract::State};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use super::{
    Control, Empty,
    connections::OwnerQuery,
    extract::{Body, Caller, Id, Query},
    problem::Refusal,
};
use crate::{
    clock::Timestamp,
    id::{KeyId, OwnerId},
    keys::{self, Key, KeyChange, NewKey, Rules},
    vault::token::ApiKey,
};

/// The routes.
pub(super) fn routes() -> OpenApiRouter<Control> {
    OpenApiRouter::new()
        .routes(routes!(list, issue))
        .routes(routes!(get, change, revoke))
        .routes(routes!(rotate))
}

/// An API key, without the key itself.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Key)]
struct View {
    /// Its id.
    #[schema(value_type = String, format = "uuid")]
    id: KeyId,
    /// What its owner calls it.
    name: String,
    /// The owner's id.
    #[schema(value_type = String, format = "uuid")]
    owner: OwnerId,
    /// Whether it may manage owners, clients and every owner's things.
    admin: bool,
    /// What it is limited to.
    #[schema(value_type = Rules)]
    rules: Value,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    creation_time: Timestamp,
    /// When it ends; null: never.
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_time: Option<Timestamp>,
    /// When it was last used; may lag by a minute.
    #[schema(value_type = Option<String>, format = DateTime)]
    last_used_time: Option<Timestamp>,
    /// First and last characters.
    hint: String,
}

impl From<Key> for View {
    fn from(key: Key) -> Self {
        Self {
            id: key.id,
            name: key.name,
            owner: key.owner,
            admin: key.admin,
            rules: key.rules,
            creation_time: key.creation_time,
            expires_time: key.expires_time,
            last_used_time: key.last_used_time,
            hint: key.hint,
        }
    }
}

/// A new key.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = KeyIssued)]
struct Issued {
    #[serde(flatten)]
    view: View,
    /// The key itself: only here, only now.
    key: String,
}

impl Issued {
    fn new(view: Key, key: &ApiKey) -> Self {
        Self { view: view.into(), key: key.reveal().to_owned() }
    }
}

/// Keys of one owner.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = KeyList)]
struct All {
    keys: Vec<View>,
}

/// What key to make.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewKey)]
struct New {
    /// What to call it.
    name: Option<String>,
    /// Seconds until it ends; without it, it never does.
    expires_in: Option<u64>,
    /// What to limit it to; without it, to nothing.
    #[serde(default)]
    rules: Rules,
    /// Whether it may manage everything; only an admin key can make one.
    #[serde(default)]
    admin: bool,
}

/// What to change; what is left out stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = KeyChange)]
struct Change {
    /// The new name.
    name: Option<String>,
    /// Seconds from now until it ends; null: it never does.
    #[serde(default, deserialize_with = "super::given")]
    #[schema(value_type = Option<u64>)]
    #[expect(clippy::option_option, reason = "left out, null and given are three things")]
    expires_in: Option<Option<u64>>,
    /// What to limit it to instead; all of it.
    #[serde(default, deserialize_with = "super::stated")]
    #[schema(value_type = Rules, required = false)]
    rules: Option<Rules>,
}

/// The label given, where it is not empty.
fn label(name: Option<String>) -> Option<String> {
    name.filter(|text| !text.trim().is_empty())
}

fn unknown() -> Refusal {
    Refusal::unknown("key_unknown", "key")
}

impl Control {
    /// The key of this id, if the caller may change it: who may not make an admin key may not take one over either.
    async fn changeable(&self, caller: &keys::Caller, owner: OwnerId, id: KeyId) -> Result<(), Refusal> {
        let key = self.0.keys.get(owner, id).await?.ok_or_else(unknown)?;
        if key.admin && !caller.admin {
            return Err(Refusal::not_allowed("Only an admin key can change an admin key (rule: admin)."));
        }
        Ok(())
    }
}

/// List keys
#[utoipa::path(get, path = "/keys", tag = "keys", params(OwnerQuery), responses((status = 200, body = All)))]
async fn list(
    Caller(caller): Caller,
    State(control): State<Control>,
    Query(query): Query<OwnerQuery>,
) -> Result<Json<All>, Refusal> {
    let owner = control.owner_of(&caller, query.owner.as_deref()).await?;
    let keys = control.0.keys.list(owner).await?.into_iter().map(View::from).collect();
    Ok(Json(All { keys }))
}

/// Make a key
#[utoipa::path(post, path = "/keys", tag = "keys", params(OwnerQuery), request_body = New,
    responses((status = 200, body = Issued), (status = 403, body = super::ProblemBody),
        (status = 422, body = super::ProblemBody)))]
async fn issue(
    Caller(caller): Caller,
    State(control): State<Control>,
    Query(query): Query<OwnerQuery>,
    Body(new): Body<New>,
) -> Result<Json<Issued>, Refusal> {
    let owner = control.owner_of(&caller, query.owner.as_deref()).await?;
    if new.admin && !caller.admin {
        return Err(Refusal::not_allowed("Only an admin key can make an admin key (rule: admin)."));
    }
    let new = NewKey {
        name: label(new.name).unwrap_or_else(|| "key".to_owned()),
        admin: new.admin,
        expires_in: new.expires_in.map(Duration::from_secs),
        rules: control.rules(owner, new.rules).await?,
    };
    let (view, key) = control.0.keys.issue(owner, new).await?;
    super::changed(&caller, "key issued", view.id);
    Ok(Json(Issued::new(view, &key)))
}

/// Look at a key
#[utoipa::path(get, path = "/keys/{id}", tag = "keys",
    params(("id" = String, Path, format = "uuid"), OwnerQuery),
    responses((status = 200, body = View), (status = 404, body = super::ProblemBody)))]
async fn get(
    Caller(caller): Caller,
    State(control): State<Control>,
    Id(id): Id<KeyId>,
    Query(query): Query<OwnerQuery>,
) -> Result<Json<View>, Refusal> {
    let owner = control.owner_of(&caller, query.owner.as_deref()).await?;
    Ok(Json(control.0.keys.get(owner, id).await?.ok_or_else(unknown)?.into()))
}

/// Change a key
#[utoipa::path(patch, path = "/keys/{id}", tag = "keys",
    params(("id" = String, Path, format = "uuid"), OwnerQuery), request_body = Change,
    responses((status = 200, body = View), (status = 404, body = super::ProblemBody),
        (status = 422, body = super::ProblemBody)))]
async fn change(
    Caller(caller): Caller,
    State(control): State<Control>,
    Id(id): Id<KeyId>,
    Query(query): Query<OwnerQuery>,
    Body(change): Body<Change>,
) -> Result<Json<View>, Refusal> {
    let owner = control.owner_of(&caller, query.owner.as_deref()).await?;
    control.changeable(&caller, owner, id).await?;
    let rules = match change.rules {
        Some(rules) => Some(control.rules(owner, rules).await?),
        None => None,
    };
    let change = KeyChange {
        name: label(change.name),
        expires_in: change.expires_in.map(|end| end.map(Duration::from_secs)),
        rules,
    };
    let key = control.0.keys.change(owner, id, change).await?.ok_or_else(unknown)?;
    super::changed(&caller, "key changed", id);
    Ok(Json(key.into()))
}

/// Replace a key's secret
///
/// The old one stops working at once.
#[utoipa::path(post, path = "/keys/{id}/rotate", tag = "keys",
    params(("id" = String, Path, format = "uuid"), OwnerQuery),
    responses((status = 200, body = Issued), (status = 404, body = super::ProblemBody)))]
async fn rotate(
    Caller(caller): Caller,
    State(control): State<Control>,
    Id(id): Id<KeyId>,
    Query(query): Query<OwnerQuery>,
) -> Result<Json<Issued>, Refusal> {
    let owner = control.owner_of(&caller, query.owner.as_deref()).await?;
    control.changeable(&caller, owner, id).await?;
    let (view, key) = control.0.keys.rotate(owner, id).await?.ok_or_else(unknown)?;
    super::changed(&caller, "key rotated", id);
    Ok(Json(Issued::new(view, &key)))
}

/// Revoke a key
#[utoipa::path(delete, path = "/keys/{id}", tag = "keys",
    params(("id" = String, Path, format = "uuid"), OwnerQuery),
    responses((status = 200, body = Empty), (status = 404, body = super::ProblemBody)))]
async fn revoke(
    Caller(caller): Caller,
    State(control): State<Control>,
    Id(id): Id<KeyId>,
    Query(query): Query<OwnerQuery>,
) -> Result<Json<Empty>, Refusal> {
    let owner = control.owner_of(&caller, query.owner.as_deref()).await?;
    control.changeable(&caller, owner, id).await?;
    if !control.0.keys.revoke(owner, id).await? {
        return Err(unknown());
    }
    super::changed(&caller, "key revoked", id);
    Ok(Json(Empty {}))
}
