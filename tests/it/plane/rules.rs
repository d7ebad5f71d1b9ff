//! Keys that may do less than their owner.

use http::Method;
use serde_json::{Value, json};
use sqlx::{Connection as _, SqliteConnection};

use crate::harness::{
    http::Reply,
    tls::Internet,
    upstream::{Answer, Upstream},
    world::{Plan, World},
};

async fn stage() -> (Upstream, World) {
    let upstream = Upstream::start().await;
    let world = Plan::default()
        .key_app("things", &upstream.url())
        .key_app("others", &upstream.url())
        .standing_clock()
        .start()
        .await;
    (upstream, world)
}

/// A key of `sam` with these rules, and its id.
async fn limited(world: &World, rules: Value) -> (String, String) {
    let reply = world.api(&world.key, Method::POST, "/keys", Some(json!({"rules": rules}))).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    let made = reply.json();
    assert_eq!(made["rules"], rules);
    let text = |name: &str| made[name].as_str().unwrap().to_owned();
    (text("key"), text("id"))
}

async fn call(world: &World, key: &str, method: Method, path: &str, fields: &[(&str, &str)]) -> Reply {
    let bearer = format!("Bearer {key}");
    let fields = [&[("authorization", bearer.as_str())], fields].concat();
    world.http.call(method, &world.at_gateway(path), &fields, "").await
}

/// Refused by this rule, saying so.
#[track_caller]
fn assert_forbidden(reply: &Reply, rule: &str) {
    let body = reply.assert_problem(403, "not_allowed");
    assert_eq!(body["rule"], rule);
    let detail = body["detail"].as_str().unwrap();
    assert!(detail.contains(&format!("(rule: {rule})")) && detail.contains("PATCH /keys/"), "{detail}");
}

#[tokio::test]
async fn ak_5_a_key_for_some_apps_calls_no_other() {
    let (upstream, world) = stage().await;
    world.connect("things", "sk_things").await;
    let others = world.connect("others", "sk_others").await;
    let (key, _) = limited(&world, json!({"apps": ["things"]})).await;
    assert_forbidden(&call(&world, &key, Method::GET, "/others/x", &[]).await, "apps");
    let named = [("maton-connection", others.as_str())];
    assert_forbidden(&call(&world, &key, Method::GET, "/others/x", &named).await, "apps");
    assert_forbidden(&call(&world, &key, Method::GET, "/things/x", &named).await, "apps");
    let host = [("host", "others.localhost")];
    assert_forbidden(&call(&world, &key, Method::GET, "/things/x", &host).await, "apps");
    call(&world, &key, Method::GET, "/nothing/x", &[]).await.assert_problem(404, "app_unknown");
    upstream.assert_untouched();
    assert_eq!(call(&world, &key, Method::POST, "/things/x", &[]).await.status, 200);
    assert_eq!(world.get("/others/x").await.status, 200, "another key of the owner may");
}

#[tokio::test]
async fn ak_5_a_key_for_some_connections_uses_no_other_and_hears_of_none() {
    let (upstream, world) = stage().await;
    let first = world.connect("things", "sk_first").await;
    world.clock.advance(std::time::Duration::from_secs(1));
    let second = world.connect("things", "sk_second").await;
    world.connect("others", "sk_others").await;
    let (key, _) = limited(&world, json!({"connections": [second]})).await;
    let chosen = call(&world, &key, Method::GET, "/things/x", &[]).await;
    assert_eq!(chosen.header("maton-connection"), Some(second.as_str()), "though another one is older");
    assert_eq!(chosen.header("x-maton-hint"), None, "there was no choice");
    assert_eq!(upstream.only().header("authorization"), Some("Bearer sk_second"));
    let named = [("maton-connection", first.as_str())];
    assert_forbidden(&call(&world, &key, Method::GET, "/things/x", &named).await, "connections");
    assert_forbidden(&call(&world, &key, Method::GET, "/others/x", &[]).await, "connections");

    let body = json!({"app": "things", "method": "API_KEY", "credentials": {"api_key": "sk_root"}});
    let foreign = world.api(&world.admin_key, Method::POST, "/connections", Some(body)).await.json();
    for id in [foreign["connection_id"].as_str().unwrap(), "0198c1a0-0000-7000-8000-000000000001"] {
        let reply = call(&world, &key, Method::GET, "/things/x", &[("maton-connection", id)]).await;
        let body = reply.assert_problem(404, "connection_unknown");
        let shown = body["connections"].as_array().unwrap();
        assert_eq!((shown.len(), &shown[0]["connection_id"]), (1, &json!(second)));
        assert!(!reply.text().contains(&first), "{}", reply.text());
    }
    world.api(&world.key, Method::DELETE, &format!("/connections/{second}"), None).await;
    assert_forbidden(&call(&world, &key, Method::GET, "/things/x", &[]).await, "connections");
    assert_eq!(upstream.seen().len(), 1);
}

#[tokio::test]
async fn ak_5_a_key_that_may_only_read_sends_nothing_else() {
    let (upstream, world) = stage().await;
    world.connect("things", "sk_things").await;
    let (key, _) = limited(&world, json!({"read_only": true})).await;
    for method in [Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
        assert_forbidden(&call(&world, &key, method, "/things/x", &[]).await, "read_only");
    }
    for field in ["X-HTTP-Method-Override", "x-http-method", "x-method-override"] {
        let fields = [(field, "DELETE")];
        assert_forbidden(&call(&world, &key, Method::GET, "/things/x", &fields).await, "read_only");
    }
    upstream.assert_untouched();
    for method in [Method::GET, Method::HEAD, Method::OPTIONS] {
        assert_eq!(call(&world, &key, method, "/things/x", &[]).await.status, 200);
    }
}

#[tokio::test]
async fn ak_5_a_sealed_link_is_held_against_the_rules_too() {
    let internet = Internet::answering(|seen| match seen.header("host") {
        Some("things.example.com") => {
            Answer::with("302 Found", "location: https://files.example.com/file\r\n", "")
        }
        _ => Answer::ok("{}"),
    })
    .await;
    let base = "https://things.example.com";
    let world = internet.plan().key_app("things", base).key_app("others", base).start().await;
    world.connect("things", "sk_things").await;
    let link = world.get("/things/go").await.header("location").unwrap().to_owned();
    let path = format!("/~/{}", link.split_once("/~/").unwrap().1);
    let (reader, _) = limited(&world, json!({"read_only": true})).await;
    let (other, _) = limited(&world, json!({"apps": ["others"]})).await;
    assert_forbidden(&call(&world, &reader, Method::POST, &path, &[]).await, "read_only");
    assert_forbidden(&call(&world, &other, Method::GET, &path, &[]).await, "apps");
    assert_eq!(internet.seen().len(), 1, "only the redirect itself");
    assert_eq!(call(&world, &reader, Method::GET, &path, &[]).await.status, 200);
    let admin = json!({"rules": {"apps": ["others"]}});
    let foreigner = world.api(&world.admin_key, Method::POST, "/keys", Some(admin)).await.json();
    let reply = call(&world, foreigner["key"].as_str().unwrap(), Method::GET, &path, &[]).await;
    reply.assert_problem(400, "bad_request");
    assert!(!reply.text().contains("things"), "whose link it is stays unsaid: {}", reply.text());
}

#[tokio::test]
async fn ak_5_changed_rules_hold_at_once() {
    let (_upstream, world) = stage().await;
    world.connect("things", "sk_things").await;
    let (key, id) = limited(&world, json!({"control": false})).await;
    assert_eq!(call(&world, &key, Method::POST, "/things/x", &[]).await.status, 200);
    for (rules, expected) in [(json!({"read_only": true}), 403), (json!({}), 200)] {
        let change = Some(json!({ "rules": rules }));
        let reply = world.api(&world.key, Method::PATCH, &format!("/keys/{id}"), change).await;
        assert_eq!((reply.status.as_u16(), &reply.json()["rules"]), (200, &rules));
        assert_eq!(call(&world, &key, Method::POST, "/things/x", &[]).await.status, expected);
    }
}

#[tokio::test]
async fn ak_5_rules_that_can_not_be_read_let_nothing_through() {
    let (upstream, world) = stage().await;
    world.connect("things", "sk_things").await;
    let (key, id) = limited(&world, json!({"read_only": true})).await;
    assert_eq!(call(&world, &key, Method::GET, "/things/x", &[]).await.status, 200);
    let file = world.dir.path().join("keyferry.db");
    let mut db = SqliteConnection::connect(&format!("sqlite:{}", file.display())).await.unwrap();
    let newer = r#"update keys set rules = '{"paths":["/x"]}' where rules <> '{}'"#;
    assert_eq!(sqlx::query(newer).execute(&mut db).await.unwrap().rows_affected(), 1);
    db.close().await.unwrap();
    world.clock.advance(std::time::Duration::from_secs(6));
    call(&world, &key, Method::GET, "/things/x", &[]).await.assert_problem(500, "internal");
    world.api(&key, Method::GET, "/user", None).await.assert_problem(500, "internal");
    assert_eq!(upstream.seen().len(), 1);

    let path = format!("/keys/{id}");
    let shown = world.api(&world.key, Method::GET, &path, None).await.json();
    assert_eq!(shown["rules"], json!({"paths": ["/x"]}), "its owner can see why");
    world.api(&world.key, Method::PATCH, &path, Some(json!({"rules": {}}))).await;
    assert_eq!(call(&world, &key, Method::GET, "/things/x", &[]).await.status, 200);
}
