//! How bodies are framed on the way out and back: nothing that could be read in two ways is passed on.

use http::Method;

use crate::harness::{
    raw::Raw,
    upstream::{Answer, Upstream},
    world::{Plan, World},
};

async fn stage(upstream: &Upstream) -> World {
    let world = Plan::default().key_app("things", &upstream.url()).start().await;
    world.connect("things", "sk_real").await;
    world
}

#[tokio::test]
async fn hd_8_an_answer_framed_in_two_ways_is_no_answer() {
    for fields in [
        "content-length: 5\r\ntransfer-encoding: chunked",
        "transfer-encoding: chunked\r\ncontent-length: 5",
        "transfer-encoding: gzip, chunked",
        "transfer-encoding: chunked\r\ntransfer-encoding: chunked",
    ] {
        let body = "a\r\n0123456789\r\n0\r\n\r\n";
        let answer = format!("HTTP/1.1 200 OK\r\n{fields}\r\n\r\n{body}").into_bytes();
        let upstream = Upstream::answering(move |_| Answer::Bytes(answer.clone())).await;
        let world = stage(&upstream).await;
        let reply = world.call(Method::POST, "/things/x", &[], "a").await;
        assert_eq!(reply.status, 502, "{fields}: {}", reply.text());
        reply.assert_problem(502, "upstream_protocol");
    }
}

#[tokio::test]
async fn a_get_keeps_a_body_of_unknown_length() {
    let upstream = Upstream::start().await;
    let world = stage(&upstream).await;
    let mut raw = Raw::connect(world.gateway).await;
    let head = "GET /things/_search HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked";
    raw.send(format!("{head}\r\nauthorization: Bearer {}\r\n\r\n5\r\nquery\r\n0\r\n\r\n", world.key)).await;
    assert_eq!(raw.reply().await.status, 200);
    let seen = upstream.only();
    assert_eq!((seen.header("transfer-encoding"), seen.body.as_slice()), (Some("chunked"), &b"query"[..]));
}
