//! How much one owner or one key may ask for, through the whole gateway.

use std::{sync::Mutex, time::Duration};

use http::Method;
use serde_json::json;
use tokio::sync::mpsc::unbounded_channel;

use crate::harness::{
    http::Reply,
    raw::Raw,
    upstream::{Answer, Upstream},
    world::{Plan, World},
};

/// Ten calls a second, ten at once, and a clock that stands.
fn ten_a_second(upstream: &Upstream) -> Plan {
    Plan::default().key_app("things", &upstream.url()).standing_clock().set(|settings| {
        settings.limits.owner_rate = 10.try_into().unwrap();
        settings.limits.owner_burst = 10.try_into().unwrap();
    })
}

/// Another key of `sam`.
async fn second_key(world: &World) -> String {
    let made = world.api(&world.key, Method::POST, "/keys", Some(json!({"name": "second"}))).await;
    made.json()["key"].as_str().unwrap().to_owned()
}

async fn get_as(world: &World, key: &str, headers: &[(&str, &str)]) -> Reply {
    let bearer = format!("Bearer {key}");
    let headers = [&[("authorization", bearer.as_str())], headers].concat();
    world.http.call(Method::GET, &world.at_gateway("/things/x"), &headers, "").await
}

#[tokio::test]
async fn rl_1_of_a_hundred_calls_in_a_second_the_rate_and_the_burst_pass() {
    let upstream = Upstream::start().await;
    let world = ten_a_second(&upstream).start().await;
    world.connect("things", "sk_real").await;
    let mut passed = 0;
    for _ in 0..100 {
        let reply = world.get("/things/x").await;
        if reply.status == 200 {
            passed += 1;
            assert_eq!(reply.header("keyferry-error"), None);
        } else {
            reply.assert_problem(429, "rate_limited");
            assert_eq!(reply.header("retry-after"), Some("1"));
            assert_eq!(reply.header("ratelimit-policy"), Some("\"owner\";q=10;w=1"));
            assert_eq!(reply.header("ratelimit"), Some("\"owner\";r=0;t=1"));
        }
        world.clock.advance(Duration::from_millis(10));
    }
    // Ten at once, and one more in each tenth of a second that has passed before the last call.
    assert_eq!(passed, 10 + 9);
    assert_eq!(upstream.seen().len(), passed);
    world.clock.advance(Duration::from_secs(1));
    assert_eq!(world.get("/things/x").await.status, 200, "who waits as told is let in");
}

#[tokio::test]
async fn rl_1_an_upstreams_429_passes_unchanged_and_is_told_from_ours() {
    let upstream = Upstream::answering(|_| {
        Answer::with(
            "429 Too Many Requests",
            "retry-after: 37\r\nratelimit: \"theirs\";r=0;t=37\r\nratelimit-policy: \"theirs\";q=3;w=60\r\n\
             content-type: application/json\r\n",
            r#"{"error":"slow down"}"#,
        )
    })
    .await;
    let world = ten_a_second(&upstream).start().await;
    let id = world.connect("things", "sk_real").await;
    for calls in 1..=10 {
        let reply = world.get("/things/x").await;
        assert_eq!((reply.status.as_u16(), reply.text()), (429, r#"{"error":"slow down"}"#));
        assert_eq!(reply.header("keyferry-error"), None);
        assert_eq!(reply.header("retry-after"), Some("37"));
        assert_eq!(reply.header("ratelimit"), Some("\"theirs\";r=0;t=37"));
        assert_eq!(reply.header("ratelimit-policy"), Some("\"theirs\";q=3;w=60"));
        assert_eq!(reply.header("content-type"), Some("application/json"));
        assert_eq!(reply.header("maton-connection"), Some(id.as_str()));
        assert_eq!(upstream.seen().len(), calls, "each goes through, and none is sent again");
    }
    let ours = world.get("/things/x").await;
    ours.assert_problem(429, "rate_limited");
    assert_eq!(ours.header("retry-after"), Some("1"));
    assert_eq!(upstream.seen().len(), 10);
}

#[tokio::test]
async fn rl_2_all_keys_of_an_owner_share_its_rate_and_no_header_gives_another() {
    let upstream = Upstream::start().await;
    let world = ten_a_second(&upstream).start().await;
    world.connect("things", "sk_real").await;
    let second = second_key(&world).await;
    for call in 0..10 {
        let key = if call % 2 == 0 { &world.key } else { &second };
        assert_eq!(get_as(&world, key, &[]).await.status, 200);
    }
    for key in [&world.key, &second] {
        let address = [
            ("x-forwarded-for", "203.0.113.7"),
            ("forwarded", "for=203.0.113.7"),
            ("x-real-ip", "203.0.113.7"),
        ];
        get_as(&world, key, &address).await.assert_problem(429, "rate_limited");
    }
    let body = json!({"app": "things", "method": "API_KEY", "credentials": {"api_key": "sk_root"}});
    assert_eq!(world.api(&world.admin_key, Method::POST, "/connections", Some(body)).await.status, 200);
    assert_eq!(
        get_as(&world, &world.admin_key, &[]).await.status,
        200,
        "another owner has a rate of its own"
    );
}

#[tokio::test]
async fn too_many_concurrent_counts_by_key_and_a_caller_who_leaves_gives_the_place_back() {
    let (send, more) = unbounded_channel::<Vec<u8>>();
    let more = Mutex::new(Some(more));
    let upstream = Upstream::answering(move |_| match more.lock().unwrap().take() {
        Some(more) => Answer::Stream(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\na".to_vec(), more),
        None => Answer::ok("x"),
    })
    .await;
    let plan = Plan::default().key_app("things", &upstream.url());
    let world = plan.set(|settings| settings.limits.key_concurrency = 1.try_into().unwrap()).start().await;
    world.connect("things", "sk_real").await;
    let second = second_key(&world).await;
    let mut stream = Raw::connect(world.gateway).await;
    stream
        .send(format!(
            "GET /things/x HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {}\r\n\r\n",
            world.key
        ))
        .await;
    stream.until("\r\n\r\na").await;
    for _ in 0..3 {
        let reply = get_as(&world, &world.key, &[]).await;
        reply.assert_problem(429, "too_many_concurrent");
        assert_eq!(reply.header("retry-after"), Some("1"));
        assert_eq!(reply.header("ratelimit"), None, "there is no rate to tell");
    }
    assert_eq!(get_as(&world, &second, &[]).await.status, 200, "another key has places of its own");
    assert_eq!(upstream.seen().len(), 2);
    drop(stream);
    let free = async { while get_as(&world, &world.key, &[]).await.status != 200 {} };
    tokio::time::timeout(Duration::from_secs(20), free).await.expect("the place comes free");
    drop(send);
}
