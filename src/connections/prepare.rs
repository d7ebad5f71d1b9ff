//! From an app's file and a connection's values to a [`Credential`]: every template filled, every part parsed once.

use std::{collections::BTreeMap, sync::Arc};

use http::{
    HeaderName, HeaderValue, Uri,
    uri::{Authority, Scheme},
};

use super::{Base, Credential, Own, sign, values::Values};
use crate::{
    catalog::{
        app::{App, Route},
        auth::{Auth, Inject},
        template::{Missing, Template},
    },
    clock::{Seldom, Timestamp},
    vault::Secret,
};

/// What of the app's file can't be filled for this connection. Names no value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(super) struct Unfit(String);

impl Unfit {
    pub(super) fn new(why: &str) -> Self {
        Self(why.to_owned())
    }
}

impl From<Missing> for Unfit {
    fn from(Missing(name): Missing) -> Self {
        Self(format!("the app's file asks for {name}, which this connection has not got"))
    }
}

/// What the credential alone puts onto a request, wherever it goes.
pub(super) type Injected = Own;

/// Everything that goes onto a request of this connection.
pub(super) fn prepare(
    app: &App,
    way: &Auth,
    values: &Values,
    (generation, expires): (i64, Option<Timestamp>),
) -> Result<Credential, Unfit> {
    let Injected { headers, query, mut path_vars } = injected(way, values, |inject| inject.optional)?;
    let vars = app.path_vars.iter();
    let vars: Vec<(String, Secret)> =
        vars.filter_map(|var| Some((var.token.clone(), var.value.fill(values).ok()?.into()))).collect();
    path_vars.extend(vars.iter().cloned());
    let (routes, routes_own) = app.routes.iter().map(|route| of_route(route, values, &vars)).unzip();
    let default_query =
        app.query.iter().filter_map(|(name, value)| Some((name.clone(), value.fill(values).ok()?))).collect();
    Ok(Credential {
        generation,
        edition: app.edition(),
        expires,
        base: base(app.base_of(way, app.environment(values)), values)?,
        routes,
        routes_own,
        headers,
        query,
        default_headers: headers_of(&app.headers, values)?,
        default_query,
        path_vars,
        signer: way.sign.as_ref().map(|sign| sign::signer(sign, values)).transpose()?,
        unproven: Arc::default(),
        noted: Seldom::default(),
    })
}

/// Where requests of a route go and what it puts onto them instead of the way in. A route that lacks a value leads
/// nowhere: the app's other paths don't suffer by it.
fn of_route(route: &Route, values: &Values, vars: &[(String, Secret)]) -> (Option<Base>, Option<Own>) {
    let own = route.inject.as_ref().map(|own| put(own, values, |inject| inject.optional)).transpose();
    match (base(&route.base, values), own) {
        (Ok(base), Ok(mut own)) => {
            if let Some(own) = &mut own {
                own.path_vars.extend_from_slice(vars);
            }
            (Some(base), own)
        }
        _ => (None, None),
    }
}

/// The injections of a way, each at its one place; one that `may_lack` a value is left out where it does.
pub(super) fn injected(
    way: &Auth,
    values: &Values,
    may_lack: impl Fn(&Inject) -> bool,
) -> Result<Injected, Unfit> {
    put(&way.inject, values, may_lack)
}

fn put(injects: &[Inject], values: &Values, may_lack: impl Fn(&Inject) -> bool) -> Result<Injected, Unfit> {
    let mut injected = Injected::default();
    for inject in injects {
        let value = match inject.value.fill(values) {
            Ok(value) => Secret::new(value),
            Err(_) if may_lack(inject) => continue,
            Err(missing) => return Err(missing.into()),
        };
        if let Some(name) = &inject.header {
            injected.headers.push(header(name, value.expose(), true)?);
        } else if let Some(name) = &inject.query {
            injected.query.push((name.clone(), value));
        } else if let Some(token) = &inject.path {
            injected.path_vars.push((token.clone(), value));
        }
    }
    Ok(injected)
}

/// Headers of an app's file; one that lacks a value is left out.
pub(super) fn headers_of(
    own: &BTreeMap<String, Template>,
    values: &Values,
) -> Result<Vec<(HeaderName, HeaderValue)>, Unfit> {
    let filled = own.iter().filter_map(|(name, value)| Some((name, value.fill(values).ok()?)));
    filled.map(|(name, value)| header(name, &value, false)).collect()
}

fn header(name: &str, value: &str, sensitive: bool) -> Result<(HeaderName, HeaderValue), Unfit> {
    let unfit = || Unfit(format!("what the app's file puts into {name} can't be a header"));
    let known = HeaderName::try_from(name).map_err(|_| unfit())?;
    let mut value = HeaderValue::from_str(value).map_err(|_| unfit())?;
    value.set_sensitive(sensitive);
    Ok((known, value))
}

/// Scheme, host and path prefix of a base.
pub(super) fn base(template: &Template, values: &Values) -> Result<Base, Unfit> {
    let unfit = || Unfit(format!("the base {} does not give an address here", template.as_str()));
    let uri: Uri = template.fill(values)?.parse().map_err(|_| unfit())?;
    let parts = uri.into_parts();
    let scheme = parts.scheme.filter(|scheme| *scheme == Scheme::HTTPS || *scheme == Scheme::HTTP);
    let authority = parts.authority.filter(|authority| is_meant(authority, template, values));
    let path = parts.path_and_query.filter(|path| path.query().is_none());
    match (scheme, authority, path) {
        (Some(scheme), Some(authority), Some(path)) => {
            Ok(Base { scheme, authority, prefix: path.path().trim_end_matches('/').to_owned() })
        }
        _ => Err(unfit()),
    }
}

/// Whether what was read as the host is what the template says the host is, to the letter. Values were matched
/// against their patterns when they came in; should one hold a delimiter all the same, it ends here.
fn is_meant(authority: &Authority, template: &Template, values: &Values) -> bool {
    let text = authority.as_str();
    let is_whole_url = !template.as_str().contains("://");
    let meant = || Template::try_from(template.authority().to_owned()).ok()?.fill(values).ok();
    !authority.host().is_empty() && !text.contains('@') && (is_whole_url || meant().as_deref() == Some(text))
}

#[cfg(test)]
mod tests;
