//! One door: it accepts connections, as many as it may hold, and serves each in a task of its own.
//!
//! Several threads may stand at one door, each with what serves its calls: they share the socket and the places.
//! Beyond that number a few more are told so (503); what still comes then is closed unheard, because every socket
//! that is held open costs a descriptor.

use std::{
    io,
    net::{SocketAddr, TcpListener as Listener},
    sync::Arc,
    time::Duration,
};

use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    task::yield_now,
    time::timeout,
};
use tokio_rustls::TlsAcceptor;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

use super::{
    Service, TlsError,
    behind::Behind,
    connection::{Held, Protocol},
    tls,
};
use crate::{clock::Clock, config, telemetry::Metrics};

/// How many connections too many are told so.
const TURNED_AWAY: usize = 64;

/// How long connections may take to be cut after their time of grace.
const CUTTING: Duration = Duration::from_millis(250);

/// What a door asks of its callers.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of a request head, its target included.
    pub head_bytes: usize,
    /// Header fields of a request.
    pub head_fields: usize,
    /// Bytes of a request target.
    pub target_bytes: usize,
    /// Connections at the same time.
    pub connections: usize,
    /// Until a head, or a TLS handshake, is complete.
    pub head_timeout: Duration,
    /// Between two requests of a connection, and for a peer that doesn't read.
    pub idle_timeout: Duration,
    /// Whether HTTP/2 callers may ask for `WebSockets` (RFC 8441).
    pub websockets: bool,
    /// How long answers under way may go on after the signal to stop.
    pub grace: Duration,
}

/// A door that is ready to open.
pub struct Door {
    name: &'static str,
    listener: Listener,
    tls: Option<TlsAcceptor>,
    behind: Arc<Behind>,
    places: Arc<Semaphore>,
    /// Where connections are told that there is no place.
    full: Arc<Behind>,
    full_places: Arc<Semaphore>,
}

/// A connection's place, and what stands behind it.
type Placed = (Arc<Behind>, OwnedSemaphorePermit);

impl Door {
    /// A door called `name` at `listener`, which doesn't block, with `service` behind it.
    pub fn new(
        name: &'static str,
        listener: Listener,
        tls: Option<&config::Tls>,
        service: Service,
        (limits, clock, metrics): (Limits, Clock, Metrics),
    ) -> Result<Self, TlsError> {
        let tls = tls.map(tls::acceptor).transpose()?;
        let behind = Behind { service, clock, metrics, limits };
        Ok(Self {
            name,
            listener,
            tls,
            full: Arc::new(behind.full()),
            behind: Arc::new(behind),
            places: Arc::new(Semaphore::new(limits.connections.min(Semaphore::MAX_PERMITS))),
            full_places: Arc::new(Semaphore::new(TURNED_AWAY)),
        })
    }

    /// The same door for another thread, with a `service` of its own behind it.
    pub fn beside(&self, service: Service) -> io::Result<Self> {
        Ok(Self {
            name: self.name,
            listener: self.listener.try_clone()?,
            tls: self.tls.clone(),
            behind: Arc::new(self.behind.with(service)),
            places: Arc::clone(&self.places),
            full: Arc::clone(&self.full),
            full_places: Arc::clone(&self.full_places),
        })
    }

    /// Serves until `stop`, then drains. Returns when the last connection has ended, or its time of grace.
    pub async fn serve(self, stop: CancellationToken) -> io::Result<()> {
        let connections = TaskTracker::new();
        let protocol = Protocol::new(&self.behind.limits, stop.clone());
        let listener = TcpListener::from_std(self.listener.try_clone()?)?;
        while let Some((socket, peer)) = self.next(&listener, &stop).await {
            let Some((behind, place)) = self.place() else { continue };
            let (protocol, tls) = (protocol.clone(), self.tls.clone());
            let held = Held::new(place, connections.token());
            connections.spawn(async move { protocol.serve(socket, tls, (peer, behind), held).await });
            // Another thread may have fewer.
            yield_now().await;
        }
        drop(listener);
        let grace = self.behind.limits.grace;
        drop(self.listener);
        connections.close();
        if timeout(grace + CUTTING, connections.wait()).await.is_err() {
            tracing::debug!(door = self.name, "some connections were cut");
        }
        tracing::debug!(door = self.name, "closed");
        Ok(())
    }

    /// A place for one more connection, and what stands behind it.
    fn place(&self) -> Option<Placed> {
        let place = |behind: &Arc<Behind>, places: &Arc<Semaphore>| {
            Some((Arc::clone(behind), Arc::clone(places).try_acquire_owned().ok()?))
        };
        place(&self.behind, &self.places).or_else(|| place(&self.full, &self.full_places))
    }

    /// The next connection; none when it is time to stop.
    async fn next(
        &self,
        listener: &TcpListener,
        stop: &CancellationToken,
    ) -> Option<(TcpStream, SocketAddr)> {
        loop {
            let accepted = tokio::select! {
                () = stop.cancelled() => return None,
                accepted = listener.accept() => accepted,
            };
            match accepted {
                Ok((socket, peer)) => {
                    // A failure here only costs latency.
                    let _ = socket.set_nodelay(true);
                    return Some((socket, peer));
                }
                Err(error) => {
                    // Out of descriptors, most likely: they come back when connections end.
                    tracing::warn!(door = self.name, %error, "can't accept a connection; trying again");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::body;

    #[tokio::test]
    async fn a_small_write_to_a_caller_does_not_wait_for_a_fuller_packet() {
        let limits = Limits {
            head_bytes: 1,
            head_fields: 1,
            target_bytes: 1,
            connections: 1,
            websockets: false,
            head_timeout: Duration::ZERO,
            idle_timeout: Duration::ZERO,
            grace: Duration::ZERO,
        };
        let service: Service = Arc::new(|_| Box::pin(async { http::Response::new(body::empty()) }));
        let idle = Listener::bind("127.0.0.1:0").unwrap();
        let door = Door::new("test", idle, None, service, (limits, Clock::System, Metrics::new())).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (stop, caller) = (CancellationToken::new(), TcpStream::connect(listener.local_addr().unwrap()));
        let (caller, accepted) = tokio::join!(caller, door.next(&listener, &stop));
        assert!(accepted.unwrap().0.nodelay().unwrap());
        drop(caller);
    }
}
