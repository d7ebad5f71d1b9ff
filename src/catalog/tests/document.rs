//! `docs/catalog.md` says what is so: its example is an app, and no key is left out.

use super::*;

const TEXT: &str = include_str!("../../../docs/catalog.md");

#[test]
fn the_example_is_a_good_app() {
    let (_, after) = TEXT.split_once("```toml\n").unwrap();
    let (example, _) = after.split_once("```").unwrap();
    let catalog =
        Catalog::of(&[("acme", example)], false).unwrap_or_else(|errors| panic!("{}", lines(&errors)));
    let app = catalog.app("acme-crm").unwrap();
    assert_eq!(app.auth.len(), 2);
    assert_eq!(app.hosts(), ["${tenant}.acme.test", "upload.acme.test"]);
}

/// The known keys at a place, as the reader's own complaint lists them.
fn keys(before: &str) -> Vec<String> {
    let text = format!("name = \"acme\"\ndisplay_name = \"Acme\"\nbase = \"https://acme.test\"\n{before}\n");
    let errors = Catalog::of(&[("acme", &text)], false).unwrap_err();
    let (_, known) =
        errors[0].problem.split_once("known are ").unwrap_or_else(|| panic!("{}", lines(&errors)));
    known.split(", ").map(str::to_owned).collect()
}

#[test]
fn every_key_is_described() {
    for place in [
        "00 = 1",
        "[[field]]\n00 = 1",
        "[[field]]\nname = \"a\"\nlabel = \"A\"\nrequest = { 00 = 1 }",
        "[[auth]]\n00 = 1",
        "[[auth]]\nmethod = \"BASIC\"\nfields = [{ 00 = 1 }]",
        "[[auth]]\nmethod = \"BASIC\"\nauthorize = { 00 = 1 }",
        "[[auth]]\nmethod = \"BASIC\"\ncallback = { 00 = 1 }",
        "[[auth]]\nmethod = \"BASIC\"\ntoken = { 00 = 1 }",
        "[[auth]]\nmethod = \"BASIC\"\nrefresh = { 00 = 1 }",
        "[[auth]]\nmethod = \"BASIC\"\nrevoke = { 00 = 1 }",
        "[[auth]]\nmethod = \"BASIC\"\ninject = [{ 00 = 1 }]",
        "[[auth]]\nmethod = \"BASIC\"\nexchange = { 00 = 1 }",
        "[[auth]]\nmethod = \"BASIC\"\njwt = { 00 = 1 }",
        "[[auth]]\nmethod = \"BASIC\"\nsign = { kind = \"oauth1\", 00 = 1 }",
        "[[auth]]\nmethod = \"BASIC\"\nsign = { kind = \"sigv4\", 00 = 1 }",
        "[[auth]]\nmethod = \"BASIC\"\noauth1 = { 00 = 1 }",
        "[[auth]]\nmethod = \"BASIC\"\nmcp = { 00 = 1 }",
        "[[auth]]\nmethod = \"BASIC\"\nregister = { 00 = 1 }",
        "[[auth]]\nmethod = \"BASIC\"\nalso = [{ 00 = 1 }]",
        "[[auth]]\nmethod = \"BASIC\"\ncallback = { signature = { 00 = 1 } }",
        "[[auth]]\nmethod = \"BASIC\"\ntoken = { url = \"u\", expiry = { 00 = 1 } }",
        "[[route]]\n00 = 1",
        "[[path_var]]\n00 = 1",
        "[probe]\n00 = 1",
        "[[environment]]\n00 = 1",
        "[limit]\n00 = 1",
        "[webhook]\n00 = 1",
    ] {
        let keys = keys(place);
        assert!(keys.len() > 1, "{place}: {keys:?}");
        for key in keys {
            let told = ["`", "[", "[["].iter().any(|before| {
                [format!("{before}{key}`"), format!("{before}{key} "), format!("{before}{key}]")]
                    .iter()
                    .any(|word| TEXT.contains(word))
            });
            assert!(told, "docs/catalog.md says nothing of {key}, in\n{place}");
        }
    }
}

/// The example that operators were promised: its names don't move.
const PROMISED: &str = r#"
name = "zendesk"
display_name = "Zendesk"
aliases = []
categories = ["customer-support"]
docs = "https://developer.zendesk.com/api-reference/"
base = "https://${subdomain}.zendesk.com"

[[field]]                              # from = user | operator | token | callback | request
name = "subdomain"
label = "Subdomain"
example = "acme"
pattern = "^[a-z0-9][a-z0-9-]*$"
from = "user"

[[auth]]
method = "OAUTH2"
client = "zendesk"
authorize = { url = "https://${subdomain}.zendesk.com/oauth/authorizations/new", scopes = ["read", "write"], separator = " ", pkce = "S256" }
token = { url = "https://${subdomain}.zendesk.com/oauth/tokens", client_auth = "body", params = { expires_in = "1800" } }
inject = [{ header = "Authorization", value = "Bearer ${access_token}" }]

[[auth]]
method = "API_KEY"
fields = [{ name = "email", label = "E-mail" }, { name = "api_token", label = "API token", secret = true }]
inject = [{ header = "Authorization", value = "Basic ${base64(email + '/token:' + api_token)}" }]

[probe]
get = "/api/v2/users/me.json"
id = "user.id"
label = "user.email"
"#;

#[test]
fn the_promised_example_is_still_a_good_app() {
    let catalog =
        Catalog::of(&[("zendesk", PROMISED)], false).unwrap_or_else(|errors| panic!("{}", lines(&errors)));
    let app = catalog.app("zendesk").unwrap();
    let values = BTreeMap::from([("subdomain".to_owned(), "acme".to_owned())]);
    assert_eq!(app.base.fill(&values).unwrap(), "https://acme.zendesk.com");
}
