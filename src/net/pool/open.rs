//! Speaking HTTP over a new connection, with its bounds.

use std::{
    future::{Future as _, pending, poll_fn},
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use futures_util::FutureExt as _;
use http::{Request, Response};
use http_body::Body as _;
use hyper::{
    body::Incoming,
    client::conn::{http1, http2},
};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};

use super::{
    drive::Driver,
    host::Host,
    meter::{Meter, Metered},
};
use crate::net::{
    body::{BUFFER, Body},
    dial::Dialled,
};

/// How long an answer's head may be.
const HEAD: usize = 64 << 10;

/// An HTTP/1.1 connection.
pub(super) struct Line {
    pub(super) sender: http1::SendRequest<Body>,
    pub(super) driver: Driver,
    pub(super) meter: Arc<Meter>,
}

impl Line {
    /// Sends `request` to `host` and gives its answer's head. If nothing of it was written, it is put back.
    pub(super) async fn send(
        &mut self,
        request: &mut Option<Box<Request<Body>>>,
        host: &Host,
    ) -> hyper::Result<Response<Incoming>> {
        let Some(mut sent) = request.take() else { return pending().await };
        host.in_origin_form(&mut sent);
        if !sent.body().is_end_stream() {
            // It goes on also while nobody asks for the answer.
            self.driver.let_go();
        }
        self.meter.asked();
        let mut answer = pin!(self.sender.try_send_request(*sent));
        poll_fn(|cx| {
            let polled = self.driver.poll_after(cx, |cx| answer.as_mut().poll(cx));
            polled.map_ok(|head| {
                self.meter.answered();
                head
            })
        })
        .await
        .map_err(|mut error| {
            *request = error.take_message().map(|unsent| Box::new(host.in_absolute_form(unsent)));
            error.into_error()
        })
    }
}

#[cfg(test)]
impl Line {
    /// A connection without a call, and its peer.
    pub(super) async fn resting() -> (Self, tokio::io::DuplexStream) {
        let (ours, peer) = tokio::io::duplex(64);
        let (sender, connection) = http1::handshake(TokioIo::new(ours)).await.unwrap();
        let mut driver = Driver::new(connection.map(drop));
        driver.look();
        assert!(sender.is_ready());
        (Self { sender, driver, meter: Meter::new() }, peer)
    }
}

/// Speaks HTTP/1.1.
pub(super) async fn http1(dialled: Dialled) -> hyper::Result<Line> {
    let meter = Meter::new();
    let io = TokioIo::new(Metered::new(dialled, Arc::clone(&meter)));
    let (sender, connection) =
        http1::Builder::new().max_header_size(HEAD).max_buf_size(BUFFER).handshake(io).await?;
    // No async block: it would keep room for the connection twice, as long as that rests.
    let driver = Driver::new(connection.with_upgrades().map(|ended| {
        if let Err(error) = ended {
            tracing::debug!(%error, "a connection to an upstream ended");
        }
    }));
    Ok(Line { sender, driver, meter })
}

/// An HTTP/2 connection.
pub(super) struct Streams {
    pub(super) sender: http2::SendRequest<Body>,
    /// How many streams the peer allows at the same time, as known when a request was last sent.
    pub(super) most: Arc<AtomicUsize>,
}

/// Speaks HTTP/2.
pub(super) async fn http2(dialled: Dialled) -> hyper::Result<Streams> {
    let (sender, connection) = http2::Builder::new(TokioExecutor::new())
        .timer(TokioTimer::new())
        .max_header_list_size(u32::try_from(HEAD).unwrap_or(u32::MAX))
        // Each stream has a window of its own. One for all together would let a few callers who don't read hold up
        // everybody else's answers.
        .initial_connection_window_size(i32::MAX.unsigned_abs())
        // A path that died silently is found by pings, not by the calls that wait on it.
        .keep_alive_interval(Duration::from_secs(30))
        .keep_alive_timeout(Duration::from_secs(10))
        .handshake(dialled)
        .await?;
    let most = Arc::new(AtomicUsize::new(connection.current_max_send_streams()));
    let told = Arc::clone(&most);
    tokio::spawn(async move {
        let mut connection = pin!(connection);
        let driven = poll_fn(|cx| {
            let polled = connection.as_mut().poll(cx);
            told.store(connection.current_max_send_streams(), Ordering::Relaxed);
            polled
        });
        if let Err(error) = driven.await {
            tracing::debug!(%error, "a connection to an upstream ended");
        }
    });
    Ok(Streams { sender, most })
}
