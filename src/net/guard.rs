//! Which addresses may be dialled: every one is vetted at the moment it is dialled, and only vetted ones are.
//!
//! A name is resolved here and its addresses are dialled as they were vetted, so that a name which is public when
//! checked can't be private when used. Literal addresses skip the resolver of the HTTP library; they are vetted on
//! their own. Odd spellings (`0x7f.1`, `2130706433`) are no literals to the library: the resolver reads them, and its
//! answer is vetted like any other.

mod ranges;

use std::{
    future::Future,
    io,
    net::{IpAddr, SocketAddr},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use http::Uri;
use hyper_util::client::legacy::connect::{HttpConnector, dns::Name};
use ipnet::IpNet;
use tokio::time::timeout;
use tower::Service;

use self::ranges::{embedded, public};
use super::{
    body::BoxError,
    own::{Loop, Own},
};

/// How long a name may take that is only asked about.
const PATIENCE: Duration = Duration::from_secs(5);

type Pending<T, E> = Pin<Box<dyn Future<Output = Result<T, E>> + Send>>;

/// Where names become addresses; tests bring their own.
pub trait Resolve: Send + Sync + 'static {
    /// Every address of `host`. A port other than 0 is used where the URL names none.
    fn resolve(&self, host: String) -> Pending<Vec<SocketAddr>, io::Error>;
}

/// The resolver of the operating system.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemResolver;

impl Resolve for SystemResolver {
    fn resolve(&self, host: String) -> Pending<Vec<SocketAddr>, io::Error> {
        Box::pin(async move { Ok(tokio::net::lookup_host((host, 0)).await?.collect()) })
    }
}

/// An address that may not be dialled. It is not named: callers see this text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the upstream's address is private or reserved; the operator can permit it with egress.allow")]
pub struct Forbidden;

/// Tells addresses of the public internet from all others.
#[derive(Clone, Debug, Default)]
pub struct Guard {
    allow: Arc<[IpNet]>,
}

impl Guard {
    /// Public addresses, and those of `allow`.
    pub fn new(allow: impl Into<Arc<[IpNet]>>) -> Self {
        Self { allow: allow.into() }
    }

    /// Whether `address` may be dialled.
    pub fn permits(&self, address: IpAddr) -> bool {
        let plain = embedded(address);
        self.allow.iter().any(|net| net.contains(&address) || net.contains(&plain)) || public(plain)
    }

    /// Whether a host that is written as an address may be dialled; names are vetted when they are resolved.
    pub fn permits_literal(&self, host: &str) -> bool {
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        bare.parse().map_or(true, |address| self.permits(address))
    }
}

/// The resolver given to the HTTP library: only vetted addresses come out.
#[derive(Clone)]
pub(super) struct Vetted {
    guard: Guard,
    resolver: Arc<dyn Resolve>,
}

impl Vetted {
    /// What `guard` permits of what `resolver` finds.
    pub(super) fn new(guard: Guard, resolver: Arc<dyn Resolve>) -> Self {
        Self { guard, resolver }
    }

    /// Dials nothing: whether `host` would be dialled as names stand now. One that no address is known of passes.
    pub(super) async fn permits(&self, host: &str) -> bool {
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        if let Ok(address) = bare.parse() {
            return self.guard.permits(address);
        }
        match timeout(PATIENCE, self.resolver.resolve(bare.to_owned())).await {
            Ok(Ok(found)) if !found.is_empty() => {
                found.iter().any(|address| self.guard.permits(address.ip()))
            }
            _ => true,
        }
    }
}

impl Service<Name> for Vetted {
    type Response = std::vec::IntoIter<SocketAddr>;
    type Error = io::Error;
    type Future = Pending<Self::Response, io::Error>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), io::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, name: Name) -> Self::Future {
        let answer = self.resolver.resolve(name.as_str().to_owned());
        let guard = self.guard.clone();
        Box::pin(async move {
            let mut found = answer.await?;
            let any = !found.is_empty();
            found.retain(|address| guard.permits(address.ip()));
            if any && found.is_empty() {
                return Err(io::Error::new(io::ErrorKind::PermissionDenied, Forbidden));
            }
            Ok(found.into_iter())
        })
    }
}

/// The TCP connector, behind the guard.
#[derive(Clone)]
pub(super) struct Guarded {
    guard: Guard,
    own: Arc<Own>,
    tcp: HttpConnector<Vetted>,
}

impl Guarded {
    /// Dials what `vetted` lets through and is not the gateway's `own`.
    pub(super) fn new(vetted: Vetted, own: Own, set: impl FnOnce(&mut HttpConnector<Vetted>)) -> Self {
        let guard = vetted.guard.clone();
        let mut tcp = HttpConnector::new_with_resolver(vetted);
        set(&mut tcp);
        Self { guard, own: Arc::new(own), tcp }
    }
}

impl Service<Uri> for Guarded {
    type Response = <HttpConnector<Vetted> as Service<Uri>>::Response;
    type Error = BoxError;
    type Future = Pending<Self::Response, BoxError>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.tcp.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        if !uri.host().is_some_and(|host| self.guard.permits_literal(host)) {
            return Box::pin(async { Err(Forbidden.into()) });
        }
        if self.own.is_named(&uri) {
            return Box::pin(async { Err(Loop.into()) });
        }
        let (dialling, own) = (self.tcp.call(uri), Arc::clone(&self.own));
        Box::pin(async move {
            let dialled = dialling.await?;
            let socket = dialled.inner();
            if own.is_reached(socket.local_addr()?, socket.peer_addr()?) {
                return Err(Loop.into());
            }
            Ok(dialled)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_allowed_range_is_permitted_also_in_its_mapped_form_and_nothing_beside_it() {
        let guard = Guard::new(["10.1.0.0/16".parse().unwrap()]);
        let permits = |address: &str| guard.permits(address.parse().unwrap());
        assert!(permits("10.1.2.3") && permits("::ffff:10.1.2.3"));
        assert!(!permits("10.2.0.1") && !permits("127.0.0.1"));
    }

    #[test]
    fn rt_8_literal_hosts_are_vetted() {
        let guard = Guard::default();
        for host in ["127.0.0.1", "[::1]", "[::ffff:10.0.0.1]", "169.254.169.254"] {
            assert!(!guard.permits_literal(host), "{host}");
        }
        for host in ["8.8.8.8", "[2606:4700::1111]", "example.com", "0x7f.1", "2130706433"] {
            assert!(guard.permits_literal(host), "{host}: the resolver's answer decides, or it is public");
        }
    }

    struct Fixed(Vec<IpAddr>);

    impl Resolve for Fixed {
        fn resolve(&self, _: String) -> Pending<Vec<SocketAddr>, io::Error> {
            let addresses = self.0.iter().map(|address| SocketAddr::new(*address, 0)).collect();
            Box::pin(async { Ok(addresses) })
        }
    }

    async fn dialled(addresses: &[&str]) -> Result<Vec<String>, io::ErrorKind> {
        let found = addresses.iter().map(|address| address.parse().unwrap()).collect();
        let mut vetted = Vetted { guard: Guard::default(), resolver: Arc::new(Fixed(found)) };
        let answer = vetted.call("name.example".parse().unwrap()).await.map_err(|error| error.kind())?;
        Ok(answer.map(|address| address.ip().to_string()).collect())
    }

    #[tokio::test]
    async fn rt_8_only_vetted_addresses_of_a_name_are_dialled() {
        assert_eq!(dialled(&["127.0.0.1", "8.8.8.8", "::1"]).await.unwrap(), ["8.8.8.8"]);
        assert_eq!(dialled(&["127.0.0.1", "::1"]).await.unwrap_err(), io::ErrorKind::PermissionDenied);
    }
}
