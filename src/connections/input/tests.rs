use std::sync::Arc;

use super::*;
use crate::catalog::Catalog;

fn app() -> Arc<App> {
    let text = r#"
name = "x"
display_name = "X"
base = "https://${tenant}.x.test"
no_probe = "a test"
[[field]]
name = "tenant"
label = "Tenant"
pattern = "^[a-z0-9][a-z0-9-]*$"
[[field]]
name = "pin"
label = "Pin"
secret = true
optional = true
[[field]]
name = "found"
label = "Found"
from = "token"
optional = true
[[auth]]
method = "API_KEY"
fields = [
    { name = "api_key", label = "Key", secret = true, pattern = "^sk_[a-z0-9]+$" },
    { name = "extra", label = "Extra", optional = true },
]
inject = [{ header = "Authorization", value = "Bearer ${api_key}" }]
[[environment]]
name = "live"
label = "Live"
[[environment]]
name = "sandbox"
label = "Sandbox"
"#;
    let catalog = Catalog::of(&[("x", text)], true).unwrap_or_else(|errors| panic!("{errors:?}"));
    Arc::clone(catalog.app("x").unwrap())
}

fn given<V: for<'a> From<&'a str>>(pairs: &[(&str, &str)]) -> BTreeMap<String, V> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), V::from(value))).collect()
}

fn taken(pairs: &[(&str, &str)], need: Need) -> Result<Typed, Refused> {
    let app = app();
    fields(&app, &app.auth[0], &given(pairs), need)
}

#[test]
fn fields_are_sorted_into_what_shows_and_what_does_not() {
    let typed = taken(&[("tenant", "acme"), ("pin", "1234"), ("environment", "sandbox")], Need::All).unwrap();
    assert_eq!(typed.fields, given(&[("tenant", "acme"), ("environment", "sandbox")]));
    assert_eq!(typed.grant.secret_fields, given(&[("pin", "1234")]));
}

#[test]
fn rt_7_a_tenant_is_its_pattern_and_nothing_else() {
    let (label, long) = ("a".repeat(64), "a".repeat(9000));
    for bad in [
        "a.evil",
        "evil.test/",
        "evil.test#",
        "a@evil.test",
        "a:8080",
        "%2e",
        "a\u{ff0e}b",
        "ä",
        "acme\n",
        "\nacme",
        " acme",
        "a\0",
        "-a",
        "a-",
        "A",
        "xn--a",
        "",
        &label,
        &long,
    ] {
        assert_eq!(taken(&[("tenant", bad)], Need::All).unwrap_err().name, "tenant", "{bad:?}");
    }
}

#[test]
fn what_is_missing_or_unknown_is_named() {
    assert_eq!(taken(&[], Need::All).unwrap_err(), Refused::missing("tenant"));
    assert_eq!(taken(&[("tenant", "")], Need::All).unwrap_err(), Refused::missing("tenant"));
    assert!(taken(&[], Need::Some).is_ok());
    for unknown in ["nobody", "found", "api_key"] {
        assert_eq!(taken(&[("tenant", "a"), (unknown, "b")], Need::Some).unwrap_err().name, unknown);
    }
    let refused = taken(&[("tenant", "a"), ("environment", "moon")], Need::All).unwrap_err();
    assert_eq!(refused, Refused::new("environment", "is none of live, sandbox"));
}

#[test]
fn hd_7_credentials_that_no_header_can_carry_are_refused() {
    let app = app();
    let check = |value: &str| credentials(&app.auth[0], &given(&[("api_key", value)]));
    assert_eq!(check("sk_1").unwrap(), given(&[("api_key", "sk_1")]));
    for bad in ["sk_1\r\nX-Evil: 1", "sk_1\n", "sk_1\0", "sk_ü", "pk_1", ""] {
        let refused = check(bad).unwrap_err();
        assert_eq!(refused.name, "api_key", "{bad:?}");
        assert!(bad.is_empty() || !refused.problem.contains(bad), "a refused value is not repeated");
    }
    let unknown = credentials(&app.auth[0], &given(&[("api_key", "sk_1"), ("tenant", "a")])).unwrap_err();
    assert_eq!(unknown.name, "tenant");
}
