//! HTTP/1 as an attacker writes it, over a raw socket: refused and closed, and nothing of it goes upstream.
//!
//! Every case is exact bytes. A second request stands behind each of them, as smugglers need it; it is never answered.

use std::sync::Arc;

use crate::harness::{
    raw::Raw,
    resolver::Names,
    upstream::{Answer, Upstream},
    world::{Plan, World},
};

async fn stage() -> (Upstream, World) {
    let upstream = Upstream::start().await;
    let world = Plan::default().key_app("things", &upstream.url()).start().await;
    world.connect("things", "sk_real").await;
    (upstream, world)
}

/// Sends `bytes` with the caller's key wherever `KEY` stands; the status of every answer until the door closes.
async fn answers(world: &World, bytes: &[u8]) -> Vec<u16> {
    let mut raw = Raw::connect(world.gateway).await;
    raw.send(with_key(world, bytes)).await;
    let mut rest = raw.rest().await;
    let mut statuses = Vec::new();
    while !rest.is_empty() {
        let end = rest.windows(4).position(|window| window == b"\r\n\r\n").expect("a whole head") + 4;
        let head = String::from_utf8(rest.drain(..end).collect()).unwrap().to_ascii_lowercase();
        statuses.push(head.split(' ').nth(1).unwrap().parse().unwrap());
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        rest.drain(..length.map_or(0, |length| length.parse().unwrap()));
    }
    statuses
}

fn with_key(world: &World, bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len() + 64);
    let mut left = bytes;
    while let Some(at) = left.windows(3).position(|window| window == b"KEY") {
        out.extend_from_slice(&left[..at]);
        out.extend_from_slice(world.key.as_bytes());
        left = &left[at + 3..];
    }
    out.extend_from_slice(left);
    out
}

/// A whole request for `/things/marker`, which must never arrive.
const MARKER: &str = "GET /things/marker HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer KEY\r\n\r\n";
/// The usual fields.
const FIELDS: &str = "host: localhost\r\nauthorization: Bearer KEY\r\n";

/// Asserts that each of `cases` is answered once, with one of `statuses`, that the door then closes, and that nothing
/// went upstream.
async fn refused(cases: &[(&str, Vec<u8>)], statuses: &[u16]) {
    let (upstream, world) = stage().await;
    for (name, bytes) in cases {
        let mut bytes = bytes.clone();
        bytes.extend_from_slice(MARKER.as_bytes());
        let answered = answers(&world, &bytes).await;
        let one = matches!(answered.as_slice(), [status] if statuses.contains(status));
        assert!(one, "{name:?}: {answered:?}");
        assert!(upstream.seen().is_empty(), "{name:?} went upstream: {:?}", upstream.seen());
    }
}

fn post(framing: &str, body: &str) -> Vec<u8> {
    format!("POST /things/x HTTP/1.1\r\n{FIELDS}{framing}\r\n\r\n{body}").into_bytes()
}

#[tokio::test]
async fn rp_1_both_framings_at_once_are_one_request_or_none() {
    let (upstream, world) = stage().await;
    let smuggled = MARKER.replace("KEY", "x");
    let chunk = format!("{:x}\r\n{smuggled}\r\n0\r\n\r\n", smuggled.len());
    for framing in [
        "content-length: 6\r\ntransfer-encoding: chunked",
        "transfer-encoding: chunked\r\ncontent-length: 6",
        "content-length: 6\r\nx: y\r\ncontent-length: 6\r\ntransfer-encoding: chunked",
        "content-length: 6\r\ntransfer-encoding: chunked\r\ncontent-length: 7",
        "transfer-encoding: chunked\r\ncontent-length: nonsense",
        "Transfer-Encoding: Chunked\r\nCONTENT-LENGTH: 4\r\nconnection: keep-alive",
    ] {
        // CL.TE: by its length the request goes on where the chunks have ended. TE.CL: the marker is in a chunk.
        for body in [format!("0\r\n\r\nX{MARKER}"), format!("0\r\n\r\n{MARKER}"), chunk.clone() + MARKER] {
            let answered = answers(&world, &post(framing, &body)).await;
            assert!(matches!(answered.as_slice(), [200 | 400]), "{framing}: {answered:?}");
        }
    }
    for seen in upstream.seen() {
        assert_eq!(seen.target(), "/x");
        let framing = (seen.header("transfer-encoding"), seen.header("content-length"));
        assert_eq!(framing, (Some("chunked"), None), "the length is removed");
    }
}

#[tokio::test]
async fn rp_2_any_transfer_coding_but_one_chunked_is_refused() {
    let cases = [
        "transfer-encoding: ,chunked",
        "transfer-encoding: chunked,",
        "transfer-encoding: chunked, identity",
        "transfer-encoding: identity, chunked",
        "transfer-encoding: chunked, chunked",
        "transfer-encoding: xchunked",
        "transfer-encoding: chunkedx",
        "transfer-encoding: gzip, chunked",
        "transfer-encoding: gzip",
        "transfer-encoding: identity",
        "transfer-encoding: \"chunked\"",
        "transfer-encoding: chunked;q=1",
        "transfer-encoding: ",
        "transfer-encoding: chunked\r\ntransfer-encoding: chunked",
        "transfer-encoding: chunked\r\ntransfer-encoding: identity",
        "transfer-encoding: identity\r\ntransfer-encoding: chunked",
        "transfer-encoding : chunked",
        "transfer-encoding\t: chunked",
        "transfer-encoding:\x0bchunked",
        "transfer-encoding: \x0bchunked",
        "transfer-encoding: chunked\x0b",
        "transfer-encoding: chunked\x0c",
        "transfer-encoding: chun\u{212a}ed",
        "transfer-encoding:\r\n chunked",
        "transfer-encoding: \0chunked",
    ];
    refused(&cases.map(|framing| (framing, post(framing, "0\r\n\r\n"))), &[400, 501]).await;
}

/// A tab is legal space before a value (RFC 9112 5): the request is a chunked one, and goes on as one whose framing
/// nobody can read in another way.
#[tokio::test]
async fn rp_2_a_tab_before_chunked_is_not_passed_on() {
    let (upstream, world) = stage().await;
    let mut raw = Raw::connect(world.gateway).await;
    raw.send(with_key(&world, &post("transfer-encoding:\tchunked", "4\r\nbody\r\n0\r\n\r\n"))).await;
    assert_eq!(raw.reply().await.status, 200);
    let seen = upstream.only();
    assert!(seen.head.contains("\r\ntransfer-encoding: chunked\r\n"), "{}", seen.head);
    assert_eq!((seen.body.as_slice(), seen.header("content-length")), (&b"body"[..], None));
}

#[tokio::test]
async fn rp_3_a_length_is_digits_and_one() {
    let cases = [
        "content-length: 5\r\ncontent-length: 6",
        "content-length: 6\r\nx: y\r\nContent-Length: 5",
        "content-length: +5",
        "content-length: -1",
        "content-length: 0x5",
        "content-length: 5,6",
        "content-length: 5, 5",
        "content-length: 5 5",
        "content-length: ",
        "content-length: 1_0",
        "content-length: 5.0",
        "content-length: 5e0",
        "content-length: \u{665}",
        "content-length: 99999999999999999999",
        "content-length: 18446744073709551616",
        "content-length: 18446744073709551615",
        "content-length : 5",
    ];
    // The library answers the longest number there is as too large, which it is.
    refused(&cases.map(|framing| (framing, post(framing, "hello"))), &[400, 431]).await;
}

#[tokio::test]
async fn rp_3_the_same_length_twice_is_that_length() {
    let (upstream, world) = stage().await;
    let mut raw = Raw::connect(world.gateway).await;
    raw.send(with_key(&world, &post("content-length: 5\r\ncontent-length: 5", "hello"))).await;
    assert!(matches!(raw.reply().await.status, 200 | 400));
    for seen in upstream.seen() {
        assert_eq!((seen.header("content-length"), seen.body.as_slice()), (Some("5"), &b"hello"[..]));
    }
}

#[tokio::test]
async fn rp_4_a_malformed_chunk_is_never_completed_upstream() {
    let long = format!("5;{}\r\nhello\r\n", "x".repeat(17 << 10));
    let many = format!("{}\r\n", "1;a=b\r\nx\r\n".repeat(4_000));
    let cases = [
        "0x5\r\nhello\r\n",
        "5_0\r\nhello\r\n",
        " 5\r\nhello\r\n",
        "\t5\r\nhello\r\n",
        "+5\r\nhello\r\n",
        "-0\r\n\r\n",
        "-1\r\nx\r\n",
        "11112222333344445\r\nx\r\n",
        "5\nhello\r\n",
        "5\nhello\n",
        "5\r\nhello\n",
        "5\r\nhelloX\r\n",
        "5\rhello\r\n",
        "5;a\rb\r\nhello\r\n",
        "5;a\nb\r\nhello\r\n",
        "\r\nhello\r\n",
        "5\r\nhell\r\n",
        &long,
        &many,
    ];
    let cases = cases.map(|body| (body, post("transfer-encoding: chunked", &format!("{body}0\r\n\r\n"))));
    refused(&cases, &[400]).await;
}

#[tokio::test]
async fn rp_5_a_malformed_head_is_refused_and_ends_the_connection() {
    let cases: [(&str, &[u8]); 13] = [
        ("NUL in a value", b"x: a\0b"),
        ("NUL in a name", b"x\0: a"),
        ("bare CR in a value", b"x: a\rb"),
        ("bare CR as a line's end", b"x: a\ry: b"),
        ("obs-fold", b"x: a\r\n b"),
        ("obs-fold by tab", b"x: a\r\n\tb"),
        ("space before the colon", b"x : a"),
        ("empty name", b": a"),
        ("no colon", b"nonsense"),
        ("a name with a space", b"x y: a"),
        ("a name that is no token", b"x(y): a"),
        ("DEL in a value", b"x: a\x7fb"),
        ("a name beyond ASCII", b"x\xe9: a"),
    ];
    let request = |line: &[u8]| {
        [
            &b"GET /things/x HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer KEY\r\n"[..],
            line,
            b"\r\n\r\n",
        ]
        .concat()
    };
    let mut all: Vec<_> = cases.map(|(name, line)| (name, request(line))).into();
    let first = format!("GET /things/x HTTP/1.1\r\n x: y\r\n{FIELDS}\r\n");
    all.push(("blank-led first field", first.into_bytes()));
    all.push(("NUL in the target", format!("GET /things/\0 HTTP/1.1\r\n{FIELDS}\r\n").into_bytes()));
    all.push(("bare CR in the first line", format!("GET /things/x\r HTTP/1.1\r\n{FIELDS}\r\n").into_bytes()));
    all.push(("space in the target", format!("GET /things/x y HTTP/1.1\r\n{FIELDS}\r\n").into_bytes()));
    refused(&all, &[400]).await;
    // Each as the second of three: the first is answered, the third never looked at.
    let (upstream, world) = stage().await;
    let first = format!("GET /things/first HTTP/1.1\r\n{FIELDS}\r\n");
    for (name, second) in &all {
        let bytes = [first.as_bytes(), second, MARKER.as_bytes()].concat();
        let answered = answers(&world, &bytes).await;
        assert_eq!(answered, [200, 400], "{name}");
    }
    assert_eq!(upstream.seen().len(), all.len());
    assert!(upstream.seen().iter().all(|seen| seen.target() == "/first"));
}

#[tokio::test]
async fn rp_5_bare_line_feeds_are_not_passed_on() {
    let (upstream, world) = stage().await;
    let lines = format!("POST /things/x HTTP/1.1\r\n{FIELDS}x: 1\r\ncontent-length: 2\r\n\r\n");
    for bytes in [lines.replace("\r\n", "\n"), lines.replace("x: 1\r\n", "x: 1\n")] {
        let mut raw = Raw::connect(world.gateway).await;
        raw.send(with_key(&world, format!("{bytes}hi").as_bytes())).await;
        assert!(matches!(raw.reply().await.status, 200 | 400));
    }
    for seen in upstream.seen() {
        assert_eq!(seen.head.replace("\r\n", "").find(['\r', '\n']), None, "{:?}", seen.head);
        assert_eq!((seen.header("x"), seen.body.as_slice()), (Some("1"), &b"hi"[..]));
    }
}

#[tokio::test]
async fn rp_6_a_foreign_or_odd_host_is_refused_and_never_looked_up() {
    let upstream = Upstream::start().await;
    let names = Names::default();
    let base = format!("http://api.things.test:{}", upstream.address.port());
    let mut plan = Plan::default().key_app("things", &base);
    plan.resolver = Arc::new(names.clone());
    let world = plan.start().await;
    world.connect("things", "sk_real").await;
    let before = names.asked().len();
    for (target, host, status) in [
        ("/things/x", "", 400),
        ("/things/x", "host: a\r\nhost: a\r\n", 400),
        ("/things/x", "host: localhost\r\nhost: evil.test\r\n", 400),
        ("/things/x", "host: a b\r\n", 400),
        ("/things/x", "host: a/b\r\n", 400),
        ("/things/x", "host: u@evil.test\r\n", 400),
        ("/things/x", "host: a,evil.test\r\n", 400),
        ("/things/x", "host: a\0b\r\n", 400),
        ("/things/x", "host: \r\n", 400),
        ("/things/x", "host: a#b\r\n", 400),
        ("/things/x", "host: a?b\r\n", 400),
        ("/things/x", "host: a:80:90\r\n", 400),
        ("/things/x", "host: [::1\r\n", 400),
        ("http://evil.test/things/x", "host: localhost\r\n", 400),
        ("http://evil.test/things/x", "host: evil.test\r\n", 421),
        ("http://u@localhost/things/x", "host: localhost\r\n", 400),
        ("https://evil.test:443/things/x", "host: evil.test:443\r\n", 421),
    ] {
        let head =
            format!("GET {target} HTTP/1.1\r\n{host}authorization: Bearer KEY\r\nconnection: close\r\n\r\n");
        assert_eq!(answers(&world, head.as_bytes()).await, [status], "{target} {host:?}");
    }
    upstream.assert_untouched();
    assert_eq!(names.asked().len(), before, "{:?}", names.asked());
}

#[tokio::test]
async fn rp_7_what_is_about_the_hop_is_answered_by_it() {
    let (upstream, world) = stage().await;
    for (first, field, status) in [
        ("TRACE /things/x", "", 405),
        ("TRACE http://localhost/things/x", "", 405),
        ("CONNECT localhost:443", "", 405),
        ("CONNECT /things/x", "", 405),
        ("GET *", "", 400),
        ("GET localhost:443", "", 400),
        ("GET things/x", "", 400),
        ("OPTIONS *", "", 200),
        ("OPTIONS /things/x", "max-forwards: 0\r\n", 200),
    ] {
        let head = format!("{first} HTTP/1.1\r\n{FIELDS}{field}connection: close\r\n\r\n");
        assert_eq!(answers(&world, head.as_bytes()).await, [status], "{first}");
    }
    upstream.assert_untouched();
}

#[tokio::test]
async fn rp_8_other_versions_and_endless_bodies_are_refused_and_closed() {
    let get = |version: &str| format!("GET /things/x {version}\r\n{FIELDS}\r\n").into_bytes();
    let post10 =
        |more: &str, body: &str| format!("POST /things/x HTTP/1.0\r\n{FIELDS}{more}\r\n{body}").into_bytes();
    let cases = [
        ("1.0 with chunked", post10("transfer-encoding: chunked\r\n", "4\r\nbody\r\n0\r\n\r\n")),
        ("1.0 with both", post10("transfer-encoding: chunked\r\ncontent-length: 4\r\n", "body")),
        ("1.0 without length", post10("", "body")),
        ("1.0 without length, kept alive", post10("connection: keep-alive\r\n", "body")),
        ("0.9", b"GET /things/x\r\n".to_vec()),
        ("0.9 with fields", format!("GET /things/x\r\n{FIELDS}\r\n").into_bytes()),
        ("1.32", get("HTTP/1.32")),
        ("3.0", get("HTTP/3.0")),
        ("2.0", get("HTTP/2.0")),
        ("1.2", get("HTTP/1.2")),
        ("1.", get("HTTP/1.")),
        ("http/1.1", get("http/1.1")),
        ("another protocol", get("RTSP/1.0")),
    ];
    refused(&cases, &[400, 505]).await;
}

#[tokio::test]
async fn rp_11_what_is_too_long_is_refused_before_anything_is_dialled() {
    let upstream = Upstream::answering(|_| Answer::ok("x")).await;
    let plan = Plan::default().key_app("things", &upstream.url());
    let world = plan.set(|settings| settings.bounds.body_bytes = Some(8.try_into().unwrap())).start().await;
    world.connect("things", "sk_real").await;
    let head = |target: &str, fields: &str| {
        format!("GET /things/{target} HTTP/1.1\r\n{FIELDS}{fields}connection: close\r\n\r\n")
    };
    let four = format!("x-big: {}\r\n", "x".repeat(16 << 10)).repeat(4);
    let edge = format!("x-big: {}\r\n", "x".repeat(65_500));
    for (name, bytes, status) in [
        ("target", head(&"x".repeat(16 << 10), ""), 414),
        ("a target beyond all bounds", head(&"x".repeat(70_000), ""), 414),
        ("a field", head("x", &format!("x-big: {}\r\n", "x".repeat(70 << 10))), 431),
        ("fields together", head("x", &four), 431),
        ("just beyond", head("x", &edge), 431),
        ("many fields", head("x", &"x-many: 1\r\n".repeat(98)), 431),
        (
            "a body",
            format!(
                "POST /things/x HTTP/1.1\r\n{FIELDS}connection: close\r\ncontent-length: 9\r\n\r\n123456789"
            ),
            413,
        ),
    ] {
        let answered = answers(&world, bytes.as_bytes()).await;
        // Where a head is longer than what is ever read, the library's own answer comes first.
        assert!(
            answered == [status] || (name.contains("all bounds") && answered == [431]),
            "{name}: {answered:?}"
        );
    }
    upstream.until_open(0).await;
    let chunked = post("transfer-encoding: chunked", "5\r\n12345\r\n4\r\n6789\r\n0\r\n\r\n");
    assert_eq!(answers(&world, &chunked).await, [413]);
    upstream.assert_untouched();
}
