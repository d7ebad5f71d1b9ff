//! One host as URLs spell it: connections that rest, connections that have room for another call, and who dials.
//!
//! A lease holds its host, so that a connection is put back without being looked up.

use std::{
    mem,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use http::{
    HeaderValue, Request, Uri,
    header::HOST,
    uri::{PathAndQuery, Scheme},
};
use tokio::{sync::watch, time::Instant};

use super::{
    lease::{Lease, Stream},
    open::{Line, Streams},
};
use crate::net::body::Body;

/// How long a connection may rest.
pub(super) const REST: Duration = Duration::from_mins(1);

/// So many of a host's HTTP/1.1 connections may rest that long. The others are what a wave of calls has left, and each
/// of them holds buffers.
pub(super) const KEPT: usize = 256;
pub(super) const SPARE_REST: Duration = Duration::from_secs(5);

/// Who may dial.
pub(super) enum Place {
    /// Everybody, on one's own.
    Free,
    /// This one, for all; says so when the connection is there.
    First(watch::Sender<bool>),
    /// Somebody does: wait, and look again if it comes about.
    Wait(watch::Receiver<bool>),
}

/// A host.
pub(super) struct Host {
    /// Its root.
    uri: Uri,
    /// What a request's `Host` says.
    name: HeaderValue,
    open: Mutex<Open>,
}

#[derive(Default)]
struct Open {
    /// HTTP/1.1 connections that rest; the last one was used last.
    lines: Vec<(Line, Instant)>,
    /// HTTP/2 connections.
    shared: Vec<Shared>,
    is_http1: bool,
    dialling: Option<watch::Receiver<bool>>,
}

struct Shared {
    streams: Streams,
    calls: Arc<AtomicUsize>,
    used: Instant,
}

impl Shared {
    fn has_room(&self) -> bool {
        !self.streams.sender.is_closed()
            && self.calls.load(Ordering::Relaxed) < self.streams.most.load(Ordering::Relaxed)
    }

    fn stream(&mut self) -> Stream {
        self.used = Instant::now();
        Stream::new(self.streams.sender.clone(), Arc::clone(&self.calls))
    }

    fn rests_too_long(&self) -> bool {
        self.streams.sender.is_closed()
            || (self.calls.load(Ordering::Relaxed) == 0 && self.used.elapsed() >= REST)
    }
}

impl Host {
    /// The host of `uri`, to which nothing is open.
    pub(super) fn of(uri: &Uri) -> Option<Self> {
        let name = name(uri)?;
        let mut parts = uri.clone().into_parts();
        parts.path_and_query = Some(PathAndQuery::from_static("/"));
        Some(Self { uri: Uri::from_parts(parts).ok()?, name, open: Mutex::default() })
    }

    /// What to dial.
    pub(super) fn uri(&self) -> &Uri {
        &self.uri
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A connection that can take another call now.
    pub(super) fn take(self: Arc<Self>) -> Result<Lease, Arc<Self>> {
        let mut open = self.open();
        if let Some(shared) = open.shared.iter_mut().find(|shared| shared.has_room()) {
            return Ok(Lease::stream(shared.stream()));
        }
        while let Some((line, since)) = open.lines.pop() {
            if line.sender.is_ready() && since.elapsed() < REST {
                drop(open);
                return Ok(Lease::line(line, self));
            }
        }
        drop(open);
        Err(self)
    }

    /// Who dials a host that may speak HTTP/2, where a connection is for many.
    pub(super) fn turn(&self, may_share: bool) -> Place {
        let mut open = self.open();
        if !may_share || open.is_http1 {
            return Place::Free;
        }
        // Whoever dialled and left has dropped its end.
        if let Some(wait) =
            open.dialling.as_ref().filter(|wait| !*wait.borrow() && wait.has_changed().is_ok())
        {
            return Place::Wait(wait.clone());
        }
        let (first, wait) = watch::channel(false);
        open.dialling = Some(wait);
        Place::First(first)
    }

    /// Notes that every call to this host needs a connection of its own.
    pub(super) fn speaks_http1(&self) {
        self.open().is_http1 = true;
    }

    /// Keeps an HTTP/2 connection; its first call's stream.
    pub(super) fn add(&self, streams: Streams) -> Stream {
        let mut shared = Shared { streams, calls: Arc::default(), used: Instant::now() };
        let stream = shared.stream();
        let mut open = self.open();
        open.is_http1 = false;
        open.shared.push(shared);
        stream
    }

    /// Keeps an HTTP/1.1 connection that rests.
    pub(super) fn put(&self, line: Line) {
        line.driver.rest();
        self.open().lines.push((line, Instant::now()));
    }

    /// Ends what rests too long; whether anything is left.
    pub(super) fn sweep(&self) -> bool {
        let mut open = self.open();
        let mut spare = open.lines.len().saturating_sub(KEPT);
        // Those that rest for the longest come first.
        open.lines.retain_mut(|(line, since)| {
            let rest = if spare > 0 { SPARE_REST } else { REST };
            spare = spare.saturating_sub(1);
            line.driver.look();
            line.sender.is_ready() && since.elapsed() < rest
        });
        open.lines.shrink_to(KEPT);
        open.shared.retain(|shared| !shared.rests_too_long());
        let is_dialled = open.dialling.as_ref().is_some_and(|wait| wait.has_changed().is_ok());
        is_dialled || !open.lines.is_empty() || !open.shared.is_empty()
    }

    /// How many HTTP/1.1 connections rest.
    #[cfg(test)]
    pub(super) fn resting(&self) -> usize {
        self.open().lines.len()
    }

    /// HTTP/1.1 writes path and query, and names the host in a field: the URL's, whatever stood there.
    pub(super) fn in_origin_form(&self, request: &mut Request<Body>) {
        let path = mem::take(request.uri_mut()).into_parts().path_and_query;
        if let Some(path) = path {
            *request.uri_mut() = path.into();
        }
        request.headers_mut().insert(HOST, self.name.clone());
    }

    /// Gives the URL back its host; the field that names it may stay.
    pub(super) fn in_absolute_form(&self, mut request: Request<Body>) -> Request<Body> {
        let mut parts = self.uri.clone().into_parts();
        parts.path_and_query = request.uri().path_and_query().cloned();
        *request.uri_mut() = Uri::from_parts(parts).unwrap_or_else(|_| self.uri.clone());
        request
    }
}

/// The host, and the port where it isn't the scheme's own.
fn name(uri: &Uri) -> Option<HeaderValue> {
    let default = if uri.scheme() == Some(&Scheme::HTTPS) { 443 } else { 80 };
    let authority = uri.authority()?;
    let is_default = authority.port_u16().is_none_or(|port| port == default);
    HeaderValue::from_str(if is_default { authority.host() } else { authority.as_str() }).ok()
}
