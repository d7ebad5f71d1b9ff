//! The demo's provider and API: a small but honest OAuth 2.0 server with an API behind it that checks its tokens.
//!
//! `keyferry demo` and the tests run it; it knows nothing of the gateway and could be anybody's service. What it
//! holds is in memory and gone at its end. It is strict where real providers are: PKCE is required, a code works
//! once, a refresh token that comes back a second time ends the whole grant.

mod account;
mod api;
mod authorize;
mod bearer;
mod client;
mod error;
mod grants;
mod items;
mod page;
mod params;
mod pending;
mod random;
mod settings;
mod token;

use std::{sync::Arc, time::Duration};

use axum::{
    Router,
    routing::{any, get, post},
};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::{conn::auto, graceful::GracefulShutdown},
    service::TowerToHyperService,
};
use tokio::net::TcpListener;

use crate::clock::Clock;

pub use settings::{SandboxClient, SandboxSettings};

/// How long a listener that has no file descriptor left waits before it tries again.
const PAUSE: Duration = Duration::from_millis(50);

/// How long running answers may take to end after the stop.
const GRACE: Duration = Duration::from_secs(1);

/// The provider and its API.
#[derive(Clone)]
pub struct Sandbox {
    parts: Arc<Parts>,
}

/// What the handlers share.
struct Parts {
    settings: SandboxSettings,
    grants: grants::Grants,
    pending: pending::PendingConsents,
    shelf: items::Shelf,
    clock: Clock,
}

type Shared = axum::extract::State<Arc<Parts>>;

impl Sandbox {
    /// A provider with no grants yet and two accounts with a few items each.
    #[must_use]
    pub fn new(settings: SandboxSettings, clock: Clock) -> Self {
        let grants = grants::Grants::new(&settings, clock.clone());
        let pending = pending::PendingConsents::new(clock.clone());
        let shelf = items::Shelf::stocked(&clock);
        Self { parts: Arc::new(Parts { settings, grants, pending, shelf, clock }) }
    }

    /// Every path it serves: the OAuth server's first, then the API's.
    pub fn router(&self) -> Router {
        Router::new()
            .route("/", get(api::index))
            .route("/.well-known/oauth-authorization-server", get(authorize::metadata))
            .route("/authorize", get(authorize::ask).post(authorize::decide))
            .route("/authorize/style.css", get(page::style))
            .route("/token", post(token::token))
            .route("/revoke", post(token::revoke))
            .route("/userinfo", get(api::userinfo))
            .route("/v1/items", get(items::list).post(items::create))
            .route("/v1/items/{id}", get(items::show).delete(items::remove))
            .route("/v1/echo", any(api::echo))
            .route("/v1/events", get(api::events))
            .route("/v1/redirect", get(api::redirect))
            .fallback(api::unknown)
            .method_not_allowed_fallback(api::wrong_method)
            .with_state(Arc::clone(&self.parts))
    }

    /// Answers on `listener` until `stop` is ready, then lets running answers end.
    pub async fn serve(&self, listener: TcpListener, stop: impl Future<Output = ()>) {
        let (server, graceful) = (auto::Builder::new(TokioExecutor::new()), GracefulShutdown::new());
        let service = TowerToHyperService::new(self.router());
        let mut stop = std::pin::pin!(stop);
        loop {
            tokio::select! {
                () = &mut stop => break,
                accepted = listener.accept() => {
                    let Ok((stream, _)) = accepted else {
                        tokio::time::sleep(PAUSE).await;
                        continue;
                    };
                    let connection = server.serve_connection(TokioIo::new(stream), service.clone()).into_owned();
                    tokio::spawn(graceful.watch(connection));
                }
            }
        }
        // An event stream may run for minutes; the demo must not wait for it.
        tokio::select! {
            () = graceful.shutdown() => {}
            () = tokio::time::sleep(GRACE) => {}
        }
    }
}

#[cfg(test)]
mod tests;
