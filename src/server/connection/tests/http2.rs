//! HTTP/2: how long a connection may be without any stream. Its peer answers every ping.

use hyper::client::conn::http2::{self, SendRequest};
use hyper_util::rt::TokioExecutor;
use tokio::time::Instant;

use super::*;
use crate::net::Body;

/// A caller, and when and how its connection ends.
async fn caller(service: Service) -> (SendRequest<Body>, tokio::task::JoinHandle<(Instant, bool)>) {
    let (socket, _) = served_over(None, service);
    let (sender, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(socket)).await.unwrap();
    let ended = tokio::spawn(async {
        let orderly = connection.await.is_ok();
        (Instant::now(), orderly)
    });
    (sender, ended)
}

fn request() -> Request<Body> {
    Request::get("http://h/").body(body::empty()).unwrap()
}

/// Whether `ended` was an orderly end, an idle time after `start`.
async fn ends_in_time(ended: tokio::task::JoinHandle<(Instant, bool)>, start: Instant) {
    let (end, orderly) = ended.await.unwrap();
    let took = end - start;
    assert!(orderly, "GOAWAY without an error");
    assert!(took >= LIMITS.idle_timeout && took < LIMITS.idle_timeout + Duration::from_secs(3), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn rp_14_a_connection_without_streams_is_told_to_go_in_time() {
    let (_sender, ended) = caller(hello()).await;
    ends_in_time(ended, Instant::now()).await;
    let (mut sender, ended) = caller(hello()).await;
    for _ in 0..3 {
        tokio::time::sleep(LIMITS.idle_timeout.checked_sub(Duration::from_secs(10)).unwrap()).await;
        assert_eq!(sender.send_request(request()).await.unwrap().status(), 200);
    }
    ends_in_time(ended, Instant::now()).await;
}

#[tokio::test(start_paused = true)]
async fn a_stream_keeps_its_connection_however_long_it_takes() {
    let slow: Service = Arc::new(|_| {
        Box::pin(async {
            tokio::time::sleep(LIMITS.idle_timeout * 3).await;
            http::Response::new(body::full("hello"))
        })
    });
    let (mut sender, ended) = caller(slow).await;
    assert_eq!(sender.send_request(request()).await.unwrap().status(), 200);
    ends_in_time(ended, Instant::now()).await;
}

#[tokio::test(start_paused = true)]
async fn a_tunnel_keeps_its_connection_however_long_it_runs() {
    let (opened, mut tunnels) = tokio::sync::mpsc::unbounded_channel();
    let tunnel: Service = Arc::new(move |mut request| {
        if let Some(leash) = request.extensions_mut().remove::<Leash>() {
            opened.send(leash).unwrap();
        }
        Box::pin(async { http::Response::new(body::empty()) })
    });
    let (mut sender, ended) = caller(tunnel).await;
    // The peer's settings, which permit it, have come with the first answer.
    sender.send_request(request()).await.unwrap();
    let protocol = hyper::ext::Protocol::from_static("websocket");
    let wish = Request::connect("http://h/").extension(protocol).body(body::empty()).unwrap();
    assert_eq!(sender.send_request(wish).await.unwrap().status(), 200);
    let leash = tunnels.recv().await.unwrap();
    tokio::time::sleep(LIMITS.idle_timeout * 3).await;
    assert!(!ended.is_finished());
    drop(leash);
    ends_in_time(ended, Instant::now()).await;
}

#[tokio::test(start_paused = true)]
async fn rp_14_a_peer_that_does_not_take_leave_is_cut() {
    let (mut socket, places) = served();
    let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
    socket.write_all(preface).await.unwrap();
    let (start, mut frames, mut pings) = (Instant::now(), bytes::BytesMut::new(), 0);
    // It answers the library's pings, which all say the same, and not the one that asks for its leave.
    while socket.read_buf(&mut frames).await.is_ok_and(|read| read > 0) {
        while let Some(length) =
            frames.first_chunk::<3>().map(|[a, b, c]| u32::from_be_bytes([0, *a, *b, *c]))
        {
            let length = usize::try_from(length).unwrap() + 9;
            if frames.len() < length {
                break;
            }
            let mut frame = frames.split_to(length);
            if frame[3] == 6
                && frame[4] == 0
                && frame[9..] == [0x3b, 0x7c, 0xdb, 0x7a, 0x0b, 0x87, 0x16, 0xb4]
            {
                pings += 1;
                frame[4] = 1;
                socket.write_all(&frame).await.unwrap();
            }
        }
    }
    let took = start.elapsed();
    assert!(pings > 5, "{pings}");
    let all = LIMITS.idle_timeout + LIMITS.head_timeout;
    assert!(took >= all && took < all + Duration::from_secs(5), "{took:?}");
    drop(places.acquire().await.unwrap());
}

#[tokio::test]
async fn a_hundred_calls_that_are_given_up_at_once_take_no_other_along() {
    let (mut socket, _) = served();
    let mut bytes = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0".to_vec();
    for stream in (1..=2 * STREAMS + 1).step_by(2) {
        bytes.extend_from_slice(&[0, 0, 6, 1, 5]);
        bytes.extend_from_slice(&stream.to_be_bytes());
        bytes.extend_from_slice(b"\x82\x84\x86\x41\x01h");
        if stream < 2 * STREAMS {
            bytes.extend_from_slice(&[0, 0, 4, 3, 0]);
            bytes.extend_from_slice(&stream.to_be_bytes());
            bytes.extend_from_slice(&[0, 0, 0, 8]);
        }
    }
    socket.write_all(&bytes).await.unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"hello") {
        assert_ne!(socket.read_buf(&mut answer).await.unwrap(), 0, "closed: {}", answer.escape_ascii());
    }
}
