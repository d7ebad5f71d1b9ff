//! What must not become a connection.

use http::Method;
use serde_json::json;

use super::{
    connect::Connected,
    stage::lines,
    way::{Way, way},
};
use crate::harness::{tls::Internet, upstream::Answer};

/// Signs in where the token endpoint answers so; why that is no connection, and what the provider was asked.
async fn refused(way: &Way, answer: &str) -> (String, Vec<String>) {
    let way = Way { answer: answer.to_owned(), ..way.clone() };
    let (stage, made) = Connected::tried(&way).await;
    let why = made.unwrap_err();
    assert!(!why.contains("at.1~x"), "{why}");
    let asked = lines(&stage.internet.take());
    let (method, path) = way.call(0).0.split_once(' ').unwrap();
    let reply = stage.world.call(method.parse().unwrap(), path, &[], "").await;
    assert_eq!(reply.header("keyferry-error"), Some("connection_required"), "{}", reply.text());
    assert!(stage.internet.take().is_empty());
    (why, asked)
}

#[tokio::test]
async fn slack_says_no_with_200() {
    let slack = way("slack", "OAUTH2");
    for answer in [
        r#"{"ok":false,"error":"invalid_code"}"#,
        r#"{"ok":false,"access_token":"at.1~x"}"#,
        r#"{"ok":"true","access_token":"at.1~x"}"#,
        r#"{"access_token":"at.1~x"}"#,
    ] {
        let (why, asked) = refused(&slack, answer).await;
        assert!(why.starts_with(r#"not connected: "FAILED""#), "{answer}: {why}");
        assert_eq!(asked, ["POST https://slack.com/api/oauth.v2.access"], "the token is not used");
    }
}

#[tokio::test]
async fn salesforce_can_not_be_made_to_send_its_token_elsewhere() {
    let salesforce = way("salesforce", "OAUTH2");
    for answer in [
        r#"{"access_token":"at.1~x","instance_url":"https://evil.example"}"#,
        r#"{"access_token":"at.1~x","instance_url":"https://na1.salesforce.com.evil.example"}"#,
        r#"{"access_token":"at.1~x","instance_url":"https://evil.example/.salesforce.com"}"#,
        r#"{"access_token":"at.1~x","instance_url":"https://evil@na1.salesforce.com"}"#,
        r#"{"access_token":"at.1~x","instance_url":"http://na1.salesforce.com"}"#,
        r#"{"access_token":"at.1~x"}"#,
    ] {
        let (why, asked) = refused(&salesforce, answer).await;
        assert!(why.starts_with(r#"not connected: "FAILED""#), "{answer}: {why}");
        // The token goes back to who gave it, to be ended; that may take a moment more.
        let (first, then) = asked.split_first().unwrap();
        assert_eq!(first, "POST https://login.salesforce.com/services/oauth2/token", "{answer}");
        let back = "POST https://login.salesforce.com/services/oauth2/revoke";
        assert!(then.iter().all(|asked| asked == back), "{answer}: {then:?}");
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
