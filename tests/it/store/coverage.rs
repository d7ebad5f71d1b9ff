//! No function of the store is left out: each `pub async fn` of `src/store` must be called by a test of this folder.

use std::{
    fs,
    path::{Path, PathBuf},
};

fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let (folders, files): (Vec<_>, Vec<_>) = entries.partition(|path| path.is_dir());
    folders.iter().flat_map(|folder| sources(folder)).chain(files).collect()
}

/// How a test calls the function: `owners().find(`, and `.migrate(` or `::open(` for those of the store itself.
fn calls(store: &Path) -> Vec<Vec<String>> {
    let mut calls = Vec::new();
    for file in sources(store) {
        let inside = file.strip_prefix(store).unwrap().with_extension("");
        let table = inside.components().next().unwrap().as_os_str().to_str().unwrap().to_owned();
        let text = fs::read_to_string(&file).unwrap();
        for rest in text.split("pub async fn ").skip(1) {
            let name = rest.split('(').next().unwrap();
            calls.push(match table.as_str() {
                "mod" | "open" => vec![format!(".{name}("), format!("Store::{name}(")],
                _ => vec![format!("{table}().{name}("), format!("{table}.{name}(")],
            });
        }
    }
    calls
}

#[test]
fn every_function_of_the_store_is_called_by_a_test() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let tests: String =
        sources(&root.join("tests/it/store")).iter().map(|file| fs::read_to_string(file).unwrap()).collect();
    let tests: String = tests.split_whitespace().collect();
    let calls = calls(&root.join("src/store"));
    assert!(calls.len() > 40, "the functions were found");
    let left_out: Vec<_> =
        calls.iter().filter(|ways| !ways.iter().any(|way| tests.contains(way.as_str()))).collect();
    assert!(left_out.is_empty(), "no test calls {left_out:?}");
}
