//! Thousands of HTTP/2 field lists by chance through real sockets. The library's own test has the hundred thousand.

use std::collections::{HashMap, HashSet};

use futures_util::{StreamExt as _, stream};

use crate::harness::{
    frames::{DATA, END_STREAM, Frames, GOAWAY, HEADERS, RST_STREAM, frame, headers},
    lists::field_list,
    recorder::Recorder,
    world::Plan,
};

/// A field list and a body.
struct List {
    fields: Vec<(String, String)>,
    body: String,
}

/// The list of this number, with this key and its number in a field.
fn list(number: u64, key: &str) -> List {
    let text = field_list(number);
    let (head, body) = text.split_once("\n\n").unwrap();
    let field = |line: &str| {
        let colon = 1 + line[1..].find(':').unwrap();
        (line[..colon].to_owned(), line[colon + 2..].to_owned())
    };
    let mut fields: Vec<_> = head.lines().map(field).filter(|(name, _)| name != "authorization").collect();
    fields.push(("authorization".to_owned(), format!("Bearer {key}")));
    fields.push(("x-case".to_owned(), number.to_string()));
    List { fields, body: body.to_owned() }
}

/// Sends the lists on one connection, each on its stream, and waits until every stream has ended.
async fn send(address: std::net::SocketAddr, lists: &[List]) {
    let mut frames = Frames::connect(address).await;
    let mut open = HashSet::new();
    for (stream, list) in (1..).step_by(2).zip(lists) {
        let fields: Vec<_> =
            list.fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let end = if list.body.is_empty() { END_STREAM } else { 0 };
        frames.send(headers(stream, end, &fields)).await;
        if end == 0 {
            frames.send(frame(DATA, END_STREAM, stream, list.body.as_bytes())).await;
        }
        open.insert(stream);
    }
    while !open.is_empty() {
        let Some(frame) = frames.next().await else { return };
        let ended = [HEADERS, DATA].contains(&frame.kind) && frame.flags & END_STREAM != 0;
        if ended || frame.kind == RST_STREAM {
            open.remove(&frame.stream);
        }
        assert_ne!(frame.kind, GOAWAY, "no list ends the connection");
    }
}

/// What the gateway adds by itself.
const ADDED: [&str; 6] = ["host", "authorization", "content-length", "transfer-encoding", "te", "connection"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rp_13_generated_field_lists_arrive_as_one_request_each_or_not_at_all() {
    let upstream = Recorder::start().await;
    let world = Plan::default().key_app("acme", &upstream.url()).start().await;
    world.connect("acme", "sk_real").await;
    let lists: Vec<_> = (0..4_000).map(|number| list(number, &world.key)).collect();
    stream::iter(lists.chunks(20)).for_each_concurrent(8, |some| send(world.gateway, some)).await;
    let kept = upstream.take();
    assert!(kept.wrong.is_empty(), "{:#?}", kept.wrong);
    assert!(kept.whole.len() > 500, "{} are requests for the app", kept.whole.len());
    let mut times = HashMap::<usize, usize>::new();
    for message in &kept.whole {
        let [number] = message.all("x-case")[..] else { panic!("{message:?}") };
        let number: usize = std::str::from_utf8(number).unwrap().parse().unwrap();
        *times.entry(number).or_default() += 1;
        let List { fields, body } = &lists[number];
        for (name, _) in &message.fields {
            let named = fields.iter().any(|(other, _)| other == name);
            assert!(named || ADDED.contains(&name.as_str()), "{number}: nobody named {name}: {message:?}");
        }
        assert_eq!(message.all("authorization"), [b"Bearer sk_real"], "{number}: {message:?}");
        assert_eq!((message.all("host").len(), &message.body), (1, &body.clone().into_bytes()), "{number}");
    }
    assert!(times.values().all(|times| *times == 1), "none arrived twice");
}
