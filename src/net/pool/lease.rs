//! A connection as one call has it, from its request to the end of its answer.
//!
//! Dropped in between, it closes an HTTP/1.1 connection and resets an HTTP/2 stream.

use std::{
    fmt,
    future::pending,
    mem,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http::{Request, Response, header::HOST};
use http_body::{Body as _, Frame};
use hyper::{body::Incoming, client::conn::http2};
use tokio::time::sleep;

use super::{host::Host, open::Line};
use crate::net::{body::Body, upload::Progress};

/// One call's connection.
pub(in crate::net) struct Lease(Kind);

enum Kind {
    Line { line: Option<Line>, host: Arc<Host> },
    Stream(Stream),
}

/// One call's part of an HTTP/2 connection.
pub(super) struct Stream {
    sender: http2::SendRequest<Body>,
    calls: Arc<AtomicUsize>,
}

impl Stream {
    pub(super) fn new(sender: http2::SendRequest<Body>, calls: Arc<AtomicUsize>) -> Self {
        calls.fetch_add(1, Ordering::Relaxed);
        Self { sender, calls }
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.calls.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Lease {
    pub(super) fn line(line: Line, host: Arc<Host>) -> Self {
        Self(Kind::Line { line: Some(line), host })
    }

    pub(super) fn stream(stream: Stream) -> Self {
        Self(Kind::Stream(stream))
    }

    /// Sends the one request and gives its answer's head. If nothing of it was written, it is put back.
    pub(super) async fn send(
        &mut self,
        request: &mut Option<Box<Request<Body>>>,
    ) -> hyper::Result<Response<Incoming>> {
        match &mut self.0 {
            Kind::Line { line: Some(line), host } => line.send(request, host).await,
            Kind::Stream(stream) => {
                let Some(mut sent) = request.take() else { return pending().await };
                without_host(&mut sent);
                stream.sender.try_send_request(*sent).await.map_err(|mut error| {
                    *request = error.take_message().map(Box::new);
                    error.into_error()
                })
            }
            // A line is taken out of its lease after the request only.
            Kind::Line { line: None, .. } => pending().await,
        }
    }

    /// Whether nothing is known of an answer to the request.
    pub(super) fn is_silent(&self) -> bool {
        match &self.0 {
            Kind::Line { line, .. } => line.as_ref().is_none_or(|line| line.meter.is_silent()),
            Kind::Stream(_) => true,
        }
    }

    /// The next frame of the answer's body, which comes only while it is asked for.
    pub(in crate::net) fn poll_frame(
        &mut self,
        body: &mut Incoming,
        cx: &mut Context<'_>,
    ) -> Poll<Option<hyper::Result<Frame<Bytes>>>> {
        match &mut self.0 {
            Kind::Line { line: Some(line), .. } => {
                line.driver.poll_before(cx, |cx| Pin::new(&mut *body).poll_frame(cx))
            }
            _ => Pin::new(body).poll_frame(cx),
        }
    }

    /// The answer has come to its end. An upload that still runs may go on as long as it moves.
    pub(in crate::net) fn release(mut self, upload: Option<Arc<Progress>>, idle: Duration) {
        let upload = upload.filter(|upload| !upload.is_over());
        match &mut self.0 {
            Kind::Line { line, host } => {
                let Some(mut line) = line.take() else { return };
                if line.sender.is_closed() {
                    return;
                }
                if upload.is_none() && line.sender.is_ready() {
                    host.put(line);
                } else {
                    line.driver.let_go();
                    tokio::spawn(settle(line, Arc::clone(host), upload, idle));
                }
            }
            Kind::Stream(_) => {
                if let Some(upload) = upload {
                    tokio::spawn(async move { upload.give_up(idle).await });
                }
            }
        }
    }

    /// The connection speaks another protocol from now on: it is no longer the pool's.
    pub(in crate::net) fn detach(mut self) {
        if let Kind::Line { line, .. } = &mut self.0
            && let Some(mut line) = line.take()
        {
            line.driver.let_go();
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Kind::Line { line: Some(line), .. } = &mut self.0 {
            line.driver.cut();
        }
    }
}

impl fmt::Debug for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Lease")
    }
}

/// Keeps a connection whose answer is over when its request is over too; closes it if that doesn't come.
async fn settle(mut line: Line, host: Arc<Host>, upload: Option<Arc<Progress>>, idle: Duration) {
    let stalled = async {
        match &upload {
            Some(upload) => upload.give_up(idle).await,
            None => sleep(idle).await,
        }
    };
    let is_ready = tokio::select! {
        ready = line.sender.ready() => ready.is_ok(),
        () = stalled => false,
    };
    if is_ready { host.put(line) } else { line.driver.cut() }
}

/// HTTP/2 names the host beside the fields. They are put together anew, because to remove one would move another to its
/// place.
fn without_host(request: &mut Request<Body>) {
    let fields = request.headers_mut();
    if !fields.contains_key(HOST) {
        return;
    }
    let mut name = None;
    for (next, value) in mem::take(fields) {
        name = next.or(name);
        if let Some(name) = name.as_ref().filter(|name| **name != HOST) {
            fields.append(name.clone(), value);
        }
    }
}
