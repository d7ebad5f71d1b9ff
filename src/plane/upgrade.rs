//! Calls that become `WebSockets`: what asks for one, what grants it, and the two byte pipes that follow.
//!
//! A caller asks by HTTP/1.1 upgrade or by the CONNECT of RFC 8441; the upstream is always asked by HTTP/1.1 upgrade.
//! Until it has said 101, nothing of what the caller sends behind its head is even read. Any other answer of the
//! upstream is an answer, and any other upgrade a plain request.

use std::time::Duration;

use aws_lc_rs::digest;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{
    HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, Version,
    header::{
        CONNECTION, CONTENT_LENGTH, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, TE,
        UPGRADE,
    },
};
use http_body::Body as _;
use hyper::{
    ext::Protocol,
    upgrade::{self, OnUpgrade},
};
use hyper_util::rt::TokioIo;

use super::{Passed, Plane, account::Record, lasting::Lasting};
use crate::{
    limits::Slot,
    net::{
        Body, SendError, body,
        tunnel::{End, Leash, pipe},
    },
    vault::random,
};

/// What an upgrade is to a key's rules: nobody sees what the messages do, so to read is not all that it permits.
pub(super) const METHOD: Method = Method::CONNECT;

const WEBSOCKET: HeaderValue = HeaderValue::from_static("websocket");

/// A caller's wish for a WebSocket.
pub(super) struct Wish {
    caller: OnUpgrade,
    /// What the upstream's answer has to accept, where the key is the gateway's own: HTTP/2 has none.
    accept: Option<String>,
    /// What the door says of when it ends.
    leash: Leash,
}

/// What `request` wishes for, if that is a WebSocket. Over HTTP/2 it becomes the request that HTTP/1.1 has for it.
pub(super) fn wish(request: &mut Request<Body>) -> Option<Wish> {
    let over_http2 = request.method() == Method::CONNECT;
    if !over_http2 && !request.headers().contains_key(UPGRADE) {
        return None;
    }
    let asks = if over_http2 { asks_by_connect(request) } else { asks_by_upgrade(request) };
    asks.then(|| {
        let accept = over_http2.then(|| to_get(request));
        let leash = request.extensions_mut().remove().unwrap_or_default();
        Wish { caller: upgrade::on(request), accept, leash }
    })
}

/// RFC 6455 4.1. A body would stand between the head and the WebSocket's first bytes.
fn asks_by_upgrade(request: &Request<Body>) -> bool {
    request.method() == Method::GET
        && request.version() == Version::HTTP_11
        && request.body().is_end_stream()
        && lists(request.headers(), &CONNECTION, b"upgrade")
        && names_websocket(request.headers())
}

/// RFC 8441 4.
fn asks_by_connect(request: &Request<Body>) -> bool {
    let protocol = request.extensions().get::<Protocol>();
    protocol.is_some_and(|protocol| protocol.as_str().eq_ignore_ascii_case("websocket"))
}

fn lists(headers: &HeaderMap, name: &HeaderName, wanted: &[u8]) -> bool {
    let values = headers.get_all(name).iter();
    let mut words = values.flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
    words.any(|word| word.trim_ascii().eq_ignore_ascii_case(wanted))
}

/// WebSocket and nothing else: of a list, the upstream might choose what is not understood here.
fn names_websocket(headers: &HeaderMap) -> bool {
    let mut values = headers.get_all(UPGRADE).iter();
    values.next().is_some_and(|value| value.as_bytes().eq_ignore_ascii_case(b"websocket"))
        && values.next().is_none()
}

/// Turns RFC 8441's CONNECT into a GET with a key of its own; what has to be accepted then.
fn to_get(request: &mut Request<Body>) -> String {
    *request.method_mut() = Method::GET;
    let key = STANDARD.encode(random::<16>());
    let accept = accept_of(&key);
    let headers = request.headers_mut();
    if let Ok(key) = HeaderValue::try_from(key) {
        headers.insert(SEC_WEBSOCKET_KEY, key);
    }
    headers.entry(SEC_WEBSOCKET_VERSION).or_insert(HeaderValue::from_static("13"));
    accept
}

/// RFC 6455 4.2.2: shows that the upstream read the key, and is no secret.
fn accept_of(key: &str) -> String {
    let text = format!("{key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
    STANDARD.encode(digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, text.as_bytes()))
}

impl Wish {
    /// Puts it onto the request that goes out.
    pub(super) fn put(headers: &mut HeaderMap) {
        headers.remove(TE);
        headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
        headers.insert(UPGRADE, WEBSOCKET);
    }

    /// Any answer will do, but a 101 has to be about this.
    pub(super) fn check<B>(&self, answer: &Response<B>) -> Result<(), SendError> {
        let headers = answer.headers();
        let accepted = |wanted: &String| {
            headers.get(SEC_WEBSOCKET_ACCEPT).is_some_and(|accept| accept.as_bytes() == wanted.as_bytes())
        };
        let good = answer.status() != StatusCode::SWITCHING_PROTOCOLS
            || (names_websocket(headers) && self.accept.as_ref().is_none_or(accepted));
        good.then_some(())
            .ok_or_else(|| SendError::Protocol("the protocol was switched to another one".into()))
    }

    /// The answer that grants it to the caller, behind which the pipes begin.
    pub(super) fn granted(self, passed: Passed, plane: &Plane, record: Record) -> Response<Body> {
        let Passed { mut response, slot, .. } = passed;
        let upstream = upgrade::on(&mut response);
        let mut response = response.map(|_| body::empty());
        response.headers_mut().remove(CONTENT_LENGTH);
        if self.accept.is_some() {
            *response.status_mut() = StatusCode::OK;
            response.headers_mut().remove(SEC_WEBSOCKET_ACCEPT);
        } else {
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("Upgrade"));
            response.headers_mut().insert(UPGRADE, WEBSOCKET);
        }
        let idle = plane.0.client.idle_timeout();
        let lasting = record.lasting(plane, true);
        tokio::spawn(tunnel((self.caller, upstream), idle, (self.leash, lasting), record, slot));
        response
    }
}

/// Runs the pipes, and keeps what has to live as long as they do.
async fn tunnel(
    ends: (OnUpgrade, OnUpgrade),
    idle: Duration,
    (leash, lasting): (Leash, Option<Lasting>),
    mut record: Record,
    slot: Slot,
) {
    record.tunnel(End::Upstream);
    let pipes = async {
        match tokio::try_join!(ends.0, ends.1) {
            Ok((caller, upstream)) => pipe(TokioIo::new(caller), TokioIo::new(upstream), idle).await,
            Err(_) => End::Caller,
        }
    };
    let revoked = async {
        match lasting {
            Some(lasting) => lasting.ends().await,
            None => std::future::pending().await,
        }
    };
    let end = tokio::select! {
        end = pipes => end,
        () = leash.ends() => End::Cut,
        () = revoked => End::Cut,
    };
    record.tunnel(end);
    drop(slot);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_wish(method: Method, fields: &[(&str, &str)]) -> bool {
        let mut request = Request::builder().method(method).uri("/things/x");
        for (name, value) in fields {
            request = request.header(*name, *value);
        }
        let mut request = request.body(body::empty()).unwrap();
        wish(&mut request).is_some()
    }

    #[test]
    fn rp_10_only_a_websocket_is_an_upgrade() {
        let asks =
            |connection, protocol| is_wish(Method::GET, &[("connection", connection), ("upgrade", protocol)]);
        assert!(asks("Upgrade", "websocket"));
        assert!(asks("keep-alive, upgrade", "WebSocket"));
        for (connection, protocol) in [
            ("upgrade", "h2c"),
            ("upgrade", "websocket, h2c"),
            ("upgrade", "h2c, websocket"),
            ("upgrade", ""),
            ("close", "websocket"),
            ("upgraded", "websocket"),
        ] {
            assert!(!asks(connection, protocol), "{connection} {protocol}");
        }
        let whole = [("connection", "upgrade"), ("upgrade", "websocket")];
        assert!(!is_wish(Method::POST, &whole));
        assert!(!is_wish(Method::GET, &whole[..1]) && !is_wish(Method::GET, &whole[1..]));
        assert!(!is_wish(Method::GET, &[whole[0], whole[1], ("upgrade", "h2c")]));
        assert!(!is_wish(Method::CONNECT, &whole));
    }

    #[test]
    fn a_key_is_accepted_as_the_standard_says() {
        assert_eq!(accept_of("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }
}
