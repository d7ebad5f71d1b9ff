//! What a key may not do. A key without rules may do everything that its owner may; each rule takes something away.
//!
//! Only the decisions are here: they know no requests, and each door says no in its own words. What isn't understood
//! is never taken for "no rule": unknown names, null and empty lists are errors.

use std::fmt;

use http::Method;
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{MapAccess, Visitor, value::MapAccessDeserializer},
};
use serde_json::Value;
use utoipa::ToSchema;

use crate::{catalog::Catalog, id::ConnectionId};

/// Most apps, and most connections, that a key can be limited to.
const MOST: usize = 100;

/// What a key is limited to; without any member, to nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, remote = "Self")]
#[schema(as = KeyRules)]
pub struct Rules {
    /// Only these apps; given by name or alias, kept by name.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    #[schema(value_type = Vec<String>, required = false, min_items = 1, max_items = 100)]
    pub apps: Option<Vec<String>>,
    /// Only these connections of the key's owner.
    #[serde(default, skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    #[schema(value_type = Vec<String>, required = false, min_items = 1, max_items = 100)]
    pub connections: Option<Vec<ConnectionId>>,
    /// Only GET, HEAD and OPTIONS at the gateway, and no changes through the control API.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    #[schema(default = false)]
    pub read_only: bool,
    /// Whether it may use the control API; if not, only `GET /user` of it.
    #[serde(default = "yes", skip_serializing_if = "Clone::clone")]
    #[schema(default = true)]
    pub control: bool,
}

/// One rule, by which a key is told no.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// `apps`.
    Apps,
    /// `connections`.
    Connections,
    /// `read_only`.
    ReadOnly,
    /// `control`.
    Control,
}

/// A rule that can't be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {problem}")]
pub struct RuleError {
    /// Where it stands among the rules.
    pub field: String,
    /// What is wrong with it.
    pub problem: String,
}

impl Default for Rules {
    fn default() -> Self {
        Self { apps: None, connections: None, read_only: false, control: true }
    }
}

impl Rules {
    /// The rules of a key's row.
    pub fn read(stored: &Value) -> Result<Self, serde_json::Error> {
        <Self as Deserialize>::deserialize(stored)
    }

    /// These rules with their apps by name, each once; or what can't be meant. Whose the connections are is not
    /// looked at.
    pub fn checked(self, catalog: &Catalog) -> Result<Self, RuleError> {
        let apps = self.apps.map(|apps| named(&apps, catalog)).transpose()?;
        let connections = self.connections.map(|ids| listed("connections", ids)).transpose()?;
        Ok(Self { apps, connections, ..self })
    }

    /// The first rule there is, if any.
    #[must_use]
    pub fn first(&self) -> Option<Rule> {
        let rules = [
            (self.apps.is_some(), Rule::Apps),
            (self.connections.is_some(), Rule::Connections),
            (self.read_only, Rule::ReadOnly),
            (!self.control, Rule::Control),
        ];
        rules.into_iter().find_map(|(is_there, rule)| is_there.then_some(rule))
    }

    /// Whether the app of this name may be called.
    pub fn app(&self, name: &str) -> Result<(), Rule> {
        match &self.apps {
            Some(apps) if !apps.iter().any(|app| app == name) => Err(Rule::Apps),
            _ => Ok(()),
        }
    }

    /// Whether this connection of this app may be used and seen.
    pub fn connection(&self, app: &str, id: ConnectionId) -> Result<(), Rule> {
        self.app(app)?;
        match &self.connections {
            Some(ids) if !ids.contains(&id) => Err(Rule::Connections),
            _ => Ok(()),
        }
    }

    /// Whether this method may be sent.
    pub fn method(&self, method: &Method) -> Result<(), Rule> {
        if self.read_only && ![Method::GET, Method::HEAD, Method::OPTIONS].contains(method) {
            return Err(Rule::ReadOnly);
        }
        Ok(())
    }
}

impl Rule {
    /// Its name among a key's rules.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Apps => "apps",
            Self::Connections => "connections",
            Self::ReadOnly => "read_only",
            Self::Control => "control",
        }
    }
}

/// The names of these apps.
fn named(apps: &[String], catalog: &Catalog) -> Result<Vec<String>, RuleError> {
    let name = |(at, slug): (usize, &String)| match catalog.app(slug) {
        Some(app) => Ok(app.name.clone()),
        None => Err(RuleError { field: format!("apps[{at}]"), problem: no_app(catalog, slug) }),
    };
    let names = listed("apps", apps.to_vec())?;
    listed("apps", names.iter().enumerate().map(name).collect::<Result<_, _>>()?)
}

fn no_app(catalog: &Catalog, slug: &str) -> String {
    match catalog.nearest(slug).as_slice() {
        [] => "there is no such app".to_owned(),
        near => format!("there is no such app; the nearest are {}", near.join(", ")),
    }
}

/// A list with something in it, each thing once. An empty one would read as "no limit" to people and as "nothing" to
/// machines.
fn listed<T: PartialEq>(field: &str, list: Vec<T>) -> Result<Vec<T>, RuleError> {
    let wrong = |problem: String| RuleError { field: field.to_owned(), problem };
    if list.is_empty() {
        return Err(wrong("has to name at least one; leave it out for all".to_owned()));
    }
    if list.len() > MOST {
        return Err(wrong(format!("can name at most {MOST}")));
    }
    let mut once = Vec::with_capacity(list.len());
    for one in list {
        if !once.contains(&one) {
            once.push(one);
        }
    }
    Ok(once)
}

fn yes() -> bool {
    true
}

impl Serialize for Rules {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Self::serialize(self, serializer)
    }
}

/// An object only: what serde derives takes a list for one too, and an empty list would be no rules.
impl<'de> Deserialize<'de> for Rules {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Object)
    }
}

struct Object;

impl<'de> Visitor<'de> for Object {
    type Value = Rules;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Rules, A::Error> {
        Rules::deserialize(MapAccessDeserializer::new(map))
    }
}

/// Reads a list that may be left out, but not be null.
fn given<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

/// For people, in one line; nothing where there are no rules.
impl fmt::Display for Rules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let apps = self.apps.as_ref().map(|apps| format!("apps {}", apps.join(",")));
        let ids =
            self.connections.as_ref().map(|ids| ids.iter().map(ToString::to_string).collect::<Vec<_>>());
        let connections = ids.map(|ids| format!("connections {}", ids.join(",")));
        let read_only = self.read_only.then(|| "read-only".to_owned());
        let control = (!self.control).then(|| "no control".to_owned());
        let parts: Vec<_> = [apps, connections, read_only, control].into_iter().flatten().collect();
        f.write_str(&parts.join("; "))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const ONE: &str = "0198c1a0-0000-7000-8000-000000000001";
    const TWO: &str = "0198c1a0-0000-7000-8000-000000000002";

    fn rules(value: &Value) -> Rules {
        Rules::read(value).unwrap()
    }

    fn id(text: &str) -> ConnectionId {
        text.parse().unwrap()
    }

    #[test]
    fn ak_5_what_is_not_understood_is_no_rule_set() {
        for value in [
            json!(null),
            json!("read_only"),
            json!([]),
            json!([["stripe"]]),
            json!({"apps": null}),
            json!({"apps": "stripe"}),
            json!({"apps": [1]}),
            json!({"connections": ["x"]}),
            json!({"connections": null}),
            json!({"read_only": "yes"}),
            json!({"read_only": null}),
            json!({"control": 0}),
            json!({"readonly": true}),
            json!({"apps": ["stripe"], "methods": ["GET"]}),
        ] {
            assert!(Rules::read(&value).is_err(), "{value}");
        }
    }

    #[test]
    fn rules_are_written_as_they_were_read() {
        for (value, shown) in [
            (json!({}), ""),
            (json!({"apps": ["stripe", "slack"]}), "apps stripe,slack"),
            (json!({"connections": [ONE], "read_only": true}), &format!("connections {ONE}; read-only")),
            (json!({"control": false}), "no control"),
        ] {
            let read = rules(&value);
            assert_eq!(serde_json::to_value(&read).unwrap(), value);
            assert_eq!(read.to_string(), shown);
            assert_eq!(read.first().is_none(), value == json!({}), "{value}");
        }
        assert_eq!(rules(&json!({"read_only": false, "control": true})), Rules::default());
    }

    #[test]
    fn ak_5_each_rule_takes_something_away() {
        let slack = (Err(Rule::Apps), Err(Rule::Apps));
        for (value, stripe, slack, reads, writes) in [
            (json!({}), (Ok(()), Ok(())), (Ok(()), Ok(())), Ok(()), Ok(())),
            (json!({"apps": ["stripe"]}), (Ok(()), Ok(())), slack, Ok(()), Ok(())),
            (json!({"apps": []}), slack, slack, Ok(()), Ok(())),
            (
                json!({"connections": [ONE]}),
                (Ok(()), Err(Rule::Connections)),
                (Ok(()), Err(Rule::Connections)),
                Ok(()),
                Ok(()),
            ),
            (
                json!({"apps": ["stripe"], "connections": [ONE]}),
                (Ok(()), Err(Rule::Connections)),
                slack,
                Ok(()),
                Ok(()),
            ),
            (json!({"read_only": true}), (Ok(()), Ok(())), (Ok(()), Ok(())), Ok(()), Err(Rule::ReadOnly)),
        ] {
            let rules = rules(&value);
            let of = |app| (rules.connection(app, id(ONE)), rules.connection(app, id(TWO)));
            assert_eq!((of("stripe"), of("slack")), (stripe, slack), "{value}");
            for method in [Method::GET, Method::HEAD, Method::OPTIONS] {
                assert_eq!(rules.method(&method), reads, "{value} {method}");
            }
            for method in ["POST", "PUT", "PATCH", "DELETE", "get", "PROPFIND"] {
                let method = Method::from_bytes(method.as_bytes()).unwrap();
                assert_eq!(rules.method(&method), writes, "{value} {method}");
            }
        }
    }

    #[test]
    fn apps_are_kept_by_name_and_once() {
        let catalog = Catalog::builtin().unwrap();
        let checked = |value: Value| rules(&value).checked(&catalog);
        let kept = checked(json!({"apps": ["gmail", "google-mail", "stripe"], "connections": [ONE, ONE]}));
        assert_eq!(kept, Ok(rules(&json!({"apps": ["google-mail", "stripe"], "connections": [ONE]}))));
        assert_eq!(checked(json!({})), Ok(Rules::default()));
        for (value, field) in [
            (json!({"apps": ["stripe", "strip"]}), "apps[1]"),
            (json!({"apps": ["Stripe"]}), "apps[0]"),
            (json!({"apps": []}), "apps"),
            (json!({"connections": []}), "connections"),
            (json!({"apps": vec!["stripe"; 101]}), "apps"),
            (json!({"connections": vec![ONE; 101]}), "connections"),
        ] {
            assert_eq!(checked(value.clone()).unwrap_err().field, field, "{value}");
        }
        assert!(checked(json!({"apps": ["strip"]})).unwrap_err().problem.contains("stripe"));
    }
}
