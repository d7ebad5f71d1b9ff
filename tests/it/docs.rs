//! The documents say what is so: every path in them exists, every link leads somewhere, every settings file is good,
//! the map has every room.

use std::{
    fs,
    path::{Path, PathBuf},
};

use keyferry::config::{Layers, load};

/// Every document, with its text.
fn documents() -> Vec<(PathBuf, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let docs = fs::read_dir(root.join("docs")).unwrap().map(|entry| entry.unwrap().path());
    let documents: Vec<_> = docs.chain([root.join("README.md"), root.join("CHANGELOG.md")]).collect();
    let documents = documents.into_iter().filter(|path| path.extension().is_some_and(|kind| kind == "md"));
    documents.map(|path| (path.clone(), fs::read_to_string(path).unwrap())).collect()
}

/// What stands between two backticks on one line.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter(|line| !line.starts_with("```")).flat_map(|line| line.split('`').skip(1).step_by(2))
}

#[test]
fn every_path_that_a_document_names_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (mut seen, mut missing) = (0, Vec::new());
    for (document, text) in documents() {
        let places = ["src/", "docs/", "tests/", "config/", "migrations/", "deploy/"];
        for path in quoted(&text).filter(|word| places.iter().any(|place| word.starts_with(place))) {
            seen += 1;
            if !path.contains(['*', '{', ' ']) && !root.join(path).exists() {
                missing.push(format!("{}: {path}", document.display()));
            }
        }
    }
    assert!(seen > 80, "{seen} paths");
    assert!(missing.is_empty(), "\n{}", missing.join("\n"));
}

#[test]
fn every_room_has_its_place_on_the_map() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let map = fs::read_to_string(root.join("docs/architecture.md")).unwrap();
    for entry in fs::read_dir(root.join("src")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.strip_prefix(root).unwrap().to_str().unwrap();
        // A folder of tests may stand beside a room that is a file.
        let named = [format!("`{name}`"), format!("`{name}.rs`")].iter().any(|name| map.contains(name));
        assert!(named || name == "src/lib.rs", "{name} has no place on the map");
    }
}

#[test]
fn every_relative_link_leads_somewhere() {
    let mut seen = 0;
    for (document, text) in documents() {
        for target in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            if !target.contains("://") && !target.starts_with('#') {
                seen += 1;
                let file = target.split('#').next().unwrap();
                assert!(document.with_file_name(file).exists(), "{}: {target}", document.display());
            }
        }
    }
    assert!(seen > 5, "{seen} links");
}

#[test]
fn every_settings_file_in_a_document_is_good() {
    let mut seen = 0;
    for (document, text) in documents() {
        for block in text.split("```toml\n").skip(1).map(|rest| rest.split("```").next().unwrap()) {
            let indent = block.len() - block.trim_start_matches(' ').len();
            let lines: Vec<_> = block.lines().map(|line| line.get(indent..).unwrap_or_default()).collect();
            let settings = lines.join("\n");
            if settings.contains("display_name =") {
                continue; // an app file, which the catalog's own tests read
            }
            let folder = tempfile::tempdir().unwrap();
            let file = folder.path().join("keyferry.toml");
            fs::write(&file, &settings).unwrap();
            fs::write(folder.path().join("google.secret"), "hush\n").unwrap();
            let layers = Layers { file: Some(file), ..Layers::default() };
            load(&layers).unwrap_or_else(|error| panic!("{}: {error}\n{settings}", document.display()));
            seen += 1;
        }
    }
    assert!(seen >= 3, "{seen} settings files");
}
