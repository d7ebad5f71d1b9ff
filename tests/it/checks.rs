//! `docs/checks.md` and the tests name the same checks: a test carries the ids of its checks at the head of its name.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
};

const GROUPS: [&str; 14] =
    ["rp", "rt", "hd", "ci", "oc", "tl", "ak", "rl", "wh", "sc", "pf", "wp", "lg", "su"];

/// The ids at the head of a test's name: `rp_1_rp_2_no_...` shows RP-1 and RP-2.
fn ids(name: &str) -> Vec<String> {
    let mut words = name.split('_');
    let mut ids = Vec::new();
    while let (Some(group), Some(Ok(number))) = (words.next(), words.next().map(str::parse::<u32>)) {
        if !GROUPS.contains(&group) {
            break;
        }
        ids.push(format!("{}-{number}", group.to_uppercase()));
    }
    ids
}

/// Each check with the files whose tests carry its id.
fn tested(root: &Path) -> BTreeMap<String, BTreeSet<String>> {
    let mut found = BTreeMap::<_, BTreeSet<_>>::new();
    let mut folders = vec![root.join("src"), root.join("tests/it")];
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let file = path.strip_prefix(root).unwrap().display().to_string();
            for id in names(&path).iter().flat_map(|name| ids(name)) {
                found.entry(id).or_default().insert(file.clone());
            }
        }
    }
    found
}

/// The names of a file's functions: a test may be made by a macro, and nothing else is named after a check.
fn names(path: &Path) -> Vec<String> {
    let text = fs::read_to_string(path).unwrap();
    let rest = text.split("fn ").skip(1);
    rest.map(|rest| rest.split(['(', '<', '\n']).next().unwrap().to_owned()).collect()
}

/// Each row of the page: id, the files it names, and what it says is missing.
fn rows(root: &Path) -> BTreeMap<String, (BTreeSet<String>, String)> {
    let page = fs::read_to_string(root.join("docs/checks.md")).unwrap();
    let cells = |line: &str| line.split('|').map(|cell| cell.trim().to_owned()).collect::<Vec<_>>();
    let rows = page.lines().map(cells).filter(|cells| cells.len() == 6 && ids_of_page(&cells[1]));
    let files = |cell: &str| cell.split('`').skip(1).step_by(2).map(str::to_owned).collect();
    rows.map(|cells| (cells[1].clone(), (files(&cells[3]), cells[4].clone()))).collect()
}

fn ids_of_page(cell: &str) -> bool {
    ids(&format!("{}_", cell.to_lowercase().replace('-', "_"))).len() == 1
}

#[test]
fn the_page_of_checks_and_the_tests_say_the_same() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let (tested, rows) = (tested(root), rows(root));
    assert!(rows.len() > 120 && tested.len() > 60, "{} rows, {} tested", rows.len(), tested.len());
    let mut wrong = Vec::new();
    for (id, files) in &tested {
        match rows.get(id) {
            None => wrong.push(format!("{id} is tested in {files:?} and has no row")),
            Some((named, _)) if named.is_empty() => {
                wrong.push(format!("{id} is tested in {files:?} and its row names no file"));
            }
            Some(_) => {}
        }
    }
    for (id, (named, missing)) in &rows {
        for file in named.iter().filter(|file| !tested.get(id).is_some_and(|files| files.contains(*file))) {
            wrong.push(format!("{file} has no test of {id}"));
        }
        if named.is_empty() && missing.is_empty() {
            wrong.push(format!("{id} is not tested, and nothing says why"));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn a_name_shows_its_ids() {
    assert_eq!(ids("rp_1_rp_12_no_length_2_hides"), ["RP-1", "RP-12"]);
    assert!(ids("every_room_has_2_doors").is_empty() && ids("rp_x").is_empty() && ids("oc").is_empty());
}
