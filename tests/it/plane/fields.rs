//! What becomes of header fields, in both directions.

use http::Method;

use crate::harness::{
    raw::Raw,
    upstream::{Answer, Upstream},
    world::{Plan, World},
};

async fn stage() -> (Upstream, World) {
    let upstream = Upstream::start().await;
    let world = Plan::default().key_app("things", &upstream.url()).start().await;
    world.connect("things", "sk_real").await;
    (upstream, world)
}

/// An app that puts its key into every kind of place.
fn everywhere(upstream: &Upstream) -> String {
    format!(
        r#"
        name = "acme"
        display_name = "Acme"
        base = "{}/base"
        no_probe = "a test's upstream"
        [headers]
        Acme-Version = "2026-01-01"
        [query]
        v = "2"
        [[auth]]
        method = "API_KEY"
        fields = [{{ name = "api_key", label = "Key", secret = true }}]
        inject = [
            {{ header = "X-Api-Key", value = "${{api_key}}" }},
            {{ query = "api_key", value = "${{api_key}}" }},
            {{ path = ":token", value = "${{api_key}}" }},
        ]
        "#,
        upstream.url()
    )
}

#[tokio::test]
async fn everything_else_passes_in_its_order() {
    let (upstream, world) = stage().await;
    let mut raw = Raw::connect(world.gateway).await;
    raw.send(format!(
        "POST /things/x HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: br, x-odd\r\nX-B: 1\r\nUser-Agent: sdk/1\r\n\
         Authorization: Bearer {}\r\nX-B: 2\r\nIdempotency-Key: k\r\nIf-Match: \"e\"\r\nRange: bytes=0-\r\n\
         Content-Type: a/b\r\nX-Odd: a\tb\u{e9}\r\nContent-Length: 2\r\nOrigin: https://o.test\r\n\r\nhi",
        world.key
    ))
    .await;
    assert_eq!(raw.reply().await.status, 200);
    let seen = upstream.only();
    let names: Vec<&str> =
        seen.head.lines().skip(1).filter_map(|line| Some(line.split_once(':')?.0)).collect();
    assert_eq!(
        names,
        [
            "host",
            "accept-encoding",
            "x-b",
            "x-b",
            "user-agent",
            "authorization",
            "idempotency-key",
            "if-match",
            "range",
            "content-type",
            "x-odd",
            "content-length",
            "origin"
        ]
    );
    assert_eq!(seen.all("x-b"), ["1", "2"]);
    assert_eq!(seen.header("x-odd"), Some("a\tb\u{e9}"));
    assert_eq!(seen.body, b"hi");
}

#[tokio::test]
async fn hd_2_connection_removes_only_what_the_caller_sent() {
    let (upstream, world) = stage().await;
    for nominated in
        ["authorization", "host", "maton-connection, x-mine", "content-length", "x-api-key, close"]
    {
        let headers = [("connection", nominated), ("x-mine", "1")];
        let reply = world.call(Method::POST, "/things/x", &headers, "body").await;
        assert_eq!(reply.status, 200, "{nominated}: {}", reply.text());
        let seen = upstream.seen().pop().unwrap();
        assert_eq!(seen.header("authorization"), Some("Bearer sk_real"), "{nominated}");
        assert_eq!(seen.header("host"), Some(upstream.address.to_string().as_str()), "{nominated}");
        assert_eq!(seen.body, b"body", "{nominated}");
        assert_eq!(seen.header("x-mine").is_some(), !nominated.contains("x-mine"));
        assert_eq!(seen.header("connection"), None);
    }
}

#[tokio::test]
async fn hd_3_hop_by_hop_fields_end_here_on_the_way_up() {
    let (upstream, world) = stage().await;
    let mut raw = Raw::connect(world.gateway).await;
    raw.send(format!(
        "POST /things/x HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {}\r\nconnection: keep-alive, upgrade\r\n\
         keep-alive: timeout=9\r\nproxy-authorization: Basic eDp5\r\nproxy-connection: x\r\nte: gzip, trailers\r\n\
         trailer: x-sum\r\nupgrade: h2c\r\nhttp2-settings: AAA\r\ntransfer-encoding: chunked\r\nvia: 1.1 me\r\n\r\n\
         3\r\nabc\r\n0\r\nx-sum: 1\r\nauthorization: sneaked\r\n\r\n",
        world.key
    ))
    .await;
    assert_eq!(raw.reply().await.status, 200);
    let seen = upstream.only();
    for name in ["keep-alive", "proxy-authorization", "proxy-connection", "upgrade", "http2-settings", "via"]
    {
        assert_eq!(seen.header(name), None, "{name}");
    }
    assert_eq!((seen.header("te"), seen.header("connection")), (Some("trailers"), Some("te")));
    assert_eq!(seen.header("trailer"), Some("x-sum"), "made anew: the trailer follows");
    assert_eq!(seen.body, b"abc");
    assert_eq!(seen.all("authorization"), ["Bearer sk_real"]);
}

#[tokio::test]
async fn hd_4_internal_and_forwarding_fields_of_the_caller_are_not_passed_on() {
    let (upstream, world) = stage().await;
    let id = world.connect("things", "sk_second").await;
    let headers = [
        ("maton-connection", id.as_str()),
        ("maton-actor", "x"),
        ("x-maton-debug", "x"),
        ("keyferry-trace", "x"),
        ("cookie", "a=b"),
        ("forwarded", "for=1.2.3.4;host=evil.test"),
        ("x-forwarded-for", "1.2.3.4"),
        ("x-forwarded-host", "evil.test"),
        ("x-forwarded-proto", "https"),
        ("x-real-ip", "1.2.3.4"),
        ("x-original-url", "/admin"),
        ("x-rewrite-url", "/admin"),
    ];
    let reply = world.call(Method::GET, "/things/x", &headers, "").await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    let seen = upstream.only();
    for (name, _) in headers {
        assert_eq!(seen.header(name), None, "{name}");
    }
    assert_eq!(seen.header("host"), Some(upstream.address.to_string().as_str()));
    assert_eq!(seen.header("authorization"), Some("Bearer sk_second"));
}

#[tokio::test]
async fn hd_5_no_alias_of_an_internal_or_injected_field_passes() {
    let upstream = Upstream::start().await;
    let world = Plan::default().app("acme", everywhere(&upstream)).start().await;
    world.connect("acme", "sk_real").await;
    let aliases = [
        "maton_connection",
        "x_api_key",
        "X_Api-Key",
        "authorization_",
        "Keyferry_Connection",
        "x.api.key",
        "cookie_",
    ];
    let headers = aliases.map(|name| (name, "mine"));
    let reply = world.call(Method::GET, "/acme/x", &headers, "").await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    let seen = upstream.only();
    assert!(!seen.head.contains("mine"), "{}", seen.head);
    assert_eq!(seen.header("x-api-key"), Some("sk_real"));
}

#[tokio::test]
async fn hd_6_the_credentials_own_places_hold_its_value_only() {
    let upstream = Upstream::start().await;
    let world = Plan::default().app("acme", everywhere(&upstream)).start().await;
    world.connect("acme", "sk real").await;
    let headers = [("X-API-KEY", "mine"), ("acme-version", "2020-01-01")];
    let reply =
        world.call(Method::GET, "/acme/b:token/x?API%5fKEY=mine&a=1&api_key[]=mine", &headers, "").await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    let seen = upstream.only();
    assert_eq!(seen.target(), "/base/bsk%20real/x?a=1&v=2&api_key=sk%20real");
    assert_eq!(seen.all("x-api-key"), ["sk real"]);
    assert_eq!(seen.all("acme-version"), ["2020-01-01"]);
    assert!(!seen.head.contains("mine"));
}

#[tokio::test]
async fn hd_3_hd_9_what_an_upstream_may_not_say_ends_here() {
    let upstream = Upstream::answering(|_| {
        Answer::with(
            "200 OK",
            "set-cookie: a=b\r\nset-cookie: c=d\r\nalt-svc: h3=\":443\"\r\nstrict-transport-security: max-age=9\r\n\
             keep-alive: timeout=9\r\nconnection: keep-alive, x-hop\r\nx-hop: 1\r\nproxy-authenticate: Basic\r\n\
             keyferry-error: rate_limited\r\nmaton-connection: forged\r\nx-request-id: theirs\r\nx-two: 1\r\nx-two: 2\r\n\
             www-authenticate: Basic\r\n",
            "body",
        )
    })
    .await;
    let world = Plan::default().key_app("things", &upstream.url()).start().await;
    let id = world.connect("things", "sk_real").await;
    let reply = world.get("/things/x").await;
    for name in [
        "set-cookie",
        "alt-svc",
        "strict-transport-security",
        "keep-alive",
        "x-hop",
        "proxy-authenticate",
        "keyferry-error",
        "connection",
    ] {
        assert_eq!(reply.header(name), None, "{name}");
    }
    assert_eq!(reply.headers.get_all("x-two").iter().collect::<Vec<_>>(), ["1", "2"]);
    assert_eq!(reply.header("www-authenticate"), Some("Basic"));
    assert_eq!(reply.header("maton-connection"), Some(id.as_str()));
    assert_ne!(reply.header("x-request-id"), Some("theirs"));
    assert_eq!(reply.text(), "body");
}

#[tokio::test]
async fn an_upstreams_own_refusals_pass_unchanged() {
    for status in [
        "401 Unauthorized",
        "429 Too Many Requests",
        "500 Internal Server Error",
        "304 Not Modified",
        "418 I",
    ] {
        let upstream = Upstream::answering(move |_| {
            let body = if status.starts_with("304") { "" } else { "{\"error\":1}" };
            Answer::with(status, "retry-after: 7\r\n", body)
        })
        .await;
        let world = Plan::default().key_app("things", &upstream.url()).start().await;
        world.connect("things", "sk_real").await;
        let reply = world.get("/things/x").await;
        assert!(status.starts_with(reply.status.as_str()), "{status}: {}", reply.status);
        assert_eq!((reply.header("keyferry-error"), reply.header("retry-after")), (None, Some("7")));
    }
}

#[tokio::test]
async fn via_is_added_only_where_the_settings_ask_for_it() {
    let upstream = Upstream::start().await;
    let plan = Plan::default().key_app("things", &upstream.url()).set(|settings| settings.gateway.via = true);
    let world = plan.start().await;
    world.connect("things", "sk_real").await;
    world.call(Method::GET, "/things/x", &[("via", "1.0 other")], "").await;
    assert_eq!(upstream.only().all("via"), ["1.1 keyferry"]);
}
