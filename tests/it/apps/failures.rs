//! What must not become a connection.

use http::Method;
use serde_json::{Value, json};

use super::{
    connect::{Connected, gateway, line},
    sign_in,
    way::{SignIn, Way},
};
use crate::harness::{browser::Browser, tls::Internet, upstream::Answer};

fn way(ways: &[Way], app: &str) -> Way {
    *ways.iter().find(|way| way.app == app).unwrap()
}

/// Signs in where the token endpoint answers so; the connection afterwards, and what the provider was asked.
async fn signed_in(way: &Way, answer: &'static str) -> (Value, Vec<String>) {
    let way = Way { sign_in: Some(SignIn { answer, ..way.sign_in.unwrap() }), ..*way };
    let (internet, world) = gateway(&way).await;
    let mut connected = Connected { internet, world, id: String::new() };
    let made = connected.create(&way).await;
    connected.id = made["connection_id"].as_str().unwrap().to_owned();
    let browser = Browser::new(&connected.world);
    let consent = browser.leave(&made).await;
    let page = browser.come_back(way.app, &consent, &[("code", "c")]).await;
    assert!(!page.text().contains("at.1~x"), "{}", page.text());
    let asked = connected.internet.seen().iter().map(line).collect();
    let reply = connected.call(way.call, &[]).await;
    assert_eq!(reply.header("keyferry-error"), Some("connection_unusable"), "{}", reply.text());
    (connected.connection().await, asked)
}

#[tokio::test]
async fn slack_says_no_with_200() {
    let slack = way(sign_in::WAYS, "slack");
    for answer in [
        r#"{"ok":false,"error":"invalid_code"}"#,
        r#"{"ok":false,"access_token":"at.1~x"}"#,
        r#"{"ok":"true","access_token":"at.1~x"}"#,
        r#"{"access_token":"at.1~x"}"#,
    ] {
        let (connection, asked) = signed_in(&slack, answer).await;
        assert_eq!(connection["status"], "FAILED", "{answer}: {connection}");
        assert_eq!(asked, ["POST https://slack.com/api/oauth.v2.access"], "the token is not used");
    }
}

#[tokio::test]
async fn salesforce_can_not_be_made_to_send_its_token_elsewhere() {
    let salesforce = way(sign_in::WAYS, "salesforce");
    for answer in [
        r#"{"access_token":"at.1~x","instance_url":"https://evil.example"}"#,
        r#"{"access_token":"at.1~x","instance_url":"https://na1.salesforce.com.evil.example"}"#,
        r#"{"access_token":"at.1~x","instance_url":"https://evil.example/.salesforce.com"}"#,
        r#"{"access_token":"at.1~x","instance_url":"https://evil@na1.salesforce.com"}"#,
        r#"{"access_token":"at.1~x","instance_url":"http://na1.salesforce.com"}"#,
        r#"{"access_token":"at.1~x"}"#,
    ] {
        let (connection, asked) = signed_in(&salesforce, answer).await;
        assert_eq!(connection["status"], "FAILED", "{answer}: {connection}");
        assert_eq!(asked, ["POST https://login.salesforce.com/services/oauth2/token"], "{answer}");
    }
}

#[tokio::test]
async fn credentials_that_the_provider_refuses_are_not_kept() {
    for status in ["401 Unauthorized", "403 Forbidden"] {
        let internet = Internet::answering(move |_| Answer::with(status, "", "{}")).await;
        let world = internet.plan().start().await;
        let body = json!({"app": "stripe", "method": "API_KEY", "credentials": {"api_key": "sk_test_1"}});
        let reply = world.api(&world.key, Method::POST, "/connections", Some(body)).await;
        assert_eq!(reply.status, 422, "{}", reply.text());
        let list = world.api(&world.key, Method::GET, "/connections", None).await.json();
        assert_eq!(list["connections"], json!([]));
        assert_eq!(internet.seen().len(), 1);
    }
}

#[tokio::test]
async fn nothing_is_said_to_a_host_without_a_trusted_certificate() {
    let internet = Internet::answering(|_| Answer::ok("{}")).await;
    let world = internet.plan_without_trust().start().await;
    let body = json!({"app": "stripe", "method": "API_KEY", "credentials": {"api_key": "sk_test_1"}});
    let made = world.api(&world.key, Method::POST, "/connections", Some(body)).await.json();
    assert_eq!((&made["status"], &made["status_reason"]), (&json!("ACTIVE"), &json!("unprobed")));
    world.get("/stripe/v1/account").await.assert_problem(502, "upstream_unreachable");
    assert!(internet.seen().is_empty());
    // The same with that trust: it was the certificate that stood in the way.
    let trusting = internet.plan().start().await;
    trusting.connect("stripe", "sk_test_1").await;
    assert_eq!(trusting.get("/stripe/v1/account").await.status, 200);
}
