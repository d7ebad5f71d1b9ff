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
