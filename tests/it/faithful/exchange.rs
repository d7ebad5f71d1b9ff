//! Streams both ways: nothing is kept back until there is more of it.
//!
//! Nothing is timed: each piece is made only after the one before has come out at the other end, so a piece that is
//! kept back stops everything.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::Response;
use keyferry::net::body;

use super::{
    live::{of_channel, pieces, read, stage},
    stage::ALL,
};
use crate::harness::caller::Caller;

#[tokio::test]
async fn every_piece_goes_up_and_comes_back_before_the_next_one_is_made() {
    for (caller, upstream) in ALL {
        let live = stage(upstream, |request| async { Response::new(body::boxed(request.into_body())) }).await;
        let mut caller = Caller::connect(&live.world, caller).await;
        let (send, upload) = pieces();
        let mut echo = caller.ask("POST", "/live/echo", &[], upload).await.into_body();
        for size in [1, 2, 1000, 1, 70_000, 1, 16_384, 1].into_iter().cycle().take(80) {
            let piece: Vec<u8> = (0..=255).cycle().take(size).collect();
            send.send(Bytes::from(piece.clone())).unwrap();
            assert!(read(&mut echo, size).await == piece, "{upstream:?} {size}");
        }
        drop(send);
        assert_eq!(super::live::drain(&mut echo).await, 0, "the end comes too");
    }
}

#[tokio::test]
async fn every_event_is_seen_before_the_next_one_happens() {
    for (caller, upstream) in ALL {
        let (happens, events) = tokio::sync::mpsc::unbounded_channel();
        let events = Arc::new(Mutex::new(Some(events)));
        let live = stage(upstream, move |_| {
            let mut response = Response::new(of_channel(events.lock().unwrap().take().unwrap()));
            response.headers_mut().insert("content-type", "text/event-stream".parse().unwrap());
            async { response }
        })
        .await;
        let mut caller = Caller::connect(&live.world, caller).await;
        // The head comes before there is any event.
        let head =
            caller.ask("GET", "/live/events", &[("accept", b"text/event-stream")], body::empty()).await;
        assert_eq!(head.headers()["content-type"], "text/event-stream");
        let mut stream = head.into_body();
        for number in 0..200 {
            let event = format!("id: {number}\ndata: {{}}\n\n");
            happens.send(Bytes::from(event.clone())).unwrap();
            assert_eq!(read(&mut stream, event.len()).await, event.as_bytes());
        }
    }
}
