//! Where calls may go: not to private addresses, not to who can't prove its name, not back into this gateway.

use std::{net::Ipv4Addr, sync::Arc};

use http::Method;
use serde_json::{Value, json};

use crate::harness::{
    peer::Peer,
    resolver::Names,
    secure::{Certificate, Secure, ok},
    upstream::Upstream,
    world::{Plan, World},
};

/// An app at whatever host its user names, by a typed-in key or by consent.
const ANYWHERE: &str = r#"
    name = "anywhere"
    display_name = "Anywhere"
    base = "https://${host}/api"
    no_probe = "a test's upstream"
    [[field]]
    name = "host"
    label = "Host"
    pattern = "^[a-z0-9.-]+$"
    from = "user"
    [[auth]]
    method = "API_KEY"
    fields = [{ name = "api_key", label = "Key", secret = true }]
    inject = [{ header = "Authorization", value = "Bearer ${api_key}" }]
    [[auth]]
    method = "OAUTH2"
    register = { url = "https://${host}/clients" }
    authorize = { url = "https://${host}/authorize" }
    token = { url = "https://${host}/token" }
    inject = [{ header = "Authorization", value = "Bearer ${access_token}" }]
"#;

async fn connections(world: &World) -> usize {
    let list = world.api(&world.key, Method::GET, "/connections", None).await.json();
    list["connections"].as_array().unwrap().len()
}

/// A new connection to `host`, with a key or to be finished in a browser.
fn new(host: &str, finished: bool) -> Value {
    let mut new = json!({"app": "anywhere", "method": "OAUTH2", "fields": {"host": host}});
    if finished {
        new["method"] = "API_KEY".into();
        new["credentials"] = json!({"api_key": "sk_real"});
    }
    new
}

#[tokio::test]
async fn rt_8_a_host_that_is_a_private_address_in_any_spelling_is_not_stored() {
    let mut plan = Plan::default().app("anywhere", ANYWHERE);
    plan.settings.egress.allow.clear();
    let world = plan.start().await;
    for host in [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f.1",
        "0x7f000001",
        "017700000001",
        "0177.0.0.1",
        "10.1.2.3",
        "192.168.0.1",
        "172.16.5.4",
        "169.254.169.254",
        "100.100.100.200",
        "100.64.0.1",
        "168.63.129.16",
        "224.0.0.1",
        "255.255.255.255",
        "0.0.0.0",
        "0",
        "198.18.0.1",
        "localhost",
    ] {
        for finished in [true, false] {
            let reply = world.api(&world.key, Method::POST, "/connections", Some(new(host, finished))).await;
            let body = reply.assert_problem(422, "invalid");
            assert_eq!(body["field"], "fields.host", "{host}: {body}");
            assert!(body["detail"].as_str().unwrap().contains("egress.allow"), "{body}");
        }
    }
    assert_eq!(connections(&world).await, 0);
}

#[tokio::test]
async fn rt_8_a_name_is_vetted_when_it_is_stored_and_again_when_it_is_dialled() {
    let names = Names::default();
    let mut plan = Plan::default().app("anywhere", ANYWHERE);
    plan.settings.egress.allow.clear();
    plan.resolver = Arc::new(names.clone());
    let world = plan.start().await;
    let post =
        async || world.api(&world.key, Method::POST, "/connections", Some(new("a.example.com", true))).await;
    for address in [
        "127.0.0.1",
        "10.0.0.1",
        "169.254.169.254",
        "100.100.100.200",
        "0.0.0.0",
        "239.1.1.1",
        "::1",
        "::",
        "fd00::1",
        "fe80::1",
        "ff02::1",
        "::ffff:127.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b::a00:1",
        "2002:7f00:1::",
    ] {
        names.lead_to(address.parse().unwrap());
        post().await.assert_problem(422, "invalid");
    }
    assert_eq!(connections(&world).await, 0);
    names.lead_to("203.0.114.7".parse().unwrap());
    assert_eq!(post().await.status, 200);
    // Public when it was stored, this machine when it is dialled.
    for address in ["127.0.0.1", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "::1"] {
        names.lead_to(address.parse().unwrap());
        world.get("/anywhere/x").await.assert_problem(502, "upstream_unreachable");
    }
}

#[tokio::test]
async fn rt_8_where_the_vetted_address_is_there_the_connection_goes() {
    let upstream = Upstream::start().await;
    let names = Names::default();
    let mut plan =
        Plan::default().key_app("things", &format!("http://a.example.com:{}", upstream.address.port()));
    plan.resolver = Arc::new(names.clone());
    plan.settings.egress.allow = vec!["127.0.0.1/32".parse().unwrap()];
    let world = plan.start().await;
    world.connect("things", "sk_real").await;
    assert_eq!(world.get("/things/x").await.status, 200);
    assert_eq!(names.asked(), ["a.example.com"], "asked once, and what was answered was vetted and dialled");
    names.lead_to(Ipv4Addr::new(127, 0, 0, 2).into());
    assert_eq!(world.get("/things/x").await.status, 200, "a connection that is open stays good");
    assert_eq!(upstream.seen().len(), 2);
}

/// A gateway with the app `secure` at this port, which trusts this certificate.
async fn trusting(certificate: &Certificate, port: u16) -> World {
    let dir = tempfile::tempdir().unwrap();
    let mut plan = Plan::default()
        .key_app("secure", &format!("https://api.secure.test:{port}"))
        .set(|settings| settings.egress.ca_file = Some(certificate.write(dir.path()).0));
    plan.resolver = Arc::new(Names::default());
    let world = plan.start().await;
    world.connect("secure", "sk_real").await;
    world
}

#[tokio::test]
async fn rt_9_an_expired_certificate_is_not_spoken_to() {
    let certificate = Certificate::expired("api.secure.test");
    let upstream = Secure::start(&certificate, &["http/1.1"], |_, _| ok("x")).await;
    let world = trusting(&certificate, upstream.address.port()).await;
    world.get("/secure/x").await.assert_problem(502, "upstream_unreachable");
    assert!(upstream.seen().is_empty());
}

#[tokio::test]
async fn rt_9_an_old_tls_is_not_spoken() {
    // A server hello of TLS 1.1: version, random, no session, a cipher, no compression.
    for version in [[3, 0], [3, 1], [3, 2]] {
        let (said, mut heard) = tokio::sync::mpsc::unbounded_channel();
        let old = Peer::start(move |mut line| {
            let said = said.clone();
            async move {
                line.until(b"api.secure.test").await;
                let mut hello = vec![22, version[0], version[1], 0, 42, 2, 0, 0, 38, version[0], version[1]];
                hello.extend([7; 32]);
                hello.extend([0, 0xc0, 0x2f, 0]);
                line.send(hello).await;
                let _ = said.send(line.closed().await);
            }
        })
        .await;
        let world = trusting(&Certificate::of("api.secure.test"), old.address.port()).await;
        world.get("/secure/x").await.assert_problem(502, "upstream_unreachable");
        let heard = heard.recv().await.unwrap();
        assert!(heard.ends_with(&[21, 3, 3, 0, 2, 2, 70]), "ends with the alert protocol_version: {heard:?}");
        assert!(!heard.windows(4).any(|window| window == b"GET "));
    }
}

#[tokio::test]
async fn rt_10_an_app_that_leads_back_here_ends_at_once() {
    for base in [
        "http://127.0.0.1:GATEWAY",
        "http://localhost:GATEWAY",
        "http://LOCALHOST:GATEWAY/again",
        "http://again.localhost:GATEWAY",
        "http://other.example.com:GATEWAY",
    ] {
        let mut plan = Plan::default().key_app("again", base);
        plan.resolver = Arc::new(Names::default());
        let world = plan.start().await;
        // A caller who stores a key of this gateway would be let in again.
        world.connect("again", &world.key).await;
        for path in ["/again/x", "/again/again/again/x", "/again/connections"] {
            let body = world.get(path).await.assert_problem(502, "upstream_unreachable");
            assert!(body["detail"].as_str().unwrap().contains("back to this gateway"), "{base}: {body}");
        }
    }
}
