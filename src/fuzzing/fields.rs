//! An HTTP/2 field list, as the HTTP library hands it on, to the HTTP/1.1 request that goes upstream for it.

use std::collections::BTreeSet;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, Request, Uri, Version, header::CONTENT_LENGTH};

use super::pipe;
use crate::net::body;

/// Each line is a field, `name: value`; the pseudo fields start with a colon. What follows an empty line is the body.
pub fn fields(data: &[u8]) {
    pass(data);
}

/// Whether the request was passed on.
pub(super) fn pass(data: &[u8]) -> bool {
    let end = data.windows(2).position(|pair| pair == b"\n\n");
    let (head, body) = data.split_at_checked(end.unwrap_or(data.len())).unwrap_or_default();
    let body = Bytes::copy_from_slice(body.get(2..).unwrap_or_default());
    let Some(request) = request(head, &body) else { return false };
    let names: BTreeSet<String> = request.headers().keys().map(|name| name.as_str().to_owned()).collect();
    let length = body.len();
    let Some(bytes) = pipe::run(pipe::upstream_bytes(request.map(|()| body::full(body)))) else {
        return false;
    };
    let message = pipe::assert_good(&bytes, |name| names.contains(name));
    let Some(message) = message else { panic!("not whole: {}", String::from_utf8_lossy(&bytes)) };
    assert_eq!(message.body.len(), length);
    true
}

/// The request that the library makes of a field list; none if it ends the stream over it (RFC 9113 8.2, 8.3).
fn request(head: &[u8], body: &[u8]) -> Option<Request<()>> {
    let mut request = Request::new(());
    let mut parts = http::uri::Parts::default();
    for line in head.split(|byte| *byte == b'\n') {
        let colon = line.iter().skip(1).position(|byte| *byte == b':')? + 1;
        let (name, value) = line.split_at_checked(colon)?;
        let value = value.get(1..)?.trim_ascii();
        match name {
            b":method" => *request.method_mut() = Method::from_bytes(value).ok()?,
            b":scheme" => parts.scheme = Some(value.try_into().ok()?),
            b":authority" => parts.authority = Some(value.try_into().ok()?),
            b":path" => parts.path_and_query = Some(value.try_into().ok()?),
            _ => {
                let name = HeaderName::from_lowercase(name).ok()?;
                request.headers_mut().append(name, HeaderValue::from_bytes(value).ok()?);
            }
        }
    }
    *request.version_mut() = Version::HTTP_2;
    *request.uri_mut() = Uri::from_parts(parts).ok()?;
    let mut lengths = request.headers().get_all(CONTENT_LENGTH).iter();
    lengths.all(|value| is_length(value, body.len())).then_some(request)
}

/// Digits, which say as much as came. The library takes no digits for zero.
fn is_length(value: &HeaderValue, length: usize) -> bool {
    let digits = value.to_str().ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
    digits.and_then(|text| format!("0{text}").parse().ok()) == Some(length)
}
