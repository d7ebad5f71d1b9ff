//! HTTP/2 as an attacker writes it, frame by frame: the stream or the connection ends, and nothing goes upstream.

use crate::harness::{
    frames::{self, END_STREAM, Frames, Outcome, headers},
    upstream::Upstream,
    world::{Plan, World},
};

async fn stage() -> (Upstream, World) {
    let upstream = Upstream::start().await;
    let world = Plan::default().key_app("things", &upstream.url()).start().await;
    world.connect("things", "sk_real").await;
    (upstream, world)
}

/// The fields of a good request; those of `change` take the place of their like, and an empty name takes none.
fn fields<'a>(change: &[(&'a str, &'a str)], bearer: &'a str) -> Vec<(&'a str, &'a str)> {
    let mut all =
        vec![(":method", "POST"), (":scheme", "http"), (":authority", "localhost"), (":path", "/things/x")];
    for (name, value) in change {
        match all.iter_mut().find(|(other, _)| other == name) {
            Some(field) => field.1 = value,
            None => all.push((name, value)),
        }
    }
    all.push(("authorization", bearer));
    all
}

/// What becomes of a request with these fields, without a body.
async fn outcome(world: &World, fields: &[(&str, &str)]) -> Outcome {
    let mut frames = Frames::connect(world.gateway).await;
    frames.send(headers(1, END_STREAM, fields)).await;
    frames.outcome(1).await
}

fn refused(outcome: Outcome) -> bool {
    matches!(outcome, Outcome::Status(400) | Outcome::Reset(1 | 2) | Outcome::Away(Some(1)))
}

#[tokio::test]
async fn rp_12_a_good_request_by_hand_arrives() {
    let (upstream, world) = stage().await;
    let bearer = format!("Bearer {}", world.key);
    assert_eq!(outcome(&world, &fields(&[], &bearer)).await, Outcome::Status(200));
    assert_eq!(outcome(&world, &fields(&[("host", "localhost")], &bearer)).await, Outcome::Status(200));
    assert_eq!(outcome(&world, &fields(&[("te", "trailers")], &bearer)).await, Outcome::Status(200));
    assert_eq!(upstream.seen().len(), 3);
    assert_eq!(outcome(&world, &fields(&[], "Bearer wrong")).await, Outcome::Status(401));
}

#[tokio::test]
async fn rp_12_fields_that_http2_forbids_are_refused() {
    let (upstream, world) = stage().await;
    let bearer = format!("Bearer {}", world.key);
    for field in [
        ("X-Upper", "1"),
        ("x space", "1"),
        ("x\r\nsmuggled", "1"),
        ("x:y", "1"),
        ("", "1"),
        ("x", "a\rb"),
        ("x", "a\nb"),
        ("x", "a\r\nsmuggled: 1"),
        ("x", "a\0b"),
        ("x", "1\r\n\r\nGET /marker HTTP/1.1\r\n\r\n"),
        ("connection", "close"),
        ("connection", "x"),
        ("keep-alive", "timeout=5"),
        ("proxy-connection", "keep-alive"),
        ("transfer-encoding", "chunked"),
        ("upgrade", "websocket"),
        ("te", "gzip"),
        ("te", "trailers, gzip"),
    ] {
        let found = outcome(&world, &fields(&[field], &bearer)).await;
        assert!(refused(found), "{field:?}: {found:?}");
    }
    upstream.assert_untouched();
}

#[tokio::test]
async fn rp_12_pseudo_fields_are_there_once_first_and_known() {
    let (upstream, world) = stage().await;
    let bearer = format!("Bearer {}", world.key);
    let good = fields(&[], &bearer);
    let mut cases: Vec<(String, Vec<(&str, &str)>)> = Vec::new();
    for name in [":method", ":scheme", ":path"] {
        let without = good.iter().filter(|field| field.0 != name).copied().collect();
        cases.push((format!("no {name}"), without));
    }
    for field in
        [(":method", "POST"), (":scheme", "http"), (":path", "/things/x"), (":authority", "localhost")]
    {
        cases.push((format!("two {}", field.0), [&[field], &good[..]].concat()));
        let mut late: Vec<_> = good.iter().filter(|other| other.0 != field.0).copied().collect();
        late.push(field);
        cases.push((format!("late {}", field.0), late));
    }
    for field in [(":unknown", "1"), (":status", "200"), (":protocol", "websocket"), (":", "x")] {
        cases.push((format!("unknown {}", field.0), [&[field], &good[..]].concat()));
    }
    for change in [
        (":path", "things/x"),
        (":path", ""),
        (":path", "*"),
        (":path", "http://localhost/things/x"),
        (":path", "/things/x y"),
        (":path", "/things/\0"),
        (":path", "/things/x\r\nx: y"),
        (":method", "PO ST"),
        (":method", "POST / HTTP/1.1\r\nx: y"),
        (":method", ""),
        (":authority", "localhost, evil.test"),
        (":authority", "localhost/x"),
        (":authority", "localhost\r\nx: y"),
        (":authority", "u@localhost"),
        (":scheme", "ht tp"),
    ] {
        cases.push((format!("{change:?}"), fields(&[change], &bearer)));
    }
    cases.push(("host unlike :authority".into(), fields(&[("host", "evil.test")], &bearer)));
    cases.push(("two hosts".into(), [&good[..], &[("host", "localhost"), ("host", "localhost")]].concat()));
    for (name, fields) in cases {
        let found = outcome(&world, &fields).await;
        assert!(refused(found), "{name}: {found:?}");
    }
    upstream.assert_untouched();
}

/// The library drops a fragment before anybody can see it. What is left is what was authorized and what goes out.
#[tokio::test]
async fn rp_12_a_fragment_in_path_goes_nowhere() {
    let (upstream, world) = stage().await;
    let bearer = format!("Bearer {}", world.key);
    let found = outcome(&world, &fields(&[(":path", "/things/x#/../../connections")], &bearer)).await;
    assert!(refused(found) || found == Outcome::Status(200), "{found:?}");
    assert!(upstream.seen().iter().all(|seen| seen.target() == "/x"), "{:?}", upstream.seen());
}

#[tokio::test]
async fn rp_12_malformed_trailers_end_the_upload() {
    let (upstream, world) = stage().await;
    let bearer = format!("Bearer {}", world.key);
    for trailer in [("X-Upper", "1"), ("connection", "close"), ("x", "a\nb"), (":unknown", "x")] {
        let mut frames = Frames::connect(world.gateway).await;
        frames.send(headers(1, 0, &fields(&[], &bearer))).await;
        frames.send(frames::frame(frames::DATA, 0, 1, b"body")).await;
        frames.send(headers(1, END_STREAM, &[trailer])).await;
        let found = frames.outcome(1).await;
        assert!(refused(found), "{trailer:?}: {found:?}");
    }
    upstream.assert_untouched();
    // The library drops known ones unseen: the request stays the one that was authorized.
    for trailer in [(":path", "/things/marker"), (":method", "GET"), (":authority", "evil.test")] {
        let mut frames = Frames::connect(world.gateway).await;
        frames.send(headers(1, 0, &fields(&[], &bearer))).await;
        frames.send(frames::frame(frames::DATA, 0, 1, b"body")).await;
        frames.send(headers(1, END_STREAM, &[trailer])).await;
        let found = frames.outcome(1).await;
        assert!(refused(found) || found == Outcome::Status(200), "{trailer:?}: {found:?}");
    }
    for seen in upstream.seen() {
        assert_eq!((seen.method(), seen.target(), seen.body.as_slice()), ("POST", "/x", &b"body"[..]));
    }
}

#[tokio::test]
async fn rp_12_a_length_that_is_not_the_bodys_ends_the_upload() {
    let (upstream, world) = stage().await;
    let bearer = format!("Bearer {}", world.key);
    for (length, body) in
        [("5", "body"), ("3", "body"), ("0", "body"), ("4, 4", "body"), ("+4", "body"), ("x", "body")]
    {
        let mut frames = Frames::connect(world.gateway).await;
        frames.send(headers(1, 0, &fields(&[("content-length", length)], &bearer))).await;
        frames.send(frames::frame(frames::DATA, END_STREAM, 1, body.as_bytes())).await;
        let found = frames.outcome(1).await;
        assert!(refused(found), "{length}: {found:?}");
    }
    let found = outcome(&world, &fields(&[("content-length", "4")], &bearer)).await;
    assert!(refused(found), "a length and no body: {found:?}");
    let two = [&fields(&[("content-length", "4")], &bearer)[..], &[("content-length", "5")]].concat();
    let mut frames = Frames::connect(world.gateway).await;
    frames.send(headers(1, 0, &two)).await;
    frames.send(frames::frame(frames::DATA, END_STREAM, 1, b"body")).await;
    let found = frames.outcome(1).await;
    assert!(refused(found), "two lengths: {found:?}");
    upstream.assert_untouched();
}

#[tokio::test]
async fn rp_11_a_long_head_is_refused_in_http2() {
    let (upstream, world) = stage().await;
    let bearer = format!("Bearer {}", world.key);
    let big = "x".repeat(5_000);
    let mut many = fields(&[], &bearer);
    many.extend([("x-big", big.as_str()); 3]);
    // Three such fields go through; with thirteen the head is longer than 64 KiB.
    assert_eq!(outcome(&world, &many).await, Outcome::Status(200));
    let block = {
        let mut all = fields(&[], &bearer);
        all.extend([("x-big", big.as_str()); 13]);
        frames::block(&all)
    };
    let mut frames = Frames::connect(world.gateway).await;
    let parts: Vec<_> = block.chunks(16_384).collect();
    for (at, part) in parts.iter().enumerate() {
        let last = if at + 1 == parts.len() { frames::END_HEADERS } else { 0 };
        let (kind, first) = if at == 0 { (frames::HEADERS, END_STREAM) } else { (frames::CONTINUATION, 0) };
        frames.send(frames::frame(kind, first | last, 1, part)).await;
    }
    assert_eq!(frames.outcome(1).await, Outcome::Status(431));
    let long = format!("/things/{}", "x".repeat(16_385));
    let target = frames::block(&fields(&[(":path", &long)], &bearer));
    let mut frames = Frames::connect(world.gateway).await;
    let (first, rest) = target.split_at(16_384);
    frames.send(frames::frame(frames::HEADERS, END_STREAM, 1, first)).await;
    frames.send(frames::frame(frames::CONTINUATION, frames::END_HEADERS, 1, rest)).await;
    assert_eq!(frames.outcome(1).await, Outcome::Status(414));
    assert_eq!(upstream.seen().len(), 1);
}
