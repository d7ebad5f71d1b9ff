//! The gateway's own doors, seen from the way out: a call that would come in again is not made.
//!
//! It could go round for ever, and each round would hold places. Names are known from the settings; an address is known
//! to be this machine's when the connection to it has the same one at both ends.

use std::net::SocketAddr;

use http::{Uri, uri::Scheme};

/// A host that leads back here. It is not named: callers see this text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the upstream's host leads back to this gateway")]
pub struct Loop;

/// Where this gateway is reached.
#[derive(Clone, Debug, Default)]
pub struct Own {
    /// Hosts and their ports.
    hosts: Vec<(String, u16)>,
    /// A domain below which every host is one, and its port.
    domain: Option<(String, u16)>,
    /// The ports of its sockets.
    ports: Vec<u16>,
}

impl Own {
    /// The doors with these public URLs and these sockets, and every host below `domain` at the first URL's port.
    pub fn new(urls: &[&str], domain: &str, sockets: impl IntoIterator<Item = SocketAddr>) -> Self {
        let hosts: Vec<_> = urls.iter().filter_map(|url| place(&url.parse().ok()?)).collect();
        let domain = hosts.first().map(|(_, port)| (format!(".{}", domain.to_ascii_lowercase()), *port));
        Self { hosts, domain, ports: sockets.into_iter().map(|socket| socket.port()).collect() }
    }

    /// Whether `uri` names one of the doors.
    pub(super) fn is_named(&self, uri: &Uri) -> bool {
        let Some((host, port)) = place(uri) else { return false };
        let below = |(domain, at): &(String, u16)| port == *at && host.ends_with(domain);
        self.domain.as_ref().is_some_and(below) || self.hosts.contains(&(host, port))
    }

    /// Whether a connection between these two ends is one to a door.
    pub(super) fn is_reached(&self, local: SocketAddr, peer: SocketAddr) -> bool {
        let (here, there) = (local.ip().to_canonical(), peer.ip().to_canonical());
        self.ports.contains(&peer.port()) && (here == there || (here.is_loopback() && there.is_loopback()))
    }
}

/// Host and port, in one spelling.
fn place(uri: &Uri) -> Option<(String, u16)> {
    let default = if uri.scheme() == Some(&Scheme::HTTPS) { 443 } else { 80 };
    let host = uri.host()?.trim_end_matches('.').to_ascii_lowercase();
    Some((host, uri.port_u16().unwrap_or(default)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn own() -> Own {
        let sockets = ["0.0.0.0:8080", "127.0.0.1:8081"].map(|socket| socket.parse().unwrap());
        Own::new(&["https://gw.example.com", "http://control.example.com:8081"], "apps.example.com", sockets)
    }

    #[test]
    fn rt_10_the_gateways_own_names_are_known_in_every_spelling() {
        for (uri, is_own) in [
            ("https://gw.example.com/x", true),
            ("https://GW.Example.com./x", true),
            ("https://gw.example.com:443/x", true),
            ("http://gw.example.com/x", false),
            ("https://gw.example.com:8443/x", false),
            ("http://control.example.com:8081/", true),
            ("https://stripe.apps.example.com/", true),
            ("https://apps.example.com/", false),
            ("https://evilapps.example.com/", false),
            ("https://api.example.com/", false),
        ] {
            assert_eq!(own().is_named(&uri.parse().unwrap()), is_own, "{uri}");
        }
    }

    #[test]
    fn rt_10_a_connection_to_an_own_socket_has_one_address_at_both_ends() {
        for (local, peer, is_own) in [
            ("10.0.0.5:40000", "10.0.0.5:8080", true),
            ("127.0.0.1:40000", "127.0.0.9:8080", true),
            ("[::1]:40000", "[::1]:8081", true),
            ("[::ffff:10.0.0.5]:40000", "10.0.0.5:8080", true),
            ("10.0.0.5:40000", "10.0.0.6:8080", false),
            ("127.0.0.1:40000", "127.0.0.1:9999", false),
        ] {
            assert_eq!(own().is_reached(local.parse().unwrap(), peer.parse().unwrap()), is_own, "{peer}");
        }
    }
}
