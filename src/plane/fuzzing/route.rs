//! Routing: whatever target and host say, the app is named by exactly one of them, and nothing of the path changes.

use http::{Request, header::HOST};
use percent_encoding::percent_decode_str;

use super::{STAGE, call};
use crate::{fuzzing::lines, net::body, plane::route, server};

/// The first line is the host, the second the request target.
///
/// # Panics
///
/// Where a property does not hold.
pub fn route(data: &[u8]) {
    let mut lines = lines(data);
    let (host, target) = (lines.next().unwrap_or_default(), lines.next().unwrap_or_default());
    let request = || Request::builder().uri(target).header(HOST, host).body(body::empty()).ok();
    let (Some(mut asked), Some(again)) = (request(), request()) else { return };
    if server::fuzzing::answered(&mut asked) {
        return;
    }
    let Some(kept) = asked.uri().path_and_query().map(|target| target.as_str().to_owned()) else { return };
    let label = STAGE.names.label(&asked).map(std::borrow::Cow::into_owned);
    let name = asked.uri().host().unwrap_or_else(|| host_of(host));
    if label.is_some() {
        assert!(STAGE.names.are_of(name) && !name.eq_ignore_ascii_case("gw.example.com"), "{name}");
    }
    if let Some(sealed) = route::sealed(&STAGE.names, &asked) {
        assert!(kept.starts_with("/~") && kept.contains(sealed) && label.is_none(), "{kept}");
    }
    let Some(call) = call(again) else { return };
    let (app, path, request) = call.into_parts();
    assert_eq!(app.name, "acme");
    let native = kept.get(path.start..).unwrap_or("outside");
    if label.is_some() {
        assert!(native == kept && name.eq_ignore_ascii_case("acme.example.com"), "{name} {native}");
    } else {
        assert_eq!(format!("/acme{native}"), kept);
        assert!(native.is_empty() || native.starts_with(['/', '?']), "{native}");
    }
    assert_eq!(request.uri().path_and_query().map(http::uri::PathAndQuery::as_str), Some(kept.as_str()));
    let path = kept.get(path).unwrap_or("/..");
    assert_eq!(native.split('?').next(), Some(path));
    assert!(!path.split('/').any(is_dot), "{path}");
}

/// The field without its port.
fn host_of(field: &str) -> &str {
    let (host, port) = field.rsplit_once(':').unwrap_or((field, ""));
    if port.ends_with(']') { field } else { host }
}

/// Whether a segment means this or the upper folder to somebody who decodes it once and cuts it at `;`.
fn is_dot(segment: &str) -> bool {
    let decoded: Vec<u8> = percent_decode_str(segment).collect();
    let name = decoded.split(|byte| *byte == b';').next().unwrap_or_default();
    name == b"." || name == b".."
}
