//! What was taken away is refused from the next call on; what is under way comes to its end, if that isn't far.

use std::sync::Mutex;

use http::Method;
use keyferry::store::Store;
use serde_json::{Value, json};
use tokio::sync::mpsc::{UnboundedSender, unbounded_channel};

use crate::harness::{
    raw::Raw,
    upstream::{Answer, Upstream},
    world::{Plan, World},
};

/// An upstream whose first answer has begun and waits for its second half; the rest is at once.
async fn halfway() -> (Upstream, UnboundedSender<Vec<u8>>) {
    let (send, more) = unbounded_channel();
    let more = Mutex::new(Some(more));
    let upstream = Upstream::answering(move |_| match more.lock().unwrap().take() {
        Some(more) => Answer::Stream(b"HTTP/1.1 200 OK\r\ncontent-length: 8\r\n\r\nhalf".to_vec(), more),
        None => Answer::ok("whole"),
    })
    .await;
    (upstream, send)
}

/// A call of `sam` that has got half of its answer.
async fn under_way(world: &World) -> Raw {
    let mut call = Raw::connect(world.gateway).await;
    let key = &world.key;
    call.send(format!("GET /things/x HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {key}\r\n\r\n"))
        .await;
    call.until("\r\n\r\nhalf").await;
    call
}

async fn things(upstream: &Upstream) -> World {
    Plan::default().key_app("things", &upstream.url()).start().await
}

async fn ask(world: &World, key: &str, method: Method, path: &str) -> Value {
    let reply = world.api(key, method, path, None).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply.json()
}

#[tokio::test]
async fn ci_5_a_deleted_connection_is_refused_at_once_and_its_grant_is_gone() {
    let (upstream, rest) = halfway().await;
    let world = things(&upstream).await;
    let id = world.connect("things", "sk_real").await;
    let mut call = under_way(&world).await;
    ask(&world, &world.key, Method::DELETE, &format!("/connections/{id}")).await;

    let named = [("maton-connection", id.as_str())];
    world.call(Method::GET, "/things/x", &named, "").await.assert_problem(404, "connection_unknown");
    world.get("/things/x").await.assert_problem(400, "connection_required");
    assert_eq!(upstream.seen().len(), 1);
    rest.send(b"done".to_vec()).unwrap();
    call.until("done").await;

    let store =
        Store::open(&format!("sqlite:{}", world.dir.path().join("keyferry.db").display())).await.unwrap();
    let id = id.parse().unwrap();
    assert!(store.grants().find(id).await.unwrap().is_none());
    assert!(store.connections().find_by_id(id).await.unwrap().is_none());
    store.close().await;
}

#[tokio::test]
async fn ci_5_a_revoked_key_is_refused_at_once() {
    let (upstream, rest) = halfway().await;
    let world = things(&upstream).await;
    world.connect("things", "sk_real").await;
    let mut call = under_way(&world).await;
    let keys = ask(&world, &world.key, Method::GET, "/keys").await;
    let id = keys["keys"][0]["id"].as_str().unwrap();
    ask(&world, &world.key, Method::DELETE, &format!("/keys/{id}")).await;
    world.get("/things/x").await.assert_problem(401, "key_invalid");
    assert_eq!(upstream.seen().len(), 1);
    rest.send(b"done".to_vec()).unwrap();
    call.until("done").await;
}

/// An event stream, or a download that somebody reads slowly, may last for days.
#[tokio::test]
async fn ci_5_a_long_answer_is_cut_once_its_key_is_revoked() {
    let (upstream, _rest) = halfway().await;
    let world = things(&upstream).await;
    world.connect("things", "sk_real").await;
    let mut call = under_way(&world).await;
    let keys = ask(&world, &world.key, Method::GET, "/keys").await;
    let id = keys["keys"][0]["id"].as_str().unwrap();
    ask(&world, &world.key, Method::DELETE, &format!("/keys/{id}")).await;
    assert_eq!(call.rest().await, b"", "it ends, and its length says that something is missing");
}

#[tokio::test]
async fn ci_5_with_an_owner_everything_of_it_is_refused_at_once() {
    let upstream = Upstream::start().await;
    let world = things(&upstream).await;
    world.connect("things", "sk_real").await;
    assert_eq!(world.get("/things/x").await.status, 200);
    let user = ask(&world, &world.key, Method::GET, "/user").await;
    let id = user["id"].as_str().unwrap();
    ask(&world, &world.admin_key, Method::DELETE, &format!("/owners/{id}")).await;
    world.get("/things/x").await.assert_problem(401, "key_invalid");
    assert_eq!(upstream.seen().len(), 1);
}

#[tokio::test]
async fn ci_5_the_next_oldest_takes_over_in_the_very_next_call() {
    let upstream = Upstream::start().await;
    let world = things(&upstream).await;
    let mut ids = Vec::new();
    for number in 0..4 {
        ids.push(world.connect("things", &format!("sk_{number}")).await);
    }
    for (number, id) in ids.iter().enumerate() {
        let reply = world.get("/things/x").await;
        assert_eq!(reply.header("maton-connection"), Some(id.as_str()));
        let expected = format!("Bearer sk_{number}");
        assert_eq!(upstream.seen().pop().unwrap().header("authorization"), Some(expected.as_str()));
        let body = json!({"name": "about to go"});
        world.api(&world.key, Method::PATCH, &format!("/connections/{id}"), Some(body)).await;
        ask(&world, &world.key, Method::DELETE, &format!("/connections/{id}")).await;
    }
    world.get("/things/x").await.assert_problem(400, "connection_required");
}
