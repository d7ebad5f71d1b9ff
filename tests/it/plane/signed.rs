//! Requests that are signed: the last step, over what goes out, with nothing of the caller's own signature.

use http::Method;
use serde_json::{Value, json};

use crate::harness::{
    http::Reply,
    raw::Raw,
    upstream::{Seen, Upstream},
    world::{Plan, World},
};

/// An AWS app and an OAuth 1.0a app whose users type everything in.
fn plan(upstream: &Upstream) -> Plan {
    let base = upstream.url();
    let aws = format!(
        r#"
        name = "aws"
        display_name = "AWS"
        base = "{base}"
        http2 = false
        query = {{ v = "2" }}
        [probe]
        get = "/probe"
        [[field]]
        name = "service"
        label = "Service"
        pattern = "^[a-z0-9-]+$"
        [[auth]]
        method = "API_KEY"
        fields = [
            {{ name = "id", label = "Access key" }},
            {{ name = "key", label = "Secret key", secret = true }},
            {{ name = "session", label = "Session", secret = true, optional = true }},
        ]
        [auth.sign]
        kind = "sigv4"
        service = "${{service}}"
        region = "eu-west-1"
        access_key_id = "${{id}}"
        secret_access_key = "${{key}}"
        session_token = "${{session}}"
        [[route]]
        path = "/public/**"
        base = "{base}"
        anonymous = true
        "#
    );
    let tba = format!(
        r#"
        name = "tba"
        display_name = "TBA"
        base = "{base}"
        no_probe = "a test"
        [[auth]]
        method = "OAUTH1"
        fields = [
            {{ name = "account", label = "Account" }},
            {{ name = "consumer_key", label = "Consumer key", secret = true }},
            {{ name = "consumer_secret", label = "Consumer secret", secret = true }},
            {{ name = "token", label = "Token", secret = true }},
            {{ name = "token_secret", label = "Token secret", secret = true }},
        ]
        [auth.sign]
        kind = "oauth1"
        signature = "HMAC-SHA256"
        realm = "${{account}}"
        consumer_key = "${{consumer_key}}"
        consumer_secret = "${{consumer_secret}}"
        token = "${{token}}"
        token_secret = "${{token_secret}}"
        "#
    );
    Plan::default().app("aws", aws).app("tba", tba).standing_clock()
}

async fn connect(world: &World, body: Value) {
    let reply = world.api(&world.key, Method::POST, "/connections", Some(body)).await;
    assert_eq!(reply.json()["status"], "ACTIVE", "{}", reply.text());
}

async fn aws(upstream: &Upstream, plan: Plan, service: &str, session: &str) -> World {
    let world = plan.start().await;
    let credentials = json!({"id": "AKIDEXAMPLE", "key": "canary-secret-key", "session": session});
    connect(&world, json!({"app": "aws", "method": "API_KEY", "fields": {"service": service}, "credentials": credentials})).await;
    let probe = upstream.only();
    assert!(probe.header("authorization").unwrap().starts_with("AWS4-HMAC-SHA256 "), "the probe is signed");
    upstream.take();
    world
}

fn ok(reply: &Reply, upstream: &Upstream) -> Seen {
    assert_eq!(reply.status, 200, "{}", reply.text());
    let seen = upstream.only();
    upstream.take();
    assert!(!seen.head.contains("canary-secret-key"));
    seen
}

#[tokio::test]
async fn hd_6_a_request_is_signed_as_it_goes_out_and_its_target_stays_as_it_is() {
    let upstream = Upstream::start().await;
    let world = aws(&upstream, plan(&upstream), "execute-api", "token").await;
    let mine = [
        ("x-amz-date", "20000101T000000Z"),
        ("x-amz-security-token", "mine"),
        ("x_amz_security_token", "mine too"),
        ("x-amz-target", "Logs.Get"),
    ];
    let reply = world
        .call(Method::POST, "/aws/a%2Fb//c?z=1&X-Amz-Signature=mine&x%2Damz%2Ddate=1", &mine, "{}")
        .await;
    let seen = ok(&reply, &upstream);
    assert_eq!(seen.target(), "/a%2Fb//c?z=1&v=2", "no signature in the URL");
    assert_eq!(seen.header("x-amz-security-token"), Some("token"));
    assert_eq!(seen.header("x-amz-date"), Some("20260921T141320Z"), "the gateway's clock");
    assert_eq!(seen.header("x-amz-target"), Some("Logs.Get"), "what is no signature passes");
    assert!(!seen.head.contains("mine"), "{}", seen.head);
    let signed = "SignedHeaders=host;x-amz-date;x-amz-security-token;x-amz-target, ";
    assert!(seen.header("authorization").unwrap().contains(signed), "{}", seen.head);
    assert_eq!(seen.body, b"{}");

    let seen = ok(&world.get("/aws/public/x").await, &upstream);
    assert_eq!((seen.header("authorization"), seen.header("x-amz-date")), (None, None));
}

#[tokio::test]
async fn a_body_that_is_covered_is_held_up_to_the_limit_and_not_beyond() {
    let upstream = Upstream::start().await;
    let small = |plan: Plan| plan.set(|settings| settings.bounds.signed_body_bytes = 8.try_into().unwrap());
    let world = aws(&upstream, small(plan(&upstream)), "sqs", "").await;
    assert_eq!(ok(&world.call(Method::POST, "/aws/", &[], "12345678").await, &upstream).body, b"12345678");
    let reply = world.call(Method::POST, "/aws/", &[], "123456789").await;
    let detail = reply.assert_problem(413, "body_too_large")["detail"].to_string();
    assert!(detail.contains("8 bytes") && detail.contains("bounds.signed_body_bytes"), "{detail}");
    upstream.assert_untouched();

    // Without a length: the same by what comes.
    let mut raw = Raw::connect(world.gateway).await;
    let head = format!("POST /aws/ HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {}\r\n", world.key);
    raw.send(format!("{head}transfer-encoding: chunked\r\n\r\n4\r\n1234\r\n5\r\n56789\r\n0\r\n\r\n")).await;
    assert!(raw.head().await.starts_with("HTTP/1.1 413"));
    upstream.assert_untouched();

    // Who states the hash need not be held.
    let stated =
        [("x-amz-content-sha256", "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225")];
    let seen = ok(&world.call(Method::POST, "/aws/", &stated, "123456789").await, &upstream);
    assert_eq!((seen.body.as_slice(), seen.header("x-amz-content-sha256")), (&b"123456789"[..], None));
}

#[tokio::test]
async fn a_body_signed_piece_by_piece_by_the_caller_is_refused() {
    let upstream = Upstream::start().await;
    let world = aws(&upstream, plan(&upstream), "s3", "").await;
    let chunked = [("x-amz-content-sha256", "STREAMING-AWS4-HMAC-SHA256-PAYLOAD")];
    let reply = world.call(Method::PUT, "/aws/b/k", &chunked, "1;chunk-signature=x\r\na\r\n").await;
    assert!(reply.assert_problem(400, "bad_request")["detail"].to_string().contains("chunked signing"));
    upstream.assert_untouched();
}

#[tokio::test]
async fn an_aws_client_gives_its_keyferry_key_as_access_key() {
    let upstream = Upstream::start().await;
    let world = aws(&upstream, plan(&upstream), "s3", "").await;
    let own = format!(
        "AWS4-HMAC-SHA256 Credential={}/20260921/eu-west-1/s3/aws4_request, SignedHeaders=host, Signature=00",
        world.key
    );
    let reply =
        world.http.call(Method::GET, &world.at_gateway("/aws/b"), &[("authorization", &own)], "").await;
    let seen = ok(&reply, &upstream);
    assert!(seen.header("authorization").unwrap().contains("Credential=AKIDEXAMPLE/20260921/"));
    assert!(!seen.head.contains(&world.key));
}

#[tokio::test]
async fn oauth1_signs_forms_and_streams_the_rest() {
    let upstream = Upstream::start().await;
    let world = plan(&upstream)
        .set(|settings| settings.bounds.signed_body_bytes = 8.try_into().unwrap())
        .start()
        .await;
    let credentials = json!({
        "account": "123_SB1", "consumer_key": "ck", "consumer_secret": "cs", "token": "tk", "token_secret": "ts",
    });
    connect(&world, json!({"app": "tba", "method": "OAUTH1", "credentials": credentials})).await;
    let long = "a long body of no interest to the signature";
    let seen = ok(&world.call(Method::POST, "/tba/x?oauth_token=mine&a=1", &[], long).await, &upstream);
    assert_eq!((seen.target(), seen.body.as_slice()), ("/x?a=1", long.as_bytes()));
    let value = seen.header("authorization").unwrap();
    let begin = "OAuth realm=\"123_SB1\", oauth_consumer_key=\"ck\", oauth_nonce=\"";
    assert!(value.starts_with(begin) && value.contains("oauth_signature_method=\"HMAC-SHA256\""), "{value}");
    assert!(
        value.contains("oauth_timestamp=\"1790000000\"") && value.contains("oauth_token=\"tk\""),
        "{value}"
    );

    let form = [("content-type", "application/x-www-form-urlencoded")];
    assert_eq!(ok(&world.call(Method::POST, "/tba/x", &form, "a=1&b=+").await, &upstream).body, b"a=1&b=+");
    world.call(Method::POST, "/tba/x", &form, long).await.assert_problem(413, "body_too_large");
    upstream.assert_untouched();
}
