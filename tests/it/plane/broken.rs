//! Upstreams that break, hang or babble: an error before the head, a visible cut after it, in HTTP/1.1 and HTTP/2.

use std::{convert::Infallible, time::Duration};

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body::Frame;
use http_body_util::{BodyExt as _, StreamBody};
use hyper::body::Incoming;
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use keyferry::net::{Body, body};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

use crate::harness::{
    peer::{Line, Peer},
    raw::Raw,
    world::{Plan, World},
};

const OK: &str = "HTTP/1.1 200 OK\r\n";

async fn stage(peer: &Peer, plan: Plan) -> World {
    let world = plan.key_app("things", &peer.url()).start().await;
    world.connect("things", "sk_real").await;
    world
}

fn short() -> Plan {
    Plan::default().set(|settings| {
        settings.bounds.first_byte_timeout = Duration::from_millis(300);
        settings.bounds.idle_timeout = Duration::from_millis(300);
    })
}

/// Calls as `sam`, in HTTP/1.1 or HTTP/2, with a body or without.
async fn call(world: &World, http2: bool, body: &'static str) -> Response<Incoming> {
    let method = if body.is_empty() { Method::GET } else { Method::POST };
    send(world, http2, method, body::full(body)).await
}

async fn send(world: &World, http2: bool, method: Method, body: Body) -> Response<Incoming> {
    let client: Client<HttpConnector, Body> =
        Client::builder(TokioExecutor::new()).http2_only(http2).build_http();
    let request = Request::builder()
        .method(method)
        .uri(world.at_gateway("/things/x"))
        .header("authorization", format!("Bearer {}", world.key))
        .body(body)
        .unwrap();
    client.request(request).await.unwrap()
}

/// A body that is sent piece by piece, and ends when the sender is dropped.
fn pieces() -> (UnboundedSender<&'static str>, Body) {
    let (send, pieces) = unbounded_channel();
    let frames = futures_util::stream::unfold(pieces, async |mut pieces| {
        let piece: &'static str = pieces.recv().await?;
        Some((Ok::<_, Infallible>(Frame::data(Bytes::from(piece))), pieces))
    });
    (send, body::boxed(StreamBody::new(frames)))
}

/// Has an upstream reset its connection when its first bytes have come through.
async fn until_reset(world: &World, http2: bool) -> (Vec<u8>, bool) {
    let (send_piece, body) = pieces();
    let mut response = send(world, http2, Method::POST, body).await;
    let first = response.body_mut().frame().await.unwrap().unwrap().into_data().unwrap();
    send_piece.send("seen").unwrap();
    let (rest, is_whole) = read(response).await;
    ([first.to_vec(), rest].concat(), is_whole)
}

/// The body as far as it came, and whether it came to its end.
async fn read(response: Response<Incoming>) -> (Vec<u8>, bool) {
    let mut body = response.into_body();
    let mut read = Vec::new();
    loop {
        match body.frame().await {
            Some(Ok(frame)) => read.extend(frame.into_data().unwrap_or_default()),
            Some(Err(_)) => return (read, false),
            None => return (read, true),
        }
    }
}

/// What an upstream may do instead of an answer.
#[derive(Clone, Copy, Debug)]
enum Before {
    Close,
    Reset,
    HalfClose,
    HalfAHead,
    HalfAHeadAndReset,
    InterimAndClose,
    Silence,
    HalfAHeadAndSilence,
    Drip,
}

impl Before {
    const ALL: [(Self, u16); 9] = [
        (Self::Close, 502),
        (Self::Reset, 502),
        (Self::HalfClose, 502),
        (Self::HalfAHead, 502),
        (Self::HalfAHeadAndReset, 502),
        (Self::InterimAndClose, 502),
        (Self::Silence, 504),
        (Self::HalfAHeadAndSilence, 504),
        (Self::Drip, 504),
    ];

    async fn act(self, mut line: Line) {
        line.head().await;
        match self {
            Self::Close => {}
            Self::Reset => line.reset(),
            Self::HalfClose => line.half_close().await,
            Self::HalfAHead => drop(line.send("HTTP/1.1 200 OK\r\ncontent-le").await),
            Self::HalfAHeadAndReset => {
                line.send("HTTP/1.1 200 OK\r\ncontent-le").await;
                line.reset();
            }
            Self::InterimAndClose => drop(line.send("HTTP/1.1 103 Early Hints\r\n\r\n").await),
            Self::Silence => drop(line.closed().await),
            Self::HalfAHeadAndSilence => {
                line.send("HTTP/1.1 200 OK\r\ncontent-le").await;
                line.closed().await;
            }
            // More than the limit in all, though never long between two bytes.
            Self::Drip => {
                line.send("HTTP/1.1 200 OK\r\nx-drip: ").await;
                let mut beat = tokio::time::interval(Duration::from_millis(20));
                while line.send("x").await {
                    beat.tick().await;
                }
            }
        }
    }
}

#[tokio::test]
async fn pf_3_an_upstream_that_breaks_before_its_head_is_a_502_or_504() {
    for (before, status) in Before::ALL {
        let peer = Peer::start(move |line| before.act(line)).await;
        let world = stage(&peer, short()).await;
        for http2 in [false, true] {
            for body in ["", "body"] {
                let response = call(&world, http2, body).await;
                assert_eq!(response.status().as_u16(), status, "{before:?}, http2: {http2}, {body:?}");
                let reason = if status == 504 { "upstream_timeout" } else { "upstream_protocol" };
                assert_eq!(response.headers()["keyferry-error"], reason, "{before:?}");
                assert!(read(response).await.1);
            }
        }
    }
}

/// What an upstream may do in the middle of its body.
#[derive(Clone, Copy, Debug)]
enum Within {
    EndEarly,
    EndWithoutLastChunk,
    EndInChunk,
    EndInTrailers,
    MalformedChunk,
    MissingLineEnd,
    Reset,
    ResetUntilClose,
    HalfClose,
    Silence,
}

impl Within {
    const ALL: [Self; 10] = [
        Self::EndEarly,
        Self::EndWithoutLastChunk,
        Self::EndInChunk,
        Self::EndInTrailers,
        Self::MalformedChunk,
        Self::MissingLineEnd,
        Self::Reset,
        Self::ResetUntilClose,
        Self::HalfClose,
        Self::Silence,
    ];

    async fn act(self, mut line: Line) {
        line.head().await;
        let (head, start) = match self {
            Self::EndEarly | Self::Reset | Self::HalfClose | Self::Silence => {
                ("content-length: 10\r\n\r\n", "half")
            }
            Self::ResetUntilClose => ("\r\n", "half"),
            _ => ("transfer-encoding: chunked\r\n\r\n", "4\r\nhalf\r\n"),
        };
        line.send(format!("{OK}{head}{start}")).await;
        match self {
            Self::EndEarly | Self::EndWithoutLastChunk => {}
            Self::EndInChunk => drop(line.send("8\r\nmore").await),
            Self::EndInTrailers => drop(line.send("0\r\nx-trailer: 1\r\n").await),
            Self::MalformedChunk => drop(line.send("zz\r\nmore\r\n0\r\n\r\n").await),
            Self::MissingLineEnd => drop(line.send("4\r\nmore0\r\n\r\n").await),
            Self::Reset | Self::ResetUntilClose => {
                // A reset overtakes what was not read yet.
                line.until(b"seen").await;
                line.reset();
            }
            Self::HalfClose => line.half_close().await,
            Self::Silence => drop(line.closed().await),
        }
    }
}

#[tokio::test]
async fn pf_3_an_answer_that_breaks_in_its_body_is_cut_and_never_looks_whole() {
    for within in Within::ALL {
        let peer = Peer::start(move |line| within.act(line)).await;
        let world = stage(&peer, short()).await;
        for http2 in [false, true] {
            let resets = matches!(within, Within::Reset | Within::ResetUntilClose);
            let (body, is_whole) = if resets {
                until_reset(&world, http2).await
            } else {
                let response = call(&world, http2, "").await;
                assert_eq!(response.status(), StatusCode::OK);
                read(response).await
            };
            assert!(
                !is_whole,
                "{within:?} looks whole, http2: {http2}: {:?}",
                String::from_utf8_lossy(&body)
            );
            assert!(body.starts_with(b"half"), "{within:?}, http2: {http2}");
        }
    }
}

#[tokio::test]
async fn pf_3_interim_answers_are_passed_over_but_not_without_end() {
    let few = Peer::start(async |mut line| {
        while line.head().await.is_some() {
            line.send("HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n".repeat(5)).await;
            line.send(format!("{OK}content-length: 2\r\n\r\nok")).await;
        }
    })
    .await;
    let world = stage(&few, Plan::default()).await;
    for http2 in [false, true] {
        for body in ["", "body"] {
            let response = call(&world, http2, body).await;
            assert_eq!((response.status().as_u16(), read(response).await), (200, (b"ok".to_vec(), true)));
        }
    }
    // The time to the first byte is two minutes here: it is their number that ends it.
    let endless = Peer::start(async |mut line| {
        line.head().await;
        while line.send("HTTP/1.1 102 Processing\r\n\r\n").await {}
    })
    .await;
    let world = stage(&endless, Plan::default()).await;
    for body in ["", "body"] {
        assert_eq!(call(&world, false, body).await.status(), 502, "{body:?}");
    }
    assert_eq!(endless.accepted(), 2, "nothing was sent twice");
    let slow = Peer::start(async |mut line| {
        line.head().await;
        let mut beat = tokio::time::interval(Duration::from_millis(50));
        while line.send("HTTP/1.1 100 Continue\r\n\r\n").await {
            beat.tick().await;
        }
    })
    .await;
    let world = stage(&slow, short()).await;
    for body in ["", "body"] {
        assert_eq!(call(&world, false, body).await.status(), 504, "{body:?}");
    }
}

/// An answer before the upload's end is the answer; the rest of the upload doesn't hold the connection for ever.
#[tokio::test]
async fn pf_3_an_early_answer_reaches_the_caller_and_its_upload_ends_with_the_callers_patience() {
    let (closed, mut when) = unbounded_channel();
    let early = Peer::start(move |mut line| {
        let closed = closed.clone();
        async move {
            line.head().await;
            line.send("HTTP/1.1 413 Content Too Large\r\ncontent-length: 2\r\n\r\nno").await;
            line.closed().await;
            let _ = closed.send(line.number);
        }
    })
    .await;
    let world = stage(&early, short()).await;
    let key = &world.key;
    let head = format!("POST /things/x HTTP/1.1\r\nhost: h\r\nauthorization: Bearer {key}\r\n");
    for framing in ["content-length: 9\r\n\r\nhalf", "transfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n"] {
        let mut raw = Raw::connect(world.gateway).await;
        raw.send(format!("{head}{framing}")).await;
        let reply = raw.reply().await;
        assert_eq!((reply.status, reply.text()), (413, "no"), "{framing:?}");
        // The caller sends nothing more and stays.
        tokio::time::timeout(Duration::from_secs(20), when.recv()).await.expect("the upload ends").unwrap();
        drop(raw);
    }
    let (send_piece, body) = pieces();
    send_piece.send("half").unwrap();
    let response = send(&world, true, Method::POST, body).await;
    assert_eq!((response.status().as_u16(), read(response).await), (413, (b"no".to_vec(), true)));
    tokio::time::timeout(Duration::from_secs(20), when.recv()).await.expect("the upload ends").unwrap();
    drop(send_piece);
}
