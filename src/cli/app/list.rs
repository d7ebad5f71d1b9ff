//! `keyferry app list`.

use serde_json::{Value, json};

use crate::{
    catalog::{App, Catalog},
    cli::print,
};

pub(super) fn run(catalog: &Catalog, text: &str, json: bool) -> anyhow::Result<()> {
    let text = text.to_lowercase();
    let wanted = |app: &&App| app.name.contains(&text) || app.display_name.to_lowercase().contains(&text);
    let apps: Vec<&App> = catalog.iter().map(AsRef::as_ref).filter(wanted).collect();
    if json {
        let shown: Vec<Value> = apps.into_iter().map(summary).collect();
        return print::json(&json!({ "apps": shown }));
    }
    let rows: Vec<_> = apps
        .into_iter()
        .map(|app| {
            [app.name.clone(), app.display_name.clone(), methods(app).join(", "), app.aliases.join(", ")]
        })
        .collect();
    print::table(
        ["NAME", "APP", "METHODS", "ALSO"],
        &rows,
        "No such app; `keyferry app list` shows them all.",
    )
}

fn methods(app: &App) -> Vec<&'static str> {
    app.auth.iter().map(|way| way.method.as_str()).collect()
}

/// An app in a few words, as JSON.
pub(super) fn summary(app: &App) -> Value {
    json!({
        "name": app.name,
        "display_name": app.display_name,
        "aliases": app.aliases,
        "methods": methods(app),
        "hosts": app.hosts(),
        "docs": app.docs,
    })
}
