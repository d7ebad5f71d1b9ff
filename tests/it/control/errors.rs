//! Every way the control API says no: status, reason, shape, headers, and nothing that should stay inside.

use http::Method;
use keyferry::vault::token::ApiKey;
use serde_json::{Value, json};

use super::{admin, pending, sam, text, world};
use crate::harness::http::Reply;

/// Headers that every answer carries.
fn assert_guarded(reply: &Reply) {
    assert_eq!(reply.header("cache-control"), Some("no-store"));
    assert_eq!(reply.header("x-content-type-options"), Some("nosniff"));
    assert!(reply.header("access-control-allow-origin").is_none());
    assert_eq!(reply.header("x-request-id").map(str::len), Some(36));
}

#[tokio::test]
async fn ak_1_without_a_good_key_nothing_is_answered() {
    let (world, _upstream) = world().await;
    let other = format!("Bearer {}", ApiKey::generate().reveal());
    let (key, last) = world.key.split_at(world.key.len() - 1);
    let broken = format!("Bearer {key}{}", if last == "x" { "y" } else { "x" });
    let paths = ["/connections", "/connections/x", "/apps", "/apps/plain", "/keys", "/owners", "/user"];
    for path in paths {
        for (value, reason) in [
            (None, "key_missing"),
            (Some("Basic eDp5"), "key_missing"),
            (Some("Bearer nonsense"), "key_invalid"),
            (Some(broken.as_str()), "key_invalid"),
            (Some(other.as_str()), "key_invalid"),
        ] {
            let headers: Vec<_> = value.map(|value| ("authorization", value)).into_iter().collect();
            let reply = world.http.call(Method::GET, &world.at_control(path), &headers, "").await;
            reply.assert_problem(401, reason);
            assert_eq!(reply.header("www-authenticate"), Some("Bearer"), "{path} {value:?}");
            assert_guarded(&reply);
        }
    }
    let query = format!("/user?key={}", world.key);
    world.http.call(Method::GET, &world.at_control(&query), &[], "").await.assert_problem(401, "key_missing");
}

#[tokio::test]
async fn an_expired_key_and_a_revoked_one_are_401() {
    let upstream = crate::harness::upstream::Upstream::start().await;
    let world = crate::harness::world::Plan::default()
        .standing_clock()
        .key_app("plain", &upstream.url())
        .start()
        .await;
    let made = sam(&world, Method::POST, "/keys", json!({"name": "short", "expires_in": 60})).await.json();
    let short = text(&made, "key");
    assert_eq!(world.api(short, Method::GET, "/user", None).await.status, 200);
    world.clock.advance(std::time::Duration::from_secs(61));
    world.api(short, Method::GET, "/user", None).await.assert_problem(401, "key_expired");

    let made = sam(&world, Method::POST, "/keys", json!({"name": "gone"})).await.json();
    let path = format!("/keys/{}", text(&made, "id"));
    assert_eq!(world.api(text(&made, "key"), Method::GET, "/user", None).await.status, 200);
    assert_eq!(sam(&world, Method::DELETE, &path, Value::Null).await.text(), "{}");
    world.api(text(&made, "key"), Method::GET, "/user", None).await.assert_problem(401, "key_invalid");
}

#[tokio::test]
async fn ak_6_an_address_that_tries_keys_is_slowed_down_and_good_keys_are_not() {
    let (world, _upstream) = world().await;
    let mut refused = 0;
    let limited = loop {
        let other = format!("Bearer {}", ApiKey::generate().reveal());
        let headers = [("authorization", other.as_str())];
        let reply = world.http.call(Method::GET, &world.at_control("/user"), &headers, "").await;
        if reply.status == 429 {
            break reply;
        }
        reply.assert_problem(401, "key_invalid");
        refused += 1;
        assert!(refused < 2_000, "nobody counts");
    };
    limited.assert_problem(429, "rate_limited");
    assert!(limited.header("retry-after").unwrap().parse::<u32>().unwrap() >= 1);
    assert!(limited.header("ratelimit").is_some() && limited.header("ratelimit-policy").is_some());
    assert_eq!(sam(&world, Method::GET, "/user", Value::Null).await.status, 200, "nobody is locked out");
}

#[tokio::test]
async fn routes_and_methods_that_are_not_there() {
    let (world, _upstream) = world().await;
    for path in
        ["/connections/x/y/z", "/keys/x/y", "/apps/plain/clients", "/owners/", "/usage", "/audit", "/graphql"]
    {
        let reply = sam(&world, Method::GET, path, Value::Null).await;
        reply.assert_problem(404, "not_found");
        assert_guarded(&reply);
    }
    for (method, path) in [
        (Method::PUT, "/connections"),
        (Method::DELETE, "/connections"),
        (Method::GET, "/apps/plain/client"),
        (Method::POST, "/apps"),
        (Method::PUT, "/keys"),
        (Method::POST, "/user"),
        (Method::POST, "/openapi.json"),
    ] {
        let reply = sam(&world, method.clone(), path, Value::Null).await;
        reply.assert_problem(405, "method_not_allowed");
        assert!(reply.header("allow").is_some(), "{method} {path}");
    }
    let reply = sam(&world, Method::GET, "/apps/plian", Value::Null).await;
    let problem = reply.assert_problem(404, "app_unknown");
    assert_eq!(problem["nearest"][0], "plain");
    for path in ["/connections/0190b3a4-0000-7000-8000-000000000000", "/connections/nonsense"] {
        sam(&world, Method::GET, path, Value::Null).await.assert_problem(404, "connection_unknown");
    }
    sam(&world, Method::GET, "/keys/nonsense", Value::Null).await.assert_problem(404, "key_unknown");
    admin(&world, Method::GET, "/owners/nonsense", Value::Null).await.assert_problem(404, "owner_unknown");
}

#[tokio::test]
async fn a_body_that_can_not_be_read_is_400_and_one_that_is_wrong_is_422() {
    let (world, upstream) = world().await;
    let bearer = format!("Bearer {}", world.key);
    for path in ["/connections", "/keys"] {
        for body in ["", "{", "app=plain", "nul"] {
            let headers = [("authorization", bearer.as_str())];
            let reply = world.http.call(Method::POST, &world.at_control(path), &headers, body).await;
            reply.assert_problem(400, "bad_request");
            assert_guarded(&reply);
        }
        let headers = [("authorization", bearer.as_str())];
        let long = " ".repeat(1 << 20) + "{}";
        let reply = world.http.call(Method::POST, &world.at_control(path), &headers, long).await;
        reply.assert_problem(413, "body_too_large");
    }
    for (body, field) in [
        (json!({}), "app"),
        (json!({"app": "nobody"}), "app"),
        (json!({"app": "plain", "colour": 1}), "colour"),
        (json!({"app": "plain", "method": "MAGIC"}), "method"),
        (json!({"app": "plain", "method": "BASIC"}), "method"),
        (json!({"app": "plain", "fields": {"town": "x"}}), "fields.town"),
        (json!({"app": "plain", "fields": {"region": "EU!"}}), "fields.region"),
        (json!({"app": "plain", "fields": {"region": 7}}), "fields.region"),
        (json!({"app": "plain", "credentials": {"api_key": "CANARY!"}}), "credentials.api_key"),
        (
            json!({"app": "plain", "method": "API_KEY", "credentials": {"password": "canary"}}),
            "credentials.password",
        ),
        (json!({"app": "plain", "method": "API_KEY", "credentials": {}}), "credentials.api_key"),
        (json!({"app": "plain", "return_url": "https://evil.example"}), "return_url"),
        (json!({"app": "plain", "name": "x".repeat(201)}), "name"),
        (json!({"app": "plain", "name": "a\u{7}b"}), "name"),
    ] {
        let reply = sam(&world, Method::POST, "/connections", body.clone()).await;
        let problem = reply.assert_problem(422, "invalid");
        assert_eq!(problem["field"], field, "{body}");
        assert!(!reply.text().to_lowercase().contains("canary"), "{}", reply.text());
    }
    upstream.assert_untouched();
}

#[tokio::test]
async fn only_admin_keys_do_what_is_the_operators() {
    let (world, _upstream) = world().await;
    pending(&world, "x").await;
    let client = json!({"client_id": "a", "client_secret": "b"});
    for (method, path, body) in [
        (Method::GET, "/owners", Value::Null),
        (Method::POST, "/owners", json!({"name": "new"})),
        (Method::PUT, "/apps/plain/client", client),
        (Method::GET, "/owners/x", Value::Null),
        (Method::DELETE, "/owners/x", Value::Null),
        (Method::POST, "/keys", json!({"name": "up", "admin": true})),
        (Method::GET, "/keys?owner=root", Value::Null),
        (Method::POST, "/keys?owner=root", json!({"name": "x"})),
    ] {
        let reply = sam(&world, method.clone(), path, body).await;
        let problem = reply.assert_problem(403, "not_allowed");
        assert!(text(&problem, "detail").contains("rule: admin"), "{method} {path}");
    }
}

#[tokio::test]
async fn browsers_are_sent_away_from_the_gateways_api() {
    let (world, _upstream) = world().await;
    let bearer = format!("Bearer {}", world.key);
    for destination in ["document", "iframe"] {
        let headers = [("authorization", bearer.as_str()), ("sec-fetch-dest", destination)];
        let reply = world.http.call(Method::GET, &world.at_gateway("/connections"), &headers, "").await;
        reply.assert_problem(403, "not_for_browsers");
    }
}

#[tokio::test]
async fn wp_3_no_origin_is_invited() {
    let (world, _upstream) = world().await;
    let headers = [("origin", "https://evil.example"), ("access-control-request-method", "POST")];
    let reply = world.http.call(Method::OPTIONS, &world.at_control("/connections"), &headers, "").await;
    assert!(
        reply.headers.keys().all(|name| !name.as_str().starts_with("access-control-")),
        "{:?}",
        reply.headers
    );
    let reply = sam(&world, Method::GET, "/connections", Value::Null).await;
    assert_eq!(reply.header("content-type"), Some("application/json"));
    assert_guarded(&reply);
}
