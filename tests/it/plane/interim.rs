//! Answers that are not the last one, and answers that have no body whatever their fields say.

use http::{Method, Request, Response};
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use keyferry::net::{Body, body};

use crate::harness::{
    raw::Raw,
    secure::stage,
    upstream::{Answer, Upstream},
    world::{Plan, World},
};

async fn world(upstream: &Upstream) -> World {
    let world = Plan::default().key_app("things", &upstream.url()).start().await;
    world.connect("things", "sk_real").await;
    world
}

/// A call over HTTP/2: status, `content-length`, and what came of the body.
async fn over_http2(world: &World, method: Method, path: &str) -> (u16, Option<String>, usize) {
    let client: Client<_, Body> = Client::builder(TokioExecutor::new()).http2_only(true).build_http();
    let request = Request::builder()
        .method(method)
        .uri(world.at_gateway(path))
        .header("authorization", format!("Bearer {}", world.key))
        .body(body::empty())
        .unwrap();
    let response = client.request(request).await.unwrap();
    let length = response.headers().get("content-length").map(|length| length.to_str().unwrap().to_owned());
    let status = response.status().as_u16();
    (status, length, body::read(response.into_body(), 10_000).await.unwrap().len())
}

#[tokio::test]
async fn rp_9_an_upstreams_interim_answers_end_here() {
    let upstream = Upstream::answering(|seen| {
        assert_eq!(seen.header("expect"), None);
        let early = "HTTP/1.1 103 Early Hints\r\nlink: </a.css>; rel=preload\r\nset-cookie: a=b\r\n\r\n";
        let interim = format!("HTTP/1.1 100 Continue\r\n\r\n{early}HTTP/1.1 102 Processing\r\n\r\n");
        Answer::Bytes(format!("{interim}HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\ndone").into_bytes())
    })
    .await;
    let world = world(&upstream).await;
    let mut raw = Raw::connect(world.gateway).await;
    let ask = |method: &str, fields: &str| {
        let key = &world.key;
        format!("{method} /things/x HTTP/1.1\r\nhost: h\r\nauthorization: Bearer {key}\r\n{fields}\r\n")
    };
    raw.send(ask("GET", "")).await;
    let reply = raw.reply().await;
    assert_eq!((reply.status, reply.text(), reply.header("link")), (200, "done", None));
    for body in ["content-length: 2\r\n", "transfer-encoding: chunked\r\n"] {
        raw.send(ask("POST", &format!("expect: 100-continue\r\n{body}"))).await;
        assert_eq!(raw.head().await, "HTTP/1.1 100 Continue\r\n\r\n");
        raw.send(if body.starts_with('c') { "hi" } else { "2\r\nhi\r\n0\r\n\r\n" }).await;
        let reply = raw.reply().await;
        assert_eq!((reply.status, reply.text()), (200, "done"), "one 100 and no other");
        assert_eq!(upstream.seen().pop().unwrap().body, b"hi");
    }
    assert_eq!(over_http2(&world, Method::GET, "/things/x").await, (200, Some("4".to_owned()), 4));
}

/// Method, status, fields, and what the caller sees of `content-length`. In a 304 over HTTP/1.1 the library leaves it out,
/// which RFC 9110 8.6 leaves to the sender; over HTTP/2 it passes.
const BODILESS: [(&str, &str, &str, Option<&str>); 6] = [
    ("HEAD", "200 OK", "content-length: 1234\r\n", Some("1234")),
    ("HEAD", "200 OK", "transfer-encoding: chunked\r\n", None),
    ("HEAD", "404 Not Found", "content-length: 9\r\n", Some("9")),
    ("GET", "304 Not Modified", "etag: \"1\"\r\ncontent-length: 1234\r\n", Some("1234")),
    ("GET", "304 Not Modified", "etag: \"1\"\r\n", None),
    ("GET", "204 No Content", "", None),
];

#[tokio::test]
async fn an_answer_that_has_no_body_keeps_its_length_and_its_connection() {
    for (method, status, fields, length) in BODILESS {
        let upstream = Upstream::answering(move |_| {
            Answer::Bytes(format!("HTTP/1.1 {status}\r\n{fields}\r\n").into_bytes())
        })
        .await;
        let world = world(&upstream).await;
        let mut raw = Raw::connect(world.gateway).await;
        for _ in 0..2 {
            let key = &world.key;
            raw.send(format!(
                "{method} /things/x HTTP/1.1\r\nhost: h\r\nauthorization: Bearer {key}\r\n\r\n"
            ))
            .await;
            let head = raw.head().await;
            let found = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            assert!(head.starts_with(&format!("HTTP/1.1 {status}\r\n")), "{head}");
            let expected = length.filter(|_| !status.starts_with("304"));
            assert_eq!(found, expected, "{method} {status} {fields}: {head}");
            assert_eq!(head.contains("etag"), fields.contains("etag"));
        }
        let code: u16 = status.split(' ').next().unwrap().parse().unwrap();
        let over = over_http2(&world, method.parse().unwrap(), "/things/x").await;
        assert_eq!(over, (code, length.map(str::to_owned), 0), "{method} {status} {fields}");
        let seen = upstream.seen();
        assert_eq!(seen[0].connection, seen[1].connection, "{method} {status} {fields}");
    }
}

#[tokio::test]
async fn an_answer_over_http2_that_has_no_body_keeps_its_length() {
    for (method, status, length) in [("HEAD", 200, "1234"), ("GET", 304, "1234")] {
        let (_upstream, world) = stage(&["h2"], move || {
            let response = Response::builder().status(status).header("content-length", length);
            response.body(body::empty()).unwrap()
        })
        .await;
        let expected = (status, Some(length.to_owned()), 0);
        assert_eq!(over_http2(&world, method.parse().unwrap(), "/secure/x").await, expected, "{method}");
        let mut raw = Raw::connect(world.gateway).await;
        let key = &world.key;
        raw.send(format!("{method} /secure/x HTTP/1.1\r\nhost: h\r\nauthorization: Bearer {key}\r\n\r\n"))
            .await;
        let head = raw.head().await;
        assert!(head.starts_with(&format!("HTTP/1.1 {status} ")), "{head}");
        assert_eq!(head.contains(&format!("content-length: {length}\r\n")), method == "HEAD", "{head}");
    }
}
