use std::{collections::BTreeMap, sync::Arc};

use super::*;
use crate::{
    catalog::{Catalog, app::Method},
    clients::OAuthClient,
    connections::grant::Grant,
};

fn app(toml: &str) -> Arc<App> {
    let text = format!("name = 'x'\ndisplay_name = 'X'\nno_probe = 'a test'\n{toml}");
    let catalog = Catalog::of(&[("x", &text)], true).unwrap_or_else(|errors| panic!("{errors:?}"));
    Arc::clone(catalog.app("x").unwrap())
}

fn values(pairs: &[(&str, &str)]) -> Values {
    let mut values = Values::default();
    for (name, value) in pairs {
        values.set(name, *value);
    }
    values
}

fn prepared(app: &App, pairs: &[(&str, &str)]) -> Result<Credential, Unfit> {
    prepare(app, &app.auth[0], &values(pairs), (1, None))
}

const TENANT: &str = r#"
base = "https://${tenant}.x.test/api/"
[[field]]
name = "tenant"
label = "Tenant"
pattern = "^[a-z]+$"
[[field]]
name = "account"
label = "Account"
pattern = "^[0-9]+$"
optional = true
[[auth]]
method = "API_KEY"
fields = [{ name = "key", label = "Key", secret = true }]
inject = [
    { header = "X-Key", value = "Token ${key}" },
    { query = "sig", value = "${key}" },
    { path = ":token", value = "bot${key}" },
    { header = "X-Account", value = "${account}", optional = true },
]
[headers]
X-Version = "7"
X-Default-Account = "${account}"
[query]
v = "2"
[[path_var]]
token = ":account"
value = "${account}"
[[route]]
path = "/upload"
base = "https://upload.x.test"
"#;

#[test]
fn every_place_is_filled_once() {
    let credential = prepared(&app(TENANT), &[("tenant", "acme"), ("key", "k1"), ("account", "9")]).unwrap();
    assert_eq!(credential.base.authority, "acme.x.test");
    assert_eq!(credential.base.prefix, "/api");
    assert_eq!(credential.routes[0].as_ref().unwrap().authority, "upload.x.test");
    let header = |at: usize| (credential.headers[at].0.as_str(), credential.headers[at].1.to_str().unwrap());
    assert_eq!((header(0), header(1)), (("x-key", "Token k1"), ("x-account", "9")));
    assert!(credential.headers.iter().all(|(_, value)| value.is_sensitive()));
    assert_eq!(credential.query[0], ("sig".to_owned(), "k1".into()));
    assert_eq!(
        credential.path_vars,
        [(":token".to_owned(), "botk1".into()), (":account".into(), "9".into())]
    );
    let defaults: Vec<_> = credential.default_headers.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(defaults, ["x-default-account", "x-version"]);
    assert_eq!(credential.default_query, [("v".to_owned(), "2".to_owned())]);
    assert!(!format!("{credential:?}").contains("k1"), "a credential prints no secret");
}

#[test]
fn what_lacks_an_optional_value_is_left_out() {
    let credential = prepared(&app(TENANT), &[("tenant", "acme"), ("key", "k1")]).unwrap();
    assert_eq!(credential.headers.len(), 1);
    assert_eq!(credential.default_headers.len(), 1);
    assert_eq!(credential.path_vars.len(), 1);
}

#[test]
fn a_value_that_is_needed_is_named() {
    let unfit = prepared(&app(TENANT), &[("key", "k1")]).unwrap_err();
    assert!(unfit.to_string().contains("tenant"), "{unfit}");
}

#[test]
fn hd_7_a_value_that_breaks_the_header_gives_no_credential() {
    for bad in ["k\r\nX-Evil: 1", "k\n", "k\0"] {
        let unfit = prepared(&app(TENANT), &[("tenant", "acme"), ("key", bad)]).unwrap_err();
        assert!(!unfit.to_string().contains("Evil"), "{unfit}");
    }
}

#[test]
fn rt_7_nothing_but_a_host_comes_out_of_a_base() {
    let template = |text: &str| Template::try_from(text.to_owned()).unwrap();
    for tenant in ["a@evil.test", "evil.test/", "evil.test#", "evil.test?", "a b", "a\\b", "a\r\nb"] {
        let found = base(&template("https://${tenant}.x.test"), &values(&[("tenant", tenant)]));
        assert!(found.is_err(), "{tenant:?}: {found:?}");
    }
    for text in ["ftp://x.test", "//x.test", "/path", "https://", "https://x.test/?a=b", "https://u@x.test"] {
        assert!(base(&template(text), &Values::default()).is_err(), "{text}");
    }
    assert_eq!(base(&template("https://x.test"), &Values::default()).unwrap().prefix, "");
}

#[test]
fn a_grant_and_the_operators_client_give_the_values() {
    let app = app(r#"
base = "https://x.test"
[[field]]
name = "developer_token"
label = "Developer token"
from = "operator"
secret = true
[[field]]
name = "region"
label = "Region"
pattern = "^[a-z]+$"
default = "eu"
[[auth]]
method = "OAUTH2"
client = "x"
authorize = { url = "https://x.test/authorize" }
token = { url = "https://x.test/token" }
inject = [
    { header = "Authorization", value = "Bearer ${access_token}" },
    { header = "developer-token", value = "${developer_token}" },
    { header = "client-id", value = "${client_id}" },
    { header = "region", value = "${region}" },
]
"#);
    let client = OAuthClient {
        client_id: "id".into(),
        client_secret: "secret".into(),
        extra: BTreeMap::from([("developer_token".into(), "dev".into()), ("other".into(), "x".into())]),
    };
    let grant = Grant { access_token: Some("at".into()), ..Grant::default() };
    let values = Values::of_app(&app, Method::Oauth2, Some(&client)).with_grant(&grant);
    let credential = prepare(&app, &app.auth[0], &values, (3, None)).unwrap();
    let sent: Vec<_> = credential.headers.iter().map(|(_, value)| value.to_str().unwrap()).collect();
    assert_eq!(sent, ["Bearer at", "dev", "id", "eu"]);
    assert_eq!(credential.generation, 3);
}

#[test]
fn a_route_whose_own_credential_lacks_a_value_leads_nowhere_and_the_others_do() {
    let app = app(r#"
base = "https://x.test"
[[path_var]]
token = ":site"
value = "${site}"
[[field]]
name = "site"
label = "Site"
[[auth]]
method = "API_KEY"
fields = [
    { name = "api_key", label = "Key", secret = true },
    { name = "track_key", label = "Tracking key", secret = true, optional = true },
]
inject = [{ header = "Authorization", value = "Bearer ${api_key}" }]
[[route]]
path = "/track/**"
base = "https://track.x.test"
inject = [{ header = "X-Track", value = "${track_key}" }, { query = "k", value = "${track_key}" }]
[[route]]
path = "/cdn/**"
base = "https://cdn.x.test"
"#);
    let with = values(&[("api_key", "k"), ("track_key", "t"), ("site", "s")]);
    let credential = prepare(&app, &app.auth[0], &with, (1, None)).unwrap();
    let own = credential.routes_own[0].as_ref().unwrap();
    assert_eq!((own.headers[0].1.to_str().unwrap(), own.query[0].1.expose()), ("t", "t"));
    assert!(own.headers[0].1.is_sensitive() && own.path_vars[0].0 == ":site");
    assert!(credential.routes_own[1].is_none() && credential.routes[0].is_some());

    let without = values(&[("api_key", "k"), ("site", "s")]);
    let credential = prepare(&app, &app.auth[0], &without, (1, None)).unwrap();
    assert_eq!(credential.routes[0], None);
    assert!(credential.routes[1].is_some() && credential.headers.len() == 1);
}
