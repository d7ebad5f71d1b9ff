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

/// Every field of the built-in files that becomes a part of a host.
const HOST_FIELDS: [(&str, &str); 4] = [
    ("jira", "site"),
    ("salesforce", "login_host"),
    ("salesforce", "instance_url"),
    ("zendesk", "subdomain"),
];

fn field(catalog: &Catalog, app: &str, name: &str) -> Field {
    catalog.app(app).unwrap().fields.iter().find(|field| field.name == name).unwrap().clone()
}

#[test]
fn the_list_of_host_fields_is_complete() {
    let catalog = builtin();
    let mut found = Vec::new();
    for app in catalog.iter() {
        let hosts = app.fields.iter().filter(|field| field.role == Role::Host);
        found.extend(hosts.map(|field| (app.name.as_str(), field.name.as_str())));
        assert!(
            app.auth.iter().flat_map(|way| &way.fields).all(|field| field.role != Role::Host),
            "{}",
            app.name
        );
    }
    found.sort_unstable();
    let mut expected = HOST_FIELDS.to_vec();
    expected.sort_unstable();
    assert_eq!(found, expected);
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
        for field in app.auth.iter().flat_map(|way| &way.fields) {
            for value in ["", "key\r\nX-Evil: 1", "key\n", "key\0", "k\u{e9}y"] {
                assert!(field.accepts(value).is_err(), "{} {} takes {value:?}", app.name, field.name);
            }
        }
    }
}
