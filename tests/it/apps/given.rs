//! What a connection is given when nobody says what: values that an app's own file takes.
//!
//! A field's choice or example where there is one, else the shortest text that its pattern lets through, else its name.

use std::{collections::BTreeMap, fmt::Write as _, sync::LazyLock};

use keyferry::catalog::{
    Auth, Catalog,
    app::App,
    auth::{Algorithm, CredentialField, KeyEncoding},
    field::{Field, Source},
    pattern::Pattern,
};
use regex_syntax::hir::{Class, Hir, HirKind};

use super::way::Table;

const RSA: &str = include_str!("../data/keys/rsa.pem");
const EC: &str = include_str!("../data/keys/ec.pem");
const ED25519: &str = include_str!("../data/keys/ed25519.pem");

/// A key file as Google gives them out.
static SERVICE_ACCOUNT: LazyLock<String> = LazyLock::new(|| {
    serde_json::json!({
        "type": "service_account",
        "project_id": "acme",
        "private_key_id": "key-1",
        "private_key": RSA,
        "client_email": "bot@acme.iam.gserviceaccount.com",
        "client_id": "1089",
        "token_uri": "https://oauth2.googleapis.com/token",
    })
    .to_string()
});

/// Values that others are cut out of: no pattern says as much. By the name or the path of a field.
const KNOWN: &[(&str, &str)] = &[
    ("accounts_server", "https://accounts.zoho.eu"),
    ("accounts-server", "https://accounts.zoho.eu"),
    ("referer", "acme.kommo.com"),
    ("access_url", "https://api.eu.surveymonkey.com"),
    ("context", "stores/abc123"),
];
/// The same of credentials, by app and name.
const KNOWN_TYPED: &[(&str, &str, &str)] = &[("mailchimp", "api_key", "0123456789abcdef-us6")];

/// The built-in apps.
pub(super) fn catalog() -> &'static Catalog {
    static CATALOG: LazyLock<Catalog> =
        LazyLock::new(|| Catalog::builtin().unwrap_or_else(|errors| panic!("{errors:?}")));
    &CATALOG
}

/// Every client that some app asks for, with what the operator gives beside it.
pub(super) fn clients() -> BTreeMap<String, Table> {
    let mut clients = BTreeMap::<String, Table>::new();
    for app in catalog().iter() {
        let operators = || app.fields.iter().filter(|field| field.from == Source::Operator);
        for client in app.auth.iter().filter_map(|way| way.client.as_ref()) {
            let extra = clients.entry(client.clone()).or_default();
            extra.extend(operators().map(|field| (field.name.clone(), of_field(field))));
        }
    }
    clients
}

/// The name of the client of an app.
pub(super) fn client_of(app: &str) -> String {
    let known = catalog().app(app).cloned();
    known.and_then(|app| app.auth.iter().find_map(|way| way.client.clone())).unwrap_or_default()
}

/// Whether a provider is told of the end of such a connection.
pub(super) fn is_told(app: &str, method: &str) -> bool {
    let known = catalog().app(app).cloned();
    known.is_some_and(|app| {
        let way = app.auth.iter().find(|way| way.method.as_str() == method);
        way.is_some_and(|way| way.revoke.is_some() && (way.client.is_some() || way.token.is_some()))
    })
}

/// A document by its name in an expectation.
pub(super) fn document(name: &str) -> &'static str {
    match name {
        "<service account>" => &SERVICE_ACCOUNT,
        "<rsa key>" => RSA,
        "<ec key>" => EC,
        "<ed25519 key>" => ED25519,
        other => panic!("no document {other}"),
    }
}

/// What the user types in for this way, beside credentials.
pub(super) fn fields(app: &App, way: &Auth) -> Table {
    let asked = app.fields_of(way.method).filter(|field| field.from == Source::User && field.of.is_none());
    let needed = asked.filter(|field| field.default.is_none() && !field.optional);
    needed.map(|field| (field.name.clone(), of_field(field))).collect()
}

/// The credentials of this way.
pub(super) fn typed(app: &App, way: &Auth) -> Table {
    let needed = way.fields.iter().filter(|field| !field.optional);
    let value = |field: &CredentialField| {
        let known = KNOWN_TYPED.iter().find(|(of, name, _)| *of == app.name && *name == field.name);
        known.map_or_else(|| of_credential(field, way), |(_, _, value)| (*value).to_owned())
    };
    needed.map(|field| (field.name.clone(), value(field))).collect()
}

/// A value of a field.
pub(super) fn of_field(field: &Field) -> String {
    if field.multiline {
        return RSA.to_owned();
    }
    let choice = field.choices.first().cloned();
    let accepted = |value: &String| field.accepts(value).is_ok();
    let is_it = |name: &str| name == field.name || Some(name) == field.path.as_deref();
    let known = KNOWN.iter().find(|(name, _)| is_it(name)).map(|(_, value)| (*value).to_owned());
    if field.regex.is_some() && known.is_some() {
        return known.unwrap_or_default();
    }
    choice
        .or(known)
        .or_else(|| field.example.clone())
        .filter(accepted)
        .or_else(|| shortest(field.pattern.as_ref()?).filter(accepted))
        .unwrap_or_else(|| field.name.replace('_', "-"))
}

fn of_credential(field: &CredentialField, way: &Auth) -> String {
    if field.multiline || is_key(field, way) {
        return multiline(field, way);
    }
    let accepted = |value: &String| field.accepts(value).is_ok();
    let example = field.example.clone().filter(accepted);
    example
        .or_else(|| shortest(field.pattern.as_ref()?).filter(accepted))
        .unwrap_or_else(|| field.name.replace('_', "-"))
}

fn is_key(field: &CredentialField, way: &Auth) -> bool {
    way.jwt.as_ref().is_some_and(|jwt| jwt.key.as_str() == format!("${{{}}}", field.name))
}

/// A key of the kind that this way signs with, or a whole key file.
fn multiline(field: &CredentialField, way: &Auth) -> String {
    if field.name.contains("json") {
        return SERVICE_ACCOUNT.clone();
    }
    let Some(jwt) = &way.jwt else { return RSA.to_owned() };
    match (jwt.algorithm, jwt.key_encoding) {
        (Algorithm::HS256 | Algorithm::HS384 | Algorithm::HS512, KeyEncoding::Hex) => "00112233".repeat(8),
        (Algorithm::HS256 | Algorithm::HS384 | Algorithm::HS512, KeyEncoding::Base64) => "AAECAwQF".repeat(8),
        (Algorithm::HS256 | Algorithm::HS384 | Algorithm::HS512, _) => "a-secret-of-the-user-".repeat(4),
        (Algorithm::ES256 | Algorithm::ES384, _) => EC.to_owned(),
        (Algorithm::EdDSA, _) => ED25519.to_owned(),
        _ => RSA.to_owned(),
    }
}

/// A short text that a pattern lets through, of letters where it may.
pub(super) fn shortest(pattern: &Pattern) -> Option<String> {
    let hir = regex_syntax::parse(pattern.as_str()).ok()?;
    let mut text = String::new();
    write(&hir, &mut text);
    pattern.matches(&text).then_some(text)
}

fn write(hir: &Hir, text: &mut String) {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => {}
        HirKind::Literal(literal) => text.push_str(&String::from_utf8_lossy(&literal.0)),
        HirKind::Class(class) => text.push(letter(class)),
        HirKind::Repetition(repetition) => (0..times(repetition)).for_each(|_| write(&repetition.sub, text)),
        HirKind::Capture(capture) => write(&capture.sub, text),
        HirKind::Concat(parts) => parts.iter().for_each(|part| write(part, text)),
        HirKind::Alternation(parts) => write(&parts[0], text),
    }
}

/// As often as it has to be; some letters more where it is without end, which reads better.
fn times(repetition: &regex_syntax::hir::Repetition) -> u32 {
    match (repetition.min, repetition.max) {
        (0, _) => 0,
        (1, None) if matches!(repetition.sub.kind(), HirKind::Class(_)) => 4,
        (min, _) => min,
    }
}

/// A letter if there is one, else a digit, else whatever comes first.
fn letter(class: &Class) -> char {
    let ranges: Vec<(char, char)> = match class {
        Class::Unicode(class) => class.iter().map(|range| (range.start(), range.end())).collect(),
        Class::Bytes(class) => {
            class.iter().map(|range| (char::from(range.start()), char::from(range.end()))).collect()
        }
    };
    let has = |wanted: char| ranges.iter().any(|(from, to)| (*from..=*to).contains(&wanted));
    ['a', 'A', '1'].into_iter().find(|wanted| has(*wanted)).unwrap_or(ranges[0].0)
}

/// `METHOD /path` that a glob of a route matches.
pub(super) fn path_of(glob: &str) -> String {
    let mut path = String::new();
    for segment in glob.split('/').skip(1) {
        let shown = match segment {
            "*" => "one",
            "**" => "rest/of/it",
            literal => literal,
        };
        let _ = write!(path, "/{shown}");
    }
    path
}
