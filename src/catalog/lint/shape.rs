//! The app as a whole: its names, its probe, its routes, its environments, its defaults.

use std::collections::HashSet;

use http::HeaderName;

use super::Findings;
use crate::catalog::{
    RESERVED,
    app::{App, Probe},
};

/// Checks what stands outside fields and ways.
pub(super) fn check(app: &App, slug: &str, folder: Option<&str>, found: &mut Findings) {
    slugs(app, slug, found);
    found.say_if(app.display_name.trim().is_empty(), "display_name", "is empty");
    if let Some(folder) = folder {
        let sorted = app.categories.first().is_some_and(|category| category == folder);
        found.say_if(!sorted, "categories", format!("the first one is the file's folder, {folder}"));
    }
    defaults(app, found);
    routes(app, found);
    path_vars(app, found);
    environments(app, found);
    links(app, found);
    probes(app, found);
    let header = app.limit.iter().filter_map(|limit| limit.retry_header.as_deref());
    header.for_each(|name| header_name("limit.retry_header", name, found));
}

fn slugs(app: &App, slug: &str, found: &mut Findings) {
    if app.name != slug {
        let problem = format!("{:?} stands in the file of {slug:?}: both have to be the same", app.name);
        found.say("name", problem);
    }
    let aliases = app.aliases.iter().enumerate().map(|(at, alias)| (format!("aliases[{at}]"), alias));
    for (at, name) in std::iter::once(("name".to_owned(), &app.name)).chain(aliases) {
        let problem = if RESERVED.contains(&name.as_str()) {
            format!("{name:?} is a path of the control API, so no app can have it")
        } else if is_slug(name) {
            continue;
        } else {
            format!("{name:?} is no app name: small letters, digits and single dashes, at most 63")
        };
        found.say(at, problem);
    }
}

/// A path segment and a host label at once.
fn is_slug(name: &str) -> bool {
    let plain =
        |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
    name.len() <= 63 && name.split('-').all(plain)
}

fn defaults(app: &App, found: &mut Findings) {
    let injected = |name: &str| {
        app.injects()
            .filter_map(|inject| inject.header.as_ref())
            .any(|header| header.eq_ignore_ascii_case(name))
    };
    let mut seen = HashSet::new();
    for name in app.headers.keys() {
        let at = format!("headers.{name}");
        header_name(&at, name, found);
        found.say_if(injected(name), &at, "carries the credential, so it can't have a default");
        found.say_if(!seen.insert(name.to_ascii_lowercase()), &at, "stands there twice");
    }
    let queries: HashSet<&String> = app.injects().filter_map(|inject| inject.query.as_ref()).collect();
    for name in app.query.keys() {
        let carries = queries.contains(name);
        found.say_if(carries, format!("query.{name}"), "carries the credential, so it can't have a default");
    }
}

/// Headers of the connection itself, or of this gateway: no app file sets them.
const NOT_SETTABLE: [&str; 11] = [
    "host",
    "connection",
    "content-length",
    "transfer-encoding",
    "te",
    "trailer",
    "upgrade",
    "keep-alive",
    "proxy-connection",
    "cookie",
    "expect",
];

/// Checks that `name` is a header this file can set.
pub(super) fn header_name(at: &str, name: &str, found: &mut Findings) {
    let Ok(parsed) = name.parse::<HeaderName>() else {
        return found.say(at, format!("{name:?} is no header name"));
    };
    let own = ["maton-", "x-maton-", "keyferry-"].iter().any(|prefix| parsed.as_str().starts_with(prefix));
    found.say_if(
        own || NOT_SETTABLE.contains(&parsed.as_str()),
        at,
        format!("{name} is not a file's to set"),
    );
}

fn routes(app: &App, found: &mut Findings) {
    let mut seen = HashSet::new();
    for (at, route) in app.routes.iter().enumerate() {
        for method in &route.methods {
            let known =
                method.parse::<http::Method>().is_ok() && method.chars().all(|c| c.is_ascii_uppercase());
            found.say_if(!known, format!("route[{at}].methods"), format!("{method:?} is no request method"));
        }
        let mut methods = route.methods.clone();
        methods.sort();
        let again = !seen.insert((route.path.as_str(), methods));
        found.say_if(again, format!("route[{at}].path"), "another route has the same path and methods");
    }
}

fn path_vars(app: &App, found: &mut Findings) {
    let variables = app.path_vars.iter().enumerate();
    let mut tokens: Vec<(String, &str)> =
        variables.map(|(at, variable)| (format!("path_var[{at}].token"), variable.token.as_str())).collect();
    for (at, way) in app.auth.iter().enumerate() {
        let injects = way.inject.iter().enumerate();
        tokens.extend(injects.filter_map(|(number, inject)| {
            Some((format!("auth[{at}].inject[{number}].path"), inject.path.as_deref()?))
        }));
    }
    for (at, token) in &tokens {
        let good = token.len() > 1 && token.chars().all(|c| c.is_ascii_graphic() && !"/?#%&".contains(c));
        found.say_if(!good, at, format!("{token:?} is no placeholder: write :name or {{name}}"));
        let longer = tokens.iter().any(|(_, other)| other != token && other.contains(token));
        found.say_if(longer, at, format!("{token:?} is also a part of another placeholder"));
    }
}

fn environments(app: &App, found: &mut Findings) {
    let mut seen = HashSet::new();
    for (at, environment) in app.environments.iter().enumerate() {
        let at = format!("environment[{at}]");
        found.say_if(!seen.insert(&environment.name), format!("{at}.name"), "another environment has it");
        let half = environment.fields.is_empty() != environment.pattern.is_none();
        found.say_if(half, &at, "fields and pattern belong together: which values tell, and by what");
        for field in &environment.fields {
            let known = app.auth.iter().any(|way| super::names::declared(app, way, field).is_some());
            found.say_if(!known, format!("{at}.fields"), format!("{field} is declared nowhere"));
        }
    }
}

fn links(app: &App, found: &mut Findings) {
    let ways = app.auth.iter().enumerate().map(|(at, way)| (format!("auth[{at}].docs"), &way.docs));
    for (at, link) in ways.chain([("docs".to_owned(), &app.docs)]) {
        let good =
            link.as_ref().is_none_or(|link| link.starts_with("https://") && link.parse::<url::Url>().is_ok());
        found.say_if(!good, at, "a link starts with https://");
    }
}

fn probes(app: &App, found: &mut Findings) {
    let every_way = app.auth.iter().all(|way| way.probe.is_some());
    let missing = app.probe.is_none() && app.no_probe.is_none() && !every_way;
    found.say_if(missing, "probe", "is missing: say what to ask whose account it is, or why not in no_probe");
    found.say_if(app.probe.is_some() && app.no_probe.is_some(), "no_probe", "there is a probe");
    let ways = app.auth.iter().enumerate().map(|(at, way)| (format!("auth[{at}].probe"), &way.probe));
    for (at, probe) in ways.chain([("probe".to_owned(), &app.probe)]) {
        if let Some(probe) = probe {
            check_probe(&at, probe, found);
        }
    }
}

fn check_probe(at: &str, probe: &Probe, found: &mut Findings) {
    found.say_if(probe.get.is_some() == probe.post.is_some(), at, "has either get or post");
    found.say_if(probe.body.is_some() && probe.post.is_none(), format!("{at}.body"), "belongs to post");
    let json =
        probe.body.as_deref().is_none_or(|body| serde_json::from_str::<serde_json::Value>(body).is_ok());
    found.say_if(!json, format!("{at}.body"), "is no JSON");
}
