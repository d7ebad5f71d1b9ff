//! The ways in: each is one this version can carry out, and says all that it takes and nothing more.

use std::collections::HashSet;

use super::{Findings, shape::header_name};
use crate::catalog::{
    app::{App, Method},
    auth::{Auth, ClientAuth, Inject},
};

/// Checks every way in.
pub(super) fn check(app: &App, found: &mut Findings) {
    found.say_if(app.auth.is_empty(), "auth", "there is no way in");
    let mut seen = HashSet::new();
    for (at, way) in app.auth.iter().enumerate() {
        let at = format!("auth[{at}]");
        let again = !seen.insert(way.method);
        found.say_if(again, format!("{at}.method"), format!("another way is {} already", way.method));
        match way.method {
            Method::Oauth2 => oauth2(&at, way, found),
            Method::ClientCredentials => client_credentials(&at, way, found),
            Method::ApiKey | Method::Basic => typed_in(&at, way, found),
            Method::Jwt | Method::Oauth1 | Method::Mcp => {
                found.say(format!("{at}.method"), format!("{} can't be carried out yet", way.method));
            }
        }
        scopes(&at, way, found);
        found.say_if(way.inject.is_empty(), format!("{at}.inject"), "is missing: nothing would go upstream");
        for (number, inject) in way.inject.iter().enumerate() {
            check_inject(&format!("{at}.inject[{number}]"), inject, found);
        }
    }
}

fn oauth2(at: &str, way: &Auth, found: &mut Findings) {
    for (missing, key) in [
        (way.authorize.is_none(), "authorize"),
        (way.token.is_none(), "token"),
        (way.client.is_none(), "client"),
    ] {
        found.say_if(missing, format!("{at}.{key}"), "is missing: OAUTH2 takes authorize, token and client");
    }
    let typed = !way.fields.is_empty();
    found.say_if(typed, format!("{at}.fields"), "nobody types credentials in for OAUTH2: write a [[field]]");
}

fn client_credentials(at: &str, way: &Auth, found: &mut Findings) {
    found.say_if(way.token.is_none(), format!("{at}.token"), "is missing: CLIENT_CREDENTIALS takes it");
    found.say_if(way.authorize.is_some(), format!("{at}.authorize"), "nobody consents to CLIENT_CREDENTIALS");
    found.say_if(
        way.client.is_some(),
        format!("{at}.client"),
        "the client is the user's own, not the operator's",
    );
    let has = |name: &str| way.fields.iter().any(|field| field.name == name);
    let secretless = way.token.as_ref().is_some_and(|token| token.client_auth == ClientAuth::None);
    let id_less = way.token.as_ref().is_some_and(|token| token.client_auth == ClientAuth::SecretOnly);
    found.say_if(!id_less && !has("client_id"), format!("{at}.fields"), "client_id is missing");
    found.say_if(!secretless && !has("client_secret"), format!("{at}.fields"), "client_secret is missing");
}

fn typed_in(at: &str, way: &Auth, found: &mut Findings) {
    found.say_if(way.fields.is_empty(), format!("{at}.fields"), "are missing: what does the user type in?");
    for (there, key) in [
        (way.authorize.is_some(), "authorize"),
        (way.token.is_some(), "token"),
        (way.revoke.is_some(), "revoke"),
        (way.client.is_some(), "client"),
    ] {
        found.say_if(there, format!("{at}.{key}"), format!("{} has no use for it", way.method));
    }
}

fn scopes(at: &str, way: &Auth, found: &mut Findings) {
    let consent = way.authorize.as_ref().map(|it| ("authorize", &it.scopes, it.separator.as_str()));
    let token = way.token.as_ref().map(|it| ("token", &it.scopes, " "));
    for (key, scopes, separator) in consent.into_iter().chain(token) {
        let at = format!("{at}.{key}.scopes");
        let mut seen = HashSet::new();
        for scope in scopes {
            found.say_if(!seen.insert(scope), &at, format!("{scope} stands there twice"));
            let split = scope.is_empty() || scope.contains(char::is_whitespace) || scope.contains(separator);
            found.say_if(split, &at, format!("{scope:?} is not one scope"));
        }
    }
}

fn check_inject(at: &str, inject: &Inject, found: &mut Findings) {
    let places = [&inject.header, &inject.query, &inject.path];
    let one = places.into_iter().flatten().count() == 1;
    found.say_if(!one, at, "has exactly one of header, query and path");
    if let Some(name) = &inject.header {
        header_name(&format!("{at}.header"), name, found);
    }
    let named = inject.query.as_ref().is_none_or(|name| !name.is_empty());
    found.say_if(!named, format!("{at}.query"), "is empty");
}
