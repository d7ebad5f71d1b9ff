//! What other owners and other apps have is out of reach.

use http::Method;
use serde_json::json;

use crate::harness::{
    http::Reply,
    tls::Internet,
    upstream::{Answer, Upstream},
    world::{Plan, World},
};

/// Connects `app` for the other owner.
async fn foreign(world: &World, app: &str) -> String {
    let body = json!({"app": app, "method": "API_KEY", "credentials": {"api_key": "sk_foreign"}});
    let made = world.api(&world.admin_key, Method::POST, "/connections", Some(body)).await.json();
    assert_eq!(made["status"], "ACTIVE");
    made["connection_id"].as_str().unwrap().to_owned()
}

/// An answer without what differs between any two: its date, its request id, the id that was asked for.
fn likeness(reply: &Reply, id: &str) -> String {
    let mut headers = reply.headers.clone();
    let request_id = headers.remove("x-request-id").unwrap();
    headers.remove("date");
    let text = format!("{} {headers:?} {}", reply.status, reply.text());
    text.replace(request_id.to_str().unwrap(), "REQUEST").replace(id, "ID")
}

#[tokio::test]
async fn ci_1_ids_of_others_answer_like_ids_of_nobody() {
    let upstream = Upstream::start().await;
    let plan = Plan::default().key_app("things", &upstream.url()).key_app("others", &upstream.url());
    let world = plan.start().await;
    let pending = json!({"app": "things", "method": "API_KEY"});
    let pending = world.api(&world.admin_key, Method::POST, "/connections", Some(pending)).await.json();
    let ids = [
        "01990000-0000-7000-8000-000000000001".to_owned(),
        foreign(&world, "things").await,
        foreign(&world, "others").await,
        pending["connection_id"].as_str().unwrap().to_owned(),
    ];
    for has_own in [false, true] {
        if has_own {
            world.connect("things", "sk_own").await;
        }
        let mut answers = Vec::new();
        for id in &ids {
            let reply = world.call(Method::GET, "/things/x", &[("maton-connection", id)], "").await;
            reply.assert_problem(404, "connection_unknown");
            answers.push(likeness(&reply, id));
        }
        answers.dedup();
        assert_eq!(answers.len(), 1, "{answers:#?}");
    }
    upstream.assert_untouched();
}

#[tokio::test]
async fn ci_1_without_a_name_nobody_elses_connection_is_taken() {
    let upstream = Upstream::start().await;
    let world = Plan::default().key_app("things", &upstream.url()).start().await;
    foreign(&world, "things").await;
    let said = world.get("/things/x").await.assert_problem(400, "connection_required");
    assert_eq!(said["connections"], json!([]));
    upstream.assert_untouched();
    let own = world.connect("things", "sk_own").await;
    let reply = world.get("/things/x").await;
    assert_eq!(reply.header("maton-connection"), Some(own.as_str()));
    assert_eq!(reply.header("x-maton-hint"), None, "others are not even counted");
    assert_eq!(upstream.only().header("authorization"), Some("Bearer sk_own"));
}

#[tokio::test]
async fn ci_2_a_stripe_key_never_goes_to_slack() {
    let internet = Internet::answering(|_| Answer::ok(r#"{"ok":true,"id":"acct_1"}"#)).await;
    let world = internet.plan().start().await;
    let stripe = world.connect("stripe", "sk_test_1").await;
    let named = [("maton-connection", stripe.as_str())];
    for has_slack in [false, true] {
        if has_slack {
            world.connect("slack", "xoxb-1").await;
        }
        for name in ["maton-connection", "x-maton-connection", "keyferry-connection"] {
            let reply = world.call(Method::POST, "/slack/api/chat.postMessage", &[(name, &stripe)], "").await;
            reply.assert_problem(400, "connection_unusable");
        }
    }
    assert_eq!(world.call(Method::GET, "/stripe/v1/balance", &named, "").await.status, 200);
    for seen in internet.seen() {
        let to_stripe = seen.header("host") == Some("api.stripe.com");
        assert_eq!(seen.head.contains("sk_test_1"), to_stripe, "{}", seen.head);
        assert!(!seen.target().contains("postMessage"), "{}", seen.head);
    }
}

#[tokio::test]
async fn ci_6_an_answer_for_all_is_still_fetched_for_each() {
    let upstream = Upstream::answering(|_| {
        Answer::with("200 OK", "cache-control: public, max-age=3600\r\netag: \"1\"\r\n", "for one of them")
    })
    .await;
    let world = Plan::default().key_app("things", &upstream.url()).start().await;
    foreign(&world, "things").await;
    world.connect("things", "sk_own").await;
    let bearer = format!("Bearer {}", world.admin_key);
    for _ in 0..2 {
        assert_eq!(world.get("/things/same").await.text(), "for one of them");
        let headers = [("authorization", bearer.as_str())];
        let reply = world.http.call(Method::GET, &world.at_gateway("/things/same"), &headers, "").await;
        assert_eq!(reply.text(), "for one of them");
    }
    let seen = upstream.seen();
    let tokens: Vec<_> = seen.iter().map(|seen| seen.header("authorization").unwrap()).collect();
    assert_eq!(tokens, ["Bearer sk_own", "Bearer sk_foreign", "Bearer sk_own", "Bearer sk_foreign"]);
}
