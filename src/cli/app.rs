//! `keyferry app`: what the catalog knows.

use std::fmt::Write as _;

use anyhow::bail;
use serde_json::{Value, json};

use super::{Misuse, options::Options, print};
use crate::{
    catalog::{App, Auth, Catalog, CatalogError, Method},
    config::Settings,
};

/// What can be done with apps.
#[derive(clap::Subcommand, Debug)]
pub(super) enum Command {
    /// Show all apps
    List {
        /// Only those whose name holds this
        #[arg(value_name = "TEXT")]
        text: Option<String>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Show one app: how to connect to it, and what to register at its provider
    Show {
        /// Its name or alias
        name: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

pub(super) fn run(options: &Options, command: Command) -> anyhow::Result<()> {
    let settings = options.settings()?;
    let catalog = catalog(&settings)?;
    match command {
        Command::List { text, json } => list(&catalog, text.as_deref().unwrap_or_default(), json),
        Command::Show { name, json } => show(&settings, find(&catalog, &name)?, json),
    }
}

/// The catalog of these settings; all that is wrong with it, if it can't be read.
pub(super) fn catalog(settings: &Settings) -> anyhow::Result<Catalog> {
    Catalog::load(settings.catalog.dir.as_deref(), settings.egress.plain_http).map_err(|errors| {
        let lines: Vec<String> = errors.iter().map(CatalogError::to_string).collect();
        Misuse(lines.join("\n          ")).into()
    })
}

/// The app of this name or alias; the nearest ones, if there is none.
pub(super) fn find<'c>(catalog: &'c Catalog, name: &str) -> anyhow::Result<&'c App> {
    match catalog.app(name) {
        Some(app) => Ok(app),
        None => match catalog.nearest(name).as_slice() {
            [] => bail!("there is no app {name:?}; `keyferry app list` shows them all"),
            near => bail!("there is no app {name:?}; did you mean {}?", near.join(" or ")),
        },
    }
}

fn list(catalog: &Catalog, text: &str, json: bool) -> anyhow::Result<()> {
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

fn summary(app: &App) -> Value {
    json!({
        "name": app.name,
        "display_name": app.display_name,
        "aliases": app.aliases,
        "methods": methods(app),
        "hosts": app.hosts(),
        "docs": app.docs,
    })
}

fn show(settings: &Settings, app: &App, json: bool) -> anyhow::Result<()> {
    let ways: Vec<Value> = app.auth.iter().map(|way| way_of(settings, app, way)).collect();
    if json {
        let mut shown = summary(app);
        if let Value::Object(members) = &mut shown {
            members.insert("ways".to_owned(), Value::Array(ways));
        }
        return print::json(&shown);
    }
    print::line(described(settings, app).trim_end())
}

fn way_of(settings: &Settings, app: &App, way: &Auth) -> Value {
    let fields: Vec<&str> = asked(app, way).map(|(name, _)| name).collect();
    let mut shown = json!({ "method": way.method.as_str(), "fields": fields });
    if let (Value::Object(members), Some(client)) = (&mut shown, client_of(way)) {
        members.insert("client".to_owned(), json!(client));
        members.insert("client_in_settings".to_owned(), json!(settings.clients.contains_key(client)));
        members.insert("redirect_uri".to_owned(), json!(redirect_uri(settings, app)));
    }
    shown
}

/// The OAuth client of the operator's that this way needs.
fn client_of(way: &Auth) -> Option<&str> {
    way.client.as_deref().filter(|_| way.method == Method::Oauth2)
}

fn redirect_uri(settings: &Settings, app: &App) -> String {
    format!("{}/callback/{}", settings.control.url, app.name)
}

/// Names and labels of what the user is asked for.
fn asked<'a>(app: &'a App, way: &'a Auth) -> impl Iterator<Item = (&'a str, &'a str)> {
    let tenant = app.fields_of(way.method).filter(|field| field.from == crate::catalog::field::Source::User);
    let tenant = tenant.map(|field| (field.name.as_str(), field.label.as_str()));
    tenant.chain(way.fields.iter().map(|field| (field.name.as_str(), field.label.as_str())))
}

fn described(settings: &Settings, app: &App) -> String {
    let mut text = format!("{} ({})\n", app.display_name, app.name);
    let mut line = |label: &str, value: &str| {
        // Writing to a String can't fail.
        _ = writeln!(text, "  {label:<9} {value}");
    };
    line("calls", &format!("{}/{}/…  to  {}", settings.gateway.url, app.name, app.hosts().join(", ")));
    if !app.aliases.is_empty() {
        line("also", &app.aliases.join(", "));
    }
    if let Some(docs) = &app.docs {
        line("docs", docs);
    }
    for way in &app.auth {
        line("connect", way.method.as_str());
        for (name, label) in asked(app, way) {
            line("", &format!("asks for {label} ({name})"));
        }
        if let Some(client) = client_of(way) {
            let given = settings.clients.contains_key(client);
            let state = if given { "given in the settings" } else { "not in the settings" };
            line("", &format!("needs your OAuth client [clients.{client}]: {state}"));
            line("", &format!("redirect URI to register: {}", redirect_uri(settings, app)));
        }
    }
    text
}
