//! `docs/apps.md` lists the apps there are: made from the catalog, and held against it.

use std::fmt::Write as _;

use super::*;

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/apps.md");
const BEGIN: &str = "<!-- the list: made from the files, by INSTA_UPDATE=always cargo test listed -->\n";
const END: &str = "<!-- end of the list -->\n";

/// One table per first category.
fn list(catalog: &Catalog) -> String {
    let mut categories: BTreeMap<&str, Vec<&App>> = BTreeMap::new();
    for app in catalog.iter() {
        let category = app.categories.first().map_or("other", String::as_str);
        categories.entry(category).or_default().push(app);
    }
    let mut text = format!("{} apps.\n", catalog.iter().count());
    for (category, apps) in categories {
        writeln!(text, "\n### {category}\n\n| App | Name | Ways in |\n| --- | --- | --- |").unwrap();
        for app in apps {
            let names = std::iter::once(&app.name).chain(&app.aliases);
            let names: Vec<String> = names.map(|name| format!("`{name}`")).collect();
            let ways: Vec<String> = app.auth.iter().map(|way| format!("`{}`", way.method)).collect();
            writeln!(text, "| {} | {} | {} |", app.display_name, names.join(", "), ways.join(", ")).unwrap();
        }
    }
    text + "\n"
}

#[test]
fn the_apps_listed_are_those_there_are() {
    let document = std::fs::read_to_string(FILE).unwrap();
    let (before, rest) = document.split_once(BEGIN).unwrap();
    let (listed, after) = rest.split_once(END).unwrap();
    let made = list(&builtin());
    if std::env::var_os("INSTA_UPDATE").is_some_and(|update| update == "always") {
        std::fs::write(FILE, format!("{before}{BEGIN}{made}{END}{after}")).unwrap();
        return;
    }
    assert!(listed == made, "docs/apps.md is not current: run INSTA_UPDATE=always cargo test listed");
}
