//! What becomes of the request target.

use std::sync::Arc;

use http::Version;
use proptest::{
    strategy::{Strategy as _, ValueTree as _},
    test_runner::TestRunner,
};

use crate::harness::{
    caller::{Caller, Payload},
    raw::{Raw, RawReply},
    resolver::Names,
    upstream::Upstream,
    world::{Plan, World},
};

async fn stage() -> (Upstream, World) {
    let upstream = Upstream::start().await;
    let world = Plan::default().key_app("things", &upstream.url()).start().await;
    world.connect("things", "sk_real").await;
    (upstream, world)
}

async fn get(raw: &mut Raw, world: &World, host: &str, target: &str) -> RawReply {
    raw.send(format!("GET {target} HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {}\r\n\r\n", world.key))
        .await;
    raw.reply().await
}

/// Some 500 paths and queries that are odd and legal.
fn odd() -> Vec<String> {
    let segments = [
        "a%2Fb",
        "",
        "a;v=1",
        "%zz",
        "%",
        "a+b",
        "[x]",
        "a:b",
        "@me",
        "it's",
        "%C3%A9",
        "~",
        "...",
        "a..b",
        "%00",
        "%2525",
        "(x)",
        "a,b",
        "a=b&c",
        "*",
        "$1",
        "!",
        "{x}",
        "\"q\"",
        "a|b",
        "a^b",
        "%5C",
        ".well-known",
        "é",
        "x\\y",
    ];
    let queries = ["", "?", "?a=1&a=2&a", "?x=%zz&&y", "?q=/../..", "?a[]=1", "?a=b?c=d", "?%61=+", "?é='"];
    let mut targets: Vec<String> =
        segments.iter().flat_map(|one| queries.iter().map(move |query| format!("/{one}{query}"))).collect();
    for one in segments {
        for other in ["x/", "/", "", "a//b", "%2e%2e%2e", "x;y", ":"] {
            targets.push(format!("/{one}/{other}"));
        }
    }
    targets
}

#[tokio::test]
async fn rt_2_odd_but_legal_targets_arrive_byte_for_byte() {
    let (upstream, world) = stage().await;
    let targets = odd();
    assert!(targets.len() > 450, "{}", targets.len());
    let mut raw = Raw::connect(world.gateway).await;
    for target in &targets {
        let reply = get(&mut raw, &world, "localhost", &format!("/things{target}")).await;
        assert_eq!(reply.status, 200, "{target}: {}", reply.text());
    }
    let seen: Vec<String> = upstream.seen().iter().map(|seen| seen.target().to_owned()).collect();
    assert_eq!(seen, targets);
}

#[tokio::test]
async fn rt_2_odd_but_legal_targets_arrive_byte_for_byte_over_http2() {
    let (upstream, world) = stage().await;
    let mut caller = Caller::connect(&world, Version::HTTP_2).await;
    let targets = odd();
    for target in &targets {
        let reply = caller.call("GET", &format!("/things{target}"), &[], &Payload::Absent).await;
        assert_eq!(reply.status, 200, "{target}: {}", reply.text());
    }
    let seen: Vec<String> = upstream.seen().iter().map(|seen| seen.target().to_owned()).collect();
    assert_eq!(seen, targets);
}

/// Targets out of every character that has no meaning of its own, percent-encodings of any kind among them.
const ANY_TARGET: &str = "(/([a-zA-Z0-9~!$&'*+,;=:@|{}\"^é日-]([a-zA-Z0-9._~!$&'()*+,;=:@|{}\"^\\[\\]é日-]|%[0-9A-Fa-f]{2}|%){0,9})?){1,4}\
     (\\?([a-zA-Z0-9._~!$&'()*+,;=:@|{}/?^é日\\[\\]-]|%[0-9A-Fa-f]{2}|%){0,30})?";

#[tokio::test]
async fn rt_2_generated_targets_arrive_byte_for_byte() {
    let (upstream, world) = stage().await;
    let (mut raw, mut caller) =
        (Raw::connect(world.gateway).await, Caller::connect(&world, Version::HTTP_2).await);
    let targets = proptest::string::string_regex(ANY_TARGET).unwrap();
    let mut runner = TestRunner::default();
    for _ in 0..500 {
        let target = targets.new_tree(&mut runner).unwrap().current();
        let sent = format!("/things{target}");
        let reply = get(&mut raw, &world, "localhost", &sent).await;
        assert_eq!(reply.status, 200, "{target}: {}", reply.text());
        assert_eq!(caller.call("GET", &sent, &[], &Payload::Absent).await.status, 200, "{target}");
        let seen = upstream.take();
        assert_eq!((seen[0].target(), seen[1].target()), (target.as_str(), target.as_str()));
    }
}

#[tokio::test]
async fn rt_2_the_root_has_two_names() {
    let (upstream, world) = stage().await;
    let mut raw = Raw::connect(world.gateway).await;
    for target in ["/things", "/things/", "/things?", "/things/?a=b", "/things?a=b"] {
        assert_eq!(get(&mut raw, &world, "localhost", target).await.status, 200);
    }
    let seen: Vec<String> = upstream.seen().iter().map(|seen| seen.target().to_owned()).collect();
    assert_eq!(seen, ["/", "/", "/?", "/?a=b", "/?a=b"]);
}

#[tokio::test]
async fn rt_1_dot_segments_are_refused_and_nothing_goes_upstream() {
    let (upstream, world) = stage().await;
    let mut raw = Raw::connect(world.gateway).await;
    for path in
        ["/v1/../x", "/..", "/.", "/%2e%2e/x", "/.%2E/x", "/%2e", "/..;/x", "/..;a=b", "/%2e%2e;x", "/x/./y"]
    {
        let reply = get(&mut raw, &world, "localhost", &format!("/things{path}")).await;
        assert_eq!((reply.status, reply.header("keyferry-error")), (400, Some("bad_request")), "{path}");
    }
    upstream.assert_untouched();
}

#[tokio::test]
async fn rt_3_no_target_changes_the_authority() {
    let upstream = Upstream::start().await;
    let names = Names::default();
    let base = format!("http://api.things.test:{}", upstream.address.port());
    let mut plan = Plan::default().key_app("things", &base);
    plan.resolver = Arc::new(names.clone());
    let world = plan.start().await;
    world.connect("things", "sk_real").await;
    let mut raw = Raw::connect(world.gateway).await;
    for path in [
        "//evil.test/x",
        "/http://evil.test/",
        "/@evil.test/",
        "/\\evil.test",
        "/:80@evil.test",
        "//evil.test:443",
    ] {
        let reply = get(&mut raw, &world, "localhost", &format!("/things{path}")).await;
        assert_eq!(reply.status, 200, "{path}: {}", reply.text());
        let seen = upstream.seen().pop().unwrap();
        assert_eq!((seen.target(), seen.header("host")), (path, base.strip_prefix("http://")), "{path}");
    }
    assert!(names.asked().iter().all(|name| name == "api.things.test"), "{:?}", names.asked());
}

#[tokio::test]
async fn rt_4_variants_of_an_apps_name_are_other_apps() {
    let (upstream, world) = stage().await;
    let mut raw = Raw::connect(world.gateway).await;
    for target in
        ["/%74hings/", "/THINGS/", "//things/", "/things%2Fx", "/things;x/", "/things.evil/", "/", "/thing"]
    {
        let reply = get(&mut raw, &world, "localhost", target).await;
        assert_eq!((reply.status, reply.header("keyferry-error")), (404, Some("app_unknown")), "{target}");
    }
    upstream.assert_untouched();
}

#[tokio::test]
async fn an_apps_own_host_takes_the_whole_path_even_a_reserved_one() {
    let (upstream, world) = stage().await;
    let mut raw = Raw::connect(world.gateway).await;
    for host in ["things.localhost", "things.localhost:8080", "THINGS.LocalHost"] {
        for target in ["/v1/x?y", "/things/x", "/connections", "/~/x", "/"] {
            assert_eq!(get(&mut raw, &world, host, target).await.status, 200, "{host}{target}");
            assert_eq!(upstream.seen().pop().unwrap().target(), target);
        }
    }
    let reply = get(&mut raw, &world, "nothing.localhost", "/things/x").await;
    assert_eq!((reply.status, reply.header("keyferry-error")), (404, Some("app_unknown")));
}

/// What a router and an authorizer could each read in their own way is the control API's only if it is its route to the
/// letter; and then it asks for a key.
#[tokio::test]
async fn rt_6_every_spelling_of_a_reserved_segment_is_decided_once() {
    let (upstream, world) = stage().await;
    for (target, with_key, without) in [
        ("/connections", 200, 401),
        ("/connections#x", 200, 401),
        ("/connections#x/../things", 200, 401),
        ("/connections?x#y", 400, 401),
        ("//connections", 404, 404),
        ("/connections/../things/x", 404, 404),
        ("/connections/..;/things/x", 404, 404),
        ("/connections/%2e%2e/things/x", 404, 404),
        ("/things/../connections", 400, 400),
        ("/CONNECTIONS", 404, 404),
        ("/Connections", 404, 404),
        ("/connections;x", 404, 404),
        ("/connections%2f", 404, 404),
        ("/%63onnections", 404, 404),
        ("/connections.", 404, 404),
        ("/connections/", 404, 404),
        ("/~", 400, 401),
        ("/%7e/x", 404, 404),
    ] {
        let key = format!("authorization: Bearer {}\r\n", world.key);
        for (address, door) in [(world.gateway, "gateway"), (world.control, "control")] {
            for (field, status) in [(key.as_str(), with_key), ("", without)] {
                let mut raw = Raw::connect(address).await;
                raw.send(format!("GET {target} HTTP/1.1\r\nhost: localhost\r\n{field}\r\n")).await;
                let found = raw.reply().await.status;
                // At the control door what is no API is a page, and there is none.
                let page = door == "control" && found == 404 && status != 200;
                assert!(found == status || page, "{door} {target} {field:?}: {found}");
            }
        }
    }
    upstream.assert_untouched();
}

#[tokio::test]
async fn rt_6_a_fragment_takes_no_part_and_goes_nowhere() {
    let (upstream, world) = stage().await;
    let mut raw = Raw::connect(world.gateway).await;
    assert_eq!(get(&mut raw, &world, "localhost", "/things/a#b?c").await.status, 200);
    assert_eq!(upstream.only().target(), "/a");
}
