//! The API's resource: each account has a shelf of items, listed in pages with `Link` headers (RFC 8288).

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use axum::{
    Json,
    body::Bytes,
    extract::{Path, RawQuery, State},
    response::{IntoResponse, Response},
};
use http::{HeaderValue, StatusCode, header};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{
    Shared,
    account::{ACCOUNTS, Account, Scope},
    bearer::Caller,
    error::ApiError,
    params::Params,
};
use crate::clock::{Clock, Timestamp};

/// How many items an account may have.
const MOST: usize = 1000;

/// One thing on a shelf.
#[derive(Clone, Debug, Serialize)]
struct Item {
    id: u64,
    name: String,
    owner: &'static str,
    created_at: Timestamp,
}

/// All items, by account.
pub(super) struct Shelf(Mutex<BTreeMap<&'static str, Owned>>);

/// One account's items; an id is never given twice.
#[derive(Default)]
struct Owned {
    last: u64,
    items: BTreeMap<u64, Item>,
}

impl Owned {
    fn add(&mut self, name: String, account: &Account, now: Timestamp) -> Item {
        self.last += 1;
        let item = Item { id: self.last, name, owner: account.email, created_at: now };
        self.items.insert(item.id, item.clone());
        item
    }
}

impl Shelf {
    /// A shelf with 12 items for each account.
    pub(super) fn stocked(clock: &Clock) -> Self {
        let names = [
            "Lantern", "Compass", "Kettle", "Rope", "Map", "Blanket", "Whistle", "Spoon", "Notebook",
            "Pencil", "Raincoat", "Thermos",
        ];
        let shelf = |account: &'static Account| {
            let mut owned = Owned::default();
            for name in names {
                owned.add(name.to_owned(), account, clock.now());
            }
            (account.id, owned)
        };
        Self(Mutex::new(ACCOUNTS.iter().map(shelf).collect()))
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<&'static str, Owned>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// `GET /v1/items?page=&per_page=`: one page, with links to its neighbours.
pub(super) async fn list(
    State(parts): Shared,
    caller: Caller,
    RawQuery(query): RawQuery,
) -> Result<Response, ApiError> {
    caller.may(Scope::ReadItems)?;
    let params = Params::parse(query.unwrap_or_default().as_bytes());
    let page = number(&params, "page", 1, usize::MAX)?;
    let per_page = number(&params, "per_page", 5, 100)?;
    let shelf = parts.shelf.lock();
    let items = shelf.get(caller.0.account.id).map(|owned| &owned.items);
    let total = items.map_or(0, BTreeMap::len);
    let skipped = (page - 1).saturating_mul(per_page);
    let shown: Vec<_> = items.into_iter().flat_map(BTreeMap::values).skip(skipped).take(per_page).collect();
    let body = Json(json!({ "items": shown, "page": page, "per_page": per_page, "total": total }));
    let link = links(&parts.settings.url, page, per_page, total);
    Ok(([(header::LINK, link)], body).into_response())
}

/// The pages around this one, as absolute URLs of this server.
fn links(url: &str, page: usize, per_page: usize, total: usize) -> HeaderValue {
    let last = total.div_ceil(per_page).max(1);
    let neighbours = [
        ("first", Some(1)),
        ("prev", (page > 1).then(|| (page - 1).min(last))),
        ("next", (page < last).then(|| page + 1)),
        ("last", Some(last)),
    ];
    let link = |(name, page): (&str, Option<usize>)| {
        page.map(|page| format!("<{url}/v1/items?page={page}&per_page={per_page}>; rel=\"{name}\""))
    };
    let text = neighbours.into_iter().filter_map(link).collect::<Vec<_>>().join(", ");
    HeaderValue::try_from(text).unwrap_or(HeaderValue::from_static(""))
}

fn number(params: &Params, name: &str, default: usize, most: usize) -> Result<usize, ApiError> {
    let Some(text) = params.get(name) else { return Ok(default) };
    match text.parse() {
        Ok(number) if (1..=most).contains(&number) => Ok(number),
        _ => {
            Err(ApiError::bad_request(format!("{name} is a whole number, 1 or more (per_page: up to 100).")))
        }
    }
}

/// What creating an item takes.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewItem {
    name: String,
}

/// `POST /v1/items`: one more item; `Location` says where it is.
pub(super) async fn create(State(parts): Shared, caller: Caller, body: Bytes) -> Result<Response, ApiError> {
    caller.may(Scope::WriteItems)?;
    let new: NewItem = serde_json::from_slice(&body)
        .map_err(|error| ApiError::bad_request(format!("Send {{\"name\":\"…\"}}: {error}.")))?;
    if new.name.trim().is_empty() || new.name.chars().count() > 200 {
        let message = "name has 1 to 200 characters.";
        return Err(ApiError::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", message));
    }
    let account = caller.0.account;
    let mut shelf = parts.shelf.lock();
    let owned = shelf.entry(account.id).or_default();
    if owned.items.len() >= MOST {
        return Err(ApiError::new(
            StatusCode::CONFLICT,
            "full",
            "The shelf is full; delete something first.",
        ));
    }
    let item = owned.add(new.name, account, parts.clock.now());
    let place = format!("{}/v1/items/{}", parts.settings.url, item.id);
    Ok((StatusCode::CREATED, [(header::LOCATION, place)], Json(item)).into_response())
}

/// `GET /v1/items/{id}`.
pub(super) async fn show(
    State(parts): Shared,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Response, ApiError> {
    caller.may(Scope::ReadItems)?;
    let shelf = parts.shelf.lock();
    let item = id.parse().ok().and_then(|id: u64| shelf.get(caller.0.account.id)?.items.get(&id));
    item.map(|item| Json(item).into_response()).ok_or_else(|| no_item(&id))
}

/// `DELETE /v1/items/{id}`.
pub(super) async fn remove(
    State(parts): Shared,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiError> {
    caller.may(Scope::WriteItems)?;
    let mut shelf = parts.shelf.lock();
    let removed = id.parse().ok().and_then(|id: u64| shelf.get_mut(caller.0.account.id)?.items.remove(&id));
    removed.map(|_| StatusCode::NO_CONTENT).ok_or_else(|| no_item(&id))
}

fn no_item(id: &str) -> ApiError {
    ApiError::not_found(format!("There is no item {id:?} in this account."))
}
