//! Whose request it is, by address: the peer's, or what the operator's own proxies say of it.
//!
//! Each proxy adds the address it was called from at the end, so the list is read from its end, and only as far as
//! those who wrote it are trusted. What stands further left is the caller's own and says nothing.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use http::{HeaderMap, HeaderName, header::FORWARDED};
use ipnet::IpNet;

use super::Service;
use crate::net::arrival::Arrival;

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// `service`, told the address of who stands behind the proxies in `trusted`.
#[must_use]
pub fn behind_proxies(trusted: Vec<IpNet>, service: Service) -> Service {
    if trusted.is_empty() {
        return service;
    }
    Arc::new(move |mut request| {
        if let Some(peer) = Arrival::address(request.extensions()) {
            let found = of(peer, request.headers(), &trusted);
            if let Some(arrival) = request.extensions_mut().get_mut::<Arrival>() {
                arrival.from = found;
            }
        }
        service(request)
    })
}

/// The address by which a request from `peer` counts, where `trusted` are the operator's proxies.
fn of(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let ours = |address: &IpAddr| trusted.iter().any(|range| range.contains(address));
    let mut address = peer.to_canonical();
    if !ours(&address) {
        return address;
    }
    for named in hops(headers) {
        // What can't be read was still written by a proxy of ours: it counts as that proxy.
        let Some(named) = named else { break };
        address = named;
        if !ours(&address) {
            break;
        }
    }
    address
}

/// The addresses that a head names, the last one first; none where nobody can say which field is the proxies' own.
fn hops(headers: &HeaderMap) -> Vec<Option<IpAddr>> {
    let listed = list(headers, &X_FORWARDED_FOR, |hop| address(hop.trim()));
    let forwarded = list(headers, &FORWARDED, |hop| hop.split(';').find_map(forwarded_for).and_then(address));
    match (listed.is_empty(), forwarded.is_empty()) {
        (_, true) => listed,
        (true, false) => forwarded,
        // A proxy writes one of them and passes the caller's other one on.
        (false, false) if listed == forwarded => listed,
        (false, false) => Vec::new(),
    }
}

fn list(
    headers: &HeaderMap,
    name: &HeaderName,
    read: impl Fn(&str) -> Option<IpAddr>,
) -> Vec<Option<IpAddr>> {
    let fields = headers.get_all(name).iter().map(|value| value.to_str().unwrap_or_default());
    let mut hops: Vec<_> = fields.flat_map(|field| field.split(',')).map(read).collect();
    hops.reverse();
    hops
}

/// The value of `for=` in one element of `Forwarded` (RFC 7239 4).
fn forwarded_for(pair: &str) -> Option<&str> {
    let (name, value) = pair.trim().split_once('=')?;
    name.eq_ignore_ascii_case("for").then(|| value.trim_matches('"'))
}

/// An address, perhaps in brackets, perhaps with a port.
fn address(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    let found = bare.parse().or_else(|_| text.parse().map(|with_port: SocketAddr| with_port.ip()));
    found.ok().map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(peer: &str, fields: &[(&'static str, &str)]) -> String {
        let trusted = ["10.0.0.0/8", "fd00::/8"].map(|range| range.parse().unwrap());
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.append(HeaderName::from_static(name), value.parse().unwrap());
        }
        of(peer.parse().unwrap(), &headers, &trusted).to_string()
    }

    #[test]
    fn rl_5_who_is_no_proxy_of_ours_speaks_for_nobody() {
        for field in ["x-forwarded-for", "forwarded", "x-real-ip"] {
            assert_eq!(seen("203.0.113.9", &[(field, "198.51.100.1")]), "203.0.113.9", "{field}");
        }
        assert_eq!(seen("::ffff:203.0.113.9", &[]), "203.0.113.9");
        assert_eq!(seen("10.0.0.1", &[]), "10.0.0.1");
        assert_eq!(seen("10.0.0.1", &[("x-real-ip", "198.51.100.1")]), "10.0.0.1");
    }

    #[test]
    fn rl_5_the_right_most_address_that_is_not_ours_counts() {
        for (value, found) in [
            ("198.51.100.1", "198.51.100.1"),
            ("1.2.3.4, 198.51.100.1", "198.51.100.1"),
            ("1.2.3.4, 198.51.100.1, 10.9.9.9", "198.51.100.1"),
            ("198.51.100.1:4711", "198.51.100.1"),
            ("2001:db8::1", "2001:db8::1"),
            ("[2001:db8::1]:80,fd00::7", "2001:db8::1"),
            ("::ffff:198.51.100.1", "198.51.100.1"),
            // All of it ours: the one furthest away.
            ("10.1.1.1, 10.2.2.2", "10.1.1.1"),
            // What nobody can read ends the list.
            ("198.51.100.1, unknown", "10.0.0.1"),
            ("198.51.100.1, nonsense, 10.2.2.2", "10.2.2.2"),
            ("", "10.0.0.1"),
        ] {
            assert_eq!(seen("10.0.0.1", &[("x-forwarded-for", value)]), found, "{value}");
        }
        let two = [("x-forwarded-for", "1.2.3.4"), ("x-forwarded-for", "198.51.100.1")];
        assert_eq!(seen("10.0.0.1", &two), "198.51.100.1");
    }

    #[test]
    fn rl_5_forwarded_says_the_same() {
        for (value, found) in [
            ("for=198.51.100.1", "198.51.100.1"),
            ("for=1.2.3.4, For=\"198.51.100.1:80\";proto=https, for=10.1.1.1", "198.51.100.1"),
            ("by=10.0.0.1;for=\"[2001:db8::1]\"", "2001:db8::1"),
            ("for=198.51.100.1, for=_hidden", "10.0.0.1"),
            ("proto=https", "10.0.0.1"),
        ] {
            assert_eq!(seen("10.0.0.1", &[("forwarded", value)]), found, "{value}");
        }
    }

    #[test]
    fn rl_5_of_two_fields_that_disagree_neither_is_believed() {
        let both = |value| [("x-forwarded-for", "198.51.100.1"), ("forwarded", value)];
        assert_eq!(seen("10.0.0.1", &both("for=198.51.100.1")), "198.51.100.1");
        assert_eq!(seen("10.0.0.1", &both("for=203.0.113.5")), "10.0.0.1");
    }
}
