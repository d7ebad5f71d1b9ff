//! What a person or a caller typed in, held against the app's file. Nothing that fails here is stored.
//!
//! A value may become part of a host name or a header, so every one is plain ASCII without control characters, and
//! matches its pattern whole.

use std::collections::BTreeMap;

use super::{Wrong, candidates, grant::Grant};
use crate::{
    catalog::{
        app::App,
        auth::Auth,
        field::{Field, Source},
    },
    vault::Secret,
};

/// The field by which a user chooses an environment, where the credential does not tell it.
pub(super) const ENVIRONMENT: &str = "environment";

/// A value that can't be taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refused {
    /// Its name.
    pub(super) name: String,
    /// What is wrong with it.
    pub(super) problem: String,
    /// The same for a page.
    pub(super) wrong: Wrong,
}

impl Refused {
    pub(super) fn new(name: &str, problem: impl Into<String>) -> Self {
        Self { name: name.to_owned(), problem: problem.into(), wrong: Wrong::Form }
    }

    fn missing(name: &str) -> Self {
        Self { wrong: Wrong::Missing, ..Self::new(name, "is missing") }
    }
}

/// What was typed in and may be stored.
#[derive(Clone, Debug, Default)]
pub(super) struct Typed {
    /// Tenant fields that anybody may see.
    pub(super) fields: BTreeMap<String, String>,
    /// Secret fields and credentials.
    pub(super) grant: Grant,
}

/// How complete the input has to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Need {
    /// Everything that is not optional.
    All,
    /// The rest is asked for on the connect page.
    Some,
}

/// The fields of the app that a user types in for this way.
pub(super) fn asked<'a>(app: &'a App, way: &'a Auth) -> impl Iterator<Item = &'a Field> {
    app.fields_of(way.method).filter(|field| field.from == Source::User && field.of.is_none())
}

/// Whether a user of this app chooses an environment.
pub(super) fn chooses_environment(app: &App) -> bool {
    app.environments.iter().any(|environment| environment.fields.is_empty())
}

/// Tenant fields as they may be stored; names that this way does not ask for are refused.
pub(super) fn fields(
    app: &App,
    way: &Auth,
    given: &BTreeMap<String, String>,
    need: Need,
) -> Result<Typed, Refused> {
    if let Some(name) = given.keys().find(|name| !is_field(app, way, name)) {
        return Err(Refused::new(name, "is not a field of this app for this method"));
    }
    let mut typed = Typed::default();
    let picked = candidates::choosable(app, way).filter(|field| given.contains_key(&field.name));
    for field in asked(app, way).chain(picked) {
        match given.get(&field.name).map(String::as_str).filter(|value| !value.is_empty()) {
            Some(value) => {
                field.accepts(value).map_err(|unfit| Refused::new(&field.name, unfit.to_string()))?;
                if field.secret || field.multiline {
                    typed.grant.secret_fields.insert(field.name.clone(), value.into());
                } else {
                    typed.fields.insert(field.name.clone(), value.to_owned());
                }
            }
            None if need == Need::Some || field.optional || field.default.is_some() => {}
            None => return Err(Refused::missing(&field.name)),
        }
    }
    if let Some(chosen) = given.get(ENVIRONMENT).filter(|chosen| !chosen.is_empty()) {
        typed.fields.insert(ENVIRONMENT.to_owned(), environment(app, chosen)?);
    }
    Ok(typed)
}

/// Typed-in credentials as they may be stored, all of them.
pub(super) fn credentials(
    way: &Auth,
    given: &BTreeMap<String, Secret>,
) -> Result<BTreeMap<String, Secret>, Refused> {
    if let Some(name) = given.keys().find(|name| !way.fields.iter().any(|field| field.name == **name)) {
        return Err(Refused::new(name, "is not a credential of this app for this method"));
    }
    let mut taken = BTreeMap::new();
    for field in &way.fields {
        match given.get(&field.name).filter(|value| !value.is_empty()) {
            Some(value) => {
                field
                    .accepts(value.expose())
                    .map_err(|unfit| Refused::new(&field.name, unfit.to_string()))?;
                taken.insert(field.name.clone(), value.clone());
            }
            None if field.optional => {}
            None => return Err(Refused::missing(&field.name)),
        }
    }
    Ok(taken)
}

fn is_field(app: &App, way: &Auth, name: &str) -> bool {
    asked(app, way).chain(candidates::choosable(app, way)).any(|field| field.name == name)
        || (name == ENVIRONMENT && chooses_environment(app))
}

fn environment(app: &App, chosen: &str) -> Result<String, Refused> {
    let known = || app.environments.iter().filter(|environment| environment.fields.is_empty());
    known()
        .find(|environment| environment.name == chosen)
        .map(|environment| environment.name.clone())
        .ok_or_else(|| {
            let names: Vec<_> = known().map(|environment| environment.name.as_str()).collect();
            Refused::new(ENVIRONMENT, format!("is none of {}", names.join(", ")))
        })
}

#[cfg(test)]
mod tests;
