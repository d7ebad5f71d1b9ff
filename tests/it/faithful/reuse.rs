//! Which version of HTTP an upstream is spoken to in, and over how many connections.

use std::{collections::BTreeSet, sync::Arc};

use http::Version;

use crate::harness::{
    resolver::Names,
    secure::{Asked, Certificate, Connection, Secure, ok},
    world::{Plan, World},
};

/// An upstream that offers `alpn`, and a gateway with an app there that may use HTTP/2, or may not.
async fn stage(alpn: &[&str], http2: bool) -> (Secure, World) {
    let certificate = Certificate::of("api.secure.test");
    let upstream = Secure::start(&certificate, alpn, |_, _| ok("secure")).await;
    let dir = tempfile::tempdir().unwrap();
    let file = format!(
        r#"
        name = "secure"
        display_name = "Secure"
        base = "https://api.secure.test:{}"
        http2 = {http2}
        no_probe = "a test's upstream"
        [[auth]]
        method = "API_KEY"
        fields = [{{ name = "api_key", label = "Key", secret = true }}]
        inject = [{{ header = "Authorization", value = "Bearer ${{api_key}}" }}]
        "#,
        upstream.address.port()
    );
    let trusted = certificate.write(dir.path()).0;
    let mut plan =
        Plan::default().app("secure", file).set(|settings| settings.egress.ca_file = Some(trusted));
    plan.resolver = Arc::new(Names::default());
    let world = plan.start().await;
    world.connect("secure", "sk_real").await;
    (upstream, world)
}

fn connections(upstream: &Secure) -> BTreeSet<usize> {
    let number = |asked: &Asked| asked.head.extensions.get::<Connection>().unwrap().0;
    upstream.seen().iter().map(number).collect()
}

#[tokio::test]
async fn an_upstream_is_spoken_to_in_what_it_offers_and_over_one_connection() {
    for (alpn, http2, spoken) in [
        (&["h2", "http/1.1"][..], true, Version::HTTP_2),
        (&["h2"], true, Version::HTTP_2),
        (&["http/1.1"], true, Version::HTTP_11),
        (&["h2", "http/1.1"], false, Version::HTTP_11),
        // Without ALPN there is no HTTP/2.
        (&[], true, Version::HTTP_11),
    ] {
        let (upstream, world) = stage(alpn, http2).await;
        for number in 0..10 {
            let reply = world.get(&format!("/secure/{number}")).await;
            assert_eq!((reply.status.as_u16(), reply.text()), (200, "secure"), "{alpn:?} {http2}");
        }
        let seen = upstream.seen();
        assert!(seen.iter().all(|asked| asked.head.version == spoken), "{alpn:?} {http2}");
        // The upstream's own name, once: beside the fields in HTTP/2, in one of them before.
        let named = |asked: &Asked| {
            let field = asked.head.headers.get("host").map(|host| host.to_str().unwrap().to_owned());
            [asked.head.uri.authority().map(ToString::to_string), field]
        };
        let own = Some(format!("api.secure.test:{}", upstream.address.port()));
        let expected = if spoken == Version::HTTP_2 { [own, None] } else { [None, own] };
        assert!(seen.iter().all(|asked| named(asked) == expected), "{:?}", seen.first().map(named));
        assert_eq!(connections(&upstream).len(), 1, "{alpn:?} {http2}");
        if spoken == Version::HTTP_2 {
            // Many at once share it as well: each thread has its own.
            futures_util::future::join_all((0..30).map(|_| world.get("/secure/x"))).await;
            let threads = std::thread::available_parallelism().unwrap().get();
            assert_eq!(upstream.seen().len(), 40);
            assert!(connections(&upstream).len() <= threads);
        }
    }
}
