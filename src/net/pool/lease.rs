//! A connection as one call has it, from its request to the end of its answer.
//!
//! Dropped in between, it closes an HTTP/1.1 connection and resets an HTTP/2 stream.

use std::{
    fmt, mem,
    sync::{
        Arc, Weak,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use http::{
    HeaderValue, Request, Response, Uri,
    header::HOST,
    uri::{PathAndQuery, Scheme},
};
use hyper::{
    body::Incoming,
    client::conn::{TrySendError, http2},
};
use tokio::time::sleep;

use super::{
    open::Line,
    places::{Key, Places},
};
use crate::net::{body::Body, upload::Progress};

/// One call's connection.
pub(in crate::net) struct Lease(Kind);

enum Kind {
    Line { line: Option<Line>, places: Weak<Places>, key: Key },
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
    pub(super) fn line(line: Line, places: &Arc<Places>, key: Key) -> Self {
        Self(Kind::Line { line: Some(line), places: Arc::downgrade(places), key })
    }

    pub(super) fn stream(stream: Stream) -> Self {
        Self(Kind::Stream(stream))
    }

    /// Sends the one request. It comes back in the error if nothing of it was written.
    pub(super) async fn send(
        &mut self,
        mut request: Request<Body>,
    ) -> Result<Response<Incoming>, TrySendError<Request<Body>>> {
        match &mut self.0 {
            Kind::Line { line: Some(line), .. } => {
                line.bound(&mut request);
                in_origin_form(&mut request);
                line.sender.try_send_request(request).await
            }
            // A line is taken out of its lease after the request only.
            Kind::Line { line: None, .. } => std::future::pending().await,
            Kind::Stream(stream) => {
                without_host(&mut request);
                stream.sender.try_send_request(request).await
            }
        }
    }

    /// The answer has come to its end. An upload that still runs may go on as long as it moves.
    pub(in crate::net) fn release(mut self, upload: Option<Arc<Progress>>, idle: Duration) {
        let upload = upload.filter(|upload| !upload.is_over());
        match &mut self.0 {
            Kind::Line { line, places, key } => {
                let Some(line) = line.take() else { return };
                if line.sender.is_closed() {
                    return;
                }
                match places.upgrade() {
                    Some(places) if upload.is_none() && line.sender.is_ready() => {
                        places.put(key.clone(), line);
                    }
                    _ => drop(tokio::spawn(settle(line, places.clone(), key.clone(), upload, idle))),
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
        if let Kind::Line { line, .. } = &mut self.0 {
            *line = None;
        }
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Kind::Line { line: Some(line), .. } = &self.0 {
            line.cut();
        }
    }
}

impl fmt::Debug for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Lease")
    }
}

/// Keeps a connection whose answer is over when its request is over too; closes it if that doesn't come.
async fn settle(
    mut line: Line,
    places: Weak<Places>,
    key: Key,
    upload: Option<Arc<Progress>>,
    idle: Duration,
) {
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
    match places.upgrade() {
        Some(places) if is_ready => places.put(key, line),
        _ => line.cut(),
    }
}

/// HTTP/1.1 writes path and query, and names the host in a field: the URL's, whatever stood there.
fn in_origin_form(request: &mut Request<Body>) {
    let host = host(request.uri());
    let path = request.uri().path_and_query().cloned();
    *request.uri_mut() = Uri::from(path.unwrap_or_else(|| PathAndQuery::from_static("/")));
    if let Some(host) = host {
        request.headers_mut().insert(HOST, host);
    }
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

/// The host, and the port where it isn't the scheme's own.
fn host(uri: &Uri) -> Option<HeaderValue> {
    let default = if uri.scheme() == Some(&Scheme::HTTPS) { 443 } else { 80 };
    let authority = uri.authority()?;
    let is_default = authority.port_u16().is_none_or(|port| port == default);
    HeaderValue::from_str(if is_default { authority.host() } else { authority.as_str() }).ok()
}
