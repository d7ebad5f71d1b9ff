//! Connections to upstreams, kept for the next call to the same host.
//!
//! An HTTP/1.1 connection belongs to one call at a time and comes back only when that call ended as it should; in every
//! other case it is closed. An HTTP/2 connection takes as many calls as its peer allows. The next one gets a further
//! connection, so that nobody waits for streams that somebody else holds.

mod drive;
mod host;
mod lease;
mod meter;
mod open;
mod places;

use std::sync::Arc;

use http::{Request, Response};
use hyper::body::Incoming;
use tower::Service as _;

pub(super) use self::lease::Lease;
use self::{
    host::{Host, Place},
    places::Places,
};
use super::{
    body::{Body, BoxError},
    dial::Dial,
};

/// Why a request got no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum PoolError {
    /// There is no connection.
    #[error("no connection came about")]
    Connect(#[source] BoxError),
    /// The connection ended, or what came is no HTTP.
    #[error("the connection broke")]
    Broken {
        /// What happened.
        #[source]
        error: hyper::Error,
        /// Whether it had been there before this request, and nothing came of it since.
        stale: bool,
    },
}

impl PoolError {
    /// Whether a kept connection turned out to be dead.
    pub(super) fn is_stale(&self) -> bool {
        // What is no HTTP was an answer; what the user of the library did was our own doing.
        matches!(self, Self::Broken { error, stale: true } if !error.is_parse() && !error.is_user())
    }
}

/// The connections of one way to dial.
#[derive(Clone)]
pub(super) struct Pool {
    dial: Dial,
    places: Arc<Places>,
}

impl Pool {
    /// A pool with nothing in it.
    pub(super) fn new(dial: Dial) -> Self {
        Self { dial, places: Arc::default() }
    }

    /// How it dials.
    #[cfg(test)]
    pub(super) fn dial(&self) -> Dial {
        self.dial.clone()
    }

    /// The same way to dial, with connections of its own.
    pub(super) fn apart(&self) -> Self {
        Self::new(self.dial.clone())
    }

    /// Sends `request`, with `fresh` on a connection that nobody used before. The answer's head comes with what has to
    /// live as long as its body.
    pub(super) async fn send(
        &self,
        request: &mut Option<Box<Request<Body>>>,
        fresh: bool,
    ) -> Result<(Response<Incoming>, Lease), PoolError> {
        while let Some(host) = request.as_ref().and_then(|request| self.places.host(request.uri())) {
            let (mut lease, kept) = match if fresh { Err(host) } else { host.take() } {
                Ok(lease) => (lease, true),
                // Apart, so that the usual call needs no room for this.
                Err(host) => Box::pin(self.dialled(host, fresh)).await?,
            };
            match lease.send(request).await {
                Ok(response) => return Ok((response, lease)),
                // A request that comes back was not begun to be written: it goes out on another connection as if for
                // the first time.
                Err(_) if kept && request.is_some() => {}
                Err(error) => {
                    return Err(PoolError::Broken { error, stale: kept && lease.is_silent() });
                }
            }
        }
        Err(PoolError::Connect("the URL has no host that speaks HTTP".into()))
    }

    /// A new connection; or one that somebody else dialled meanwhile and that has room, and then it counts as kept.
    async fn dialled(&self, mut host: Arc<Host>, fresh: bool) -> Result<(Lease, bool), PoolError> {
        loop {
            // Only an HTTP/2 host is worth waiting for: its next connection has room for all who wait.
            let first = match host.turn(!fresh && self.dial.offers_http2(host.uri())) {
                Place::Free => None,
                Place::First(first) => Some(first),
                Place::Wait(mut wait) => match wait.wait_for(|is_there| *is_there).await {
                    Err(_) => None,
                    Ok(_) => match host.take() {
                        Ok(lease) => return Ok((lease, true)),
                        Err(again) => {
                            host = again;
                            continue;
                        }
                    },
                },
            };
            let lease = self.connect(host).await?;
            if let Some(first) = first {
                first.send_replace(true);
            }
            return Ok((lease, false));
        }
    }

    async fn connect(&self, host: Arc<Host>) -> Result<Lease, PoolError> {
        let dialled = self.dial.clone().call(host.uri().clone()).await.map_err(PoolError::Connect)?;
        let broken = |error| PoolError::Broken { error, stale: false };
        if dialled.is_http2() {
            let streams = open::http2(dialled).await.map_err(broken)?;
            Ok(Lease::stream(host.add(streams)))
        } else {
            let line = open::http1(dialled).await.map_err(broken)?;
            host.speaks_http1();
            Ok(Lease::line(line, host))
        }
    }
}
