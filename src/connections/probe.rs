//! The app's probe: one request with a new credential, which tells whose account it opens, or that it opens none.

use std::time::Duration;

use bytes::Bytes;
use form_urlencoded::byte_serialize;
use http::{
    HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode, Uri,
    header::{ACCEPT, CONTENT_TYPE, USER_AGENT},
};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value};

use super::{Base, Connections, Credential, prepare::Injected, values::Values};
use crate::{
    catalog::{
        app::{App, Probe},
        auth::Auth,
        json_path,
    },
    net::AGENT,
};

pub(super) const LIMIT: usize = 1024 * 1024;
pub(super) const DEADLINE: Duration = Duration::from_secs(10);
/// What stands in one path segment as it is (RFC 3986 3.3).
const SEGMENT: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b':').remove(b'@');

/// What the probe found.
#[derive(Debug)]
pub(super) enum Probed {
    /// The credential works; who it is, as far as the answer says.
    Known(Map<String, Value>),
    /// The provider refuses the credential.
    Rejected,
    /// The provider could not be asked, or its answer says nothing.
    Unknown,
    /// The app has no probe.
    None,
}

impl Connections {
    /// Asks the app whose account `credential` opens.
    pub(super) async fn probe(
        &self,
        app: &App,
        way: &Auth,
        credential: &Credential,
        values: &Values,
    ) -> Probed {
        let Some(probe) = way.probe.as_ref().or(app.probe.as_ref()) else { return Probed::None };
        let request = request(probe, credential, values).and_then(|request| self.signed(request, credential));
        let Some(request) = request else {
            tracing::warn!(app = app.name, "the probe can't be filled");
            return Probed::Unknown;
        };
        match self.parts.http.fetch(request, LIMIT, DEADLINE).await {
            Ok(response) => read(probe, response.status(), response.body()),
            Err(error) => {
                tracing::info!(app = app.name, %error, "the probe got no answer");
                Probed::Unknown
            }
        }
    }
}

impl Connections {
    /// A request as the credential's signer would have it.
    fn signed(&self, mut request: Request<Bytes>, credential: &Credential) -> Option<Request<Bytes>> {
        if let Some(signer) = &credential.signer {
            let body = request.body().clone();
            signer.sign(&mut request, Some(&body), self.parts.clock.now()).ok()?;
        }
        Some(request)
    }
}

/// The probe's request, with the credential on it as on any call.
fn request(probe: &Probe, credential: &Credential, values: &Values) -> Option<Request<Bytes>> {
    let (method, target) = match (&probe.get, &probe.post) {
        (Some(get), _) => (Method::GET, get),
        (None, Some(post)) => (Method::POST, post),
        (None, None) => return None,
    };
    let target = in_path(&target.fill(values).ok()?, credential);
    let url = if target.starts_with('/') { on_base(&credential.base, &target) } else { target };
    let defaults = credential.default_query.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let secret = credential.query.iter().map(|(name, value)| (name.as_str(), value.expose()));
    let mut request = Request::builder().method(method).uri(with_query(&url, defaults.chain(secret))?);
    if probe.body.is_some() {
        request = request.header(CONTENT_TYPE, "application/json");
    }
    let mut request = request.body(Bytes::from(probe.body.clone().unwrap_or_default())).ok()?;
    dress(request.headers_mut(), &credential.default_headers, &credential.headers);
    Some(request)
}

/// A GET beside the app's base, with the credential on it; a header that the file writes out goes before the way's own.
pub(super) fn get(
    url: &str,
    injected: &Injected,
    own: &[(HeaderName, HeaderValue)],
) -> Option<Request<Bytes>> {
    let query = injected.query.iter().map(|(name, value)| (name.as_str(), value.expose()));
    let mut request = Request::get(with_query(url, query)?).body(Bytes::new()).ok()?;
    dress(request.headers_mut(), &injected.headers, own);
    Some(request)
}

/// Defaults, a name, and the credential last.
fn dress(
    headers: &mut HeaderMap,
    defaults: &[(HeaderName, HeaderValue)],
    last: &[(HeaderName, HeaderValue)],
) {
    for (name, value) in defaults {
        headers.entry(name).or_insert_with(|| value.clone());
    }
    headers.entry(ACCEPT).or_insert(HeaderValue::from_static("application/json"));
    headers.entry(USER_AGENT).or_insert(HeaderValue::from_static(AGENT));
    for (name, value) in last {
        headers.insert(name, value.clone());
    }
}

fn on_base(base: &Base, path: &str) -> String {
    format!("{}://{}{}{path}", base.scheme, base.authority, base.prefix)
}

/// Placeholders of the path filled, each value as part of one segment.
fn in_path(target: &str, credential: &Credential) -> String {
    credential.path_vars.iter().fold(target.to_owned(), |target, (token, value)| {
        target.replace(token, &utf8_percent_encode(value.expose(), SEGMENT).to_string())
    })
}

/// Further query parameters behind those of a URL.
fn with_query<'a>(url: &str, pairs: impl Iterator<Item = (&'a str, &'a str)>) -> Option<Uri> {
    let mut url = url.to_owned();
    for (name, value) in pairs {
        url.push(if url.contains('?') { '&' } else { '?' });
        url.extend(byte_serialize(name.as_bytes()));
        url.push('=');
        url.extend(byte_serialize(value.as_bytes()));
    }
    url.parse().ok()
}

fn read(probe: &Probe, status: StatusCode, body: &[u8]) -> Probed {
    if matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) {
        return Probed::Rejected;
    }
    let Ok(answer) = serde_json::from_slice::<Value>(body) else {
        return if status.is_success() && probe.ok.is_none() {
            Probed::Known(Map::new())
        } else {
            Probed::Unknown
        };
    };
    match &probe.ok {
        _ if !status.is_success() => Probed::Unknown,
        Some((path, expected)) if json_path(&answer, path) != Some(expected) => Probed::Rejected,
        _ => Probed::Known(identity(probe, &answer)),
    }
}

/// `account_id`, `email` and `name`, as far as the answer has them.
fn identity(probe: &Probe, answer: &Value) -> Map<String, Value> {
    let found = |path: &Option<String>| json_path(answer, path.as_deref()?).and_then(text);
    let label = found(&probe.label);
    let mut known = Map::new();
    let mut note = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            known.insert(name.to_owned(), Value::from(value));
        }
    };
    note("account_id", found(&probe.id));
    // A label that is an address serves as one where the file names no other.
    let address = label.clone().filter(|label| label.contains('@'));
    note("name", label.filter(|label| !label.contains('@')));
    note("email", found(&probe.email).or(address));
    known
}

/// Short text, or a number as text; what a provider calls an id may be either.
pub(super) fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() => {
            Some(text.chars().filter(|c| !c.is_control()).take(256).collect())
        }
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn probe(toml: &str) -> Probe {
        toml::from_str(&format!("get = '/me'\n{toml}")).unwrap()
    }

    fn known(toml: &str, answer: &Value) -> Value {
        match read(&probe(toml), StatusCode::OK, answer.to_string().as_bytes()) {
            Probed::Known(known) => Value::Object(known),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn an_account_is_told_by_id_name_and_address() {
        let answer = json!({"user": {"id": 7, "login": "ada", "mail": "ada@x.test"}});
        for (toml, expected) in [
            ("id = 'user.id'\nlabel = 'user.login'", json!({"account_id": "7", "name": "ada"})),
            ("label = 'user.mail'", json!({"email": "ada@x.test"})),
            ("label = 'user.login'\nemail = 'user.mail'", json!({"name": "ada", "email": "ada@x.test"})),
            ("id = 'user'\nlabel = 'nobody'", json!({})),
            ("", json!({})),
        ] {
            assert_eq!(known(toml, &answer), expected, "{toml}");
        }
    }

    #[test]
    fn wp_2_what_a_provider_says_is_kept_short_and_on_one_line() {
        let said =
            known("label = 'name'", &json!({"name": format!("a\r\nb\u{1b}[0m{}", "x".repeat(10_000))}));
        let name = said["name"].as_str().unwrap();
        assert!(name.starts_with("ab[0m") && name.len() == 256, "{name}");
    }

    #[test]
    fn status_and_the_success_sign_decide() {
        let with_sign = probe("ok = ['ok', true]");
        for (status, body, expected) in [
            (401, "{}", "Rejected"),
            (403, "{}", "Rejected"),
            (404, "{}", "Unknown"),
            (429, "{}", "Unknown"),
            (500, "{\"ok\":true}", "Unknown"),
            (302, "", "Unknown"),
            (200, "{\"ok\":false}", "Rejected"),
            (200, "{\"ok\":true}", "Known({})"),
            (200, "<html>", "Unknown"),
        ] {
            let status = StatusCode::from_u16(status).unwrap();
            assert_eq!(
                format!("{:?}", read(&with_sign, status, body.as_bytes())),
                expected,
                "{status} {body}"
            );
        }
        assert_eq!(format!("{:?}", read(&probe(""), StatusCode::NO_CONTENT, b"")), "Known({})");
    }

    /// Mailchimp's metadata take another scheme than its API.
    #[test]
    fn a_header_that_the_file_writes_out_goes_before_the_injected_one() {
        let named = |name: &'static str, value: &'static str| {
            (HeaderName::from_static(name), HeaderValue::from_static(value))
        };
        let headers = vec![named("authorization", "Bearer at"), named("x-tenant", "acme")];
        let injected = Injected { headers, ..Injected::default() };
        let own = [named("authorization", "OAuth at")];
        let request = get("https://login.acme.test/metadata", &injected, &own).unwrap();
        assert_eq!(request.headers()["authorization"], "OAuth at");
        assert_eq!(request.headers()["x-tenant"], "acme");
        assert_eq!(request.headers().get_all("authorization").iter().count(), 1);
    }
}
