//! What is wrong with a request as such: answered here, and nothing goes upstream.

use crate::harness::{
    raw::Raw,
    upstream::Upstream,
    world::{Plan, World},
};

async fn stage() -> (Upstream, World) {
    let upstream = Upstream::start().await;
    let world = Plan::default().key_app("things", &upstream.url()).start().await;
    world.connect("things", "sk_real").await;
    (upstream, world)
}

/// Sends a head's first line and fields (without the key), and perhaps a body; status and reason of the answer, and
/// whether the connection was closed behind it.
async fn refused(world: &World, request: &str) -> (u16, Option<String>, bool) {
    let mut raw = Raw::connect(world.gateway).await;
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    let key = &world.key;
    raw.send(format!("{head}\r\nauthorization: Bearer {key}\r\n\r\n{body}")).await;
    let reply = raw.reply().await;
    let reason = reply.header("keyferry-error").map(str::to_owned);
    let closed = reply.header("connection") == Some("close");
    if closed {
        assert_eq!(raw.rest().await, b"", "nothing is answered behind a refused request");
    }
    (reply.status, reason, closed)
}

#[tokio::test]
async fn rp_6_a_request_names_one_host_and_it_is_ours() {
    let (upstream, world) = stage().await;
    for (target, host, status) in [
        ("/things/x", "x-no-host: 1", 400),
        ("/things/x", "host: a\r\nhost: a", 400),
        ("/things/x", "host: a b", 400),
        ("/things/x", "host: a/b", 400),
        ("/things/x", "host: u@a", 400),
        ("/things/x", "host: a,b", 400),
        ("http://evil.test/things/x", "host: localhost", 400),
        ("http://evil.test/things/x", "host: evil.test", 421),
    ] {
        let answer = refused(&world, &format!("GET {target} HTTP/1.1\r\n{host}\r\n\r\n")).await;
        assert_eq!(answer.0, status, "{target} {host}");
    }
    upstream.assert_untouched();
    let own = refused(&world, "GET http://localhost/things/x HTTP/1.1\r\nhost: localhost\r\n\r\n").await;
    assert_eq!(own.0, 200);
}

#[tokio::test]
async fn rp_7_what_is_about_the_server_itself_is_answered_by_it() {
    let (upstream, world) = stage().await;
    for (first, status) in [
        ("TRACE /things/x", 405),
        ("CONNECT localhost:443", 405),
        ("GET *", 400),
        ("OPTIONS *", 200),
        ("OPTIONS /things/x", 200),
    ] {
        let forwards = if first.starts_with("OPTIONS /") { "max-forwards: 0\r\n" } else { "" };
        let answer = refused(&world, &format!("{first} HTTP/1.1\r\nhost: localhost\r\n{forwards}\r\n")).await;
        assert_eq!(answer.0, status, "{first}");
    }
    upstream.assert_untouched();
    refused(&world, "OPTIONS /things/x HTTP/1.1\r\nhost: localhost\r\nmax-forwards: 5\r\n\r\n").await;
    assert_eq!(upstream.only().header("max-forwards"), Some("4"));
}

#[tokio::test]
async fn rp_9_a_body_is_asked_for_only_when_it_is_wanted() {
    let (upstream, world) = stage().await;
    let mut raw = Raw::connect(world.gateway).await;
    let head = "POST /things/x HTTP/1.1\r\nhost: localhost\r\nexpect: 100-continue\r\ncontent-length: 4\r\n";
    raw.send(format!("{head}authorization: Bearer wrong\r\n\r\n")).await;
    assert!(raw.head().await.starts_with("HTTP/1.1 401"), "no 100 before a refusal");
    let mut raw = Raw::connect(world.gateway).await;
    raw.send(format!("{head}authorization: Bearer {}\r\n\r\n", world.key)).await;
    assert!(raw.head().await.starts_with("HTTP/1.1 100"));
    raw.send("body").await;
    assert_eq!(raw.reply().await.status, 200, "exactly one 100");
    assert_eq!(upstream.only().body, b"body");
    let other = refused(&world, "POST /things/x HTTP/1.1\r\nhost: localhost\r\nexpect: x\r\n\r\n").await;
    assert_eq!((other.0, other.1.as_deref()), (417, Some("expectation_failed")));
}

#[tokio::test]
async fn rp_10_an_upgrade_that_is_not_understood_goes_on_as_a_plain_request() {
    let (upstream, world) = stage().await;
    for protocol in ["h2c", "websocket, h2c", "irc/6.9"] {
        let request = format!(
            "GET /things/x HTTP/1.1\r\nhost: localhost\r\nconnection: upgrade\r\nupgrade: {protocol}\r\n\r\n"
        );
        assert_eq!(refused(&world, &request).await.0, 200);
        assert_eq!(upstream.seen().pop().unwrap().header("upgrade"), None);
    }
}

#[tokio::test]
async fn rp_11_a_head_beyond_the_bounds_is_refused() {
    let (upstream, world) = stage().await;
    let long = "x".repeat(17 << 10);
    let answer = refused(&world, &format!("GET /things/{long} HTTP/1.1\r\nhost: localhost\r\n\r\n")).await;
    assert_eq!((answer.0, answer.1.as_deref()), (414, Some("target_too_long")));
    let many = "x-many: 1\r\n".repeat(100);
    assert_eq!(
        refused(&world, &format!("GET /things/x HTTP/1.1\r\nhost: localhost\r\n{many}\r\n")).await.0,
        431
    );
    let big = format!("x-big: {}\r\n", "x".repeat(70 << 10));
    assert_eq!(
        refused(&world, &format!("GET /things/x HTTP/1.1\r\nhost: localhost\r\n{big}\r\n")).await.0,
        431
    );
    upstream.assert_untouched();
}

/// The rows of the error table that are about HTTP itself, as a caller gets them: status, reason, fields, and a detail
/// that says what to do.
#[tokio::test]
async fn what_http_forbids_is_said_in_the_one_problem_shape() {
    let (upstream, world) = stage().await;
    let long = format!("GET /things/{}", "x".repeat(17 << 10));
    for (first, field, status, reason, advice) in [
        ("TRACE /things/x", "x-a: 1", 405, "method_not_allowed", "Use one of the methods in Allow"),
        ("CONNECT localhost:443", "x-a: 1", 405, "method_not_allowed", "Use one of the methods in Allow"),
        (
            "POST /things/x",
            "transfer-encoding: gzip, chunked",
            501,
            "not_implemented",
            "Send the body without",
        ),
        (&long, "x-a: 1", 414, "target_too_long", "Send what is long in the body"),
        ("POST /things/x", "expect: x", 417, "expectation_failed", "100-continue"),
        ("GET http://evil.test/things/x", "x-a: 1", 421, "misdirected", ""),
    ] {
        let host = if status == 421 { "evil.test" } else { "localhost" };
        let mut raw = Raw::connect(world.gateway).await;
        let key = &world.key;
        let fields = format!("host: {host}\r\n{field}\r\nauthorization: Bearer {key}");
        raw.send(format!("{first} HTTP/1.1\r\n{fields}\r\n\r\n")).await;
        let reply = raw.reply().await;
        assert_eq!((reply.status, reply.header("keyferry-error")), (status, Some(reason)), "{}", reply.head);
        assert_eq!(reply.header("content-type"), Some("application/problem+json"));
        assert_eq!(reply.header("allow").is_some(), status == 405, "{}", reply.head);
        let body: serde_json::Value = serde_json::from_slice(&reply.body).unwrap();
        assert_eq!((&body["status"], &body["reason"]), (&status.into(), &reason.into()));
        assert_eq!(body["request_id"].as_str(), reply.header("x-request-id"));
        let detail = body["detail"].as_str().unwrap();
        assert!(detail.len() > 20 && detail.contains(advice), "{reason}: {detail}");
    }
    upstream.assert_untouched();
}
