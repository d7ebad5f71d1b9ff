//! The apps: what an app file says, how a template is filled, which app a slug means.
//!
//! Knows no connection and sends nothing. A catalog is read whole and checked whole: one bad file, and there is none.

pub mod app;
mod apps;
pub mod auth;
mod consent;
pub mod field;
pub mod json;
pub mod limit;
mod lint;
mod load;
pub mod method;
pub mod pattern;
mod place;
mod self_hosted;
mod signing;
pub mod template;
mod token;
pub mod value;
pub mod webhook;

use std::{collections::HashMap, path::Path, sync::Arc};

use foldhash::fast::RandomState;

pub use app::App;
pub use apps::Apps;
pub use auth::Auth;
pub use field::Field;
pub use json::json_path;
pub use load::{CatalogError, Stamp};
pub use method::Method;
pub use template::Template;
pub use value::Unfit;

/// First path segments of the control API at the gateway door: no app can have one of these names.
pub const RESERVED: [&str; 17] = [
    "connections",
    "apps",
    "keys",
    "owners",
    "user",
    "usage",
    "audit",
    "requests",
    "triggers",
    "functions",
    "graphql",
    "mcp",
    "webhooks",
    "openapi.json",
    "healthz",
    ".well-known",
    "~",
];

/// All apps, by slug and alias.
#[derive(Clone, Debug, Default)]
pub struct Catalog {
    apps: Vec<Arc<App>>,
    /// The names are the operator's: a quick hash will do.
    by_slug: HashMap<String, Arc<App>, RandomState>,
}

impl Catalog {
    /// The built-in apps alone.
    pub fn builtin() -> Result<Self, Vec<CatalogError>> {
        Self::load(None, false)
    }

    /// The built-in apps, and over them those of the operator's folder: a file there replaces the built-in one of the
    /// same name. Only with `plain_http` may a file say `http:`.
    pub fn load(dir: Option<&Path>, plain_http: bool) -> Result<Self, Vec<CatalogError>> {
        let builtin = load::BUILTIN.as_ref().map_err(Clone::clone)?;
        let own = dir.map(load::folder).transpose()?.unwrap_or_default();
        let (mut catalog, mut errors) = (Self::default(), Vec::new());
        for loaded in builtin.iter().filter(|(slug, _)| !own.contains_key(*slug)).map(|(_, loaded)| loaded) {
            errors.extend(catalog.add(&loaded.app, &loaded.file));
        }
        catalog.read(own, plain_http, errors)
    }

    /// The text of an app's file: the operator's, else the built-in one.
    #[must_use]
    pub fn source(dir: Option<&Path>, name: &str) -> Option<String> {
        let mut own = dir.and_then(|dir| load::folder(dir).ok()).unwrap_or_default();
        own.remove(name)
            .map(|file| file.text)
            .or_else(|| Some(load::BUILTIN.as_ref().ok()?.get(name)?.file.text.clone()))
    }

    /// Only the apps of `files`, each a slug and the text of its file: for tests and tools.
    pub fn of(files: &[(&str, &str)], plain_http: bool) -> Result<Self, Vec<CatalogError>> {
        let file = |slug: &str, text: &str| load::File {
            name: format!("{slug}.toml"),
            folder: None,
            text: text.to_owned(),
        };
        let files = files.iter().map(|(slug, text)| ((*slug).to_owned(), file(slug, text))).collect();
        Self::default().read(files, plain_http, Vec::new())
    }

    /// With the apps of further files.
    fn read(
        mut self,
        files: load::Files,
        plain_http: bool,
        mut errors: Vec<CatalogError>,
    ) -> Result<Self, Vec<CatalogError>> {
        for (slug, file) in files {
            match load::app(&slug, &file, plain_http) {
                Ok(app) => errors.extend(self.add(&Arc::new(app), &file)),
                Err(found) => errors.extend(found),
            }
        }
        self.apps.sort_by(|a, b| a.name.cmp(&b.name));
        if errors.is_empty() { Ok(self) } else { Err(errors) }
    }

    /// Takes one more app in; what speaks against its names comes back.
    fn add(&mut self, app: &Arc<App>, file: &load::File) -> Vec<CatalogError> {
        let aliases = app.aliases.iter().enumerate().map(|(at, alias)| (format!("aliases[{at}]"), alias));
        let mut errors = Vec::new();
        for (at, slug) in std::iter::once(("name".to_owned(), &app.name)).chain(aliases) {
            if let Some(other) = self.by_slug.insert(slug.clone(), Arc::clone(app)) {
                errors.push(file.error(at, format!("{slug:?} already means {}", other.name)));
            }
        }
        self.apps.push(Arc::clone(app));
        errors
    }

    /// The app of a slug or an alias.
    #[must_use]
    pub fn app(&self, slug: &str) -> Option<&Arc<App>> {
        self.by_slug.get(slug)
    }

    /// The apps whose names come nearest to one that nobody has: at most three, the nearest first.
    #[must_use]
    pub fn nearest(&self, slug: &str) -> Vec<&str> {
        let score = |name: &str| strsim::jaro_winkler(slug, name);
        let mut near: Vec<(f64, &str)> = self
            .by_slug
            .iter()
            .map(|(name, app)| (score(name), app.name.as_str()))
            .filter(|(score, _)| *score > 0.75)
            .collect();
        near.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
        let mut names: Vec<&str> = Vec::new();
        for (_, name) in near {
            if !names.contains(&name) && names.len() < 3 {
                names.push(name);
            }
        }
        names
    }

    /// Every app, by name.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<App>> {
        self.apps.iter()
    }
}

#[cfg(test)]
mod tests;
