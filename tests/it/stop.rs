//! An orderly stop of the whole gateway: calls have their grace and are then cut, and what a provider has been asked for
//! is still stored.

use std::{sync::Mutex, time::Duration};

use http::Method;
use keyferry::{id::ConnectionId, store::Store};
use serde_json::json;
use tokio::{sync::mpsc::unbounded_channel, time::timeout};

use crate::harness::{
    browser::Browser,
    frames::{END_STREAM, Frames, Outcome, headers},
    provider::{CLIENT, FakeProvider},
    raw::Raw,
    upstream::{Answer, Upstream},
    world::{Plan, World},
};

/// An app whose provider is the fake one, and which looks for due renewals all the time.
fn plan(provider: &FakeProvider) -> Plan {
    let file = r#"
        name = "fake"
        display_name = "Fake"
        base = "@"
        no_probe = "a test's provider"
        [[auth]]
        method = "OAUTH2"
        client = "fake"
        authorize = { url = "@/authorize" }
        token = { url = "@/token" }
        inject = [{ header = "Authorization", value = "Bearer ${access_token}" }]
    "#;
    let often = Duration::from_millis(20);
    let plan = Plan::default().standing_clock().app("fake", file.replace('@', &provider.url));
    plan.set(|settings| settings.refresh.every = often)
}

/// A connection that the provider has granted.
async fn connected(world: &World, provider: &FakeProvider) -> ConnectionId {
    let client = json!({"client_id": CLIENT.0, "client_secret": CLIENT.1});
    let put = world.api(&world.admin_key, Method::PUT, "/apps/fake/client", Some(client)).await;
    assert_eq!(put.status, 200, "{}", put.text());
    let made = world.api(&world.key, Method::POST, "/connections", Some(json!({"app": "fake"}))).await.json();
    let browser = Browser::new(world);
    let consent = browser.leave(&made).await;
    let given = provider.consent(&consent);
    let code = given.iter().find(|(name, _)| name == "code").unwrap();
    let page = browser.come_back("fake", &consent, &[("code", &code.1)]).await;
    assert_eq!(page.reply.status, 200, "{}", page.text());
    made["connection_id"].as_str().unwrap().parse().unwrap()
}

#[tokio::test]
async fn tl_2_a_stop_waits_for_the_answer_of_a_renewal_and_stores_it() {
    let provider = FakeProvider::start().await;
    let world = plan(&provider).start().await;
    let id = connected(&world, &provider).await;
    provider.hold();
    world.clock.advance(Duration::from_secs(3590));
    provider.until("the renewal", |memory| memory.token_requests.len() == 2).await;
    let mut stopped = Box::pin(world.stop());
    // Longer than the doors' grace: a stop that forgets the renewal has ended by then.
    let early = timeout(Duration::from_secs(3), &mut stopped).await;
    assert!(early.is_err(), "the provider has not answered yet");
    provider.release();
    let dir = stopped.await;
    let store = Store::open(&format!("sqlite:{}", dir.path().join("keyferry.db").display())).await.unwrap();
    let grant = store.grants().find(id).await.unwrap().unwrap();
    assert_eq!(grant.generation, 2, "the rotated refresh token is in");
    assert_eq!(provider.token_requests(), 2);
}

fn get(world: &World, version: &str, target: &str) -> String {
    let key = &world.key;
    format!("GET /things{target} HTTP/{version}\r\nhost: localhost\r\nauthorization: Bearer {key}\r\n\r\n")
}

/// PF-2 as callers of every kind see it. That signals begin it is shown with the binary itself.
#[tokio::test]
async fn pf_2_calls_get_their_grace_and_are_then_cut_with_a_reset() {
    let (finish, held) = unbounded_channel::<Vec<u8>>();
    let (forever, endless): (Vec<_>, Vec<_>) = (0..3).map(|_| unbounded_channel::<Vec<u8>>()).unzip();
    let (held, endless) = (Mutex::new(Some(held)), Mutex::new(endless));
    let upstream = Upstream::answering(move |seen| match seen.target() {
        "/held" => Answer::Stream(Vec::new(), held.lock().unwrap().take().unwrap()),
        "/endless" => Answer::Stream(
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n".to_vec(),
            endless.lock().unwrap().pop().unwrap(),
        ),
        _ => Answer::ok("x"),
    })
    .await;
    let world = Plan::default().key_app("things", &upstream.url()).start().await;
    world.connect("things", "sk_real").await;
    let mut raws = Vec::new();
    for (version, target, wanted) in [
        ("1.1", "/x", "\r\n\r\nx"),
        ("1.1", "/held", ""),
        ("1.1", "/endless", "hello"),
        ("1.0", "/endless", "hello"),
    ] {
        let mut raw = Raw::connect(world.gateway).await;
        raw.send(get(&world, version, target)).await;
        raw.until(wanted).await;
        raws.push(raw);
    }
    let [mut idle, mut waiting, mut endless, mut old] = <[Raw; 4]>::try_from(raws).ok().unwrap();
    let mut http2 = Frames::connect(world.gateway).await;
    let bearer = format!("Bearer {}", world.key);
    let fields = [
        (":method", "GET"),
        (":scheme", "http"),
        (":authority", "localhost"),
        (":path", "/things/endless"),
        ("authorization", bearer.as_str()),
    ];
    http2.send(headers(1, END_STREAM, &fields)).await;
    assert_eq!(http2.outcome(1).await, Outcome::Status(200));
    // The recorder notes a request before it answers: the held one is under way.
    while upstream.seen().len() < 5 {
        tokio::task::yield_now().await;
    }

    let address = world.gateway;
    let stopped = tokio::spawn(world.stop());
    assert_eq!(idle.rest().await, b"", "who asks for nothing is let go");
    assert_eq!(http2.outcome(3).await, Outcome::Away(Some(0)), "GOAWAY without an error");
    // Nobody else is let in, once each thread has let go of the socket.
    while tokio::net::TcpStream::connect(address).await.is_ok() {
        tokio::task::yield_now().await;
    }
    finish.send(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok".to_vec()).unwrap();
    let reply = waiting.reply().await;
    assert_eq!((reply.status, reply.text(), reply.header("connection")), (200, "ok", Some("close")));
    assert!(!waiting.ends_by_reset().await);
    // Their grace is over: neither of them can be taken for whole.
    assert!(endless.ends_by_reset().await && old.ends_by_reset().await);
    assert!(http2.ended().await.is_none_or(|code| code == 0));
    stopped.await.unwrap();
    drop(forever);
}
