//! The catalog as its users see it: built-in apps, an operator's folder, errors that lead to the line.

mod builtin;
mod document;
mod folder;
mod listed;
mod rules;
mod schema;
mod tenants;

use std::collections::BTreeMap;

use super::*;

/// The built-in catalog; a bad file fails the test with all that is wrong.
fn builtin() -> Catalog {
    Catalog::builtin().unwrap_or_else(|errors| panic!("{}", lines(&errors)))
}

fn lines(errors: &[CatalogError]) -> String {
    errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
}

/// A small app with one of nearly everything; good as it stands.
const ACME: &str = r#"name = "acme"
display_name = "Acme"
aliases = ["acme-crm"]
docs = "https://docs.acme.test"
base = "https://${tenant}.acme.test"

[[field]]
name = "tenant"
label = "Tenant"
example = "north"
pattern = "^[a-z0-9-]+$"

[[field]]
name = "team"
label = "Team"
pattern = "^[0-9]+$"
from = "callback"
methods = ["OAUTH2"]

[[auth]]
method = "OAUTH2"
client = "acme"
authorize = { url = "https://login.acme.test/authorize", scopes = ["read", "write"] }
token = { url = "https://${tenant}.acme.test/token" }
inject = [{ header = "Authorization", value = "Bearer ${access_token}" }]

[[auth]]
method = "API_KEY"
fields = [{ name = "api_key", label = "Key", secret = true }, { name = "region", label = "Region", optional = true }]
inject = [{ header = "X-Key", value = "${api_key}" }, { query = "region", value = "${region}", optional = true }]

[headers]
Acme-Version = "3"

[query]
lang = "en"

[[route]]
path = "/files/**"
base = "https://files.acme.test"

[[path_var]]
token = ":team"
value = "${team}"

[[environment]]
name = "test"
label = "Test"
fields = ["api_key"]
pattern = "^test_.*$"

[probe]
get = "/me"
id = "id"

[limit]
retry_header = "Retry-After"
"#;

fn acme() -> Arc<App> {
    let catalog = Catalog::of(&[("acme", ACME)], false).unwrap_or_else(|errors| panic!("{}", lines(&errors)));
    Arc::clone(catalog.app("acme").unwrap())
}

#[test]
fn an_app_is_found_by_slug_and_alias() {
    let catalog = builtin();
    assert_eq!(catalog.app("google-mail").unwrap().name, "google-mail");
    assert_eq!(catalog.app("gmail").unwrap().name, "google-mail");
    assert!(catalog.app("Gmail").is_none());
    assert!(catalog.app("").is_none());
}

#[test]
fn a_mistyped_slug_has_near_ones() {
    let catalog = builtin();
    assert_eq!(catalog.nearest("strpie")[0], "stripe");
    assert_eq!(catalog.nearest("gmial")[0], "google-mail");
    assert!(catalog.nearest("google-").len() <= 3);
    assert!(catalog.nearest("qqqqqq").is_empty());
}

#[test]
fn credential_places_are_those_of_every_way() {
    let app = acme();
    let headers: Vec<&str> = app.credential_headers().iter().map(http::HeaderName::as_str).collect();
    assert_eq!(headers, ["authorization", "x-key"]);
    assert_eq!(app.credential_queries(), ["region"]);
}

#[test]
fn hosts_are_those_of_bases_and_routes() {
    assert_eq!(acme().hosts(), ["${tenant}.acme.test", "files.acme.test"]);
}

#[test]
fn fields_belong_to_their_ways() {
    let app = acme();
    let of = |method| app.fields_of(method).map(|field| field.name.as_str()).collect::<Vec<_>>();
    assert_eq!(of(Method::Oauth2), ["tenant", "team"]);
    assert_eq!(of(Method::ApiKey), ["tenant"]);
    assert!(app.way(Method::Basic).is_none());
}

#[test]
fn the_best_route_wins() {
    let text = format!(
        "{ACME}\n[[route]]\npath = \"/files/*/raw\"\nbase = \"https://raw.acme.test\"\n\
         [[route]]\npath = \"/files/*/raw\"\nmethods = [\"PUT\"]\nbase = \"https://put.acme.test\"\n"
    )
    .replace("[headers]", "[headers]\n");
    let catalog =
        Catalog::of(&[("acme", &text)], false).unwrap_or_else(|errors| panic!("{}", lines(&errors)));
    let app = catalog.app("acme").unwrap();
    for (method, path, expected) in [
        (http::Method::GET, "/other", None),
        (http::Method::GET, "/files/a", Some(0)),
        (http::Method::GET, "/files/a/raw", Some(1)),
        (http::Method::PUT, "/files/a/raw", Some(2)),
        (http::Method::PUT, "/files/a/raw/x", Some(0)),
    ] {
        assert_eq!(app.route_for(&method, path), expected, "{method} {path}");
    }
}

#[test]
fn an_environment_is_told_by_the_credential_or_chosen() {
    let values = |name: &str, value: &str| BTreeMap::from([(name.to_owned(), value.to_owned())]);
    let told =
        |app: &App, values: &BTreeMap<String, String>| app.environment(values).map(|it| it.name.clone());
    let catalog = builtin();
    let stripe = catalog.app("stripe").unwrap();
    for (name, value, expected) in [
        ("api_key", "sk_test_1", Some("test")),
        ("api_key", "rk_live_1", Some("live")),
        ("access_token", "sk_live_1", Some("live")),
        ("api_key", "sk_org_1", None),
        ("environment", "live", Some("live")),
    ] {
        assert_eq!(told(stripe, &values(name, value)).as_deref(), expected, "{value}");
    }
    let quickbooks = catalog.app("quickbooks").unwrap();
    let way = quickbooks.way(Method::Oauth2).unwrap();
    for (chosen, expected, base) in [
        ("", "production", "https://quickbooks.api.intuit.com"),
        ("sandbox", "sandbox", "https://sandbox-quickbooks.api.intuit.com"),
    ] {
        let environment = quickbooks.environment(&values("environment", chosen)).unwrap();
        assert_eq!(environment.name, expected);
        assert_eq!(quickbooks.base_of(way, Some(environment)).as_str(), base);
    }
}
