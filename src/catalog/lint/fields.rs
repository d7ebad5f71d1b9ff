//! The fields: names nobody else has, values that come from somewhere, examples that fit.

use std::collections::HashSet;

use super::Findings;
use crate::catalog::{
    app::{App, Method},
    auth::CredentialField,
    field::{Field, Source},
    pattern::Pattern,
};

/// Names that mean something of their own.
const TAKEN: [&str; 10] = [
    "access_token",
    "refresh_token",
    "token_secret",
    "client_id",
    "client_secret",
    "environment",
    "nonce",
    "redirect_uri",
    "jwt",
    "key_fingerprint",
];

/// What the probe says of an account, beside which the values of fields stand in `metadata`.
const SHOWN: [&str; 3] = ["account_id", "name", "email"];

/// Checks every field of the app and of its ways.
pub(super) fn check(app: &App, found: &mut Findings) {
    let mut seen = HashSet::new();
    for (at, field) in app.fields.iter().enumerate() {
        let at = format!("field[{at}]");
        name(&at, &field.name, &field.label, found);
        found.say_if(!seen.insert(field.name.as_str()), format!("{at}.name"), "another field has it");
        let taken = TAKEN.iter().chain(&SHOWN).any(|taken| *taken == field.name);
        found.say_if(taken, format!("{at}.name"), format!("{} means something else", field.name));
        check_field(app, &at, field, found);
    }
    for (at, way) in app.auth.iter().enumerate() {
        let mut here = HashSet::new();
        for (number, field) in way.fields.iter().enumerate() {
            let at = format!("auth[{at}].fields[{number}]");
            name(&at, &field.name, &field.label, found);
            let common = app.fields_of(way.method).any(|other| other.name == field.name);
            let again = !here.insert(field.name.as_str()) || common;
            found.say_if(again, format!("{at}.name"), "another field has it");
            credential(&at, way.method, field, found);
        }
    }
}

fn name(at: &str, name: &str, label: &str, found: &mut Findings) {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    let good = name.starts_with(|c: char| c.is_ascii_lowercase()) && name.chars().all(plain);
    found.say_if(
        !good,
        format!("{at}.name"),
        format!("{name:?} is no field name: small letters, digits and _"),
    );
    found.say_if(label.trim().is_empty(), format!("{at}.label"), "is empty");
}

fn credential(at: &str, method: Method, field: &CredentialField, found: &mut Findings) {
    let own_client = method == Method::ClientCredentials && field.name.starts_with("client_");
    let own_secret = method == Method::Oauth1 && field.name == "token_secret";
    let taken = TAKEN.contains(&field.name.as_str()) && !own_client && !own_secret;
    found.say_if(taken, format!("{at}.name"), format!("{} means something else", field.name));
    fits(at, "example", field.example.as_deref(), field.pattern.as_ref(), found);
}

fn check_field(app: &App, at: &str, field: &Field, found: &mut Findings) {
    for method in &field.methods {
        let known = app.way(*method).is_some();
        found.say_if(!known, format!("{at}.methods"), format!("there is no way {method}"));
    }
    fits(at, "example", field.example.as_deref(), field.pattern.as_ref(), found);
    fits(at, "default", field.default.as_deref(), field.pattern.as_ref(), found);
    sources(app, at, field, found);
    if let Some(of) = &field.of {
        let known = app.auth.iter().any(|way| super::names::declared(app, way, of).is_some());
        found.say_if(!known || *of == field.name, format!("{at}.of"), format!("{of} is declared nowhere"));
        let hidden =
            app.auth.iter().filter_map(|way| super::names::declared(app, way, of)).any(|it| it.secret);
        let told = !field.secret && field.pattern.is_none();
        let problem =
            format!("is taken out of {of}, a secret: make it secret too, or say by a pattern what it is");
        found.say_if(hidden && told, format!("{at}.secret"), problem);
        let whole = field.regex.is_none() && field.path.is_none();
        found.say_if(whole, format!("{at}.regex"), "is missing: which part of it?");
    }
    choices(at, field, found);
}

fn choices(at: &str, field: &Field, found: &mut Findings) {
    let asked = field.from == Source::User && field.of.is_none();
    let astray = !field.choices.is_empty() && !asked;
    found.say_if(astray, format!("{at}.choices"), "belong to what a user is asked for");
    for choice in &field.choices {
        fits(at, "choices", Some(choice), field.pattern.as_ref(), found);
    }
    let known = field
        .default
        .as_ref()
        .is_none_or(|default| field.choices.is_empty() || field.choices.contains(default));
    found.say_if(!known, format!("{at}.default"), "is none of the choices");
}

fn sources(app: &App, at: &str, field: &Field, found: &mut Findings) {
    let asks = field.from == Source::Request;
    found.say_if(asks != field.request.is_some(), format!("{at}.request"), "belongs to from = \"request\"");
    let listed = field.request.as_ref().is_some_and(|request| request.list.is_some());
    found.say_if(field.choose && !listed, format!("{at}.choose"), "needs request.list: choose from what?");
    let needed = match field.from {
        Source::Callback | Source::Operator => by_browser,
        Source::Token => |method: Method| !matches!(method, Method::Oauth1),
        Source::User | Source::Request => |_| true,
    };
    let served = app.auth.iter().filter(|way| field.is_of(way.method)).all(|way| needed(way.method));
    let required = !field.optional && field.default.is_none();
    found.say_if(required && !served, format!("{at}.methods"), "name the ways that can yield it");
}

fn by_browser(method: Method) -> bool {
    matches!(method, Method::Oauth2 | Method::Oauth1 | Method::Mcp)
}

/// An example with an ellipsis shows the beginning only.
fn fits(at: &str, key: &str, value: Option<&str>, pattern: Option<&Pattern>, found: &mut Findings) {
    let (Some(value), Some(pattern)) = (value, pattern) else { return };
    let good = value.contains('…') || pattern.matches(value);
    found.say_if(!good, format!("{at}.{key}"), "does not match the pattern");
}
