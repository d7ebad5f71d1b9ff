//! What users, callbacks and token answers may say where it becomes a part of a host.

use super::*;
use crate::catalog::field::Role;

/// Each says another host, no host, or one that reads as another.
const EVIL: [&str; 24] = [
    "a.evil",
    "evil.test",
    "evil.test/",
    "evil.test#",
    "evil.test?",
    "evil.test\\",
    "a@evil.test",
    "a:8080",
    "a:b@evil.test",
    "%2e",
    "a%2eevil",
    "a\u{ff0e}evil",
    "a\u{3002}evil",
    "xn--80ak6aa92e",
    "",
    ".",
    "..",
    "-acme",
    "acme-",
    "acme\n",
    "\nacme",
    " acme",
    "acme\0",
    "acme\u{200b}",
];

/// Fields that are a whole host of the user's or the operator's choosing: servers that people run themselves, and
/// services with a host for each customer. Nobody else's secret is sent there.
const OWN_HOSTS: [&str; 49] = [
    "auth0 domain",
    "auth0 oauth_domain",
    "bluesky pds_host",
    "bubble app_host",
    "chatwoot host",
    "coupa instance_domain",
    "databricks workspace_host",
    "discourse host",
    "ghost host",
    "gitea host",
    "gitea oauth_host",
    "gitlab host",
    "gitlab oauth_host",
    "gotify host",
    "grafana domain",
    "grist host",
    "invoice-ninja host",
    "jfrog-artifactory host",
    "kibana domain",
    "looker host",
    "looker oauth_host",
    "mastodon instance",
    "matomo host",
    "matrix homeserver",
    "mattermost host",
    "mattermost oauth_host",
    "mautic host",
    "mautic oauth_host",
    "metabase host",
    "n8n host",
    "nextcloud host",
    "nextcloud oauth_host",
    "nocodb host",
    "ntfy host",
    "qdrant host",
    "rocket-chat host",
    "seatable host",
    "sentinelone host",
    "splunk host",
    "strapi host",
    "tableau host",
    "trigger-dev host",
    "twenty host",
    "ukg-pro host",
    "weaviate host",
    "woocommerce store_host",
    "workday host",
    "workday token_domain",
    "workday authorization_domain",
];

fn field(catalog: &Catalog, app: &str, name: &str) -> Field {
    catalog.app(app).unwrap().fields.iter().find(|field| field.name == name).unwrap().clone()
}

type Takes<'a> = Box<dyn Fn(&str) -> bool + 'a>;

/// Every field, or value that is typed in, that becomes a part of a host, and what asks whether it takes a value.
fn host_fields(app: &App) -> Vec<(&str, Takes<'_>)> {
    let fields = app.fields.iter().filter(|field| field.role == Role::Host);
    let typed = app.auth.iter().flat_map(|way| &way.fields).filter(|field| field.role == Role::Host);
    let mut found: Vec<(&str, Takes<'_>)> = Vec::new();
    found.extend(fields.map(|field| {
        let takes: Takes<'_> = Box::new(|value: &str| field.accepts(value).is_ok());
        (field.name.as_str(), takes)
    }));
    found.extend(typed.map(|field| {
        let takes: Takes<'_> = Box::new(|value: &str| field.accepts(value).is_ok());
        (field.name.as_str(), takes)
    }));
    found
}

#[test]
fn rt_7_no_field_of_any_app_takes_more_than_a_host() {
    for app in builtin().iter() {
        for (name, takes) in host_fields(app) {
            for evil in EVIL.into_iter().filter(|evil| !is_plain_host(evil)) {
                for value in [evil.to_owned(), format!("https://{evil}"), format!("https://{evil}/x")] {
                    assert!(!takes(&value), "{} {name} takes {value:?}", app.name);
                }
            }
        }
    }
}

/// A host like any other: only whose host it is speaks against it.
fn is_plain_host(value: &str) -> bool {
    matches!(value, "a.evil" | "evil.test")
}

#[test]
fn rt_7_whose_host_it_is_can_be_chosen_for_these_apps_alone() {
    let mut found = Vec::new();
    for app in builtin().iter() {
        for (name, takes) in host_fields(app) {
            let anywhere = ["a.evil", "evil.test", "https://evil.test", "https://a.evil/x"];
            if anywhere.into_iter().any(takes) {
                found.push(format!("{} {name}", app.name));
            }
        }
    }
    assert_eq!(found, OWN_HOSTS);
}

#[test]
fn rt_7_a_tenant_is_one_label_and_nothing_else() {
    let catalog = builtin();
    let long = "a".repeat(64);
    for (app, name) in [("zendesk", "subdomain"), ("jira", "site")] {
        let field = field(&catalog, app, name);
        for value in EVIL.iter().copied().chain([long.as_str()]) {
            assert!(field.accepts(value).is_err(), "{app} {name} takes {value:?}");
        }
        for value in ["acme", "acme-eu", "a1", "1a", &long[..63]] {
            assert_eq!(field.accepts(value), Ok(()), "{app} {name} refuses {value:?}");
        }
    }
}

#[test]
fn rt_7_salesforce_addresses_stay_salesforces() {
    let catalog = builtin();
    let login = field(&catalog, "salesforce", "login_host");
    let instance = field(&catalog, "salesforce", "instance_url");
    let long = format!("{}.my.salesforce.com", "a".repeat(64));
    let more = [
        "evil.test/login.salesforce.com",
        "login.salesforce.com.evil.test",
        "evilsalesforce.com",
        "login.salesforce.com@evil.test",
        "login.salesforce.com:8443",
        "login.salesforce.com.",
        "xn--a.my.salesforce.com",
        "login.salesforce.com\n",
        long.as_str(),
    ];
    for value in EVIL.into_iter().chain(more) {
        assert!(login.accepts(value).is_err(), "login_host takes {value:?}");
        for url in [format!("https://{value}"), format!("http://{value}"), value.to_owned()] {
            assert!(instance.accepts(&url).is_err(), "instance_url takes {url:?}");
        }
    }
    for value in [
        "login.salesforce.com",
        "test.salesforce.com",
        "acme.my.salesforce.com",
        "acme--dev.sandbox.my.salesforce.com",
    ] {
        assert_eq!(login.accepts(value), Ok(()), "{value}");
    }
    for value in ["https://na1.salesforce.com", "https://acme.my.salesforce.com"] {
        assert_eq!(instance.accepts(value), Ok(()), "{value}");
    }
    assert!(instance.accepts("http://acme.my.salesforce.com").is_err());
}

#[test]
fn a_microsoft_tenant_stays_one_segment() {
    let tenant = field(&builtin(), "outlook", "tenant");
    for value in ["..", ".", "a/b", "common/../x", "a?b", "a#b", "%2e%2e", "a b", "common\n", ""] {
        assert!(tenant.accepts(value).is_err(), "{value:?}");
    }
    for value in ["common", "contoso.onmicrosoft.com", "11111111-2222-3333-4444-555555555555"] {
        assert_eq!(tenant.accepts(value), Ok(()), "{value}");
    }
}

#[test]
fn typed_in_credentials_never_carry_a_line_break() {
    for app in builtin().iter() {
        for field in app.auth.iter().flat_map(|way| &way.fields).filter(|field| !field.multiline) {
            for value in ["", "key\r\nX-Evil: 1", "key\n", "key\0", "k\u{e9}y"] {
                assert!(field.accepts(value).is_err(), "{} {} takes {value:?}", app.name, field.name);
            }
        }
    }
}
