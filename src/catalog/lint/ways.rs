//! The ways in: each says all that it takes and nothing more.

use std::collections::HashSet;

use super::{Findings, shape::header_name};
use crate::catalog::{
    app::{App, Method},
    auth::{Auth, ClientAuth, Inject, Sign, Spend},
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
            Method::Jwt => jwt(&at, way, found),
            Method::Oauth1 => oauth1(&at, way, found),
            Method::Mcp => mcp(&at, way, found),
        }
        belongings(&at, way, found);
        scopes(&at, way, found);
        let bare = way.inject.is_empty() && way.sign.is_none();
        found.say_if(bare, format!("{at}.inject"), "is missing: nothing would go upstream");
        for (number, inject) in way.inject.iter().enumerate() {
            check_inject(&format!("{at}.inject[{number}]"), inject, found);
        }
    }
    for (at, route) in app.routes.iter().enumerate() {
        for (number, inject) in route.inject.iter().flatten().enumerate() {
            check_inject(&format!("route[{at}].inject[{number}]"), inject, found);
        }
        let both = route.anonymous && route.inject.is_some();
        found.say_if(both, format!("route[{at}].inject"), "nothing is sent to an anonymous route");
    }
}

fn oauth2(at: &str, way: &Auth, found: &mut Findings) {
    for (missing, key) in [(way.authorize.is_none(), "authorize"), (way.token.is_none(), "token")] {
        found.say_if(missing, format!("{at}.{key}"), "is missing: OAUTH2 takes authorize, token and client");
    }
    let clients = usize::from(way.client.is_some()) + usize::from(way.register.is_some());
    found.say_if(
        clients != 1,
        format!("{at}.client"),
        "is missing: OAUTH2 takes the operator's client, or says where to register one, not both",
    );
    nothing_typed(at, way, found);
}

fn nothing_typed(at: &str, way: &Auth, found: &mut Findings) {
    let typed = !way.fields.is_empty();
    let problem = format!("nobody types credentials in for {}: write a [[field]]", way.method);
    found.say_if(typed, format!("{at}.fields"), problem);
}

/// A token signed here: the credential itself, or what a token is asked for with.
fn jwt(at: &str, way: &Auth, found: &mut Findings) {
    found.say_if(way.jwt.is_none(), format!("{at}.jwt"), "is missing: what is signed, and by what?");
    found.say_if(way.fields.is_empty(), format!("{at}.fields"), "are missing: what does the user type in?");
    unused(at, way, [(way.authorize.is_some(), "authorize"), (way.client.is_some(), "client")], found);
}

/// Three legs with the operator's client, or secrets that are typed in.
fn oauth1(at: &str, way: &Auth, found: &mut Findings) {
    let signed = matches!(way.sign, Some(Sign::OAuth1 { .. }));
    found.say_if(!signed, format!("{at}.sign"), "is missing: OAUTH1 takes kind = \"oauth1\"");
    if way.oauth1.is_some() {
        for (missing, key) in [(way.authorize.is_none(), "authorize"), (way.client.is_none(), "client")] {
            found.say_if(missing, format!("{at}.{key}"), "is missing: the three legs take it");
        }
        nothing_typed(at, way, found);
    } else {
        let none = way.fields.is_empty();
        found.say_if(
            none,
            format!("{at}.oauth1"),
            "is missing, and nothing is typed in: where do tokens come from?",
        );
        unused(at, way, [(way.authorize.is_some(), "authorize"), (way.client.is_some(), "client")], found);
    }
    unused(at, way, [(way.token.is_some(), "token"), (way.revoke.is_some(), "revoke")], found);
}

fn mcp(at: &str, way: &Auth, found: &mut Findings) {
    let Some(server) = &way.mcp else {
        return found.say(format!("{at}.mcp"), "is missing: which server?");
    };
    let named = |domain: &String| domain.contains('.') && domain.parse::<http::uri::Authority>().is_ok();
    let good = !server.domains.is_empty() && server.domains.iter().all(named);
    found.say_if(!good, format!("{at}.mcp.domains"), "names the domains that its endpoints may lie in");
    nothing_typed(at, way, found);
}

fn unused<const N: usize>(at: &str, way: &Auth, given: [(bool, &str); N], found: &mut Findings) {
    for (there, key) in given {
        found.say_if(there, format!("{at}.{key}"), format!("{} has no use for it", way.method));
    }
}

/// Parts that only some kinds of way take.
fn belongings(at: &str, way: &Auth, found: &mut Findings) {
    use Method::{ClientCredentials, Jwt, Mcp, Oauth1, Oauth2};
    for (there, key, of) in [
        (way.mcp.is_some(), "mcp", &[Mcp][..]),
        (way.oauth1.is_some(), "oauth1", &[Oauth1]),
        (way.register.is_some(), "register", &[Oauth2]),
        (way.exchange.is_some(), "exchange", &[Oauth2, Mcp]),
        (!way.also.is_empty(), "also", &[Oauth2]),
        (way.callback.signature.is_some(), "callback.signature", &[Oauth2]),
        (way.jwt.is_some(), "jwt", &[Jwt, ClientCredentials, Oauth2]),
    ] {
        let astray = there && !of.contains(&way.method);
        found.say_if(astray, format!("{at}.{key}"), format!("{} has no use for it", way.method));
    }
    let proof = way.token.as_ref().is_some_and(|token| token.client_auth == ClientAuth::PrivateKeyJwt)
        || way.refresh.client_auth == Some(ClientAuth::PrivateKeyJwt);
    found.say_if(
        proof && way.jwt.is_none(),
        format!("{at}.jwt"),
        "is missing: private_key_jwt is signed by it",
    );
    let spends = way.refresh.spend == Spend::AccessToken;
    found.say_if(
        spends && way.refresh.params.is_empty(),
        format!("{at}.refresh.params"),
        "are missing: where does the access token go?",
    );
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
    let how = way.token.as_ref().map(|token| token.client_auth);
    let id_less = matches!(how, Some(ClientAuth::SecretOnly | ClientAuth::Absent));
    let secretless = matches!(how, Some(ClientAuth::None | ClientAuth::PrivateKeyJwt | ClientAuth::Absent));
    found.say_if(!id_less && !has("client_id"), format!("{at}.fields"), "client_id is missing");
    found.say_if(!secretless && !has("client_secret"), format!("{at}.fields"), "client_secret is missing");
}

fn typed_in(at: &str, way: &Auth, found: &mut Findings) {
    found.say_if(way.fields.is_empty(), format!("{at}.fields"), "are missing: what does the user type in?");
    let given = [(way.authorize.is_some(), "authorize"), (way.client.is_some(), "client")];
    unused(at, way, given, found);
    unused(at, way, [(way.revoke.is_some() && way.token.is_none(), "revoke")], found);
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
