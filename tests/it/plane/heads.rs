//! Answers that could be read in two ways, or are none: refused, or cut to what they say they are; and the connection
//! they came on is never used again, because what else comes on it would be taken for somebody else's answer.

use http::Method;

use crate::harness::{
    http::Reply,
    upstream::{Answer, Upstream},
    world::{Plan, World},
};

/// An upstream that answers `/0`, `/1` and so on with these bytes, and keeps its connections open; a gateway before it.
async fn stage(answers: Vec<Vec<u8>>) -> (Upstream, World) {
    let upstream = Upstream::answering(move |seen| {
        let number = seen.target().trim_start_matches('/').parse::<usize>().ok();
        number.map_or_else(|| Answer::ok("next"), |number| Answer::Bytes(answers[number].clone()))
    })
    .await;
    let world = Plan::default().key_app("things", &upstream.url()).start().await;
    world.connect("things", "sk_real").await;
    (upstream, world)
}

/// Makes call `number`, waits until the connection it went out on is closed, and shows that the next call is answered.
async fn ends_its_connection(upstream: &Upstream, world: &World, method: Method, number: usize) -> Reply {
    let before = upstream.seen().len();
    let reply = world.call(method, &format!("/things/{number}"), &[], "").await;
    upstream.until_open(0).await;
    assert_eq!(world.get("/things/next").await.text(), "next");
    let seen = upstream.seen();
    assert_eq!(seen.len(), before + 2, "nothing was sent twice");
    assert_ne!(seen[before].connection, seen[before + 1].connection, "answer {number}");
    reply
}

/// Answers of which none may reach a caller.
fn unreadable() -> Vec<Vec<u8>> {
    let long = "x".repeat(70 << 10);
    let many = (0..70).map(|n| format!("x-{n}: {}\r\n", "x".repeat(1000))).collect::<Vec<_>>().concat();
    let hundred = (0..101).map(|n| format!("x-{n}: 1\r\n")).collect::<Vec<_>>().concat();
    let fields = [
        // Framed in two ways, and so that a body of no length is at its end at once.
        "content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        "transfer-encoding: chunked\r\ncontent-length: 5\r\n\r\n0\r\n\r\n",
        "transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        "transfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        "transfer-encoding: chunked, gzip\r\n\r\n0\r\n\r\n",
        "transfer-encoding: xchunked\r\n\r\n0\r\n\r\n",
        "transfer-encoding: ,chunked\r\n\r\n0\r\n\r\n",
        "transfer-encoding:\r\n\r\n0\r\n\r\n",
        // Lengths that are none, or two.
        "content-length: 2\r\ncontent-length: 3\r\n\r\nok!",
        "content-length: 2,3\r\n\r\nok!",
        "content-length: +2\r\n\r\nok",
        "content-length: -2\r\n\r\nok",
        "content-length: 0x2\r\n\r\nok",
        "content-length: 2 2\r\n\r\nok",
        "content-length:\r\n\r\nok",
        "content-length: 99999999999999999999\r\n\r\nok",
        // Lines that are no fields.
        "x-nul: a\0b\r\ncontent-length: 2\r\n\r\nok",
        "x-cr: a\rb\r\ncontent-length: 2\r\n\r\nok",
        "x-fold: a\r\n b\r\ncontent-length: 2\r\n\r\nok",
        " x-first: a\r\ncontent-length: 2\r\n\r\nok",
        "x-space : a\r\ncontent-length: 2\r\n\r\nok",
        ": a\r\ncontent-length: 2\r\n\r\nok",
        "no colon\r\ncontent-length: 2\r\n\r\nok",
        // Heads beyond the bound.
        &format!("x-long: {long}\r\ncontent-length: 2\r\n\r\nok"),
        &format!("{many}content-length: 2\r\n\r\nok"),
        &format!("{hundred}content-length: 2\r\n\r\nok"),
        &format!("x-endless: {}", "x".repeat(500 << 10)),
    ];
    let lines = [
        "HTTP/0.9 200 OK\r\ncontent-length: 2\r\n\r\nok",
        "HTTP/2.0 200 OK\r\ncontent-length: 2\r\n\r\nok",
        "HTTP/1.1 20 OK\r\ncontent-length: 2\r\n\r\nok",
        "HTTP/1.1 2000 OK\r\ncontent-length: 2\r\n\r\nok",
        "HTTP/1.1 099 OK\r\ncontent-length: 2\r\n\r\nok",
        "HTTP/1.0 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\nhi",
        "<html>an answer of another age</html>\r\n\r\n",
        "ok",
    ];
    let fields = fields.iter().map(|fields| format!("HTTP/1.1 200 OK\r\n{fields}").into_bytes());
    fields.chain(lines.iter().map(|line| line.as_bytes().to_vec())).collect()
}

#[tokio::test]
async fn hd_8_a_head_that_can_not_be_trusted_is_no_answer_and_ends_its_connection() {
    let answers = unreadable();
    let (upstream, world) = stage(answers.clone()).await;
    for (number, answer) in answers.iter().enumerate() {
        let start = String::from_utf8_lossy(&answer[..answer.len().min(80)]).into_owned();
        let reply = ends_its_connection(&upstream, &world, Method::POST, number).await;
        assert_eq!(reply.status, 502, "{start:?}: {}", reply.text());
        reply.assert_problem(502, "upstream_protocol");
    }
}

#[tokio::test]
async fn hd_8_what_comes_beyond_an_answer_is_discarded_with_its_connection() {
    const EVIL: &str = "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil";
    let table = [
        (Method::GET, format!("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok{EVIL}"), 200, "ok"),
        (Method::POST, format!("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n{EVIL}"), 200, ""),
        (Method::GET, "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok\r\n".to_owned(), 200, "ok"),
        (
            Method::GET,
            format!("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n{EVIL}"),
            200,
            "ok",
        ),
        (Method::HEAD, "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nbody".to_owned(), 200, ""),
        (Method::HEAD, format!("HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\n{EVIL}"), 200, ""),
        (Method::GET, "HTTP/1.1 204 No Content\r\ncontent-length: 4\r\n\r\nbody".to_owned(), 204, ""),
        (
            Method::POST,
            "HTTP/1.1 204 No Content\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n".to_owned(),
            204,
            "",
        ),
        (Method::GET, format!("HTTP/1.1 304 Not Modified\r\ncontent-length: 4\r\n\r\n{EVIL}"), 304, ""),
    ];
    let (upstream, world) =
        stage(table.iter().map(|(_, answer, ..)| answer.clone().into_bytes()).collect()).await;
    for (number, (method, answer, status, body)) in table.into_iter().enumerate() {
        let reply = ends_its_connection(&upstream, &world, method, number).await;
        assert_eq!((reply.status.as_u16(), reply.text()), (status, body), "{answer:?}");
    }
}

#[tokio::test]
async fn hd_8_odd_heads_that_mean_one_thing_are_answers() {
    let long = format!("x-long: {}\r\n", "x".repeat(60 << 10));
    let table = [
        (format!("HTTP/1.1 200 OK\r\n{long}content-length: 2\r\n\r\nok"), 200, true),
        ("HTTP/1.1 200 \r\ncontent-length: 2\r\n\r\nok".to_owned(), 200, true),
        ("HTTP/1.1 299 Odd\r\ncontent-length: 2\r\n\r\nok".to_owned(), 299, true),
        ("HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 2\r\n\r\nok".to_owned(), 200, true),
        ("HTTP/1.1 200 OK\r\ntransfer-encoding: Chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n".to_owned(), 200, true),
        ("HTTP/1.0 200 OK\r\ncontent-length: 2\r\n\r\nok".to_owned(), 200, false),
    ];
    let (upstream, world) =
        stage(table.iter().map(|(answer, ..)| answer.clone().into_bytes()).collect()).await;
    for (number, (answer, status, keeps)) in table.into_iter().enumerate() {
        let reply = world.call(Method::GET, &format!("/things/{number}"), &[], "").await;
        assert_eq!((reply.status.as_u16(), reply.text()), (status, "ok"), "{:?}", answer.get(..60));
        assert_eq!(
            reply.headers.get_all("content-length").iter().count(),
            usize::from(!answer.contains("hunked"))
        );
        assert_eq!(world.get("/things/next").await.text(), "next");
        let seen: Vec<_> = upstream.seen().iter().rev().take(2).map(|seen| seen.connection).collect();
        assert_eq!(seen[0] == seen[1], keeps, "{:?}", answer.get(..60));
    }
}
