//! One owner who holds all that an upstream gives: others don't wait for it.

use std::time::Duration;

use http::Method;
use serde_json::json;
use tokio::{task::JoinSet, time::timeout};

use crate::harness::{
    http::Http,
    raw::Raw,
    streams::Streams,
    world::{Plan, World},
};

/// How long a test waits for what it knows must come.
const PATIENCE: Duration = Duration::from_secs(30);

async fn stage(streams: &Streams) -> World {
    let plan = streams.known_to(Plan::default().key_app("things", &streams.url()));
    let many = 1_000.try_into().unwrap();
    let world = plan.set(|settings| settings.limits.key_concurrency = many).start().await;
    world.connect("things", "sk_sam").await;
    let body = json!({"app": "things", "method": "API_KEY", "credentials": {"api_key": "sk_root"}});
    assert_eq!(world.api(&world.admin_key, Method::POST, "/connections", Some(body)).await.status, 200);
    world
}

/// As many calls of `root` that hang upstream.
fn hold(world: &World, calls: usize) -> JoinSet<()> {
    let mut held = JoinSet::new();
    for number in 0..calls {
        let url = world.at_gateway(&format!("/things/hang/{number}"));
        let (http, bearer) = (Http::default(), format!("Bearer {}", world.admin_key));
        held.spawn(async move {
            http.call(Method::GET, &url, &[("authorization", &bearer)], "").await;
        });
    }
    held
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rl_4_an_owner_who_holds_every_stream_of_an_upstream_keeps_nobody_waiting() {
    let streams = Streams::start(100).await;
    let world = stage(&streams).await;
    let held = hold(&world, 100);
    streams.until_hanging(100).await;
    let answer = timeout(PATIENCE, world.get("/things/x")).await.expect("another owner doesn't wait");
    assert_eq!(answer.text(), "/x Bearer sk_sam");
    let more = hold(&world, 150);
    streams.until_hanging(250).await;
    let answer = timeout(PATIENCE, world.get("/things/y")).await.expect("another owner doesn't wait");
    assert_eq!(answer.text(), "/y Bearer sk_sam");
    drop((held, more));
    streams.until_hanging(0).await;
    assert_eq!(world.get("/things/z").await.text(), "/z Bearer sk_sam");
    assert!(streams.open() < 10, "{} connections for 250 streams", streams.open());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rl_4_callers_who_do_not_read_hold_up_nobody_elses_answers() {
    let streams = Streams::start(100).await;
    let world = stage(&streams).await;
    let mut slow = Vec::new();
    for _ in 0..8 {
        let mut raw = Raw::connect(world.gateway).await;
        let key = &world.admin_key;
        raw.send(format!("GET /things/big HTTP/1.1\r\nhost: h\r\nauthorization: Bearer {key}\r\n\r\n")).await;
        raw.head().await;
        slow.push(raw);
    }
    // Some of them while the others' buffers still fill, and the rest when nothing moves there any more.
    for number in 0..50 {
        let path = format!("/things/{number}");
        let answer = timeout(PATIENCE, world.get(&path)).await.expect("another owner doesn't wait");
        assert_eq!(answer.text(), format!("/{number} Bearer sk_sam"));
    }
    assert!(streams.open() < 5, "they share connections");
}
