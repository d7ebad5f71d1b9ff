//! Among connections in every state, only ACTIVE ones serve, and of them the oldest.

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};

use crate::harness::{
    browser::Browser,
    upstream::{Answer, Seen, Upstream},
    world::{Plan, World},
};

/// An app with both ways in.
fn suite(url: &str) -> String {
    format!(
        r#"
        name = "suite"
        display_name = "Suite"
        base = "{url}"
        no_probe = "a test's upstream"
        [[auth]]
        method = "OAUTH2"
        client = "suite"
        authorize = {{ url = "{url}/authorize" }}
        token = {{ url = "{url}/token" }}
        inject = [{{ header = "Authorization", value = "Bearer ${{access_token}}" }}]
        [[auth]]
        method = "API_KEY"
        fields = [{{ name = "api_key", label = "Key", secret = true }}]
        inject = [{{ header = "Authorization", value = "Bearer ${{api_key}}" }}]
        "#
    )
}

/// Grants once, and never renews.
fn provider(seen: &Seen) -> Answer {
    let is_renewal = String::from_utf8_lossy(&seen.body).contains("refresh_token");
    match seen.target() {
        "/token" if is_renewal => Answer::with("400 Bad Request", "", r#"{"error":"invalid_grant"}"#),
        "/token" => Answer::ok(r#"{"access_token":"at","refresh_token":"rt","expires_in":600}"#),
        _ => Answer::ok("{}"),
    }
}

/// Connections from the oldest to the newest.
struct Stage {
    upstream: Upstream,
    world: World,
    pending: String,
    refused: String,
    ended: String,
    /// Made at the same moment, by id.
    active: [String; 2],
}

async fn made(world: &World, way: &str) -> Value {
    world.clock.advance(Duration::from_secs(10));
    let body = json!({"app": "suite", "method": way});
    world.api(&world.key, Method::POST, "/connections", Some(body)).await.json()
}

fn id(made: &Value) -> String {
    made["connection_id"].as_str().unwrap().to_owned()
}

impl Stage {
    async fn set(strict: bool) -> Self {
        let upstream = Upstream::answering(provider).await;
        let plan = Plan::default().app("suite", suite(&upstream.url())).standing_clock();
        let world = plan.set(|settings| settings.selection.strict = strict).start().await;
        let client = json!({"client_id": "id", "client_secret": "secret"});
        world.api(&world.admin_key, Method::PUT, "/apps/suite/client", Some(client)).await;

        let pending = id(&made(&world, "API_KEY").await);
        let refused = made(&world, "OAUTH2").await;
        let browser = Browser::new(&world);
        let consent = browser.leave(&refused).await;
        browser.come_back("suite", &consent, &[("error", "access_denied")]).await;
        let ended = made(&world, "OAUTH2").await;
        let consent = browser.leave(&ended).await;
        browser.come_back("suite", &consent, &[("code", "c")]).await;
        world.clock.advance(Duration::from_secs(601));
        world.get("/suite/x").await.assert_problem(400, "reauthorization_required");
        let mut active = [world.connect("suite", "sk_a").await, world.connect("suite", "sk_b").await];
        active.sort();
        Self { upstream, world, pending, refused: id(&refused), ended: id(&ended), active }
    }

    fn calls(&self) -> usize {
        self.upstream.seen().iter().filter(|seen| seen.target() == "/x").count()
    }

    async fn delete(&self, id: &str) {
        let gone = self.world.api(&self.world.key, Method::DELETE, &format!("/connections/{id}"), None).await;
        assert_eq!(gone.status, 200);
    }
}

#[tokio::test]
async fn ci_3_the_oldest_active_one_serves_and_the_older_ended_one_is_told_of() {
    let stage = Stage::set(false).await;
    for round in 0..2 {
        let reply = stage.world.get("/suite/x").await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        assert_eq!(reply.header("maton-connection"), Some(stage.active[round].as_str()), "ties go by id");
        let hint = reply.header("x-maton-hint").unwrap();
        assert!(hint.contains(&stage.ended) && hint.contains("reconnect"), "{hint}");
        assert_eq!(hint.contains("2 connections"), round == 0, "{hint}");
        stage.delete(&stage.active[round]).await;
    }
    assert_eq!(stage.calls(), 2);
    // Nothing is ACTIVE any more.
    let said = stage.world.get("/suite/x").await.assert_problem(400, "reauthorization_required");
    assert_eq!(said["connection_id"], stage.ended.as_str());
    stage.delete(&stage.ended).await;
    let said = stage.world.get("/suite/x").await.assert_problem(400, "connection_required");
    let listed = said["connections"].as_array().unwrap();
    assert_eq!(listed.len(), 1, "{said}");
    assert_eq!(listed[0]["connection_id"], stage.pending.as_str());
    assert!(listed[0]["url"].as_str().unwrap().contains("/connect?session_token="));
    assert_eq!(stage.calls(), 2);
}

#[tokio::test]
async fn ci_3_a_named_one_serves_or_says_why_not_and_no_other_steps_in() {
    let stage = Stage::set(false).await;
    stage.delete(&stage.active[0]).await;
    for (id, status, reason) in [
        (&stage.pending, 400, "connection_unusable"),
        (&stage.refused, 400, "connection_unusable"),
        (&stage.ended, 400, "reauthorization_required"),
        (&stage.active[0], 404, "connection_unknown"),
    ] {
        let reply = stage.world.call(Method::GET, "/suite/x", &[("maton-connection", id)], "").await;
        let said = reply.assert_problem(status, reason);
        assert_eq!(said["url"].is_string(), status == 400, "{said}");
        assert_eq!(reply.header("maton-connection"), None);
    }
    assert_eq!(stage.calls(), 0);
    let named = [("maton-connection", stage.active[1].as_str())];
    let reply = stage.world.call(Method::GET, "/suite/x", &named, "").await;
    assert_eq!((reply.status.as_u16(), reply.header("x-maton-hint")), (200, None));
    assert_eq!(stage.calls(), 1);
}

#[tokio::test]
async fn ci_3_a_strict_gateway_never_moves_on_to_a_newer_account() {
    let stage = Stage::set(true).await;
    let said = stage.world.get("/suite/x").await.assert_problem(400, "reauthorization_required");
    assert_eq!(said["connection_id"], stage.ended.as_str());
    assert_eq!(stage.calls(), 0);
    let named = [("maton-connection", stage.active[1].as_str())];
    assert_eq!(stage.world.call(Method::GET, "/suite/x", &named, "").await.status, 200);
    stage.delete(&stage.ended).await;
    let reply = stage.world.get("/suite/x").await;
    assert_eq!(reply.header("maton-connection"), Some(stage.active[0].as_str()));
}
