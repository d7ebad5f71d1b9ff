//! What is sent again: a call without a body and without effect, once, when a kept connection turned out to be dead.
//! Nothing else, in no case.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use http::{Method, StatusCode};
use tokio::sync::{Barrier, Notify, mpsc::unbounded_channel};

use crate::harness::{
    peer::{Line, Peer},
    raw::Raw,
    world::{Plan, World},
};

const OK: &str = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";

/// How often each target came.
#[derive(Clone, Default)]
struct Hits(Arc<Mutex<BTreeMap<String, usize>>>);

impl Hits {
    fn count(&self, head: &str) {
        let target = head.split(' ').nth(1).unwrap().to_owned();
        *self.0.lock().unwrap().entry(target).or_default() += 1;
    }

    fn of(&self, target: &str) -> usize {
        self.0.lock().unwrap().get(target).copied().unwrap_or_default()
    }
}

async fn stage(peer: &Peer) -> World {
    let world = Plan::default().key_app("things", &peer.url()).start().await;
    world.connect("things", "sk_real").await;
    world
}

/// Answers `/warm`, and everything on a connection after the first; drops a connection when anything else comes on it.
/// `/never` is never answered.
async fn forgetful() -> (Peer, Hits) {
    let hits = Hits::default();
    let counted = hits.clone();
    let peer = Peer::start(move |mut line: Line| {
        let hits = counted.clone();
        async move {
            let mut is_fresh = true;
            while let Some(head) = line.head().await {
                hits.count(&head);
                let drops = head.contains("/never") || (!head.contains("/warm") && !is_fresh);
                if drops || !line.send(OK).await {
                    return;
                }
                is_fresh = false;
            }
        }
    })
    .await;
    (peer, hits)
}

const CALLS: [(Method, &str, bool); 9] = [
    (Method::GET, "", true),
    (Method::HEAD, "", true),
    (Method::OPTIONS, "", true),
    (Method::PUT, "", true),
    (Method::DELETE, "", true),
    (Method::POST, "", false),
    (Method::PATCH, "", false),
    (Method::POST, "body", false),
    (Method::PUT, "body", false),
];

#[tokio::test]
async fn pf_4_on_a_dead_kept_connection_only_what_can_do_no_harm_is_sent_again_and_once() {
    let (peer, hits) = forgetful().await;
    let world = stage(&peer).await;
    for (number, (method, body, again)) in CALLS.into_iter().enumerate() {
        assert_eq!(world.get("/things/warm").await.status, 200);
        let path = format!("/{number}");
        let reply = world.call(method.clone(), &format!("/things{path}"), &[], body).await;
        let expected = if again { StatusCode::OK } else { StatusCode::BAD_GATEWAY };
        assert_eq!(reply.status, expected, "{method} {body:?}");
        assert_eq!(hits.of(&path), if again { 2 } else { 1 }, "{method} {body:?}");

        assert_eq!(world.get("/things/warm").await.status, 200);
        let path = format!("/never/{number}");
        let reply = world.call(method.clone(), &format!("/things{path}"), &[], body).await;
        assert_eq!(reply.status, 502, "{method} {body:?}");
        assert_eq!(hits.of(&path), if again { 2 } else { 1 }, "{method} {body:?}, twice in vain");
    }
}

#[tokio::test]
async fn pf_4_on_a_fresh_connection_nothing_is_sent_again() {
    let (peer, hits) = forgetful().await;
    let world = stage(&peer).await;
    for (number, (method, body, _)) in CALLS.into_iter().enumerate() {
        let path = format!("/never/{number}");
        let reply = world.call(method.clone(), &format!("/things{path}"), &[], body).await;
        assert_eq!((reply.status.as_u16(), hits.of(&path)), (502, 1), "{method} {body:?}");
    }
    assert_eq!(peer.accepted(), CALLS.len());
}

#[tokio::test]
async fn pf_4_a_silent_upstream_is_not_asked_again() {
    let hits = Hits::default();
    let counted = hits.clone();
    let peer = Peer::start(move |mut line: Line| {
        let hits = counted.clone();
        async move {
            while let Some(head) = line.head().await {
                hits.count(&head);
                if head.contains("/warm") {
                    line.send(OK).await;
                }
            }
        }
    })
    .await;
    let plan =
        Plan::default().set(|settings| settings.bounds.first_byte_timeout = Duration::from_millis(200));
    let world = plan.key_app("things", &peer.url()).start().await;
    world.connect("things", "sk_real").await;
    for (number, (method, body, _)) in CALLS.into_iter().enumerate() {
        assert_eq!(world.get("/things/warm").await.status, 200);
        let path = format!("/{number}");
        let reply = world.call(method.clone(), &format!("/things{path}"), &[], body).await;
        assert_eq!((reply.status.as_u16(), hits.of(&path)), (504, 1), "{method} {body:?}");
    }
}

/// The upstream closes each connection right after its answer and does not say so: the next request finds it closed,
/// closing, or not closed yet.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pf_4_a_connection_that_closes_just_then_makes_no_call_twice() {
    let hits = Hits::default();
    let counted = hits.clone();
    let peer = Peer::start(move |mut line: Line| {
        let hits = counted.clone();
        async move {
            let Some(head) = line.head().await else { return };
            hits.count(&head);
            if head.contains("content-length: 4") {
                line.until(b"body").await;
            }
            line.send(OK).await;
            // Some linger, so that the close comes at another moment each time.
            for _ in 0..line.number % 50 {
                tokio::task::yield_now().await;
            }
        }
    })
    .await;
    let world = stage(&peer).await;
    let mut broken = 0;
    for number in 0..400 {
        let (method, body) = match number % 4 {
            0 => (Method::POST, ""),
            1 => (Method::POST, "body"),
            2 => (Method::PUT, "body"),
            _ => (Method::GET, ""),
        };
        let path = format!("/{number}");
        let reply = world.call(method.clone(), &format!("/things{path}"), &[], body).await;
        let hits = hits.of(&path);
        match reply.status.as_u16() {
            200 => assert_eq!(hits, 1, "{method} {body:?}"),
            502 if method != Method::GET => {
                broken += 1;
                assert!(hits <= 1, "{method} {body:?} came {hits} times");
            }
            status => panic!("{method} {body:?}: {status}"),
        }
    }
    assert!(broken < 200, "{broken} of 300 calls found a connection that closed just then");
}

#[tokio::test]
async fn pf_4_an_upload_that_was_partly_written_is_not_sent_again() {
    let hits = Hits::default();
    let counted = hits.clone();
    let peer = Peer::start(move |mut line: Line| {
        let hits = counted.clone();
        async move {
            while let Some(head) = line.head().await {
                hits.count(&head);
                if head.contains("/warm") {
                    line.send(OK).await;
                } else {
                    line.until(b"half").await;
                    return line.reset();
                }
            }
        }
    })
    .await;
    let world = stage(&peer).await;
    for (number, method) in ["POST", "PUT", "GET"].iter().enumerate() {
        for warm in [false, true] {
            if warm {
                assert_eq!(world.get("/things/warm").await.status, 200);
            }
            let path = format!("/{number}/{warm}");
            let mut raw = Raw::connect(world.gateway).await;
            let key = &world.key;
            raw.send(format!(
                "{method} /things{path} HTTP/1.1\r\nhost: h\r\nauthorization: Bearer {key}\r\ncontent-length: 9\r\n\r\nhalf"
            ))
            .await;
            assert_eq!(raw.reply().await.status, 502);
            assert_eq!(hits.of(&path), 1, "{method}");
        }
    }
}

/// Who has begun to answer has read the request.
#[tokio::test]
async fn pf_4_an_upstream_that_broke_off_its_head_is_not_asked_again() {
    for begun in ["H", "HTTP/1.1 200 OK\r\ncontent-le", "HTTP/1.1 103 Early Hints\r\n\r\n"] {
        let hits = Hits::default();
        let counted = hits.clone();
        let peer = Peer::start(move |mut line: Line| {
            let hits = counted.clone();
            async move {
                while let Some(head) = line.head().await {
                    hits.count(&head);
                    if head.contains("/warm") {
                        line.send(OK).await;
                    } else {
                        line.send(begun).await;
                        return;
                    }
                }
            }
        })
        .await;
        let world = stage(&peer).await;
        for (number, (method, body, _)) in CALLS.into_iter().enumerate() {
            assert_eq!(world.get("/things/warm").await.status, 200);
            let path = format!("/{number}");
            let reply = world.call(method.clone(), &format!("/things{path}"), &[], body).await;
            assert_eq!((reply.status.as_u16(), hits.of(&path)), (502, 1), "{method} {body:?} {begun:?}");
        }
    }
}

/// What was said, or that the end was said, while a connection rested is seen before the next request is written.
#[tokio::test]
async fn pf_4_what_came_on_a_resting_connection_makes_it_unfit_for_the_next_call() {
    for unasked in [Some("HTTP/1.1 200 OK\r\ncontent-length: 8\r\n\r\nsmuggled"), Some("x"), None] {
        let hits = Hits::default();
        let counted = hits.clone();
        let (said, mut when) = unbounded_channel();
        let rests = Arc::new(Notify::new());
        let told = Arc::clone(&rests);
        let peer = Peer::start(move |mut line: Line| {
            let (hits, said, rests) = (counted.clone(), said.clone(), Arc::clone(&told));
            async move {
                let Some(head) = line.head().await else { return };
                hits.count(&head);
                line.send(OK).await;
                rests.notified().await;
                match unasked {
                    Some(bytes) => drop(line.send(bytes).await),
                    None => line.finish().await,
                }
                let _ = said.send(());
                if let Some(head) = line.head().await {
                    hits.count(&head);
                }
            }
        })
        .await;
        let world = stage(&peer).await;
        for (number, (method, body, _)) in CALLS.into_iter().enumerate() {
            let path = format!("/{number}");
            let reply = world.call(method.clone(), &format!("/things{path}"), &[], body).await;
            assert_eq!((reply.status.as_u16(), hits.of(&path)), (200, 1), "{method} {body:?} {unasked:?}");
            assert_eq!(reply.text(), "", "{method} {body:?} {unasked:?}");
            rests.notify_one();
            when.recv().await.unwrap();
        }
    }
}

/// The second attempt doesn't go to another kept connection, which may be as dead as the first one.
#[tokio::test]
async fn pf_4_the_second_attempt_goes_out_on_a_new_connection() {
    let hits = Hits::default();
    let (counted, both) = (hits.clone(), Arc::new(Barrier::new(2)));
    let peer = Peer::start(move |mut line: Line| {
        let (hits, both) = (counted.clone(), Arc::clone(&both));
        async move {
            let mut is_fresh = true;
            while let Some(head) = line.head().await {
                hits.count(&head);
                if head.contains("/warm") {
                    both.wait().await;
                } else if !is_fresh {
                    return;
                }
                line.send(OK).await;
                is_fresh = false;
            }
        }
    })
    .await;
    let world = stage(&peer).await;
    let warm = tokio::join!(world.get("/things/warm"), world.get("/things/warm"));
    assert_eq!((warm.0.status.as_u16(), warm.1.status.as_u16(), peer.accepted()), (200, 200, 2));
    assert_eq!((world.get("/things/x").await.status.as_u16(), hits.of("/x"), peer.accepted()), (200, 2, 3));
}
