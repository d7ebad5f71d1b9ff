//! HTTP/2 on either side.

use std::{net::Ipv4Addr, sync::Arc};

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, Version};
use http_body_util::{BodyExt as _, Full, StreamBody};
use hyper::body::Frame;
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use keyferry::net::body;

use crate::harness::{
    resolver::Names,
    secure::{Asked, Certificate, Secure, ok, stage},
    upstream::Upstream,
    world::{Plan, World},
};

/// A client that speaks HTTP/2 with prior knowledge.
fn client() -> Client<HttpConnector, Full<Bytes>> {
    Client::builder(TokioExecutor::new()).http2_only(true).build_http()
}

fn request(world: &World, method: Method, path: &str, body: &'static str) -> Request<Full<Bytes>> {
    Request::builder()
        .method(method)
        .uri(world.at_gateway(path))
        .header("authorization", format!("Bearer {}", world.key))
        .body(Full::from(body))
        .unwrap()
}

#[tokio::test]
async fn an_http2_caller_reaches_an_http1_upstream() {
    let upstream = Upstream::start().await;
    let world = Plan::default().key_app("things", &upstream.url()).start().await;
    world.connect("things", "sk_real").await;
    let mut request = request(&world, Method::POST, "/things/a%2Fb?c", "body");
    request.headers_mut().insert("cookie", "a=b".parse().unwrap());
    request.headers_mut().append("x-two", "1".parse().unwrap());
    request.headers_mut().append("x-two", "2".parse().unwrap());
    let response = client().request(request).await.unwrap();
    assert_eq!((response.version(), response.status().as_u16()), (Version::HTTP_2, 200));
    let seen = upstream.only();
    assert_eq!((seen.method(), seen.target(), seen.body.as_slice()), ("POST", "/a%2Fb?c", &b"body"[..]));
    assert_eq!(seen.all("x-two"), ["1", "2"]);
    assert_eq!(seen.header("host"), Some(upstream.address.to_string().as_str()));
    assert_eq!((seen.header("cookie"), seen.header("authorization")), (None, Some("Bearer sk_real")));
}

#[tokio::test]
async fn an_upstream_that_offers_http2_is_spoken_to_in_it() {
    let (upstream, world) = stage(&["h2", "http/1.1"], || ok("secure")).await;
    let reply = world.call(Method::POST, "/secure/x?y=1", &[("te", "trailers")], "body").await;
    assert_eq!((reply.status.as_u16(), reply.text()), (200, "secure"), "{reply:?}");
    let Asked { head, body, .. } = upstream.seen().pop().unwrap();
    assert_eq!((head.version, body), (Version::HTTP_2, Bytes::from("body")));
    assert_eq!(
        head.uri.authority().unwrap().as_str(),
        format!("api.secure.test:{}", upstream.address.port())
    );
    assert_eq!(head.uri.path_and_query().unwrap(), "/x?y=1");
    assert_eq!(head.headers["authorization"], "Bearer sk_real");
    assert_eq!(head.headers["te"], "trailers");
    assert!(!head.headers.contains_key("connection") && !head.headers.contains_key("host"));
}

#[tokio::test]
async fn an_upstream_without_http2_is_spoken_to_in_http1() {
    let (upstream, world) = stage(&["http/1.1"], || ok("secure")).await;
    assert_eq!(world.get("/secure/x").await.text(), "secure");
    assert_eq!(upstream.seen().pop().unwrap().head.version, Version::HTTP_11);
}

#[tokio::test]
async fn trailers_of_the_answer_reach_an_http2_caller() {
    let (_upstream, world) = stage(&["h2"], || {
        let trailers = HeaderMap::from_iter([("grpc-status".parse().unwrap(), "0".parse().unwrap())]);
        let frames = [Frame::data(Bytes::from("data")), Frame::trailers(trailers)];
        let frames = futures_util::stream::iter(frames.map(Ok::<_, std::convert::Infallible>));
        Response::new(body::boxed(StreamBody::new(frames)))
    })
    .await;
    let mut request = request(&world, Method::POST, "/secure/grpc", "x");
    request.headers_mut().insert("te", "trailers".parse().unwrap());
    let response = client().request(request).await.unwrap();
    #[expect(clippy::disallowed_methods, reason = "tests read whole answers")]
    let body = response.into_body().collect().await.unwrap();
    assert_eq!(body.trailers().unwrap()["grpc-status"], "0");
    assert_eq!(body.to_bytes(), "data");
}

#[tokio::test]
async fn rt_9_a_certificate_that_nobody_vouches_for_is_not_spoken_to() {
    let dir = tempfile::tempdir().unwrap();
    for (name, trusts_it) in [("api.secure.test", false), ("other.test", true)] {
        let certificate = Certificate::of(name);
        let upstream = Secure::start(&certificate, &["http/1.1"], |_, _| ok("x")).await;
        let trust = if trusts_it { certificate } else { Certificate::of(name) };
        let mut plan = Plan::default()
            .key_app("secure", &format!("https://api.secure.test:{}", upstream.address.port()))
            .set(|settings| settings.egress.ca_file = Some(trust.write(dir.path()).0));
        plan.resolver = Arc::new(Names::default());
        let world = plan.start().await;
        world.connect("secure", "sk_real").await;
        world.get("/secure/x").await.assert_problem(502, "upstream_unreachable");
        assert!(upstream.seen().is_empty());
    }
}

#[tokio::test]
async fn rt_8_a_name_that_turns_private_is_not_dialled() {
    let upstream = Upstream::start().await;
    let names = Names::default();
    let mut plan =
        Plan::default().key_app("things", &format!("http://api.things.test:{}", upstream.address.port()));
    plan.resolver = Arc::new(names.clone());
    let world = plan.start().await;
    world.connect("things", "sk_real").await;
    for address in
        ["10.0.0.1", "169.254.169.254", "100.100.100.200", "::1", "fd00::1", "::ffff:10.0.0.1", "0.0.0.0"]
    {
        names.lead_to(address.parse().unwrap());
        let body = world.get("/things/x").await.assert_problem(502, "upstream_unreachable");
        assert!(!body.to_string().contains(address), "{body}");
    }
    upstream.assert_untouched();
    names.lead_to(Ipv4Addr::LOCALHOST.into());
    assert_eq!(world.get("/things/x").await.status, 200);
}

#[tokio::test]
async fn a_door_with_a_certificate_offers_http2() {
    let certificate = Certificate::of("localhost");
    let dir = tempfile::tempdir().unwrap();
    let (cert_file, key_file) = certificate.write(dir.path());
    let upstream = Upstream::start().await;
    let tls = keyferry::config::Tls { cert_file: cert_file.clone(), key_file };
    let world = Plan::default()
        .key_app("things", &upstream.url())
        .set(|settings| settings.gateway.tls = Some(tls))
        .start()
        .await;
    world.connect("things", "sk_real").await;
    let egress = keyferry::net::Egress {
        allow: vec!["127.0.0.0/8".parse().unwrap()],
        ca_file: Some(cert_file),
        ..Default::default()
    };
    let client = keyferry::net::Client::new(&egress, Arc::new(Names::default())).unwrap();
    let request = Request::builder()
        .uri(format!("https://localhost:{}/things/x", world.gateway.port()))
        .header("authorization", format!("Bearer {}", world.key))
        .body(body::empty())
        .unwrap();
    let response = client.send(request).await.unwrap();
    assert_eq!((response.version(), response.status().as_u16()), (Version::HTTP_2, 200));
    assert_eq!(upstream.seen().len(), 1);
}

#[tokio::test]
async fn rp_11_a_head_beyond_the_bounds_is_refused_in_http2_too() {
    let upstream = Upstream::start().await;
    let world = Plan::default().key_app("things", &upstream.url()).start().await;
    world.connect("things", "sk_real").await;
    let mut request = request(&world, Method::GET, "/things/x", "");
    for _ in 0..100 {
        request.headers_mut().append("x-many", "1".parse().unwrap());
    }
    let response = client().request(request).await.unwrap();
    assert_eq!(
        (response.status().as_u16(), &response.headers()["keyferry-error"]),
        (431, &"head_too_large".parse().unwrap())
    );
    upstream.assert_untouched();
}
