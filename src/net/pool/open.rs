//! Speaking HTTP over a new connection: bounds, and the task that drives it.

use std::{
    future::{Future as _, poll_fn},
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicU32, AtomicUsize, Ordering},
    },
    time::Duration,
};

use futures_util::FutureExt as _;
use http::Request;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use tokio::task::AbortHandle;

use crate::net::{
    body::{BUFFER, Body},
    dial::Dialled,
};

/// How long an answer's head may be.
const HEAD: usize = 64 << 10;
/// How many interim answers (1xx) may come before the answer.
const INTERIM: u32 = 100;

/// An HTTP/1.1 connection.
pub(super) struct Line {
    pub(super) sender: http1::SendRequest<Body>,
    task: AbortHandle,
}

impl Line {
    /// Closes the connection, whatever it is doing.
    pub(super) fn cut(&self) {
        self.task.abort();
    }

    /// Ends the connection if more interim answers come to `request` than anybody sends.
    pub(super) fn bound(&self, request: &mut Request<Body>) {
        let (task, seen) = (self.task.clone(), Arc::<AtomicU32>::default());
        hyper::ext::on_informational(request, move |_| {
            if seen.fetch_add(1, Ordering::Relaxed) >= INTERIM {
                task.abort();
            }
        });
    }
}

#[cfg(test)]
impl Line {
    /// A connection without a call, and its peer.
    pub(super) async fn resting() -> (Self, tokio::io::DuplexStream) {
        let (ours, peer) = tokio::io::duplex(64);
        let (mut sender, connection) = http1::handshake(hyper_util::rt::TokioIo::new(ours)).await.unwrap();
        let task = tokio::spawn(async move { drop(connection.await) }).abort_handle();
        sender.ready().await.unwrap();
        (Self { sender, task }, peer)
    }
}

/// Speaks HTTP/1.1.
pub(super) async fn http1(dialled: Dialled) -> hyper::Result<Line> {
    let (sender, connection) =
        http1::Builder::new().max_header_size(HEAD).max_buf_size(BUFFER).handshake(dialled).await?;
    // No async block: it would keep room for the connection twice, as long as that rests.
    let task = tokio::spawn(connection.with_upgrades().map(|ended| {
        if let Err(error) = ended {
            tracing::debug!(%error, "a connection to an upstream ended");
        }
    }));
    Ok(Line { sender, task: task.abort_handle() })
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
