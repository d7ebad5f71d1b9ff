//! What the templates of one connection read: its fields, its grant, and what belongs to the operator's client.

use std::collections::BTreeMap;

use super::grant::Grant;
use crate::{
    catalog::{app::App, field::Source, method::Method, template::Values as Named},
    clients::OAuthClient,
    vault::Secret,
};

/// Values by name, all treated as secret because some are.
#[derive(Clone, Debug, Default)]
pub(super) struct Values(BTreeMap<String, Secret>);

impl Named for Values {
    fn value(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(Secret::expose)
    }
}

impl Values {
    /// The defaults of the app's file, and over them what the operator's client brings.
    pub(super) fn of_app(app: &App, method: Method, client: Option<&OAuthClient>) -> Self {
        let mut values = Self::default();
        for field in app.fields_of(method) {
            values.set_some(&field.name, field.default.as_deref());
            if let (Source::Operator, Some(client)) = (field.from, client) {
                values.set_some(&field.name, client.extra.get(&field.name).map(String::as_str));
            }
        }
        values.set_some("client_id", client.map(|client| client.client_id.as_str()));
        values.set_some("client_secret", client.map(|client| client.client_secret.expose()));
        values
    }

    /// With tenant fields.
    pub(super) fn with_fields(mut self, fields: &BTreeMap<String, String>) -> Self {
        for (name, value) in fields {
            self.set(name, value.as_str());
        }
        self
    }

    /// With what a grant holds.
    pub(super) fn with_grant(mut self, grant: &Grant) -> Self {
        for (name, value) in grant.secret_fields.iter().chain(&grant.credentials) {
            self.set(name, value.clone());
        }
        for (name, token) in [("access_token", &grant.access_token), ("refresh_token", &grant.refresh_token)]
        {
            if let Some(token) = token {
                self.set(name, token.clone());
            }
        }
        self
    }

    /// Adds one value.
    pub(super) fn set(&mut self, name: &str, value: impl Into<Secret>) {
        self.0.insert(name.to_owned(), value.into());
    }

    fn set_some(&mut self, name: &str, value: Option<&str>) {
        if let Some(value) = value.filter(|value| !value.is_empty()) {
            self.set(name, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Catalog;

    #[test]
    fn every_name_that_an_app_file_may_use_has_its_value() {
        let catalog = Catalog::builtin().unwrap_or_else(|errors| panic!("{errors:?}"));
        let app = catalog.app("google-ads").unwrap();
        let client = OAuthClient {
            client_id: "id".to_owned(),
            client_secret: "secret".into(),
            extra: BTreeMap::from([("developer_token".to_owned(), "dev".to_owned())]),
        };
        let grant = Grant {
            access_token: Some("access".into()),
            refresh_token: Some("refresh".into()),
            ..Grant::default()
        };
        let values = Values::of_app(app, Method::Oauth2, Some(&client)).with_grant(&grant);
        for (name, value) in [
            ("client_id", "id"),
            ("client_secret", "secret"),
            ("developer_token", "dev"),
            ("access_token", "access"),
            ("refresh_token", "refresh"),
        ] {
            assert_eq!(values.value(name), Some(value), "{name}");
        }
        assert_eq!(values.value("login_customer_id"), None);
    }
}
