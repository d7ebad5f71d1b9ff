//! Callers who leave: whatever was done for them ends, and everything they held comes free.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use bytes::Bytes;
use http::{Method, Request};
use http_body_util::Full;
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use tokio::{sync::watch, task::JoinSet};

use crate::harness::{
    peer::{Line, Peer},
    raw::Raw,
    streams::Streams,
    world::{Plan, World},
};

const CALLERS: usize = 300;
/// How long a test waits for what it knows must come.
const PATIENCE: Duration = Duration::from_secs(30);

/// An upstream that answers `/warm`, begins an answer to `/stream`, and lets all others hang.
struct Hanging {
    peer: Peer,
    /// Connections that hang now.
    now: watch::Sender<usize>,
    /// What came behind the heads.
    bodies: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl Hanging {
    async fn start() -> Self {
        let (now, bodies) = (watch::Sender::new(0), Arc::<Mutex<Vec<Vec<u8>>>>::default());
        let (count, kept) = (now.clone(), Arc::clone(&bodies));
        let peer = Peer::start(move |line| hang(line, count.clone(), Arc::clone(&kept))).await;
        Self { peer, now, bodies }
    }

    async fn until(&self, wanted: usize) {
        let mut now = self.now.subscribe();
        let reached = now.wait_for(|now| *now == wanted);
        let reached = tokio::time::timeout(PATIENCE, reached).await.map(|reached| *reached.unwrap());
        assert_eq!(reached.unwrap_or(*self.now.borrow()), wanted, "hang in time");
    }
}

async fn hang(mut line: Line, count: watch::Sender<usize>, bodies: Arc<Mutex<Vec<Vec<u8>>>>) {
    while let Some(head) = line.head().await {
        if head.contains("/warm") {
            line.send("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
            continue;
        }
        if head.contains("/stream") {
            line.send("HTTP/1.1 200 OK\r\ncontent-length: 999999\r\n\r\nbegin").await;
        }
        count.send_modify(|count| *count += 1);
        let body = line.closed().await;
        bodies.lock().unwrap().push(body);
        count.send_modify(|count| *count -= 1);
        return;
    }
}

async fn stage(hanging: &Hanging) -> World {
    let places = u32::try_from(CALLERS).unwrap().try_into().unwrap();
    let plan = Plan::default().key_app("things", &hanging.peer.url());
    let world = plan.set(|settings| settings.limits.key_concurrency = places).start().await;
    world.connect("things", "sk_real").await;
    world
}

async fn ask(world: &World, head: &str, rest: &str) -> Raw {
    let mut raw = Raw::connect(world.gateway).await;
    raw.send(format!("{head} HTTP/1.1\r\nhost: h\r\nauthorization: Bearer {}\r\n{rest}", world.key)).await;
    raw
}

/// Waits until no call is in flight, as the numbers say.
async fn until_idle(world: &World) {
    let url = format!("http://{}/metrics", world.admin);
    let idle = async {
        while !world.http.call(Method::GET, &url, &[], "").await.text().contains("requests_in_flight 0\n") {}
    };
    tokio::time::timeout(PATIENCE, idle).await.expect("no call is in flight");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pf_5_callers_who_leave_take_their_calls_along_and_give_back_all_they_held() {
    let hanging = Hanging::start().await;
    let world = stage(&hanging).await;
    for (head, rest) in [
        ("GET /things/x", "\r\n"),
        ("GET /things/stream", "\r\n"),
        ("POST /things/x", "content-length: 9\r\n\r\nhalf"),
        ("POST /things/stream", "transfer-encoding: chunked\r\n\r\n4\r\nhalf\r\n"),
    ] {
        let mut callers = Vec::new();
        for _ in 0..CALLERS {
            callers.push(ask(&world, head, rest).await);
        }
        hanging.until(CALLERS).await;
        if head.contains("/stream") {
            for caller in &mut callers {
                caller.until("begin").await;
            }
        }
        // Every place is taken.
        world.get("/things/warm").await.assert_problem(429, "too_many_concurrent");
        drop(callers);
        hanging.until(0).await;
        until_idle(&world).await;
        assert_eq!(world.get("/things/warm").await.status, 200, "{head}");
        for body in hanging.bodies.lock().unwrap().drain(..) {
            let body = String::from_utf8(body).unwrap();
            assert!(!body.ends_with("0\r\n\r\n"), "an upload that broke off looks whole: {body:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pf_5_streams_that_are_reset_and_connections_that_end_do_the_same_in_http2() {
    let (hanging, streams) = (Hanging::start().await, Streams::start(100).await);
    let plan = streams.known_to(Plan::default().key_app("things", &hanging.peer.url()));
    let world = plan.key_app("streams", &streams.url()).start().await;
    world.connect("things", "sk_things").await;
    world.connect("streams", "sk_streams").await;
    for ends in [false, true] {
        let mut callers = JoinSet::new();
        let client: Client<HttpConnector, Full<Bytes>> =
            Client::builder(TokioExecutor::new()).http2_only(true).build_http();
        for number in 0..80 {
            let app = if number % 2 == 0 { "things" } else { "streams" };
            let request = Request::post(world.at_gateway(&format!("/{app}/hang/{number}")))
                .header("authorization", format!("Bearer {}", world.key))
                .body(Full::from("body"))
                .unwrap();
            callers.spawn(client.request(request));
        }
        hanging.until(40).await;
        streams.until_hanging(40).await;
        // Each stream is reset; or the connection goes with its last user.
        callers.abort_all();
        if ends {
            drop(client);
        }
        hanging.until(0).await;
        streams.until_hanging(0).await;
        until_idle(&world).await;
        assert_eq!(world.get("/streams/warm").await.text(), "/warm Bearer sk_streams");
        assert!(streams.open() < 10, "{} connections for 40 streams", streams.open());
    }
}
