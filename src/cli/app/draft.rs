//! The text of a new app file, from what is known of the app. What isn't known is left for the author, in comments.

use std::fmt::Write as _;

/// What is known of a new app.
#[derive(Clone, Debug, Default)]
pub(super) struct Draft {
    pub(super) name: String,
    pub(super) display_name: String,
    pub(super) base: String,
    pub(super) docs: Option<String>,
    pub(super) way: Way,
    pub(super) probe: Option<String>,
}

/// How its callers prove themselves.
#[derive(Clone, Debug)]
pub(super) enum Way {
    /// A key in a header.
    Key { header: String, value: String },
    /// A key in the query.
    Query(String),
    /// User name and password.
    Basic,
    /// Consent in a browser.
    OAuth { client: String, authorize: String, token: String, scopes: Vec<String> },
}

impl Default for Way {
    fn default() -> Self {
        Self::Key { header: "Authorization".to_owned(), value: "Bearer ${api_key}".to_owned() }
    }
}

impl Draft {
    /// The file.
    pub(super) fn text(&self) -> String {
        let mut text = format!(
            "name = {}\ndisplay_name = {}\nbase = {}\n",
            quoted(&self.name),
            quoted(&self.display_name),
            quoted(&self.base)
        );
        if let Some(docs) = &self.docs {
            line(&mut text, &format!("docs = {}", quoted(docs)));
        }
        if self.probe.is_none() {
            line(
                &mut text,
                "no_probe = \"not known yet\"   # better: [probe] get = \"/me\", id = \"id\", label = \"name\"",
            );
        }
        for name in placeholders(&self.base) {
            line(&mut text, &field(&name));
        }
        line(&mut text, &self.way());
        if let Some(probe) = &self.probe {
            line(
                &mut text,
                &format!(
                    "\n[probe]\nget = {}   # then: id, label, email, where the answer has them",
                    quoted(probe)
                ),
            );
        }
        text
    }

    fn way(&self) -> String {
        match &self.way {
            Way::Key { header, value } => key(&format!("header = {}, value = {}", quoted(header), quoted(value))),
            Way::Query(name) => key(&format!("query = {}, value = \"${{api_key}}\"", quoted(name))),
            Way::Basic => "\n[[auth]]\nmethod = \"BASIC\"\nfields = [\n    { name = \"username\", label = \"User name\" },\n    \
                 { name = \"password\", label = \"Password\", secret = true },\n]\ninject = [{ header = \
                 \"Authorization\", value = \"Basic ${base64(username + ':' + password)}\" }]"
                .to_owned(),
            Way::OAuth { client, authorize, token, scopes } => {
                let scopes: Vec<String> = scopes.iter().map(|scope| quoted(scope)).collect();
                format!(
                    "\n[[auth]]\nmethod = \"OAUTH2\"\nclient = {}\nauthorize = {{ url = {}, scopes = [{}] }}\ntoken = {{ url \
                     = {} }}\ninject = [{{ header = \"Authorization\", value = \"Bearer ${{access_token}}\" }}]",
                    quoted(client),
                    quoted(authorize),
                    scopes.join(", "),
                    quoted(token)
                )
            }
        }
    }
}

fn line(text: &mut String, line: &str) {
    // Writing to a String can't fail.
    _ = writeln!(text, "{line}");
}

fn key(inject: &str) -> String {
    format!(
        "\n[[auth]]\nmethod = \"API_KEY\"\nfields = [{{ name = \"api_key\", label = \"API key\", secret = true }}]\n\
         inject = [{{ {inject} }}]"
    )
}

/// A value that stands in the host, as strict as can be until the author knows better.
fn field(name: &str) -> String {
    format!(
        "\n[[field]]\nname = {}\nlabel = {}\npattern = \"^[a-z0-9][a-z0-9-]*$\"",
        quoted(name),
        quoted(name)
    )
}

/// The names in `${…}`.
fn placeholders(text: &str) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for part in text.split("${").skip(1) {
        let name = part.split('}').next().unwrap_or_default().trim().to_owned();
        if !name.is_empty() && !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// A TOML text.
fn quoted(text: &str) -> String {
    toml::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Catalog;

    #[test]
    fn every_kind_of_draft_is_a_good_app() {
        let oauth = Way::OAuth {
            client: "acme".to_owned(),
            authorize: "https://acme.test/authorize".to_owned(),
            token: "https://acme.test/token".to_owned(),
            scopes: vec!["read".to_owned(), "write".to_owned()],
        };
        for way in [Way::default(), Way::Query("key".to_owned()), Way::Basic, oauth] {
            for (base, probe) in
                [("https://api.acme.test", Some("/me")), ("https://${tenant}.acme.test", None)]
            {
                let draft = Draft {
                    name: "acme".to_owned(),
                    display_name: "Acme \"A\"".to_owned(),
                    base: base.to_owned(),
                    docs: Some("https://acme.test/docs".to_owned()),
                    way: way.clone(),
                    probe: probe.map(str::to_owned),
                };
                let text = draft.text();
                let catalog = Catalog::of(&[("acme", &text)], false)
                    .unwrap_or_else(|errors| panic!("{text}\n{errors:?}"));
                assert_eq!(catalog.app("acme").unwrap().display_name, "Acme \"A\"");
            }
        }
    }
}
