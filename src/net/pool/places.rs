//! Every host that something is open to, and the task that ends what rests too long.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use foldhash::fast::RandomState;
use http::{Uri, uri::Scheme};

use super::host::{Host, SPARE_REST};

/// By authority, letter by letter: who is spelled in two ways has two places, and loses nothing but a connection.
type Hosts = HashMap<Box<str>, Arc<Host>, RandomState>;

#[derive(Default)]
pub(super) struct Places {
    hosts: Mutex<[Hosts; 2]>,
    is_swept: AtomicBool,
}

impl Places {
    /// The host that `uri` names, if HTTP can be spoken to it.
    pub(super) fn host(self: &Arc<Self>, uri: &Uri) -> Option<Arc<Host>> {
        let (scheme, authority) = (uri.scheme()?, uri.authority()?);
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        let [plain, tls] = &mut *hosts;
        let hosts_of_scheme = if *scheme == Scheme::HTTPS {
            tls
        } else if *scheme == Scheme::HTTP {
            plain
        } else {
            return None;
        };
        if let Some(host) = hosts_of_scheme.get(authority.as_str()) {
            return Some(Arc::clone(host));
        }
        let host = Arc::new(Host::of(uri)?);
        hosts_of_scheme.insert(authority.as_str().into(), Arc::clone(&host));
        drop(hosts);
        self.sweep_from_now_on();
        Some(host)
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
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        for hosts in &mut *hosts {
            // Who holds a host is about to put something back.
            hosts.retain(|_, host| host.sweep() || Arc::strong_count(host) > 1);
        }
        let is_used = hosts.iter().any(|hosts| !hosts.is_empty());
        self.is_swept.store(is_used, Ordering::Release);
        is_used
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::{
            host::{KEPT, REST},
            open::Line,
        },
        *,
    };
    use std::time::Duration;
    use tokio::{io::AsyncReadExt as _, time::timeout};

    #[tokio::test(start_paused = true)]
    async fn what_a_wave_left_rests_shortly_and_what_was_used_last_for_longer() {
        let (places, mut peers) = (Arc::new(Places::default()), Vec::new());
        let host = places.host(&Uri::from_static("http://upstream/")).unwrap();
        for _ in 0..KEPT + 3 {
            let (line, peer) = Line::resting().await;
            host.put(line);
            peers.push(peer);
        }
        tokio::time::advance(SPARE_REST / 2).await;
        places.sweep();
        assert_eq!(host.resting(), KEPT + 3, "the next wave may follow at once");
        tokio::time::advance(SPARE_REST).await;
        places.sweep();
        assert_eq!(host.resting(), KEPT);
        for (number, peer) in peers.iter_mut().enumerate() {
            let ended = timeout(Duration::from_millis(1), peer.read_u8()).await.is_ok();
            assert_eq!(ended, number < 3, "{number}");
        }
        drop(peers.split_off(KEPT));
        places.sweep();
        assert_eq!(host.resting(), KEPT - 3, "who was closed from the other side is seen");
        tokio::time::advance(REST).await;
        places.sweep();
        assert_eq!(host.resting(), 0);
        drop(host);
        assert!(!places.sweep(), "nothing is left");
    }
}
