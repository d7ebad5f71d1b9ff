//! Redirects are data: never followed, and led back through the gateway.

use std::time::Duration;

use http::Method;

use crate::harness::{
    http::Reply,
    tls::Internet,
    upstream::{Answer, Seen, Upstream},
    world::{Plan, World},
};

/// An upstream whose answer to `/go?<target>` is a redirect there.
async fn redirecting(status: &'static str) -> Upstream {
    Upstream::answering(move |seen| redirect(status, seen)).await
}

fn redirect(status: &str, seen: &Seen) -> Answer {
    match seen.target().split_once("go?") {
        Some((_, target)) => {
            let target = target.replace("%20", " ");
            Answer::with(status, &format!("location: {target}\r\nlink: <{target}>; rel=\"next\"\r\n"), "")
        }
        None => Answer::ok("arrived"),
    }
}

async fn stage(upstream: &Upstream) -> World {
    let world = Plan::default().key_app("things", &upstream.url()).standing_clock().start().await;
    world.connect("things", "sk_real").await;
    world
}

/// The same where all hosts are reached by TLS, with the app on one of them.
async fn stage_of(internet: &Internet) -> World {
    let plan = internet.plan().key_app("things", "https://things.example.com");
    let world = plan.standing_clock().start().await;
    world.connect("things", "sk_real").await;
    world
}

/// The path at the gateway of the sealed link for a redirect to `target`.
async fn sealed(world: &World, target: &str) -> String {
    let url = location(&world.get(&format!("/things/go?{target}")).await);
    format!("/~/{}", url.split_once("/~/").unwrap().1)
}

fn location(reply: &Reply) -> String {
    reply.header("location").unwrap_or_else(|| panic!("no location: {reply:?}")).to_owned()
}

#[tokio::test]
async fn rt_5_a_redirect_goes_to_the_caller_and_nobody_is_dialled() {
    for status in ["301 Moved", "302 Found", "303 See Other", "307 Temporary", "308 Permanent"] {
        let (upstream, foreign) = (redirecting(status).await, Upstream::start().await);
        let world = stage(&upstream).await;
        let own = upstream.url();
        let gateway = format!("http://localhost:{}", world.gateway.port());
        for (target, expected) in [
            (format!("{own}/x?y=1"), format!("{gateway}/things/x?y=1")),
            ("/x//y".to_owned(), format!("{gateway}/things/x//y")),
            ("next?page=2".to_owned(), "next?page=2".to_owned()),
            (format!("{own}/go?{own}/go"), format!("{gateway}/things/go?{own}/go")),
        ] {
            let reply = world.get(&format!("/things/go?{target}")).await;
            assert!(status.starts_with(reply.status.as_str()));
            assert_eq!(location(&reply), expected, "{target}");
            assert_eq!(reply.header("link"), Some(format!("<{expected}>; rel=\"next\"").as_str()));
        }
        let before = upstream.seen().len();
        let reply = world.get(&format!("/things/go?{}/elsewhere", foreign.url())).await;
        assert!(location(&reply).starts_with(&format!("{gateway}/~/")), "{reply:?}");
        assert_eq!(upstream.seen().len(), before + 1);
        foreign.assert_untouched();
    }
}

#[tokio::test]
async fn a_sealed_link_fetches_its_target_without_any_credential() {
    let internet = Internet::answering(|seen| redirect("302 Found", seen)).await;
    let world = stage_of(&internet).await;
    let path = sealed(&world, "https://files.example.com/file%20/a?sig=1%2F2").await;
    let fields = [("x-mine", "1"), ("cookie", "a=b"), ("range", "bytes=0-1"), ("maton-connection", "x")];
    let reply = world.call(Method::GET, &path, &fields, "").await;
    assert_eq!((reply.status.as_u16(), reply.text()), (200, "arrived"), "{reply:?}");
    let seen = internet.newest();
    assert_eq!((seen.header("host"), seen.target()), (Some("files.example.com"), "/file%20/a?sig=1%2F2"));
    for name in ["authorization", "cookie", "maton-connection"] {
        assert_eq!(seen.header(name), None, "{name}");
    }
    assert_eq!((seen.header("x-mine"), seen.header("range")), (Some("1"), Some("bytes=0-1")));
    assert!(!seen.head.contains(&world.key) && !seen.head.contains("sk_real"));

    let again = sealed(&world, "https://files.example.com/go?/next").await;
    let reply = world.get(&again).await;
    assert_eq!(reply.status, 302);
    assert!(location(&reply).contains("/~/"), "a chain of redirects stays sealed: {reply:?}");
}

#[tokio::test]
async fn a_sealed_link_is_good_for_its_owner_and_for_an_hour() {
    let internet = Internet::answering(|seen| redirect("302 Found", seen)).await;
    let world = stage_of(&internet).await;
    let path = sealed(&world, "https://files.example.com/a").await;
    let url = world.at_gateway(&path);
    let other = format!("Bearer {}", world.admin_key);
    world.http.call(Method::GET, &url, &[], "").await.assert_problem(401, "key_missing");
    world
        .http
        .call(Method::GET, &url, &[("authorization", &other)], "")
        .await
        .assert_problem(400, "bad_request");
    let mut forged = path.clone();
    forged.replace_range(30..31, if &path[30..31] == "A" { "B" } else { "A" });
    for path in [forged.as_str(), "/~/", "/~", "/~/x"] {
        world.get(path).await.assert_problem(400, "bad_request");
    }
    world.clock.advance(Duration::from_secs(3599));
    assert_eq!(world.get(&path).await.status, 200);
    world.clock.advance(Duration::from_secs(1));
    world.get(&path).await.assert_problem(400, "bad_request");
    assert_eq!(internet.seen().len(), 2, "the redirect, and the one time it was followed");
}

#[tokio::test]
async fn a_sealed_link_without_tls_is_not_fetched_even_where_apps_may_do_without() {
    let (upstream, foreign) = (redirecting("302 Found").await, Upstream::start().await);
    let world = stage(&upstream).await;
    let path = sealed(&world, &format!("{}/latest/meta-data", foreign.url())).await;
    let problem = world.get(&path).await.assert_problem(400, "bad_request");
    assert!(problem["detail"].as_str().unwrap().contains("only https"), "{problem}");
    foreign.assert_untouched();
}

#[tokio::test]
async fn redirects_of_an_app_that_passes_them_stay() {
    let upstream = redirecting("302 Found").await;
    let file = format!(
        r#"
        name = "passing"
        display_name = "Passing"
        base = "{}"
        no_probe = "a test's upstream"
        redirects = "pass"
        [[auth]]
        method = "API_KEY"
        fields = [{{ name = "api_key", label = "Key", secret = true }}]
        inject = [{{ query = "key", value = "${{api_key}}" }}]
        "#,
        upstream.url()
    );
    let world = Plan::default().app("passing", file).start().await;
    world.connect("passing", "sk_real_one").await;
    let reply = world.get("/passing/go?https://cdn.example.com/a?b=c").await;
    // The credential goes on behind what the caller sent, and the upstream echoes all of it.
    assert_eq!(location(&reply), "https://cdn.example.com/a?b=c");
}
