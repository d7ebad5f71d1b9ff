//! `keyferry app show`: how to connect to an app, and what to register at its provider.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::list::summary;
use crate::{
    catalog::{App, Auth, Catalog, field::Source},
    cli::print,
    config::Settings,
};

pub(super) fn run(settings: &Settings, app: &App, (json, file): (bool, bool)) -> anyhow::Result<()> {
    if file {
        let text = Catalog::source(settings.catalog.dir.as_deref(), &app.name);
        return print::line(text.unwrap_or_default().trim_end());
    }
    let ways: Vec<Value> = app.auth.iter().map(|way| way_of(settings, app, way)).collect();
    if json {
        let mut shown = summary(app);
        if let Value::Object(members) = &mut shown {
            members.insert("ways".to_owned(), Value::Array(ways));
            members.insert("unverified".to_owned(), json!(app.unverified));
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
    way.client.as_deref()
}

fn redirect_uri(settings: &Settings, app: &App) -> String {
    format!("{}/callback/{}", settings.control.url, app.name)
}

/// Names and labels of what the user is asked for.
fn asked<'a>(app: &'a App, way: &'a Auth) -> impl Iterator<Item = (&'a str, &'a str)> {
    let tenant = app.fields_of(way.method).filter(|field| field.from == Source::User);
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
    if !app.unverified.is_empty() {
        line("unproved", "nobody has tried these keys of the file yet; please tell how they fare:");
        for key in &app.unverified {
            line("", key);
        }
    }
    text
}
