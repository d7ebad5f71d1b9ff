//! The way from a request that came in to the bytes that go upstream, without sockets: the server's refusals, the
//! plane's rewrite, and the HTTP library's own writer over a pipe in memory. And what has to hold for those bytes.

use std::{cell::RefCell, time::Duration};

use http::{
    HeaderValue, Method, Request,
    header::{HOST, TRANSFER_ENCODING},
};
use http_body::Body as _;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use percent_encoding::percent_decode_str;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream},
    runtime::Runtime,
};

use super::wire::{self, Message};
use crate::{net::Body, plane::fuzzing as plane, server::fuzzing as server};

thread_local! {
    static RUNTIME: RefCell<Option<Runtime>> = const { RefCell::new(None) };
}

/// Nothing here waits for anybody, so what takes longer hangs.
const LONGEST: Duration = Duration::from_secs(20);

/// Runs to the end, on this thread.
pub(super) fn run<T>(future: impl Future<Output = T>) -> T {
    RUNTIME.with_borrow_mut(|kept| {
        let new = || tokio::runtime::Builder::new_current_thread().enable_time().build();
        let runtime = kept.get_or_insert_with(|| new().unwrap_or_else(|error| panic!("{error}")));
        let done = runtime.block_on(async { tokio::time::timeout(LONGEST, future).await });
        done.unwrap_or_else(|_| panic!("it hangs"))
    })
}

/// Every byte that goes upstream for `request`; none if it is refused.
pub(super) async fn upstream_bytes(mut request: Request<Body>) -> Option<Vec<u8>> {
    if server::answered(&mut request) {
        return None;
    }
    let request = as_the_pool_sends_it(plane::sent(request)?);
    let (ours, theirs) = tokio::io::duplex(1 << 16);
    let (mut sender, connection) = http1::handshake(TokioIo::new(ours)).await.ok()?;
    let sending = async move { sender.send_request(request).await.map(drop) };
    let (_, _, bytes) = tokio::join!(sending, connection, upstream(theirs));
    Some(bytes)
}

/// The URL's host whatever field came along, a target without it, and chunked for a GET's body of unknown length: what the outgoing client makes of a
/// request for an HTTP/1.1 connection.
fn as_the_pool_sends_it(mut request: Request<Body>) -> Request<Body> {
    let authority = request.uri().authority().map(|authority| HeaderValue::from_str(authority.as_str()));
    if let Some(Ok(host)) = authority {
        request.headers_mut().insert(HOST, host);
    }
    let bodyless = matches!(*request.method(), Method::GET | Method::HEAD);
    if bodyless && !request.body().is_end_stream() && request.body().size_hint().exact().is_none() {
        request.headers_mut().insert(TRANSFER_ENCODING, HeaderValue::from_static("chunked"));
    }
    let target = request.uri().path_and_query().cloned();
    *request.uri_mut() = target.map_or_else(Default::default, Into::into);
    *request.version_mut() = http::Version::HTTP_11;
    request
}

/// Reads to the end, and answers the first request when it is whole.
async fn upstream(mut pipe: DuplexStream) -> Vec<u8> {
    let (mut bytes, mut answered) = (Vec::new(), false);
    while pipe.read_buf(&mut bytes).await.is_ok_and(|read| read > 0) {
        match wire::read(&bytes) {
            Ok(Some(_)) if !answered => {
                answered = pipe.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").await.is_ok();
            }
            Err(_) => break,
            _ => {}
        }
    }
    bytes
}

/// What the gateway itself adds to a request, beside the credential.
const ADDED: [&str; 8] =
    ["host", "x-api-key", "acme-version", "via", "te", "connection", "content-length", "transfer-encoding"];

/// Panics unless `bytes` are one request, or the start of one whose body broke off, as it may go upstream: nothing
/// behind it, one credential, and no field but those that `named` knows.
pub(super) fn assert_good(bytes: &[u8], named: impl Fn(&str) -> bool) -> Option<Message> {
    let shown = String::from_utf8_lossy(bytes);
    let (message, rest) = match wire::read(bytes) {
        Ok(read) => read?,
        Err(why) => panic!("{why}: {shown}"),
    };
    assert!(rest.is_empty(), "something follows: {shown}");
    for (name, value) in &message.fields {
        assert!(named(name) || ADDED.contains(&name.as_str()), "nobody named {name}: {shown}");
        let spelled = name.trim_matches(|c: char| !c.is_ascii_alphanumeric()).replace(['_', '.'], "-");
        let kept = ["authorization", "cookie", "maton-connection", "x-forwarded-for", "upgrade"];
        assert!(!kept.contains(&spelled.as_str()), "{name} is not to go out: {shown}");
        assert!(spelled != "x-api-key" || value == plane::SECRET.as_bytes(), "a second credential: {shown}");
        assert!(name != "connection" || value == b"te", "{shown}");
    }
    for (name, _) in &message.trailers {
        assert!(named(name) && !ADDED.contains(&name.as_str()), "{name} trails: {shown}");
    }
    for (name, most) in [("x-api-key", 1), ("host", 1), ("via", 1), ("te", 1), ("content-length", 1)] {
        assert!(message.all(name).len() <= most, "{name} more than once: {shown}");
    }
    assert_eq!((message.all("x-api-key").len(), message.all("host").len()), (1, 1), "{shown}");
    let host = message.all("host").first().copied().unwrap_or_default();
    assert!(host == b"api.acme.example" || host == b"upload.acme.example", "{shown}");
    assert_eq!(credentials_in(&message.target), 1, "{shown}");
    Some(message)
}

/// How often the credential's parameter stands in a query, in whatever spelling.
fn credentials_in(target: &str) -> usize {
    let query = target.split_once('?').map_or("", |(_, query)| query);
    let is_it = |pair: &&str| {
        let name = pair.split('=').next().unwrap_or(pair).replace('+', " ");
        let name = percent_decode_str(&name).decode_utf8_lossy().to_ascii_lowercase();
        name.split('[').next().unwrap_or(&name).trim() == "api_key"
    };
    query.split(['&', ';']).filter(is_it).count()
}
