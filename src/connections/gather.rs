//! Fields that nobody types in: found in the callback, in the token answer, in one more request, or in another
//! field. What a provider says is held against the same patterns as what a user types.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{candidates::Undecided, grant::Grant, probe, values::Values};
use crate::{
    catalog::{
        app::App,
        auth::Auth,
        field::{Field, Source},
        json_path,
    },
    clients::OAuthClient,
    oauth::TokenAnswer,
};

/// A field that could not be found, or whose value can't be taken. Its word goes into `status_reason`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct NotFound {
    /// Which field.
    pub(super) field: String,
    /// `field_missing` or `field_refused`.
    pub(super) reason: &'static str,
}

/// Fields and grant of a connection in the making.
#[derive(Clone, Debug)]
pub(super) struct Gathering<'a> {
    pub(super) app: &'a App,
    pub(super) way: &'a Auth,
    pub(super) client: Option<&'a OAuthClient>,
    pub(super) fields: BTreeMap<String, String>,
    pub(super) grant: Grant,
    /// What the user still has to pick: nothing is complete before.
    pub(super) undecided: Option<Undecided>,
}

impl Gathering<'_> {
    /// What templates read by now.
    pub(super) fn values(&self) -> Values {
        Values::of_app(self.app, self.way.method, self.client)
            .with_fields(&self.fields)
            .with_grant(&self.grant)
    }

    /// Takes the fields of one source; `find` looks for the value of one.
    pub(super) fn take(
        &mut self,
        source: Source,
        find: impl Fn(&Field) -> Option<String>,
    ) -> Result<(), NotFound> {
        let fields =
            self.app.fields_of(self.way.method).filter(|field| field.from == source && field.of.is_none());
        for field in fields {
            self.keep(field, find(field))?;
        }
        Ok(())
    }

    /// Takes the fields that are derived from others, as far as those are there.
    pub(super) fn derive(&mut self) -> Result<(), NotFound> {
        for field in self.app.fields_of(self.way.method) {
            let Some(of) = &field.of else { continue };
            let values = self.values();
            if let Some(value) = crate::catalog::template::Values::value(&values, of) {
                self.keep(field, source(field, value))?;
            }
        }
        Ok(())
    }

    /// Takes those fields of a token answer that it holds: a renewal may say other than the first answer, or nothing.
    pub(super) fn take_again(&mut self, answer: &TokenAnswer) -> Result<(), NotFound> {
        let before = (self.fields.clone(), self.grant.secret_fields.clone());
        let fields = self.app.fields_of(self.way.method).filter(|field| field.from == Source::Token);
        for field in fields.filter(|field| field.of.is_none()) {
            if let Some(value) = in_answer(field, answer) {
                self.keep(field, Some(value))?;
            }
        }
        let is_same = before.0 == self.fields && before.1 == self.grant.secret_fields;
        if is_same { Ok(()) } else { self.derive() }
    }

    pub(super) fn keep(&mut self, field: &Field, found: Option<String>) -> Result<(), NotFound> {
        let not = |reason| NotFound { field: field.name.clone(), reason };
        let cut = |value: String| match &field.regex {
            Some(regex) => regex.of(&value).map(str::to_owned),
            None => Some(value),
        };
        let Some(value) = found.and_then(cut).filter(|value| !value.is_empty()) else {
            let may_lack = field.optional || field.default.is_some();
            return if may_lack { Ok(()) } else { Err(not("field_missing")) };
        };
        field.accepts(&value).map_err(|_| not("field_refused"))?;
        if field.secret || field.multiline {
            self.grant.secret_fields.insert(field.name.clone(), value.into());
        } else {
            self.fields.insert(field.name.clone(), value);
        }
        Ok(())
    }
}

/// Where a value stands in a token answer: under the field's path, or under its name.
pub(super) fn in_answer(field: &Field, answer: &TokenAnswer) -> Option<String> {
    answer.find(field.path.as_deref().unwrap_or(&field.name)).and_then(probe::text)
}

/// The same in the answer to a field's own request.
pub(super) fn in_json(field: &Field, answer: &Value) -> Option<String> {
    json_path(answer, field.path.as_deref().unwrap_or(&field.name)).and_then(probe::text)
}

/// What a derived field starts from: a value, or what its path leads to in a value that is JSON.
fn source(field: &Field, value: &str) -> Option<String> {
    let Some(path) = &field.path else { return Some(value.to_owned()) };
    match json_path(&serde_json::from_str(value).ok()?, path)? {
        Value::String(text) => Some(text.clone()),
        other => probe::text(other),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::json;

    use super::*;
    use crate::catalog::Catalog;

    const TOLD: &str = r#"
[[field]]
name = "realm"
label = "Realm"
from = "callback"
path = "realmId"
pattern = "^[0-9]+$"
[[field]]
name = "instance_url"
label = "Instance"
from = "token"
pattern = '^https://[a-z]+\.x\.test$'
optional = true
[[auth]]
method = "OAUTH2"
client = "x"
authorize = { url = "https://x.test/authorize" }
token = { url = "https://x.test/token" }
inject = [{ header = "Authorization", value = "Bearer ${access_token}" }]
"#;

    const DERIVED: &str = r#"
[[field]]
name = "dc"
label = "Data centre"
of = "api_key"
regex = "-([a-z0-9]+)$"
pattern = "^[a-z]+[0-9]+$"
[[auth]]
method = "API_KEY"
fields = [{ name = "api_key", label = "Key", secret = true }]
inject = [{ header = "Authorization", value = "Bearer ${api_key}" }]
"#;

    fn app(more: &str) -> Arc<App> {
        let text =
            format!("name = 'x'\ndisplay_name = 'X'\nbase = 'https://x.test'\nno_probe = 'a test'\n{more}");
        let catalog = Catalog::of(&[("x", &text)], true).unwrap_or_else(|errors| panic!("{errors:?}"));
        Arc::clone(catalog.app("x").unwrap())
    }

    fn gathering<'a>(app: &'a App, key: &str) -> Gathering<'a> {
        let credentials = BTreeMap::from([("api_key".to_owned(), key.into())]);
        let grant = Grant { credentials, ..Grant::default() };
        Gathering { app, way: &app.auth[0], client: None, fields: BTreeMap::new(), grant, undecided: None }
    }

    #[test]
    fn each_source_is_read_by_its_path_and_held_against_the_pattern() {
        let app = app(TOLD);
        let mut gathering = gathering(&app, "k-us21");
        let query = |value: &'static str| {
            move |field: &Field| (field.path.as_deref() == Some("realmId")).then(|| value.to_owned())
        };
        gathering.take(Source::Callback, query("123")).unwrap();
        assert_eq!(gathering.fields["realm"], "123");
        let refused = gathering.take(Source::Callback, query("1/../2")).unwrap_err();
        assert_eq!((refused.field.as_str(), refused.reason), ("realm", "field_refused"));
        assert_eq!(gathering.take(Source::Callback, |_| None).unwrap_err().reason, "field_missing");

        for (answer, expected) in [
            (json!({"instance_url": "https://acme.x.test"}), Ok(())),
            (json!({}), Ok(())),
            (json!({"instance_url": "https://evil.test"}), Err("field_refused")),
            (json!({"instance_url": "https://acme.x.test.evil.test"}), Err("field_refused")),
        ] {
            let taken = gathering.take(Source::Token, |field| in_json(field, &answer));
            assert_eq!(taken.map_err(|not| not.reason), expected, "{answer}");
        }
    }

    #[test]
    fn a_field_is_cut_out_of_another() {
        let app = app(DERIVED);
        let mut good = gathering(&app, "k-us21");
        good.derive().unwrap();
        assert_eq!(good.fields["dc"], "us21");
        assert_eq!(gathering(&app, "k").derive().unwrap_err().reason, "field_missing");
        assert_eq!(gathering(&app, "k-21").derive().unwrap_err().reason, "field_refused");
    }
}
