//! `keyferry app`: what the catalog knows, and how to add to it. One file per command.

mod add;
mod dial;
mod draft;
mod list;
mod show;

use std::path::Path;

use anyhow::bail;

use super::{Misuse, options::Options, print};
use crate::{
    catalog::{App, Catalog, CatalogError},
    config::Settings,
};

/// The schema of app files, for editors.
const SCHEMA: &str = include_str!("../../../config/app.schema.json");

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
        #[arg(long, conflicts_with = "file")]
        json: bool,
        /// Print its file, to start one of your own from
        #[arg(long)]
        file: bool,
    },
    Add(Box<add::Add>),
    Test(dial::Test),
    /// Print the JSON Schema of app files, for editors
    Schema,
}

pub(super) async fn run(options: &Options, command: Command) -> anyhow::Result<()> {
    if matches!(command, Command::Schema) {
        return print::line(SCHEMA.trim_end());
    }
    let settings = options.settings()?;
    if let Command::Add(add) = command {
        return add::run(&settings, &add);
    }
    let catalog = catalog(&settings)?;
    match command {
        Command::List { text, json } => list::run(&catalog, text.as_deref().unwrap_or_default(), json),
        Command::Show { name, json, file } => show::run(&settings, find(&catalog, &name)?, (json, file)),
        Command::Test(test) => dial::run(&settings, find(&catalog, &test.name)?, &test).await,
        Command::Add(_) | Command::Schema => Ok(()),
    }
}

/// The catalog of these settings; all that is wrong with it, if it can't be read.
pub(super) fn catalog(settings: &Settings) -> anyhow::Result<Catalog> {
    read(settings.catalog.dir.as_deref(), settings.egress.plain_http)
}

fn read(dir: Option<&Path>, plain_http: bool) -> anyhow::Result<Catalog> {
    Catalog::load(dir, plain_http).map_err(|errors| {
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
