//! Which addresses may be dialled: every one is vetted at the moment it is dialled, and only vetted ones are.
//!
//! A name is resolved here and its addresses are dialled as they were vetted, so that a name which is public when
//! checked can't be private when used. Literal addresses skip the resolver of the HTTP library; they are vetted on
//! their own. Odd spellings (`0x7f.1`, `2130706433`) are no literals to the library: the resolver reads them, and its
//! answer is vetted like any other.

use std::{
    future::Future,
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use http::Uri;
use hyper_util::client::legacy::connect::{HttpConnector, dns::Name};
use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use tower::Service;

use super::body::BoxError;

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

/// The IPv4 address that an IPv6 address stands for (mapped, NAT64), or the address itself.
fn embedded(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(v6) if NAT64.contains(&v6) => {
            let [.., a, b, c, d] = v6.octets();
            IpAddr::V4(Ipv4Addr::new(a, b, c, d))
        }
        other => other.to_canonical(),
    }
}

const NAT64: Ipv6Net = Ipv6Net::new_assert(Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, 0, 0), 96);

const fn v4(a: u8, b: u8, c: u8, d: u8, length: u8) -> Ipv4Net {
    Ipv4Net::new_assert(Ipv4Addr::new(a, b, c, d), length)
}

const fn v6(first: u16, second: u16, length: u8) -> Ipv6Net {
    Ipv6Net::new_assert(Ipv6Addr::new(first, second, 0, 0, 0, 0, 0, 0), length)
}

/// Not the public internet (IANA's special-purpose registry), and the one metadata service that hides outside it.
const RESERVED_V4: &[Ipv4Net] = &[
    v4(0, 0, 0, 0, 8),        // this network
    v4(10, 0, 0, 0, 8),       // private
    v4(100, 64, 0, 0, 10),    // carrier NAT; a cloud's metadata service
    v4(127, 0, 0, 0, 8),      // loopback
    v4(168, 63, 129, 16, 32), // Azure's metadata service
    v4(169, 254, 0, 0, 16),   // link-local; metadata services
    v4(172, 16, 0, 0, 12),    // private
    v4(192, 0, 0, 0, 24),     // protocol assignments
    v4(192, 0, 2, 0, 24),     // documentation
    v4(192, 88, 99, 0, 24),   // 6to4 relays
    v4(192, 168, 0, 0, 16),   // private
    v4(198, 18, 0, 0, 15),    // benchmarks
    v4(198, 51, 100, 0, 24),  // documentation
    v4(203, 0, 113, 0, 24),   // documentation
    v4(224, 0, 0, 0, 4),      // multicast
    v4(240, 0, 0, 0, 4),      // reserved, broadcast
];

/// What of IPv6 is given out to the public; everything outside is refused.
const GLOBAL_V6: Ipv6Net = v6(0x2000, 0, 3);

const RESERVED_V6: &[Ipv6Net] = &[
    v6(0x2001, 0, 23),     // protocol assignments: Teredo, benchmarks, ORCHID
    v6(0x2001, 0xdb8, 32), // documentation
    v6(0x2002, 0, 16),     // 6to4
    v6(0x3fff, 0, 20),     // documentation
];

fn public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => !RESERVED_V4.iter().any(|net| net.contains(&v4)),
        IpAddr::V6(v6) => GLOBAL_V6.contains(&v6) && !RESERVED_V6.iter().any(|net| net.contains(&v6)),
    }
}

/// The resolver given to the HTTP library: only vetted addresses come out.
#[derive(Clone)]
pub(super) struct Vetted {
    guard: Guard,
    resolver: Arc<dyn Resolve>,
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
    tcp: HttpConnector<Vetted>,
}

impl Guarded {
    /// Dials what `guard` permits of what `resolver` finds.
    pub(super) fn new(
        guard: Guard,
        resolver: Arc<dyn Resolve>,
        set: impl FnOnce(&mut HttpConnector<Vetted>),
    ) -> Self {
        let mut tcp = HttpConnector::new_with_resolver(Vetted { guard: guard.clone(), resolver });
        set(&mut tcp);
        Self { guard, tcp }
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
        let dialling = self.tcp.call(uri);
        Box::pin(async { dialling.await.map_err(Into::into) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn permits(address: &str) -> bool {
        Guard::default().permits(address.parse().unwrap())
    }

    #[test]
    fn rt_8_private_and_reserved_addresses_are_refused() {
        for address in [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "100.100.100.200",
            "127.0.0.1",
            "127.255.255.254",
            "168.63.129.16",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.192",
            "192.0.2.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.51.100.7",
            "203.0.113.9",
            "224.0.0.1",
            "239.1.1.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::127.0.0.1",
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
            "64:ff9b::7f00:1",
            "64:ff9b::a9fe:a9fe",
            "64:ff9b:1::1",
            "100::1",
            "2001::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "2002:808:808::",
            "3fff::1",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ] {
            assert!(!permits(address), "{address}");
        }
    }

    #[test]
    fn rt_8_public_addresses_are_permitted() {
        for address in [
            "1.1.1.1",
            "8.8.8.8",
            "100.63.255.255",
            "100.128.0.1",
            "172.15.0.1",
            "172.32.0.1",
            "168.63.129.17",
            "223.255.255.255",
            "2606:4700::1111",
            "2a00:1450:4001::1",
            "2001:4860:4860::8888",
            "::ffff:8.8.8.8",
            "64:ff9b::808:808",
        ] {
            assert!(permits(address), "{address}");
        }
    }

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
