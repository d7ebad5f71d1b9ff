//! Which credentials are keys, and where they may stand.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::Method;

use crate::harness::{
    http::Reply,
    upstream::Upstream,
    world::{Plan, World},
};

/// An app whose own client puts the key into a field of its own.
fn own_field(upstream: &Upstream) -> String {
    format!(
        r#"
        name = "voices"
        display_name = "Voices"
        base = "{}"
        no_probe = "a test's upstream"
        [[auth]]
        method = "API_KEY"
        fields = [{{ name = "api_key", label = "Key", secret = true }}]
        inject = [{{ header = "xi-api-key", value = "${{api_key}}" }}]
        "#,
        upstream.url()
    )
}

async fn stage() -> (Upstream, World) {
    let upstream = Upstream::start().await;
    let plan = Plan::default().key_app("things", &upstream.url()).app("voices", own_field(&upstream));
    let world = plan.start().await;
    world.connect("things", "sk_things").await;
    world.connect("voices", "sk_voices").await;
    (upstream, world)
}

async fn with(world: &World, path: &str, headers: &[(&str, &str)]) -> Reply {
    world.http.call(Method::GET, &world.at_gateway(path), headers, "").await
}

#[tokio::test]
async fn ak_1_a_key_is_taken_from_wherever_a_client_puts_its_credential() {
    let (upstream, world) = stage().await;
    let key = world.key.as_str();
    let basic = |pair: String| format!("Basic {}", STANDARD.encode(pair));
    for value in [
        format!("Bearer {key}"),
        format!("bEARER {key}"),
        format!("token {key}"),
        basic(format!("{key}:")),
        basic(format!("me@example.com:{key}")),
    ] {
        let reply = with(&world, "/things/x", &[("authorization", &value)]).await;
        assert_eq!(reply.status, 200, "{value}: {}", reply.text());
    }
    for headers in
        [&[("xi-api-key", key)][..], &[("authorization", "Bearer sk_of_someone"), ("xi-api-key", key)]]
    {
        let reply = with(&world, "/voices/x", headers).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
    }
    for seen in upstream.seen() {
        assert!(!seen.head.contains(key), "{}", seen.head);
        let (authorization, own) = (seen.header("authorization"), seen.header("xi-api-key"));
        assert!(
            (authorization, own) == (Some("Bearer sk_things"), None)
                || (authorization, own) == (None, Some("sk_voices")),
            "{}",
            seen.head
        );
    }
}

#[tokio::test]
async fn ak_1_without_a_good_key_nothing_goes_upstream() {
    let (upstream, world) = stage().await;
    let key = world.key.as_str();
    let cookie = format!("key={key}");
    let basic = format!("Basic {}", STANDARD.encode("user:password"));
    let mut mistyped = key.to_owned();
    mistyped.replace_range(20..21, if &key[20..21] == "x" { "y" } else { "x" });
    let unknown = keyferry::vault::token::ApiKey::generate();
    for (path, headers, reason) in [
        ("/things/x", vec![], "key_missing"),
        (&format!("/things/x?api_key={key}"), vec![], "key_missing"),
        ("/things/x", vec![("cookie", cookie.as_str())], "key_missing"),
        ("/things/x", vec![("xi-api-key", key)], "key_missing"),
        ("/things/x", vec![("authorization", "Bearer")], "key_invalid"),
        ("/things/x", vec![("authorization", basic.as_str())], "key_invalid"),
        ("/things/x", vec![("authorization", mistyped.as_str())], "key_invalid"),
        ("/things/x", vec![("authorization", unknown.reveal())], "key_invalid"),
    ] {
        let reply = with(&world, path, &headers).await;
        reply.assert_problem(401, reason);
        assert_eq!(reply.header("www-authenticate"), Some("Bearer"));
        assert!(!reply.text().contains(key));
    }
    upstream.assert_untouched();
}

#[tokio::test]
async fn ak_1_two_keys_are_one_too_many_and_one_key_twice_is_fine() {
    let (upstream, world) = stage().await;
    let (one, two) = (format!("Bearer {}", world.key), format!("Bearer {}", world.admin_key));
    with(&world, "/things/x", &[("authorization", &one), ("authorization", &two)])
        .await
        .assert_problem(400, "bad_request");
    with(&world, "/voices/x", &[("authorization", &one), ("xi-api-key", &two)])
        .await
        .assert_problem(400, "bad_request");
    for target in [format!("/things/x?key={}", world.key), format!("/things/bot{}/x", world.key)] {
        with(&world, &target, &[("authorization", &one)]).await.assert_problem(400, "bad_request");
    }
    upstream.assert_untouched();
    let reply = with(&world, "/voices/x", &[("authorization", &one), ("xi-api-key", &one)]).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
}

#[tokio::test]
async fn hd_1_exactly_one_credential_goes_out() {
    let (upstream, world) = stage().await;
    let bearer = format!("Bearer {}", world.key);
    let joined = format!("{bearer}, {bearer}");
    for headers in [
        &[("AUTHORIZATION", bearer.as_str())][..],
        &[("aUTHORIZATION", &bearer)],
        &[("authorization", &joined)],
        &[("authorization", &bearer), ("authorization_", "x"), ("x-authorization", &world.key)],
    ] {
        let reply = with(&world, "/things/x", headers).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        let seen = upstream.seen().pop().unwrap();
        assert_eq!(seen.all("authorization"), ["Bearer sk_things"], "{}", seen.head);
        assert!(!seen.head.contains("kf_") && !seen.head.contains("authorization_"), "{}", seen.head);
    }
}

#[tokio::test]
async fn hd_1_two_authorization_fields_are_refused_even_if_equal() {
    let (upstream, world) = stage().await;
    let bearer = format!("Bearer {}", world.key);
    for (path, other) in [("/things/x", bearer.as_str()), ("/things/x", "Bearer sk_test"), ("/voices/x", "x")]
    {
        for (first, second) in [(bearer.as_str(), other), (other, bearer.as_str())] {
            let headers = [("authorization", first), ("Authorization", second)];
            with(&world, path, &headers).await.assert_problem(400, "bad_request");
            with(&world, "/user", &headers).await.assert_problem(400, "bad_request");
        }
    }
    upstream.assert_untouched();
}

#[tokio::test]
async fn ak_6_many_wrong_keys_from_one_address_are_slowed_down() {
    let (_upstream, world) = stage().await;
    // At once: one after the other, a slow machine asks no faster than the limit allows.
    let wrong = [("authorization", "Bearer wrong")];
    let replies = futures_util::future::join_all((0..400).map(|_| with(&world, "/things/x", &wrong))).await;
    let (refused, slowed): (Vec<_>, Vec<_>) = replies.into_iter().partition(|reply| reply.status == 401);
    assert!(refused.len() >= 100 && !slowed.is_empty(), "{} refused", refused.len());
    for reply in slowed {
        reply.assert_problem(429, "rate_limited");
        assert!(reply.header("retry-after").is_some());
    }
    assert_eq!(world.get("/things/x").await.status, 200, "a good key is let through");
}
