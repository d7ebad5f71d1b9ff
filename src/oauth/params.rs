//! The parameters of a request to a provider: standard ones under the names its app file gives them, then its own.

use std::collections::BTreeMap;

use form_urlencoded::Serializer;
use serde_json::{Map, Value};

use super::OAuthError;
use crate::{
    catalog::{
        auth::Format,
        template::{Missing, Template, Values},
    },
    vault::Secret,
};

/// Parameters in the order they are sent.
pub(super) struct Params<'a> {
    rename: &'a BTreeMap<String, String>,
    list: Vec<(String, Secret)>,
}

impl<'a> Params<'a> {
    pub(super) fn new(rename: &'a BTreeMap<String, String>) -> Self {
        Self { rename, list: Vec::new() }
    }

    /// A standard parameter: renamed, or left out, where the app's file says so.
    pub(super) fn standard(&mut self, name: &str, value: impl Into<Secret>) {
        let name = self.rename.get(name).map_or(name, String::as_str);
        if !name.is_empty() {
            self.set(name, value);
        }
    }

    /// A parameter of the app's own; takes the place of an earlier one of that name.
    pub(super) fn set(&mut self, name: &str, value: impl Into<Secret>) {
        self.list.retain(|(known, _)| known != name);
        self.list.push((name.to_owned(), value.into()));
    }

    /// The app's own parameters.
    pub(super) fn fill(
        &mut self,
        own: &BTreeMap<String, Template>,
        values: &dyn Values,
    ) -> Result<(), OAuthError> {
        for (name, template) in own {
            self.set(name, template.fill(values)?);
        }
        Ok(())
    }

    /// The body of a request, and its content type.
    pub(super) fn body(&self, format: Format) -> (&'static str, String) {
        match format {
            Format::Form => ("application/x-www-form-urlencoded", self.form()),
            Format::Json => ("application/json", self.json()),
        }
    }

    /// `application/x-www-form-urlencoded`.
    pub(super) fn form(&self) -> String {
        let pairs = self.list.iter().map(|(name, value)| (name, value.expose()));
        Serializer::new(String::new()).extend_pairs(pairs).finish()
    }

    /// Whether there is anything to send.
    pub(super) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// A dotted name is a member of a member.
    fn json(&self) -> String {
        let mut members = Map::new();
        self.list.iter().for_each(|(name, value)| put(&mut members, name, value));
        Value::Object(members).to_string()
    }
}

/// Puts a value where a dotted name leads; a value that stands in the way gives way.
fn put(members: &mut Map<String, Value>, name: &str, value: &Secret) {
    let Some((parent, rest)) = name.split_once('.') else {
        members.insert(name.to_owned(), Value::from(value.expose()));
        return;
    };
    let inside = members.entry(parent).or_insert(Value::Null);
    if !inside.is_object() {
        *inside = Value::Object(Map::new());
    }
    if let Value::Object(inside) = inside {
        put(inside, rest, value);
    }
}

/// A template that can't be filled is the operator's to mend: a setting or the app's file lacks something.
impl From<Missing> for OAuthError {
    fn from(Missing(name): Missing) -> Self {
        Self::Configuration(format!("{name} has no value"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn standard_parameters_go_by_the_names_of_the_app_file() {
        let rename =
            BTreeMap::from([("client_id".into(), "app_id".into()), ("grant_type".into(), String::new())]);
        let mut params = Params::new(&rename);
        params.standard("grant_type", "authorization_code");
        params.standard("client_id", "7");
        params.standard("code", "a b&c");
        params.set("code", "second");
        assert_eq!(params.form(), "app_id=7&code=second");
        assert_eq!(params.json(), r#"{"app_id":"7","code":"second"}"#);
    }

    #[test]
    fn a_dotted_name_is_a_member_of_a_member_in_json() {
        let rename = BTreeMap::new();
        let mut params = Params::new(&rename);
        for (name, value) in [("site.name", "n"), ("site.url.path", "p"), ("a", "1"), ("a.b", "2")] {
            params.set(name, value);
        }
        assert_eq!(params.json(), r#"{"a":{"b":"2"},"site":{"name":"n","url":{"path":"p"}}}"#);
        assert!(params.form().starts_with("site.name=n&site.url.path=p"));
    }
}
