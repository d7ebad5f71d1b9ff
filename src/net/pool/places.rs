//! What is open to which host: connections that rest, and connections that have room for another call.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::Duration,
};

use http::{
    Uri,
    uri::{Authority, Scheme},
};
use tokio::{sync::watch, time::Instant};

use super::{
    lease::{Lease, Stream},
    open::{Line, Streams},
};

/// How long a connection may rest.
const REST: Duration = Duration::from_mins(1);

/// So many of a host's HTTP/1.1 connections may rest that long. The others are what a wave of calls has left, and each
/// of them holds buffers.
const KEPT: usize = 256;
const SPARE_REST: Duration = Duration::from_secs(5);

/// A host as a URL names it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Key(Scheme, Authority);

impl Key {
    pub(super) fn of(uri: &Uri) -> Option<Self> {
        Some(Self(uri.scheme()?.clone(), uri.authority()?.clone()))
    }
}

/// Who may dial.
pub(super) enum Place {
    /// Everybody, on one's own.
    Free,
    /// This one, for all; says so when the connection is there.
    First(watch::Sender<bool>),
    /// Somebody does: wait, and look again if it comes about.
    Wait(watch::Receiver<bool>),
}

#[derive(Default)]
pub(super) struct Places {
    hosts: Mutex<HashMap<Key, Host>>,
    is_swept: AtomicBool,
}

#[derive(Default)]
struct Host {
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

impl Places {
    fn hosts(&self) -> MutexGuard<'_, HashMap<Key, Host>> {
        self.hosts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A connection that can take another call now.
    pub(super) fn take(self: &Arc<Self>, key: &Key) -> Option<Lease> {
        let mut hosts = self.hosts();
        let host = hosts.get_mut(key)?;
        if let Some(shared) = host.shared.iter_mut().find(|shared| shared.has_room()) {
            return Some(Lease::stream(shared.stream()));
        }
        while let Some((line, since)) = host.lines.pop() {
            if line.sender.is_ready() && since.elapsed() < REST {
                return Some(Lease::line(line, self, key.clone()));
            }
        }
        None
    }

    /// Who dials a host that may speak HTTP/2, where a connection is for many.
    pub(super) fn turn(&self, key: &Key, may_share: bool) -> Place {
        let mut hosts = self.hosts();
        let host = hosts.entry(key.clone()).or_default();
        if !may_share || host.is_http1 {
            return Place::Free;
        }
        // Whoever dialled and left has dropped its end.
        if let Some(wait) =
            host.dialling.as_ref().filter(|wait| !*wait.borrow() && wait.has_changed().is_ok())
        {
            return Place::Wait(wait.clone());
        }
        let (first, wait) = watch::channel(false);
        host.dialling = Some(wait);
        Place::First(first)
    }

    /// Notes that every call to this host needs a connection of its own.
    pub(super) fn speaks_http1(&self, key: &Key) {
        self.hosts().entry(key.clone()).or_default().is_http1 = true;
    }

    /// Keeps an HTTP/2 connection; its first call's stream.
    pub(super) fn add(self: &Arc<Self>, key: Key, streams: Streams) -> Stream {
        let mut shared = Shared { streams, calls: Arc::default(), used: Instant::now() };
        let stream = shared.stream();
        let mut hosts = self.hosts();
        let host = hosts.entry(key).or_default();
        host.is_http1 = false;
        host.shared.push(shared);
        drop(hosts);
        self.sweep_from_now_on();
        stream
    }

    /// Keeps an HTTP/1.1 connection that rests.
    pub(super) fn put(self: &Arc<Self>, key: Key, line: Line) {
        self.hosts().entry(key).or_default().lines.push((line, Instant::now()));
        self.sweep_from_now_on();
    }

    /// Starts the task that ends what rests too long; it ends itself when nothing is left.
    fn sweep_from_now_on(self: &Arc<Self>) {
        if self.is_swept.swap(true, Ordering::AcqRel) {
            return;
        }
        let places = Arc::downgrade(self);
        tokio::spawn(async move {
            loop {
                tokio::time::sleep(SPARE_REST).await;
                if !places.upgrade().is_some_and(|places| places.sweep()) {
                    return;
                }
            }
        });
    }

    /// Ends what rests too long; whether anything is left.
    fn sweep(&self) -> bool {
        let mut hosts = self.hosts();
        hosts.retain(|_, host| {
            let mut spare = host.lines.len().saturating_sub(KEPT);
            // Those that rest for the longest come first.
            host.lines.retain(|(line, since)| {
                let rest = if spare > 0 { SPARE_REST } else { REST };
                spare = spare.saturating_sub(1);
                line.sender.is_ready() && since.elapsed() < rest
            });
            host.lines.shrink_to(KEPT);
            host.shared.retain(|shared| !shared.rests_too_long());
            let is_dialled = host.dialling.as_ref().is_some_and(|wait| wait.has_changed().is_ok());
            is_dialled || !host.lines.is_empty() || !host.shared.is_empty()
        });
        let is_used = !hosts.is_empty();
        self.is_swept.store(is_used, Ordering::Release);
        is_used
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::{io::AsyncReadExt as _, time::timeout};

    #[tokio::test(start_paused = true)]
    async fn what_a_wave_left_rests_shortly_and_what_was_used_last_for_longer() {
        let (places, mut peers) = (Arc::new(Places::default()), Vec::new());
        let key = Key::of(&Uri::from_static("http://upstream/")).unwrap();
        for _ in 0..KEPT + 3 {
            let (line, peer) = Line::resting().await;
            places.put(key.clone(), line);
            peers.push(peer);
        }
        let open = || places.hosts().get(&key).map_or(0, |host| host.lines.len());
        tokio::time::advance(SPARE_REST / 2).await;
        places.sweep();
        assert_eq!(open(), KEPT + 3, "the next wave may follow at once");
        tokio::time::advance(SPARE_REST).await;
        places.sweep();
        assert_eq!(open(), KEPT);
        for (number, peer) in peers.iter_mut().enumerate() {
            let ended = timeout(Duration::from_millis(1), peer.read_u8()).await.is_ok();
            assert_eq!(ended, number < 3, "{number}");
        }
        tokio::time::advance(REST).await;
        assert!(!places.sweep(), "nothing is left");
    }
}
