use http::{HeaderMap, HeaderName, HeaderValue, Method};

use super::*;
use crate::{
    clock::{Clock, Timestamp},
    plane::rewrite::tests::{asked, credential},
    vault::Vault,
};

const GATEWAY: &str = "https://gw.example.com";

fn fields(fields: &[(&'static str, &'static str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in fields {
        headers.append(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    headers
}

struct World {
    links: Links,
    owner: OwnerId,
}

impl World {
    fn new() -> Self {
        let clock = Clock::test(Timestamp::from_micros(1_000_000));
        let owner = OwnerId::new(clock.now());
        Self { links: Links::new(Vault::generate().0, clock, GATEWAY), owner }
    }

    /// What becomes of one field in the answer to GET /acme/v1/items/7.
    fn becomes(&self, name: &'static str, value: &'static str) -> Option<String> {
        self.becomes_after(Method::GET, "/acme/v1/items/7", name, value)
    }

    fn becomes_after(
        &self,
        method: Method,
        target: &str,
        name: &'static str,
        value: &'static str,
    ) -> Option<String> {
        let (asked, credential) = (asked(method, target), credential());
        let context = Context {
            gateway_url: GATEWAY,
            links: &self.links,
            owner: self.owner,
            asked: &asked,
            credential: &credential,
        };
        let mut headers = fields(&[(name, value)]);
        translate(&mut headers, &context);
        headers.get(name).map(|value| value.to_str().unwrap().to_owned())
    }

    /// Where a sealed link leads.
    fn opened(&self, url: &str) -> Option<String> {
        let link = self.links.open(url.strip_prefix("https://gw.example.com/~/")?)?;
        assert_eq!((link.owner, link.app.as_str()), (self.owner, "acme"));
        Some(link.target)
    }
}

#[test]
fn hd_3_what_ends_at_this_hop_is_removed() {
    let mut headers = fields(&[
        ("connection", "keep-alive, x-nominated"),
        ("keep-alive", "timeout=5"),
        ("transfer-encoding", "chunked"),
        ("x-nominated", "1"),
        ("trailer", "grpc-status"),
        ("upgrade", "h2c"),
        ("proxy-authenticate", "Basic"),
        ("content-type", "text/plain"),
        ("x-custom", "1"),
        ("x-custom", "2"),
    ]);
    clean(&mut headers, false);
    assert_eq!(headers, fields(&[("content-type", "text/plain"), ("x-custom", "1"), ("x-custom", "2")]));
}

#[test]
fn trailers_are_announced_to_who_takes_them() {
    let mut headers = fields(&[("trailer", "Grpc-Status, set-cookie"), ("te", "trailers")]);
    clean(&mut headers, true);
    assert_eq!(headers, fields(&[("trailer", "grpc-status")]));
}

#[test]
fn hd_3_hd_9_trailers_bring_nothing_that_the_head_may_not() {
    let mut head = fields(&[("connection", "x-hop")]);
    let ending = clean(&mut head, false);
    let mut trailers = fields(&[
        ("grpc-status", "0"),
        ("x-sum", "1"),
        ("x-sum", "2"),
        ("x-hop", "1"),
        ("connection", "close"),
        ("transfer-encoding", "chunked"),
        ("content-length", "7"),
        ("location", "https://evil.test/"),
        ("set-cookie", "a=b"),
        ("alt-svc", "h3=\":443\""),
        ("strict-transport-security", "max-age=1"),
        ("keyferry-error", "rate_limited"),
        ("maton-connection", "x"),
        ("x-maton-hint", "x"),
        ("x-request-id", "x"),
    ]);
    ending.clean(&mut trailers);
    assert_eq!(trailers, fields(&[("grpc-status", "0"), ("x-sum", "1"), ("x-sum", "2")]));
}

#[test]
fn hd_9_an_upstream_does_not_speak_for_the_gateways_origin() {
    let mut headers = fields(&[
        ("set-cookie", "a=b"),
        ("set-cookie", "c=d"),
        ("alt-svc", "h3=\":443\""),
        ("strict-transport-security", "max-age=1"),
        ("keyferry-error", "rate_limited"),
        ("maton-connection", "x"),
        ("x-maton-hint", "x"),
        ("retry-after", "3"),
    ]);
    clean(&mut headers, false);
    assert_eq!(headers, fields(&[("retry-after", "3")]));
}

#[test]
fn rt_5_targets_on_the_apps_own_hosts_lead_back_through_the_gateway() {
    let world = World::new();
    for (target, expected) in [
        ("https://api.acme.example/base/v1/x?page=2#top", "/acme/v1/x?page=2#top"),
        ("http://api.acme.example/base/v1/x", "/acme/v1/x"),
        ("https://API.Acme.Example:443/base", "/acme/"),
        ("https://api.acme.example./base/x", "/acme/x"),
        ("https://user:pw@api.acme.example/base/x", "/acme/x"),
        ("//api.acme.example/base//x%2Fy", "/acme//x%2Fy"),
        ("/base/v1/x", "/acme/v1/x"),
        ("/base?x", "/acme/?x"),
        ("https://upload.acme.example/upload/7?id=1", "/acme/upload/7?id=1"),
        ("https://api.acme.example/base/x?api_key=s3cr3t%2Fk3y&a=1", "/acme/x?a=1"),
        ("https://api.acme.example/base/x?API_KEY=other", "/acme/x"),
        ("https://api.acme.example/base/t/tenant-12345/x", "/acme/t/:tenant/x"),
        ("https://api.acme.example/base/bs3cr3t%2Fk3y/x", "/acme/b:token/x"),
        (
            "https://api.acme.example/base/t/tenant-12345?tenant=tenant-12345",
            "/acme/t/:tenant?tenant=tenant-12345",
        ),
        ("https://api.acme.example/base/x?a=1#tenant-12345/x", "/acme/x?a=1#tenant-12345/x"),
        ("https://api.acme.example/base/bs3cr3t%2Fk3y?t=s3cr3t%2Fk3y&a=1", "/acme/b:token?a=1"),
        ("/base/../base/./x", "/acme/x"),
    ] {
        for field in ["location", "content-location"] {
            assert_eq!(
                world.becomes(field, target),
                Some(format!("{GATEWAY}{expected}")),
                "{field}: {target}"
            );
        }
        let link: &'static str = Box::leak(format!("<{target}>; rel=\"next\"").into_boxed_str());
        let expected = format!("<{GATEWAY}{expected}>; rel=\"next\"");
        assert_eq!(world.becomes("link", link), Some(expected), "{link}");
    }
}

#[test]
fn rt_5_targets_next_to_the_request_stay_as_they_are() {
    let world = World::new();
    for target in ["8", "?page=2", "#x", "a/b?c", ""] {
        assert_eq!(world.becomes("location", target).as_deref(), Some(target));
    }
    assert_eq!(world.becomes("location", "?api_key=x&page=2").as_deref(), Some("?page=2"));
    assert_eq!(
        world.becomes("location", "../users").as_deref(),
        Some("https://gw.example.com/acme/v1/users")
    );
}

#[test]
fn rt_5_a_target_next_to_the_bare_app_does_not_lead_to_the_gateways_own_paths() {
    let world = World::new();
    let becomes = |asked, field, target| world.becomes_after(Method::DELETE, asked, field, target);
    for asked in ["/acme", "/acme?x=/y"] {
        for field in ["location", "content-location"] {
            for (target, expected) in [
                ("connections/7", "https://gw.example.com/acme/connections/7"),
                ("connections/7?api_key=x&a=1#b", "https://gw.example.com/acme/connections/7?a=1#b"),
                ("keys", "https://gw.example.com/acme/keys"),
                ("?page=2", "?page=2"),
                ("#x", "#x"),
                ("", ""),
            ] {
                assert_eq!(
                    becomes(asked, field, target).as_deref(),
                    Some(expected),
                    "{asked} {field}: {target}"
                );
            }
        }
        let link = becomes(asked, "link", "<keys?page=2>; rel=next");
        assert_eq!(link.as_deref(), Some("<https://gw.example.com/acme/keys?page=2>; rel=next"));
    }
    for asked in ["/acme/", "http://acme.localhost:8080/"] {
        assert_eq!(becomes(asked, "location", "keys/7").as_deref(), Some("keys/7"), "{asked}");
    }
}

#[test]
fn rt_5_a_foreign_location_becomes_a_sealed_link() {
    let world = World::new();
    for (target, leads_to) in [
        ("https://files.example.com/a?b=c", "https://files.example.com/a?b=c"),
        ("http://files.example.com/a", "http://files.example.com/a"),
        ("//files.example.com/a", "https://files.example.com/a"),
        ("https://u:p@files.example.com/a", "https://files.example.com/a"),
        ("https://api.acme.example:8443/base/x", "https://api.acme.example:8443/base/x"),
        ("https://api.acme.example.evil.test/base/x", "https://api.acme.example.evil.test/base/x"),
        ("https://api.acme.example@evil.test/base/x", "https://evil.test/base/x"),
        ("https://gw.example.com/slack/x", "https://gw.example.com/slack/x"),
        ("/other/x", "https://api.acme.example/other/x"),
        ("/basement", "https://api.acme.example/basement"),
        ("https://upload.acme.example/elsewhere", "https://upload.acme.example/elsewhere"),
        ("/\\files.example.com/a", "https://files.example.com/a"),
        ("https://files.example.com/a?api_key=x&y=1", "https://files.example.com/a?y=1"),
        ("https://files.example.com/a?y=s3cr3t/k3y&z=1", "https://files.example.com/a?z=1"),
    ] {
        let sealed = world.becomes("location", target).unwrap();
        assert_eq!(world.opened(&sealed).as_deref(), Some(leads_to), "{target}: {sealed}");
    }
}

#[test]
fn foreign_links_and_other_schemes_stay() {
    let world = World::new();
    assert_eq!(
        world.becomes("link", "<https://docs.example.com/x>; rel=help, </base/y>; rel=next").as_deref(),
        Some("<https://docs.example.com/x>; rel=help, <https://gw.example.com/acme/y>; rel=next")
    );
    assert_eq!(world.becomes("location", "myapp://done?x=1").as_deref(), Some("myapp://done?x=1"));
}

#[test]
fn lg_1_a_target_with_the_credential_in_its_path_is_not_passed_on() {
    let world = World::new();
    for target in [
        "https://files.example.com/s3cr3t/k3y/x",
        "https://files.example.com/s3cr3t%2fk3y",
        "myapp://s3cr3t/k3y",
    ] {
        assert_eq!(world.becomes("location", target), None, "{target}");
    }
    let link = world.becomes("link", "<https://files.example.com/s3cr3t/k3y>; rel=next").unwrap();
    assert_eq!(link, "<about:invalid>; rel=next");
}

#[test]
fn targets_that_nobody_can_read_are_left_out() {
    assert_eq!(World::new().becomes("location", "https://a b/"), None);
    assert_eq!(World::new().becomes("location", "///evil.test"), None);
}

#[test]
fn a_target_on_a_route_is_led_back_only_if_the_call_would_come_there() {
    let world = World::new();
    let after =
        |target: &str, location| world.becomes_after(Method::POST, target, "location", location).unwrap();
    assert_eq!(after("/acme/upload/a", "/upload/b"), "https://gw.example.com/acme/upload/b");
    let sealed = after("/acme/upload/a", "/base/b");
    assert_eq!(world.opened(&sealed).as_deref(), Some("https://upload.acme.example/base/b"));
}
