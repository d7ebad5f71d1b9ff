//! What a request to a provider says: its parameters, wherever they stand.

use std::collections::BTreeMap;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Map, Value};

use super::way::Table;
use crate::harness::upstream::Seen;

/// The parameters of a URL, behind its fragment where that is a route.
pub(super) fn of_url(url: &str) -> (String, Table) {
    let (page, query) = url.rsplit_once('?').unwrap_or((url, ""));
    (page.to_owned(), of_form(query.as_bytes()))
}

/// A parameter that comes twice has both values, which no expectation has.
fn of_form(text: &[u8]) -> Table {
    let mut table = Table::new();
    for (name, value) in form_urlencoded::parse(text).into_owned() {
        table.entry(name).and_modify(|known| *known = format!("{known} and {value}")).or_insert(value);
    }
    table
}

/// The parameters of a request: those of its body, or of its query where it has none.
pub(super) fn of_request(seen: &Seen) -> Table {
    match seen.header("content-type") {
        Some(kind) if kind.starts_with("application/json") => {
            let value: Value = serde_json::from_slice(&seen.body).unwrap_or_default();
            let mut flat = Table::new();
            flatten("", &value, &mut flat);
            flat
        }
        Some(_) => of_form(&seen.body),
        None => of_url(seen.target()).1,
    }
}

/// Members of members under dotted names.
fn flatten(at: &str, value: &Value, into: &mut Table) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                let name = if at.is_empty() { name.clone() } else { format!("{at}.{name}") };
                flatten(&name, value, into);
            }
        }
        Value::String(text) => drop(into.insert(at.to_owned(), text.clone())),
        other => drop(into.insert(at.to_owned(), other.to_string())),
    }
}

/// Header and claims of a signed token, if it is one.
pub(super) fn jwt(text: &str) -> Option<(Map<String, Value>, Map<String, Value>)> {
    let [header, claims, _] = text.split('.').collect::<Vec<_>>().try_into().ok()?;
    let read = |part: &str| serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).ok()?).ok();
    Some((read(header)?, read(claims)?))
}

/// What is the same each time a token is signed: the header's algorithm and key, and the claims but for their times.
pub(super) fn said(jwt: &(Map<String, Value>, Map<String, Value>)) -> BTreeMap<String, String> {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let header = jwt.0.iter().filter(|(name, _)| *name != "typ");
    let claims = jwt.1.iter().filter(|(name, _)| !matches!(name.as_str(), "iat" | "exp" | "nbf" | "jti"));
    header.chain(claims).map(|(name, value)| (name.clone(), text(value))).collect()
}
