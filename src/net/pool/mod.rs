//! Connections to upstreams, kept for the next call to the same host.
//!
//! An HTTP/1.1 connection belongs to one call at a time and comes back only when that call ended as it should; in every
//! other case it is closed. An HTTP/2 connection takes as many calls as its peer allows. The next one gets a further
//! connection, so that nobody waits for streams that somebody else holds.

mod lease;
mod open;
mod places;

use std::sync::Arc;

use http::{Request, Response, Uri};
use hyper::body::Incoming;
use tower::Service as _;

pub(super) use self::lease::Lease;
use self::places::{Key, Place, Places};
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
        /// Whether it had been there before this request.
        kept: bool,
    },
}

impl PoolError {
    /// Whether a kept connection turned out to be dead.
    pub(super) fn is_stale(&self) -> bool {
        // What is no HTTP was an answer; what the user of the library did was our own doing.
        matches!(self, Self::Broken { error, kept: true } if !error.is_parse() && !error.is_user())
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
        mut request: Request<Body>,
        fresh: bool,
    ) -> Result<(Response<Incoming>, Lease), PoolError> {
        let uri = request.uri().clone();
        loop {
            let (mut lease, kept) = self.lease(&uri, fresh).await?;
            let mut error = match lease.send(request).await {
                Ok(response) => return Ok((response, lease)),
                Err(error) => error,
            };
            // A request that comes back was not begun to be written: it goes out on another connection as if for the
            // first time.
            let unsent = error.take_message().filter(|_| kept);
            let Some(unsent) = unsent else {
                return Err(PoolError::Broken { error: error.into_error(), kept });
            };
            request = unsent;
            *request.uri_mut() = uri.clone();
        }
    }

    /// A connection for one request, and whether it was there already.
    async fn lease(&self, uri: &Uri, fresh: bool) -> Result<(Lease, bool), PoolError> {
        let key = Key::of(uri).ok_or_else(|| PoolError::Connect("the URL has no host".into()))?;
        let kept = if fresh { None } else { self.places.take(&key) };
        match kept {
            Some(lease) => Ok((lease, true)),
            // Apart, so that the usual call needs no room for this.
            None => Box::pin(self.dialled(uri, key, fresh)).await,
        }
    }

    /// A new connection; or one that somebody else dialled meanwhile and that has room.
    async fn dialled(&self, uri: &Uri, key: Key, fresh: bool) -> Result<(Lease, bool), PoolError> {
        loop {
            // Only an HTTP/2 host is worth waiting for: its next connection has room for all who wait.
            let first = match self.places.turn(&key, !fresh && self.dial.offers_http2(uri)) {
                Place::Free => None,
                Place::First(first) => Some(first),
                Place::Wait(mut wait) => match wait.wait_for(|is_there| *is_there).await {
                    Err(_) => None,
                    Ok(_) => match self.places.take(&key) {
                        Some(lease) => return Ok((lease, true)),
                        None => continue,
                    },
                },
            };
            let lease = self.connect(uri, key).await?;
            if let Some(first) = first {
                first.send_replace(true);
            }
            return Ok((lease, false));
        }
    }

    async fn connect(&self, uri: &Uri, key: Key) -> Result<Lease, PoolError> {
        let dialled = self.dial.clone().call(uri.clone()).await.map_err(PoolError::Connect)?;
        let broken = |error| PoolError::Broken { error, kept: false };
        if dialled.is_http2() {
            let streams = open::http2(dialled).await.map_err(broken)?;
            Ok(Lease::stream(self.places.add(key, streams)))
        } else {
            let line = open::http1(dialled).await.map_err(broken)?;
            self.places.speaks_http1(&key);
            Ok(Lease::line(line, &self.places, key))
        }
    }
}
