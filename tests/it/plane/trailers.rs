//! What stands behind a body, both ways, over both versions of HTTP.

use bytes::Bytes;
use http::{HeaderMap, HeaderName, Request, Response};
use http_body_util::{BodyExt as _, StreamBody};
use hyper::body::Frame;
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use keyferry::net::{Body, body};

use crate::harness::{
    raw::Raw,
    secure::stage,
    upstream::{Answer, Upstream},
    world::{Plan, World},
};

/// What must not pass, in either direction.
const NEVER: [&str; 9] = [
    "connection",
    "transfer-encoding",
    "content-length",
    "te",
    "keep-alive",
    "maton-connection",
    "x-maton-hint",
    "keyferry-error",
    "x-request-id",
];
const NEVER_UP: [&str; 7] =
    ["authorization", "authorization_", "cookie", "forwarded", "x-forwarded-for", "x-real-ip", "x-hop"];
const NEVER_DOWN: [&str; 5] =
    ["set-cookie", "alt-svc", "strict-transport-security", "location", "www-authenticate"];

async fn world(upstream: &Upstream) -> World {
    let world = Plan::default().key_app("things", &upstream.url()).start().await;
    world.connect("things", "sk_real").await;
    world
}

fn lines(names: &[&str]) -> String {
    names.iter().flat_map(|name| [name, ": 1\r\n"]).collect()
}

/// A body with `data`, and behind it a good trailer, twice, and all of `names`.
fn trailed(data: &'static str, names: &[&'static str]) -> Body {
    let mut trailers = HeaderMap::new();
    for value in ["1", "2"] {
        trailers.append("x-sum", value.parse().unwrap());
    }
    // HTTP/2 forbids the others itself, on the sender's side already.
    let http1 = ["connection", "transfer-encoding", "keep-alive", "te"];
    for name in names.iter().filter(|name| !http1.contains(name)) {
        trailers.append(HeaderName::from_static(name), "1".parse().unwrap());
    }
    let frames = [Frame::data(Bytes::from(data)), Frame::trailers(trailers)];
    let frames = futures_util::stream::iter(frames.map(Ok::<_, std::convert::Infallible>));
    body::boxed(StreamBody::new(frames))
}

/// The trailers of an answer to an HTTP/2 caller.
async fn over_http2(world: &World, path: &str, body: Body) -> Option<HeaderMap> {
    let client: Client<_, Body> = Client::builder(TokioExecutor::new()).http2_only(true).build_http();
    let request = Request::post(world.at_gateway(path))
        .header("authorization", format!("Bearer {}", world.key))
        .header("te", "trailers")
        .header("trailer", "x-sum, authorization")
        .body(body)
        .unwrap();
    let response = client.request(request).await.unwrap();
    assert_eq!(response.status(), 200);
    #[expect(clippy::disallowed_methods, reason = "tests read whole answers")]
    let body = response.into_body().collect().await.unwrap();
    body.trailers().cloned()
}

#[tokio::test]
async fn hd_3_trailers_of_a_request_go_upstream_and_bring_nothing_that_the_head_may_not() {
    let upstream = Upstream::start().await;
    let world = world(&upstream).await;
    let mut raw = Raw::connect(world.gateway).await;
    let bad = [&NEVER[..], &NEVER_UP].concat();
    let announced = bad.join(",");
    raw.send(format!(
        "POST /things/x HTTP/1.1\r\nhost: h\r\nauthorization: Bearer {}\r\ntransfer-encoding: chunked\r\n\
         connection: x-hop\r\ntrailer: X-Sum, {announced}\r\n\r\n3\r\nabc\r\n0\r\nX-Sum: 1\r\nx-sum: 2\r\n{}\r\n",
        world.key,
        lines(&bad)
    ))
    .await;
    assert_eq!(raw.reply().await.status, 200);
    let seen = upstream.only();
    assert_eq!((seen.body.as_slice(), seen.trailers.as_str()), (&b"abc"[..], "x-sum: 1\r\nx-sum: 2\r\n"));
    assert_eq!(seen.header("trailer"), Some("x-sum"));
    assert_eq!(seen.header("authorization"), Some("Bearer sk_real"));
}

#[tokio::test]
async fn hd_3_trailers_of_an_http2_request_go_to_an_http1_upstream() {
    let upstream = Upstream::start().await;
    let world = world(&upstream).await;
    over_http2(&world, "/things/x", trailed("abc", &[&NEVER[..], &NEVER_UP[..6]].concat())).await;
    let seen = upstream.only();
    assert_eq!((seen.body.as_slice(), seen.trailers.as_str()), (&b"abc"[..], "x-sum: 1\r\nx-sum: 2\r\n"));
    assert_eq!(seen.header("trailer"), Some("x-sum"));
}

#[tokio::test]
async fn hd_3_trailers_pass_both_ways_over_http2() {
    let (upstream, world) =
        stage(&["h2"], || Response::new(trailed("x", &[&NEVER[..], &NEVER_DOWN].concat()))).await;
    let back = over_http2(&world, "/secure/x", trailed("abc", &[&NEVER[..], &NEVER_UP[..6]].concat())).await;
    let good: HeaderMap = ["1", "2"]
        .into_iter()
        .map(|value| (HeaderName::from_static("x-sum"), value.parse().unwrap()))
        .collect();
    assert_eq!(back, Some(good.clone()));
    let seen = upstream.seen().pop().unwrap();
    assert_eq!((&seen.body[..], seen.trailers), (&b"abc"[..], Some(good)));
    assert_eq!(seen.head.headers["te"], "trailers");
    assert_eq!(seen.head.headers["trailer"], "x-sum");
}

#[tokio::test]
async fn hd_3_trailers_of_an_answer_reach_who_takes_them() {
    let bad = [&NEVER[..], &NEVER_DOWN].concat();
    let (announced, behind) = (bad.join(","), lines(&bad));
    let upstream = Upstream::answering(move |_| {
        Answer::Bytes(
            format!(
                "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\ntrailer: x-sum,{announced}\r\n\r\n\
                 3\r\nabc\r\n0\r\nX-Sum: 1\r\nx-sum: 2\r\n{behind}\r\n"
            )
            .into_bytes(),
        )
    })
    .await;
    let world = world(&upstream).await;
    for (field, announced, end) in [
        ("te: trailers\r\nconnection: te\r\n", true, "0\r\nx-sum: 1\r\nx-sum: 2\r\n\r\n"),
        ("", false, "3\r\nabc\r\n0\r\n\r\n"),
    ] {
        let mut raw = Raw::connect(world.gateway).await;
        let key = &world.key;
        raw.send(format!("GET /things/x HTTP/1.1\r\nhost: h\r\nauthorization: Bearer {key}\r\n{field}\r\n"))
            .await;
        let head = raw.head().await;
        assert_eq!(head.contains("\r\ntrailer: x-sum\r\n"), announced, "{head}");
        raw.until(end).await;
        let asked = upstream.seen().pop().unwrap();
        let te = announced.then_some("trailers");
        assert_eq!((asked.header("te"), asked.header("connection")), (te, announced.then_some("te")));
    }
    let back = over_http2(&world, "/things/x", body::empty()).await.unwrap();
    assert_eq!((back.keys().len(), back.get_all("x-sum").iter().count()), (1, 2), "{back:?}");
}
