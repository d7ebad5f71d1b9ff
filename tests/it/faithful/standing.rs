//! A reader that stands still holds the writer back, and nobody else.

use std::{convert::Infallible, time::Duration};

use bytes::Bytes;
use futures_util::stream;
use http::{Response, Version};
use http_body_util::StreamBody;
use hyper::body::Frame;
use keyferry::net::{Body, body};
use tokio::sync::watch;

use super::{
    live::{Live, drain, pieces, read, stage},
    stage::ALL,
};
use crate::harness::caller::Caller;

const PIECE: usize = 64 << 10;
/// What a writer has to write.
const WHOLE: usize = 64 << 20;
/// What may be under way: the kernel's buffers at four ends of two connections, at their largest, and some of ours.
const UNDER_WAY: usize = 32 << 20;

/// A body of [`WHOLE`] bytes that counts how many were taken.
fn counted(taken: watch::Sender<usize>) -> Body {
    let zeros = Bytes::from(vec![0; PIECE]);
    let frames = (0..WHOLE / PIECE).map(move |_| {
        taken.send_modify(|taken| *taken += PIECE);
        Ok::<_, Infallible>(Frame::data(zeros.clone()))
    });
    body::boxed(StreamBody::new(stream::iter(frames)))
}

/// How many bytes were taken when no more are.
async fn standstill(taken: &watch::Sender<usize>) -> usize {
    let mut taken = taken.subscribe();
    while tokio::time::timeout(Duration::from_millis(700), taken.changed()).await.is_ok() {}
    let count = *taken.borrow();
    assert!(count > 0, "it began");
    count
}

#[tokio::test]
async fn a_caller_who_does_not_read_holds_the_upstream_back() {
    for (caller, upstream) in ALL {
        let taken = watch::Sender::new(0);
        let counting = taken.clone();
        let live = stage(upstream, move |_| {
            let response = Response::new(counted(counting.clone()));
            async { response }
        })
        .await;
        let mut caller = Caller::connect(&live.world, caller).await;
        let mut answer = caller.ask("GET", "/live/large", &[], body::empty()).await.into_body();
        let count = standstill(&taken).await;
        assert!(count <= UNDER_WAY, "{count} bytes were under way to {upstream:?}");
        assert_eq!(drain(&mut answer).await, WHOLE);
    }
}

#[tokio::test]
async fn an_upstream_that_does_not_read_holds_the_caller_back() {
    for (caller, upstream) in ALL {
        let go = watch::Sender::new(false);
        let gone = go.clone();
        let live = stage(upstream, move |request| {
            let mut gone = gone.subscribe();
            async move {
                gone.wait_for(|gone| *gone).await.unwrap();
                Response::new(body::full(drain(&mut request.into_body()).await.to_string()))
            }
        })
        .await;
        let mut caller = Caller::connect(&live.world, caller).await;
        let taken = watch::Sender::new(0);
        let (counting, sent) = (taken.clone(), WHOLE.to_string());
        let uploading = tokio::spawn(async move {
            let body = counted(counting);
            let mut answer = caller.ask("POST", "/live/large", &[], body).await.into_body();
            read(&mut answer, sent.len()).await == sent.as_bytes()
        });
        let count = standstill(&taken).await;
        assert!(count <= UNDER_WAY, "{count} bytes were under way to {upstream:?}");
        go.send_replace(true);
        assert!(uploading.await.unwrap(), "all of it arrived");
    }
}

/// `/large` is more than anybody reads, `/never` reads nothing, `/echo` says what it hears.
async fn live(upstream: Version) -> Live {
    stage(upstream, |request| async move {
        match request.uri().path() {
            "/large" => Response::new(counted(watch::Sender::new(0))),
            "/echo" => Response::new(body::boxed(request.into_body())),
            _ => {
                let unread = request.into_body();
                std::future::pending::<()>().await;
                Response::new(body::boxed(unread))
            }
        }
    })
    .await
}

/// Has two MiB said after this caller, a piece at a time.
async fn converse(caller: &mut Caller) {
    let (send, upload) = pieces();
    let mut echo = caller.ask("POST", "/live/echo", &[], upload).await.into_body();
    for _ in 0..32 {
        send.send(Bytes::from(vec![1; PIECE])).unwrap();
        assert_eq!(read(&mut echo, PIECE).await.len(), PIECE);
    }
}

#[tokio::test]
async fn answers_that_nobody_reads_do_not_stop_others_at_the_same_upstream() {
    for upstream in [Version::HTTP_11, Version::HTTP_2] {
        let live = live(upstream).await;
        // With an upstream of HTTP/2 all of these share one connection to it.
        let mut standing = Vec::new();
        for _ in 0..8 {
            let mut caller = Caller::connect(&live.world, Version::HTTP_11).await;
            standing.push((caller.ask("GET", "/live/large", &[], body::empty()).await, caller));
        }
        converse(&mut Caller::connect(&live.world, Version::HTTP_11).await).await;
    }
}

#[tokio::test]
async fn an_upload_that_nobody_reads_does_not_stop_others_of_the_same_caller() {
    for upstream in [Version::HTTP_11, Version::HTTP_2] {
        let live = live(upstream).await;
        let mut caller = Caller::connect(&live.world, Version::HTTP_2).await;
        let mut beside = caller.beside();
        let taken = watch::Sender::new(0);
        let upload = counted(taken.clone());
        let standing =
            tokio::spawn(async move { drop(caller.ask("POST", "/live/never", &[], upload).await) });
        standstill(&taken).await;
        converse(&mut beside).await;
        standing.abort();
    }
}
