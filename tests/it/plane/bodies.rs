//! Bodies are streamed, both ways, and a truncated answer never looks whole.

use std::{sync::Mutex, time::Duration};

use http::Method;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    sync::mpsc::unbounded_channel,
};

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

async fn get(world: &World) -> Raw {
    let mut raw = Raw::connect(world.gateway).await;
    raw.send(format!(
        "GET /things/x HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {}\r\n\r\n",
        world.key
    ))
    .await;
    raw
}

#[tokio::test]
async fn every_event_of_a_stream_arrives_when_it_is_sent() {
    let (send, events) = unbounded_channel();
    let events = Mutex::new(Some(events));
    let upstream = Upstream::answering(move |_| {
        let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n";
        Answer::Stream(head.into(), events.lock().unwrap().take().unwrap())
    })
    .await;
    let world = stage(&upstream).await;
    let mut raw = get(&world).await;
    assert!(raw.head().await.starts_with("HTTP/1.1 200"), "the head comes before the first event");
    for n in 0..5 {
        let event = format!("data: {n}\n\n");
        send.send(format!("{:x}\r\n{event}\r\n", event.len()).into_bytes()).unwrap();
        // Nothing else is sent before this event has come out at the other end.
        raw.until(&event).await;
    }
    send.send(b"0\r\n\r\n".to_vec()).unwrap();
    raw.until("0\r\n\r\n").await;
}

#[tokio::test]
async fn large_bodies_go_through_whole_in_both_directions() {
    const SIZE: usize = 8 << 20;
    let upstream = Upstream::answering(|seen| {
        let mut answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {SIZE}\r\n\r\n").into_bytes();
        answer.extend(seen.body.iter().rev());
        Answer::Bytes(answer)
    })
    .await;
    let world = stage(&upstream).await;
    let body: String = ('a'..='w').cycle().take(SIZE).collect();
    let reply = world.call(Method::POST, "/things/x", &[], &body).await;
    assert_eq!(reply.status, 200);
    assert!(reply.body.iter().eq(body.as_bytes().iter().rev()));
    assert!(upstream.only().body == body.as_bytes());
}

#[tokio::test]
async fn a_chunked_upload_stays_chunked_and_is_not_waited_for() {
    let (send, more) = unbounded_channel();
    let more = Mutex::new(Some(more));
    let upstream = Upstream::answering(move |_| {
        Answer::Stream(
            b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\ndo".to_vec(),
            more.lock().unwrap().take().unwrap(),
        )
    })
    .await;
    let world = stage(&upstream).await;
    let mut raw = Raw::connect(world.gateway).await;
    raw.send(format!(
        "POST /things/x HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {}\r\ntransfer-encoding: chunked\r\n\r\n",
        world.key
    ))
    .await;
    for part in ["3\r\nabc\r\n", "2;ext=1\r\nde\r\n", "0\r\n\r\n"] {
        raw.send(part).await;
    }
    raw.until("do").await;
    send.send(b"ne".to_vec()).unwrap();
    raw.until("ne").await;
    let seen = upstream.only();
    assert_eq!((seen.header("transfer-encoding"), seen.header("content-length")), (Some("chunked"), None));
    assert_eq!(seen.body, b"abcde");
}

#[tokio::test]
async fn pf_3_an_answer_that_breaks_off_is_seen_to_break_off() {
    for (answer, started) in [
        ("HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf", "half"),
        ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n", "half"),
        ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n4\r\nhalf\r\nzz\r\n", "half"),
    ] {
        let upstream = Upstream::answering(move |_| Answer::Close(answer.into())).await;
        let world = stage(&upstream).await;
        let mut raw = get(&world).await;
        assert!(raw.head().await.starts_with("HTTP/1.1 200"));
        let rest = String::from_utf8(raw.rest().await).unwrap();
        assert!(rest.contains(started), "{rest:?}");
        assert!(!rest.ends_with("0\r\n\r\n"), "the end of a chunked body must not be made up: {rest:?}");
        assert!(rest.len() < 20, "{rest:?}");
    }
}

#[tokio::test]
async fn pf_3_an_upstream_that_falls_silent_is_cut_off() {
    let (send, more) = unbounded_channel::<Vec<u8>>();
    let more = Mutex::new(Some(more));
    let upstream = Upstream::answering(move |_| {
        Answer::Stream(
            b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf".to_vec(),
            more.lock().unwrap().take().unwrap(),
        )
    })
    .await;
    let plan = Plan::default().key_app("things", &upstream.url());
    let world = plan.set(|settings| settings.bounds.idle_timeout = Duration::from_millis(200)).start().await;
    world.connect("things", "sk_real").await;
    let mut raw = get(&world).await;
    assert!(raw.head().await.starts_with("HTTP/1.1 200"));
    assert_eq!(raw.rest().await, b"half");
    drop(send);
}

#[tokio::test]
async fn an_answer_without_a_body_has_none() {
    let upstream = Upstream::answering(|seen| match seen.method() {
        "HEAD" => Answer::Bytes(b"HTTP/1.1 200 OK\r\ncontent-length: 1234\r\n\r\n".to_vec()),
        _ => Answer::Bytes(b"HTTP/1.1 204 No Content\r\n\r\n".to_vec()),
    })
    .await;
    let world = stage(&upstream).await;
    let mut raw = Raw::connect(world.gateway).await;
    for (method, length) in [("HEAD", Some("1234")), ("GET", None), ("HEAD", Some("1234"))] {
        raw.send(format!(
            "{method} /things/x HTTP/1.1\r\nhost: h\r\nauthorization: Bearer {}\r\n\r\n",
            world.key
        ))
        .await;
        let head = raw.head().await;
        let found = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        assert_eq!(found, length, "{head}");
    }
}

#[tokio::test]
async fn upstream_connections_are_used_again_and_a_post_is_never_sent_twice() {
    let upstream = Upstream::answering(|seen| match seen.target() {
        "/drop" => Answer::Close(Vec::new()),
        _ => Answer::ok("x"),
    })
    .await;
    let world = stage(&upstream).await;
    for _ in 0..3 {
        assert_eq!(world.get("/things/x").await.status, 200);
    }
    assert!(upstream.seen().iter().all(|seen| seen.connection == 0));
    let before = upstream.seen().len();
    world.call(Method::POST, "/things/drop", &[], "a").await.assert_problem(502, "upstream_protocol");
    assert_eq!(upstream.seen().len(), before + 1, "a POST whose fate is unknown is not sent again");
    world.call(Method::POST, "/things/drop", &[], "").await.assert_problem(502, "upstream_protocol");
    assert_eq!(upstream.seen().len(), before + 2);
    world.call(Method::GET, "/things/drop", &[], "").await.assert_problem(502, "upstream_protocol");
    assert_eq!(upstream.seen().len(), before + 3, "nor is a GET whose connection was a fresh one");
}

#[tokio::test]
async fn a_callers_place_is_taken_until_its_stream_ends() {
    let (send, more) = unbounded_channel::<Vec<u8>>();
    let more = Mutex::new(Some(more));
    let upstream = Upstream::answering(move |_| match more.lock().unwrap().take() {
        Some(more) => Answer::Stream(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\na".to_vec(), more),
        None => Answer::ok("x"),
    })
    .await;
    let plan = Plan::default().key_app("things", &upstream.url());
    let world = plan.set(|settings| settings.limits.key_concurrency = 1.try_into().unwrap()).start().await;
    world.connect("things", "sk_real").await;
    let mut stream = get(&world).await;
    stream.until("\r\n\r\na").await;
    let reply = world.get("/things/x").await;
    reply.assert_problem(429, "too_many_concurrent");
    assert_eq!(reply.header("retry-after"), Some("1"));
    send.send(b"b".to_vec()).unwrap();
    drop(send);
    stream.until("b").await;
    // The place comes free when the server has let go of the body, an instant after its last byte was seen.
    let free = async {
        while world.get("/things/x").await.status != 200 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), free).await.unwrap();
}

#[tokio::test]
async fn pf_5_a_caller_who_leaves_takes_the_upstream_call_along() {
    let upstream = Upstream::answering(|_| Answer::Hang).await;
    let world = stage(&upstream).await;
    let raw = get(&world).await;
    upstream.until_open(1).await;
    drop(raw);
    upstream.until_open(0).await;
    let (send, more) = unbounded_channel::<Vec<u8>>();
    let more = Mutex::new(Some(more));
    let upstream = Upstream::answering(move |_| {
        Answer::Stream(
            b"HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\na".to_vec(),
            more.lock().unwrap().take().unwrap(),
        )
    })
    .await;
    let world = stage(&upstream).await;
    let mut raw = get(&world).await;
    raw.until("\r\n\r\na").await;
    drop(raw);
    // An upstream that says nothing would not notice: it is cut off when it goes on.
    while send.send(b"x".to_vec()).is_ok() {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn an_answer_that_comes_before_the_body_was_read_reaches_the_caller() {
    let early = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = early.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut socket, _) = early.accept().await.unwrap();
        let read = socket.read(&mut [0; 1024]).await.unwrap();
        assert!(read > 0);
        socket.write_all(b"HTTP/1.1 403 Forbidden\r\ncontent-length: 2\r\n\r\nno").await.unwrap();
        // Stays open: the rest of the body is not wanted, and the gateway has to live with that.
        std::future::pending::<()>().await;
    });
    let world = Plan::default().key_app("things", &format!("http://{address}")).start().await;
    world.connect("things", "sk_real").await;
    let mut raw = Raw::connect(world.gateway).await;
    let key = &world.key;
    raw.send(format!(
        "POST /things/x HTTP/1.1\r\nhost: h\r\nauthorization: Bearer {key}\r\ncontent-length: 9\r\n\r\nhalf"
    ))
    .await;
    let reply = raw.reply().await;
    assert_eq!((reply.status, reply.text()), (403, "no"));
}

/// Each side may say all it has before it listens.
#[tokio::test]
async fn an_upload_goes_on_while_nobody_reads_the_answer() {
    const SIZE: usize = 32 << 20;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let upstream = tokio::spawn(async move {
        let (socket, _) = listener.accept().await.unwrap();
        let (mut read, mut write) = socket.into_split();
        // More than all that lies between holds: nobody takes it.
        let part = vec![b'x'; 1 << 16];
        tokio::spawn(async move {
            write.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
            while write.write_all(&part).await.is_ok() {}
        });
        let (mut chunk, mut came) = (vec![0; 1 << 16], 0);
        while came < SIZE {
            came += read.read(&mut chunk).await.unwrap();
        }
    });
    let world = Plan::default().key_app("things", &format!("http://{address}")).start().await;
    world.connect("things", "sk_real").await;
    let mut raw = Raw::connect(world.gateway).await;
    let key = &world.key;
    raw.send(format!(
        "POST /things/x HTTP/1.1\r\nhost: h\r\nauthorization: Bearer {key}\r\ncontent-length: {SIZE}\r\n\r\n"
    ))
    .await;
    let sent = async {
        let part = vec![b'y'; 1 << 16];
        for _ in 0..SIZE >> 16 {
            raw.send(&part).await;
        }
        upstream.await.unwrap();
    };
    tokio::time::timeout(Duration::from_mins(1), sent).await.expect("the upload goes on");
}
