//! Which ways lead to a host that the user names whole. An operator may not want calls to go just anywhere, and can leave
//! such ways out.

use std::sync::Arc;

use super::{
    Catalog,
    app::App,
    auth::Auth,
    field::Source,
    template::{Piece, Template},
};

/// A host that no provider's pattern takes for one of its own, and the same as a whole URL.
const ANYWHERE: [&str; 2] = ["keyferry-asks.example.net", "https://keyferry-asks.example.net"];

impl Catalog {
    /// Without the ways whose users name the whole host, and without apps that have no other.
    #[must_use]
    pub fn without_self_hosted(self) -> Self {
        let mut kept = Self::default();
        for app in self.apps {
            let Some(app) = hosted(app) else { continue };
            for slug in std::iter::once(&app.name).chain(&app.aliases) {
                kept.by_slug.insert(slug.clone(), Arc::clone(&app));
            }
            kept.apps.push(app);
        }
        kept
    }
}

/// The app with the ways that lead to its provider.
fn hosted(app: Arc<App>) -> Option<Arc<App>> {
    let stays = |way: &&Auth| !leads_anywhere(&app, way);
    let ways: Vec<Auth> = app.auth.iter().filter(stays).cloned().collect();
    if ways.len() == app.auth.len() {
        return Some(app);
    }
    (!ways.is_empty()).then(|| Arc::new(App { auth: ways, ..App::clone(&app) }))
}

fn leads_anywhere(app: &App, way: &Auth) -> bool {
    let environments = app.environments.iter().filter_map(|environment| environment.base.as_ref());
    let bases = std::iter::once(way.base.as_ref().unwrap_or(&app.base)).chain(environments);
    bases.filter(|base| has_no_host_of_its_own(base)).any(|base| {
        base.authority_names().into_iter().any(|name| {
            let mut fields = app.fields_of(way.method).filter(|field| field.name == name);
            fields.any(|field| {
                let is_typed = field.from == Source::User;
                is_typed && ANYWHERE.iter().any(|host| field.accepts(host).is_ok())
            })
        })
    })
}

/// Whether nothing but placeholders and a port says where it is.
fn has_no_host_of_its_own(base: &Template) -> bool {
    let pieces = base.authority_pieces();
    let is_host = |text: &str| text.contains(|c: char| c.is_ascii_alphabetic());
    !pieces.is_empty() && !pieces.iter().any(|piece| matches!(piece, Piece::Text(text) if is_host(text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORGE: &str = r#"
name = "forge"
display_name = "Forge"
base = "https://api.forge.test"
no_probe = "a test"
aliases = ["smithy"]
[[field]]
name = "host"
label = "Server"
pattern = "^[a-z0-9.-]+$"
methods = ["API_KEY"]
[[auth]]
method = "OAUTH2"
client = "forge"
authorize = { url = "https://forge.test/authorize" }
token = { url = "https://forge.test/token" }
inject = [{ header = "Authorization", value = "Bearer ${access_token}" }]
[[auth]]
method = "API_KEY"
base = "https://${host}"
fields = [{ name = "api_key", label = "Key", secret = true }]
inject = [{ header = "Authorization", value = "Bearer ${api_key}" }]
"#;

    fn alone(name: &str, base: &str, pattern: &str) -> String {
        format!(
            r#"
name = "{name}"
display_name = "X"
base = "{base}"
no_probe = "a test"
[[field]]
name = "host"
label = "Server"
pattern = '{pattern}'
[[auth]]
method = "API_KEY"
fields = [{{ name = "api_key", label = "Key", secret = true }}]
inject = [{{ header = "Authorization", value = "Bearer ${{api_key}}" }}]
"#
        )
    }

    #[test]
    fn rt_7_ways_to_a_host_of_the_users_choice_can_be_left_out() {
        let files = [
            ("forge", FORGE.to_owned()),
            ("anywhere", alone("anywhere", "https://${host}", "^[a-z0-9.-]+$")),
            ("port", alone("port", "https://${host}:8443/api", "^[a-z0-9.-]+$")),
            ("url", alone("url", "${host}", "^https://[a-z0-9.-]+$")),
            ("tenant", alone("tenant", "https://${host}.x.test", "^[a-z0-9-]+$")),
            ("own", alone("own", "https://${host}", r"^[a-z0-9-]+\.x\.test$")),
        ];
        let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (*name, text.as_str())).collect();
        let all = Catalog::of(&files, false).unwrap_or_else(|errors| panic!("{errors:?}"));
        let kept = all.clone().without_self_hosted();
        let names: Vec<&str> = kept.apps.iter().map(|app| app.name.as_str()).collect();
        assert_eq!(names, ["forge", "own", "tenant"]);
        assert_eq!((all.app("smithy").unwrap().auth.len(), kept.app("smithy").unwrap().auth.len()), (2, 1));
        assert!(kept.app("anywhere").is_none());
    }

    #[test]
    fn of_the_shipped_apps_those_go_that_people_host_themselves() {
        let all = Catalog::builtin().unwrap_or_else(|errors| panic!("{errors:?}"));
        let kept = all.clone().without_self_hosted();
        for (name, stays) in [("mastodon", false), ("github", true), ("zendesk", true), ("salesforce", true)]
        {
            assert!(all.app(name).is_some(), "{name}");
            assert_eq!(kept.app(name).is_some(), stays, "{name}");
        }
        assert!(kept.apps.len() * 10 > all.apps.len() * 8, "{} of {}", kept.apps.len(), all.apps.len());
    }
}
