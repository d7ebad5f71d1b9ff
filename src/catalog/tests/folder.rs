//! The operator's folder: adds apps, replaces built-in ones, and says where it is wrong.

use std::fs;

use super::*;

fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (name, text) in files {
        fs::write(dir.path().join(name), text).unwrap();
    }
    dir
}

#[test]
fn an_operators_file_adds_or_replaces_an_app() {
    let trello = ACME.replace("\"acme\"", "\"trello\"").replace("\"acme-crm\"", "\"boards\"");
    let dir = folder(&[("acme.toml", ACME), ("trello.toml", &trello), ("README.md", "not an app")]);
    let catalog = Catalog::load(Some(dir.path()), false).unwrap();
    assert_eq!(catalog.iter().count(), builtin().iter().count() + 1);
    assert_eq!(catalog.app("acme-crm").unwrap().name, "acme");
    assert_eq!(catalog.app("trello").unwrap().display_name, "Acme");
    assert_eq!(catalog.app("boards").unwrap().name, "trello");
}

#[test]
fn every_bad_file_is_reported_with_line_and_key() {
    let dir = folder(&[
        ("acme.toml", &ACME.replace("pattern = \"^[a-z0-9-]+$\"", "pattern = \"[a-z0-9-]+\"")),
        ("other.toml", "name = \"other\"\ndisplay_name = \"Other\"\nbse = \"https://other.test\"\n"),
        ("third.toml", "name = third\n"),
    ]);
    let errors = Catalog::load(Some(dir.path()), false).unwrap_err();
    let at = |name: &str| dir.path().join(name).display().to_string();
    let found = lines(&errors);
    assert!(found.contains(&format!("{}:11: field[0].pattern: ", at("acme.toml"))), "{found}");
    assert!(
        found.contains(&format!("{}:3: bse: `bse` is unknown here: did you mean `base`?", at("other.toml"))),
        "{found}"
    );
    assert!(found.contains(&format!("{}:1: ", at("third.toml"))), "{found}");
    assert_eq!(errors.len(), 3, "{found}");
}

#[test]
fn a_name_that_is_taken_is_refused_with_its_owner() {
    let dir = folder(&[("acme.toml", &ACME.replace("acme-crm", "gmail"))]);
    let found = lines(&Catalog::load(Some(dir.path()), false).unwrap_err());
    assert!(found.contains("\"gmail\" already means"), "{found}");
    let twice = ACME.replace("acme-crm", "acme");
    let found = lines(&Catalog::of(&[("acme", &twice)], false).unwrap_err());
    assert_eq!(found, "acme.toml:3: aliases[0]: \"acme\" already means acme");
}

#[test]
fn a_folder_or_file_that_cannot_be_read_is_named() {
    let dir = folder(&[]);
    let missing = dir.path().join("nowhere");
    let found = lines(&Catalog::load(Some(&missing), false).unwrap_err());
    assert!(found.starts_with(&missing.display().to_string()), "{found}");
    fs::write(dir.path().join("bytes.toml"), [0xff, 0xfe]).unwrap();
    let found = lines(&Catalog::load(Some(dir.path()), false).unwrap_err());
    assert!(found.contains("bytes.toml: can't be read"), "{found}");
}

#[test]
fn plain_http_needs_the_operators_leave() {
    let plain = ACME.replace("https://files.acme.test", "http://127.0.0.1:8080/files");
    let found = lines(&Catalog::of(&[("acme", &plain)], false).unwrap_err());
    assert!(found.contains("acme.toml:40: route[0].base: http is refused"), "{found}");
    let catalog =
        Catalog::of(&[("acme", &plain)], true).unwrap_or_else(|errors| panic!("{}", lines(&errors)));
    assert_eq!(catalog.app("acme").unwrap().hosts(), ["${tenant}.acme.test", "127.0.0.1:8080"]);
}
