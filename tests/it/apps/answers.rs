//! A provider made from an app's own file: its answers hold whatever the file looks for, and nothing else.

use keyferry::catalog::{
    Auth, Template,
    app::{App, Probe},
    auth::{RefreshKind, Spend},
    field::{Field, Source},
};
use serde_json::{Map, Value, json};

use super::{given, way::Table};
use crate::harness::upstream::Seen;

/// The first access token, and what stands for it until it is exchanged.
const ACCESS: &str = "access-token-1";
const SHORT: &str = "short-token-1";
const REFRESH: &str = "refresh-token-1";

/// Answers to requests at URLs that a template means, and to all others.
pub(super) struct Provider {
    told: Vec<(Meant, String)>,
    token: String,
    /// The resource of an MCP server, and its authorization server's domain.
    mcp: Option<(String, String)>,
}

impl Provider {
    /// The provider of an app, as seen by those who come this way.
    pub(super) fn of(app: &App, way: &Auth) -> Self {
        let mut told = Vec::<(String, Value)>::new();
        for field in app.fields_of(way.method).filter(|field| field.from == Source::Request) {
            tell(&mut told, field);
        }
        if let Some(probe) = way.probe.as_ref().or(app.probe.as_ref()) {
            who(&mut told, probe);
        }
        let mut told: Vec<(Meant, String)> =
            told.into_iter().map(|(template, answer)| (Meant::by(&template), answer.to_string())).collect();
        if let Some(step) = &way.exchange {
            let mut answer = token(app, way, step.path.as_deref(), ACCESS);
            if let Some((path, value)) = &step.ok {
                put(&mut answer, path, value.clone());
            }
            told.push((Meant::by(step.url.as_str()), answer.to_string()));
        }
        if let Some(legs) = &way.oauth1 {
            let form = |token: &str| {
                format!("oauth_token={token}&oauth_token_secret=token-secret&oauth_callback_confirmed=true")
            };
            told.push((Meant::by(legs.request_token_url.as_str()), form("request-token")));
            told.push((Meant::by(legs.access_token_url.as_str()), form(ACCESS)));
        }
        let first = if way.exchange.is_some() { SHORT } else { ACCESS };
        let path = way.token.as_ref().and_then(|token| token.path.as_deref());
        let token = token(app, way, path, first).to_string();
        Self {
            told,
            token,
            mcp: way.mcp.as_ref().map(|mcp| (mcp.url.as_str().to_owned(), mcp.domains[0].clone())),
        }
    }

    /// What it says to a request; other tokens, once the first have grown old.
    pub(super) fn answer(&self, seen: &Seen, aged: bool) -> String {
        if let Some(document) =
            self.mcp.as_ref().and_then(|(resource, domain)| discovery(resource, domain, seen.target()))
        {
            return document.to_string();
        }
        let url = format!("https://{}{}", seen.header("host").unwrap(), seen.target());
        let told = self.told.iter().find(|(meant, _)| meant.is(&url)).map(|(_, answer)| answer);
        let text = told.unwrap_or(&self.token);
        if aged { text.replace("-token-1", "-token-2") } else { text.clone() }
    }
}

/// Where the callback carries what, beside the code.
pub(super) fn back(app: &App, way: &Auth) -> Table {
    let told = app.fields_of(way.method).filter(|field| field.from == Source::Callback && field.of.is_none());
    let needed = told.filter(|field| !field.optional);
    let mut back: Table = needed
        .map(|field| (field.path.clone().unwrap_or_else(|| field.name.clone()), given::of_field(field)))
        .collect();
    for name in &way.callback.echo {
        back.entry(name.clone()).or_insert_with(|| format!("echo-of-{name}"));
    }
    back
}

/// The answer of the token endpoint, with every field that is looked for in it.
fn token(app: &App, way: &Auth, path: Option<&str>, access: &str) -> Value {
    // A token that renews itself lasts long enough to be worth it.
    let lasts = if way.refresh.spend == Spend::AccessToken { 5_184_000 } else { 3600 };
    let mut answer = json!({"token_type": "Bearer", "expires_in": lasts});
    put(&mut answer, path.unwrap_or("access_token"), json!(access));
    let is_spent = way.refresh.spend == Spend::RefreshToken && way.refresh.kind != RefreshKind::None;
    if is_spent && (way.authorize.is_some() || way.mcp.is_some()) {
        answer["refresh_token"] = json!(REFRESH);
    }
    if let Some((path, value)) = way.token.as_ref().and_then(|token| token.ok.as_ref()) {
        put(&mut answer, path, value.clone());
    }
    let told = app.fields_of(way.method).filter(|field| field.from == Source::Token && field.of.is_none());
    for field in told {
        put(&mut answer, field.path.as_deref().unwrap_or(&field.name), json!(given::of_field(field)));
    }
    if way.register.is_some() {
        answer["client_id"] = json!(super::stage::CLIENT_ID);
        answer["client_secret"] = json!(super::stage::CLIENT_SECRET);
    }
    answer
}

/// What one more request tells.
fn tell(told: &mut Vec<(String, Value)>, field: &Field) {
    let Some(request) = &field.request else { return };
    let answer = at(told, &request.get);
    let path = field.path.as_deref().unwrap_or(&field.name);
    let Some(list) = &request.list else { return put(answer, path, json!(given::of_field(field))) };
    let first = if list.is_empty() { "0".to_owned() } else { format!("{list}.0") };
    put(answer, &format!("{first}.{path}"), json!(given::of_field(field)));
    if let Some((name, wanted)) = request.select.as_deref().and_then(|rule| rule.split_once('=')) {
        put(answer, &format!("{first}.{name}"), json!(wanted));
    }
    if let Some(label) = &request.label {
        let name = format!("{first}.{label}");
        if keyferry::catalog::json_path(answer, &name).is_none() {
            put(answer, &name, json!("Acme"));
        }
    }
}

/// What the probe looks for.
fn who(told: &mut Vec<(String, Value)>, probe: &Probe) {
    let Some(template) = probe.get.as_ref().or(probe.post.as_ref()) else { return };
    let answer = at(told, template);
    let paths = [(&probe.label, "Acme"), (&probe.email, "ada@example.com"), (&probe.id, "account-1")];
    for (path, value) in paths {
        if let Some(path) =
            path.as_deref().filter(|path| keyferry::catalog::json_path(answer, path).is_none())
        {
            put(answer, path, json!(value));
        }
    }
    if let Some((path, value)) = &probe.ok {
        put(answer, path, value.clone());
    }
}

/// The answer to requests that this template means.
fn at<'t>(told: &'t mut Vec<(String, Value)>, template: &Template) -> &'t mut Value {
    let url = template.as_str().split('?').next().unwrap().to_owned();
    let found =
        told.iter().position(|(known, _)| *known == url || (url.starts_with('/') && known.ends_with(&url)));
    let place = found.unwrap_or_else(|| {
        told.push((url, Value::Null));
        told.len() - 1
    });
    &mut told[place].1
}

/// The URLs that a template means: what stands between its placeholders. Queries don't matter.
struct Meant {
    /// Of any host.
    is_path: bool,
    pieces: Vec<String>,
}

impl Meant {
    /// By `${name}`, `{name}` and `/:name`.
    fn by(template: &str) -> Self {
        let template = template.split('?').next().unwrap();
        let (mut pieces, mut rest) = (Vec::new(), template);
        while let Some(at) =
            [rest.find("${"), rest.find('{'), rest.find("/:").map(|at| at + 1)].into_iter().flatten().min()
        {
            let (before, behind) = rest.split_at(at);
            pieces.push(before.to_owned());
            let end =
                if behind.starts_with(':') { behind.find('/') } else { behind.find('}').map(|at| at + 1) };
            rest = &behind[end.unwrap_or(behind.len())..];
        }
        pieces.push(rest.to_owned());
        Self { is_path: template.starts_with('/'), pieces }
    }

    fn is(&self, url: &str) -> bool {
        let url = url.split('?').next().unwrap();
        let [first, others @ ..] = self.pieces.as_slice() else { return false };
        let behind_host = "https://".len() + url["https://".len()..].find('/').unwrap_or(0);
        // A prefix of the base may stand before a path.
        let start = if self.is_path {
            url[behind_host..].find(first.as_str()).map(|at| behind_host + at + first.len())
        } else {
            url.starts_with(first.as_str()).then_some(first.len())
        };
        let Some(start) = start else { return false };
        let mut rest = &url[start..];
        for piece in others {
            let Some(at) = rest.find(piece.as_str()) else { return false };
            rest = &rest[at + piece.len()..];
        }
        rest.is_empty() || others.last().is_some_and(String::is_empty)
    }
}

/// Puts a value where a dotted path leads; numbers are places in arrays.
fn put(value: &mut Value, path: &str, what: Value) {
    let Some((step, rest)) = path.split_once('.').map_or(Some((path, "")), Some) else { return };
    if step.is_empty() {
        *value = what;
        return;
    }
    let inner = if let Ok(place) = step.parse::<usize>() {
        if !value.is_array() {
            *value = json!([]);
        }
        let elements = value.as_array_mut().unwrap();
        while elements.len() <= place {
            elements.push(Value::Null);
        }
        &mut elements[place]
    } else {
        if !value.is_object() {
            *value = Value::Object(Map::new());
        }
        value.as_object_mut().unwrap().entry(step.to_owned()).or_insert(Value::Null)
    };
    if rest.is_empty() { *inner = what } else { put(inner, rest, what) }
}

/// The documents of an MCP server whose authorization server is this domain (RFC 9728, RFC 8414), and a client that it
/// registers (RFC 7591).
fn discovery(resource: &str, domain: &str, target: &str) -> Option<Value> {
    let issuer = format!("https://{domain}");
    if target.starts_with("/.well-known/oauth-protected-resource") {
        return Some(json!({"resource": resource, "authorization_servers": [issuer]}));
    }
    if target.starts_with("/.well-known/") {
        return Some(json!({
            "issuer": issuer,
            "authorization_endpoint": format!("{issuer}/authorize"),
            "token_endpoint": format!("{issuer}/token"),
            "registration_endpoint": format!("{issuer}/register"),
            "response_types_supported": ["code"],
            "code_challenge_methods_supported": ["S256"],
        }));
    }
    (target == "/register").then(|| json!({"client_id": super::stage::CLIENT_ID}))
}
