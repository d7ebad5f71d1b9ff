//! What HTTP itself demands of a request, before anybody asks what it means. Nothing is repaired and passed on:
//! a request that could be read in two ways is refused, and its connection ends.
//!
//! The HTTP library has parsed the head by then. It takes `gzip, chunked` for chunked, several `Host` fields for one,
//! and a missing one for none; so that is looked at here.

use http::{
    HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, Version,
    header::{ALLOW, CONNECTION, CONTENT_LENGTH, EXPECT, HOST, MAX_FORWARDS, TRANSFER_ENCODING},
};

use hyper::ext::Protocol;

use super::accept::Limits;
use crate::net::{Body, body::empty, problem::Problem};

const METHODS: HeaderValue = HeaderValue::from_static("GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");

/// What speaks against `request` before anybody asks what it means.
pub(super) fn refusal<B>(request: &Request<B>, limits: &Limits) -> Option<Problem> {
    let fields = Fields::of(request.headers());
    version(request)
        .or_else(|| if fields.frame { framing(request) } else { endless(request) })
        .or_else(|| method(request, limits))
        .or_else(|| size(request, &fields, limits))
        .or_else(|| host(request))
        .or_else(|| if fields.expect { expectation(request.headers()) } else { None })
        .or_else(|| if fields.quoted { names(request) } else { None })
}

/// What is looked at of the fields, found by going over them once: few requests have any of it.
#[derive(Default)]
struct Fields {
    /// What they come to on the wire, in whichever version: the library's own buffers are larger than the bound, and
    /// HTTP/2 compresses.
    bytes: usize,
    /// Whether one of them frames a body.
    frame: bool,
    /// Whether `Expect` is among them.
    expect: bool,
    /// Whether a name holds a quotation mark.
    quoted: bool,
}

impl Fields {
    fn of(fields: &HeaderMap) -> Self {
        const COLON_SPACE_AND_LINE_END: usize = 4;
        let mut found = Self::default();
        for (name, value) in fields {
            let text = name.as_str().as_bytes();
            found.bytes += text.len() + value.len() + COLON_SPACE_AND_LINE_END;
            found.frame |= *name == TRANSFER_ENCODING || *name == CONTENT_LENGTH;
            found.expect |= *name == EXPECT;
            found.quoted |= text.contains(&b'"');
        }
        found
    }
}

fn bad(detail: &str) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "bad_request", detail)
}

/// Ends the connection: what follows on it can't be trusted to be a request.
fn close(problem: Problem) -> Problem {
    problem.header(CONNECTION, HeaderValue::from_static("close"))
}

fn version<B>(request: &Request<B>) -> Option<Problem> {
    let known = matches!(request.version(), Version::HTTP_10 | Version::HTTP_11 | Version::HTTP_2);
    (!known).then(|| {
        let detail = "Speak HTTP/1.1 or HTTP/2.";
        close(Problem::new(StatusCode::HTTP_VERSION_NOT_SUPPORTED, "http_version", detail))
    })
}

fn framing<B>(request: &Request<B>) -> Option<Problem> {
    let headers = request.headers();
    let mut codings = headers.get_all(TRANSFER_ENCODING).iter();
    let Some(coding) = codings.next() else { return length(headers).or_else(|| endless(request)) };
    if codings.next().is_some()
        || headers.contains_key(CONTENT_LENGTH)
        || request.version() == Version::HTTP_10
    {
        return Some(close(bad(
            "The body is framed in more than one way. Send Content-Length, or one chunked.",
        )));
    }
    (!coding.as_bytes().eq_ignore_ascii_case(b"chunked")).then(|| {
        let detail = "The only transfer coding known here is chunked. Send the body without any other.";
        close(Problem::new(StatusCode::NOT_IMPLEMENTED, "not_implemented", detail))
    })
}

/// One length that every upstream can count to. Of HTTP/2 the library lets an empty one through, and the same one twice;
/// both would go on as they are.
fn length(headers: &HeaderMap) -> Option<Problem> {
    let mut lengths = headers.get_all(CONTENT_LENGTH).iter();
    let digits = lengths.next()?.to_str().ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
    let good = digits.is_some_and(|text| text.parse::<i64>().is_ok()) && lengths.next().is_none();
    (!good).then(|| close(bad("Content-Length has to be one number that a body can have. Send it once.")))
}

/// HTTP/1.0 ends a body that has no length with the connection, and so does everybody who gives one up half-way
/// (RFC 1945 7.2.2, 8.3). The library takes it for none, and what was sent would be lost.
fn endless<B>(request: &Request<B>) -> Option<Problem> {
    let unknown = request.version() == Version::HTTP_10 && !request.headers().contains_key(CONTENT_LENGTH);
    (unknown && [Method::POST, Method::PUT, Method::PATCH].contains(request.method()))
        .then(|| close(bad("In HTTP/1.0 a body needs a Content-Length. Send one, or speak HTTP/1.1.")))
}

fn method<B>(request: &Request<B>, limits: &Limits) -> Option<Problem> {
    let local = match *request.method() {
        Method::CONNECT => !(limits.websockets && asks_for_websocket(request)),
        Method::TRACE => true,
        _ => false,
    };
    local.then(|| {
        let detail = "CONNECT and TRACE are not served here. Use one of the methods in Allow.";
        close(Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", detail))
            .header(ALLOW, METHODS)
    })
}

/// The CONNECT of RFC 8441, which names a path at this server and leads nowhere else.
fn asks_for_websocket<B>(request: &Request<B>) -> bool {
    let protocol = request.extensions().get::<Protocol>();
    protocol.is_some_and(|protocol| protocol.as_str().eq_ignore_ascii_case("websocket"))
}

fn size<B>(request: &Request<B>, fields: &Fields, limits: &Limits) -> Option<Problem> {
    let target = request.uri().path_and_query().map_or("", |target| target.as_str());
    if target.len() > limits.target_bytes {
        let detail = "The path and query are too long. Send what is long in the body, or ask the operator for \
                      bounds.target_bytes.";
        return Some(Problem::new(StatusCode::URI_TOO_LONG, "target_too_long", detail));
    }
    if request.headers().len() > limits.head_fields {
        return Some(head_too_large(
            "The request has too many header fields. Send fewer, or ask the operator for bounds.head_fields.",
        ));
    }
    if target.len() + fields.bytes > limits.head_bytes {
        return Some(head_too_large(
            "The header fields are too long. Send shorter ones, or ask the operator for bounds.head_bytes.",
        ));
    }
    let anything = target == "*" && request.method() == Method::OPTIONS;
    (!target.starts_with('/') && !anything)
        .then(|| close(bad("The request target has to be a path that starts with a slash.")))
}

fn head_too_large(detail: &str) -> Problem {
    Problem::new(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "head_too_large", detail)
}

/// One `Host`, and the same authority wherever one is named.
fn host<B>(request: &Request<B>) -> Option<Problem> {
    let mut fields = request.headers().get_all(HOST).iter();
    let (field, more) = (fields.next(), fields.next().is_some());
    let named = request.uri().authority();
    let missing = field.is_none() && named.is_none() && request.version() != Version::HTTP_10;
    if missing || more {
        return Some(close(bad("The request needs exactly one Host.")));
    }
    let texts =
        field.map(HeaderValue::as_bytes).into_iter().chain(named.map(|named| named.as_str().as_bytes()));
    if !texts.into_iter().all(is_authority) {
        return Some(close(bad(
            "Host has to be a name or address, and a port where it is not the usual one.",
        )));
    }
    let field = field?;
    let same = named.is_none_or(|named| named.as_str().as_bytes().eq_ignore_ascii_case(field.as_bytes()));
    (!same).then(|| close(bad("The request target names another host than Host does. Name one of them.")))
}

/// A host name or address, and perhaps a port. No user name, no list, nothing that could end it early.
fn is_authority(text: &[u8]) -> bool {
    let (host, port) = match text.iter().rposition(|byte| *byte == b':') {
        Some(at) if !text.ends_with(b"]") => text.split_at(at),
        _ => (text, &b":"[..]),
    };
    let name = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'%');
    let address = |byte: &u8| byte.is_ascii_hexdigit() || matches!(byte, b':' | b'.');
    let valid = match host {
        [b'[', address_text @ .., b']'] => address_text.iter().all(address),
        _ => host.iter().all(name),
    };
    valid && !host.is_empty() && port.iter().skip(1).all(u8::is_ascii_digit)
}

/// `100-continue` is met by reading the body; there is no other expectation (RFC 9110 10.1.1).
fn expectation(headers: &HeaderMap) -> Option<Problem> {
    let known = |value: &HeaderValue| value.as_bytes().eq_ignore_ascii_case(b"100-continue");
    (!headers.get_all(EXPECT).iter().all(known)).then(|| {
        let detail = "The only expectation known here is 100-continue. Leave Expect out.";
        close(Problem::new(StatusCode::EXPECTATION_FAILED, "expectation_failed", detail))
    })
}

/// Of HTTP/2 the library takes names with a quotation mark, which are none (RFC 9110 5.6.2), and would write them upstream.
fn names<B>(request: &Request<B>) -> Option<Problem> {
    let odd = |name: &HeaderName| name.as_str().contains('"');
    (request.version() == Version::HTTP_2 && request.headers().keys().any(odd))
        .then(|| bad("The name of a header field holds a quotation mark. Leave the field out."))
}

/// `OPTIONS` about the server itself, or about the hop at which `Max-Forwards` runs out (RFC 9110 7.6.2).
pub(super) fn options(request: &mut Request<Body>) -> Option<Response<Body>> {
    if request.method() != Method::OPTIONS {
        return None;
    }
    let left: Option<u64> =
        request.headers().get(MAX_FORWARDS).and_then(|value| value.to_str().ok()?.parse().ok());
    if left == Some(0) || request.uri().path() == "*" {
        let mut response = Response::new(empty());
        response.headers_mut().insert(ALLOW, METHODS);
        return Some(response);
    }
    if let Some(left) = left {
        request.headers_mut().insert(MAX_FORWARDS, HeaderValue::from(left - 1));
    }
    None
}

/// Whether a browser asks for a page, a frame or the like (Fetch Metadata).
pub(super) fn is_navigation(headers: &HeaderMap) -> bool {
    const DESTINATION: HeaderName = HeaderName::from_static("sec-fetch-dest");
    headers.get(DESTINATION).is_some_and(|destination| destination != "empty")
}

#[cfg(test)]
mod tests;
