use proptest::prelude::*;

use super::*;

fn template(text: &str) -> Result<Template, String> {
    Template::try_from(text.to_owned())
}

fn values() -> BTreeMap<String, String> {
    let pairs = [("subdomain", "acme"), ("email", "ada@acme.test"), ("api_token", "t0k"), ("n1", "${email}")];
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).into()
}

#[test]
fn placeholders_are_filled() {
    for (text, expected) in [
        ("", ""),
        ("plain", "plain"),
        ("https://${subdomain}.zendesk.com", "https://acme.zendesk.com"),
        ("${ subdomain }${subdomain}", "acmeacme"),
        ("Basic ${base64(email + '/token:' + api_token)}", "Basic YWRhQGFjbWUudGVzdC90b2tlbjp0MGs="),
        ("${base64('a+b}')}", "YStifQ=="),
        ("${'literal'}", "literal"),
        ("costs $5 {a} }", "costs $5 {a} }"),
        ("${n1}", "${email}"),
    ] {
        assert_eq!(template(text).unwrap().fill(&values()).unwrap(), expected, "{text}");
    }
}

#[test]
fn a_value_that_is_missing_is_named() {
    let missing = template("${subdomain}-${region}").unwrap().fill(&values()).unwrap_err();
    assert_eq!(missing, Missing("region".to_owned()));
    assert!(template("${base64(region)}").unwrap().fill(&values()).is_err());
}

#[test]
fn what_is_no_template_is_refused() {
    for text in [
        "${",
        "${subdomain",
        "${}",
        "${Sub}",
        "${a b}",
        "${a+b}",
        "${a:b}",
        "${base64(a}",
        "${base64(a+)}",
        "${'a}",
        "${1a}",
        "${base64()}",
        "${base64(a))}",
    ] {
        assert!(template(text).is_err(), "{text}");
    }
}

#[test]
fn names_come_in_order() {
    let template = template("${a}/${base64(b + ':' + c)}?${a}").unwrap();
    assert_eq!(template.names().collect::<Vec<_>>(), ["a", "b", "c", "a"]);
}

#[test]
fn the_authority_is_told_with_its_placeholders() {
    for (text, expected) in [
        ("https://api.test", "api.test"),
        ("https://${a}.test:8443/x/${b}?c=${d}", "${a}.test:8443"),
        ("${instance_url}", "${instance_url}"),
        ("${instance_url}/x", "${instance_url}"),
        ("https://api.test#f", "api.test"),
    ] {
        assert_eq!(template(text).unwrap().authority(), expected);
    }
}

#[test]
fn the_authority_comes_in_pieces() {
    use Piece::{Name, Text};
    for (text, expected) in [
        ("https://${a}.test/${b}", vec![Text(""), Name("a"), Text(".test")]),
        ("https://x.${a}?${b}", vec![Text("x."), Name("a"), Text("")]),
        ("${a}/x/${b}", vec![Name("a"), Text("")]),
        ("/path/${a}", vec![]),
        ("https://x.test/?u=https://${a}", vec![Text("x.test")]),
    ] {
        assert_eq!(template(text).unwrap().authority_pieces(), expected, "{text}");
    }
}

proptest! {
    #[test]
    fn any_text_is_read_or_refused(text in ".{0,40}") {
        let _ = template(&text);
    }

    #[test]
    fn text_without_placeholders_stays(text in "[^$]{0,40}") {
        prop_assert_eq!(template(&text).unwrap().fill(&values()).unwrap(), text);
    }

    #[test]
    fn values_go_in_as_they_are(value in ".{0,40}", before in "[a-z/:]{0,8}", after in "[a-z/:]{0,8}") {
        let filled = template(&format!("{before}${{x}}{after}")).unwrap();
        let values = BTreeMap::from([("x".to_owned(), value.clone())]);
        prop_assert_eq!(filled.fill(&values).unwrap(), format!("{before}{value}{after}"));
    }
}
