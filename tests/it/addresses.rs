//! RL-5: what one address may ask for before anybody knows who it is, and what one owner may ask of the control API.

use std::time::Duration;

use http::Method;
use keyferry::vault::token::ApiKey;
use serde_json::json;

use crate::harness::{
    http::Reply,
    upstream::Upstream,
    world::{Plan, World},
};

/// Five requests a second of one address, ten at once, and a clock that stands.
fn plan(upstream: &Upstream) -> Plan {
    Plan::default().key_app("things", &upstream.url()).standing_clock().set(|settings| {
        settings.limits.address_rate = 5.try_into().unwrap();
        settings.limits.address_burst = 10.try_into().unwrap();
    })
}

async fn get(world: &World, url: &str, headers: &[(&str, &str)]) -> Reply {
    world.http.call(Method::GET, url, headers, "").await
}

/// How many of twenty requests are not told to come back later.
async fn passed(world: &World, url: &str, headers: &[(&str, &str)]) -> usize {
    let mut passed = 0;
    for _ in 0..20 {
        let reply = get(world, url, headers).await;
        if reply.status == 429 {
            assert_eq!(reply.header("retry-after"), Some("1"), "{url}");
        } else {
            passed += 1;
        }
    }
    passed
}

#[tokio::test]
async fn rl_5_pages_callback_and_control_api_are_limited_by_address() {
    let upstream = Upstream::start().await;
    let world = plan(&upstream).start().await;
    for url in [
        world.at_control("/connect?session_token=x"),
        world.at_control("/callback/things?code=x&state=y"),
        world.at_control("/done/x"),
        world.at_control("/"),
        world.at_control("/user"),
        world.at_control("/connections"),
        world.at_control("/openapi.json"),
        world.at_gateway("/connections"),
    ] {
        assert_eq!(passed(&world, &url, &[]).await, 10, "{url}");
        world.clock.advance(Duration::from_secs(1));
        assert_eq!(passed(&world, &url, &[]).await, 5, "{url}");
        world.clock.advance(Duration::from_secs(2));
    }
    // A form that nobody could have been shown.
    world.clock.advance(Duration::from_secs(10));
    let mut refused = 0;
    for _ in 0..20 {
        let post = world.http.call(Method::POST, &world.at_control("/connect"), &[], "connection_id=x").await;
        refused += usize::from(post.status == 429);
    }
    assert_eq!(refused, 10);
    let reply = get(&world, &world.at_control("/user"), &[("authorization", "Bearer x")]).await;
    reply.assert_problem(429, "rate_limited");
    assert_eq!(
        get(&world, &world.at_gateway("/things/x"), &[]).await.status,
        401,
        "calls are not counted there"
    );
}

#[tokio::test]
async fn rl_5_an_owners_management_has_a_rate_that_is_not_its_calls() {
    let upstream = Upstream::start().await;
    let plan = Plan::default().key_app("things", &upstream.url()).standing_clock().set(|settings| {
        settings.limits.owner_rate = 5.try_into().unwrap();
        settings.limits.owner_burst = 10.try_into().unwrap();
    });
    let world = plan.start().await;
    world.connect("things", "sk_real").await;
    let bearer = format!("Bearer {}", world.key);
    let headers = [("authorization", bearer.as_str())];
    assert_eq!(passed(&world, &world.at_control("/user"), &headers).await, 9);
    let reply = get(&world, &world.at_gateway("/user"), &headers).await;
    reply.assert_problem(429, "rate_limited");
    assert_eq!(reply.header("ratelimit"), Some("\"owner\";r=0;t=1"));
    assert_eq!(passed(&world, &world.at_gateway("/things/x"), &headers).await, 10);
    let admin = format!("Bearer {}", world.admin_key);
    assert_eq!(get(&world, &world.at_control("/user"), &[("authorization", &admin)]).await.status, 200);
}

#[tokio::test]
async fn rl_5_unknown_keys_are_limited_by_address_before_the_store_is_asked() {
    let upstream = Upstream::start().await;
    let world = Plan::default().key_app("things", &upstream.url()).standing_clock().start().await;
    world.connect("things", "sk_real").await;
    let made = world.api(&world.key, Method::POST, "/keys", Some(json!({"name": "unused"}))).await.json();
    let unused = format!("Bearer {}", made["key"].as_str().unwrap());
    let url = world.at_gateway("/things/x");
    for _ in 0..1_200 {
        let bearer = format!("Bearer {}", ApiKey::generate().reveal());
        let reply = get(&world, &url, &[("authorization", &bearer)]).await;
        assert!(matches!(reply.status.as_u16(), 401 | 429));
    }
    let reply = get(&world, &url, &[("authorization", &unused)]).await;
    reply.assert_problem(429, "rate_limited");
    get(&world, &world.at_control("/user"), &[("authorization", &unused)])
        .await
        .assert_problem(429, "rate_limited");
    assert_eq!(world.get("/things/x").await.status, 200, "a key that is in use is not asked for");
    world.clock.advance(Duration::from_secs(20));
    assert_eq!(world.get("/things/x").await.status, 200, "nor when it is to be asked for again");
    assert_eq!(
        get(&world, &url, &[("authorization", &unused)]).await.status,
        200,
        "and nobody is locked out"
    );
}

#[tokio::test]
async fn rl_5_only_trusted_proxies_say_for_whom_they_ask() {
    let upstream = Upstream::start().await;
    let ours = |settings: &mut keyferry::config::Settings| {
        settings.server.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
    };
    let (open, behind) = (plan(&upstream).start().await, plan(&upstream).set(ours).start().await);
    let from = |address: &'static str| [("x-forwarded-for", address)];
    let url = open.at_control("/user");
    assert_eq!(passed(&open, &url, &from("198.51.100.1")).await, 10);
    assert_eq!(passed(&open, &url, &from("198.51.100.2")).await, 0, "the caller's own words change nothing");
    let url = behind.at_control("/user");
    assert_eq!(passed(&behind, &url, &from("198.51.100.1")).await, 10);
    assert_eq!(passed(&behind, &url, &from("1.2.3.4, 198.51.100.1, 127.0.0.9")).await, 0);
    assert_eq!(passed(&behind, &url, &from("198.51.100.1, 198.51.100.2")).await, 10);
    assert_eq!(passed(&behind, &url, &[("forwarded", "for=198.51.100.3")]).await, 10);
}
