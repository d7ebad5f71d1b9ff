//! Which connection a call uses.

use http::Method;
use serde_json::json;

use crate::harness::{
    upstream::Upstream,
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

async fn named(world: &World, app: &str, fields: &[(&str, &str)]) -> crate::harness::http::Reply {
    world.call(Method::GET, &format!("/{app}/x"), fields, "").await
}

fn credential(upstream: &Upstream) -> String {
    upstream.seen().pop().unwrap().header("authorization").unwrap().to_owned()
}

#[tokio::test]
async fn ci_3_without_a_name_the_oldest_active_connection_is_used() {
    let (upstream, world) = stage().await;
    let pending = json!({"app": "things", "method": "API_KEY"});
    assert_eq!(
        world.api(&world.key, Method::POST, "/connections", Some(pending)).await.json()["status"],
        "PENDING"
    );
    let first = world.connect("things", "sk_first").await;
    let reply = named(&world, "things", &[]).await;
    assert_eq!(reply.header("maton-connection"), Some(first.as_str()));
    assert_eq!(reply.header("x-maton-hint"), None, "there was no choice");
    world.clock.advance(std::time::Duration::from_secs(10));
    let second = world.connect("things", "sk_second").await;
    let reply = named(&world, "things", &[]).await;
    assert_eq!(reply.header("maton-connection"), Some(first.as_str()));
    assert!(reply.header("x-maton-hint").is_some_and(|hint| hint.contains("2 connections")), "{reply:?}");
    assert_eq!(credential(&upstream), "Bearer sk_first");
    for name in ["maton-connection", "x-maton-connection", "keyferry-connection"] {
        let reply = named(&world, "things", &[(name, &second)]).await;
        assert_eq!(reply.header("maton-connection"), Some(second.as_str()));
        assert_eq!(reply.header("x-maton-hint"), None, "one was chosen");
        assert_eq!(credential(&upstream), "Bearer sk_second");
    }
    let gone = world.api(&world.key, Method::DELETE, &format!("/connections/{first}"), None).await;
    assert_eq!(gone.status, 200);
    named(&world, "things", &[("maton-connection", &first)]).await.assert_problem(404, "connection_unknown");
    assert_eq!(named(&world, "things", &[]).await.header("maton-connection"), Some(second.as_str()));
}

#[tokio::test]
async fn ci_3_malformed_and_contradicting_names_are_refused() {
    let (upstream, world) = stage().await;
    let one = world.connect("things", "sk_first").await;
    let two = world.connect("things", "sk_second").await;
    let list = format!("{one}, {one}");
    for fields in [
        &[("maton-connection", "")][..],
        &[("maton-connection", "x")],
        &[("maton-connection", &list)],
        &[("maton-connection", &one), ("maton-connection", &two)],
        &[("maton-connection", &one), ("x-maton-connection", &two)],
    ] {
        named(&world, "things", fields).await.assert_problem(400, "bad_request");
    }
    upstream.assert_untouched();
    let twice = [("maton-connection", two.as_str()), ("keyferry-connection", two.as_str())];
    assert_eq!(named(&world, "things", &twice).await.status, 200);
}

#[tokio::test]
async fn ci_2_a_connection_of_another_app_is_not_used() {
    let (upstream, world) = stage().await;
    let things = world.connect("things", "sk_things").await;
    world.connect("others", "sk_others").await;
    named(&world, "others", &[("maton-connection", &things)])
        .await
        .assert_problem(400, "connection_unusable");
    upstream.assert_untouched();
}

#[tokio::test]
async fn ci_1_foreign_unknown_and_deleted_connections_look_alike() {
    let (upstream, world) = stage().await;
    let mine = world.connect("things", "sk_mine").await;
    let body = json!({"app": "things", "method": "API_KEY", "credentials": {"api_key": "sk_root"}});
    let foreign = world.api(&world.admin_key, Method::POST, "/connections", Some(body)).await.json();
    let foreign = foreign["connection_id"].as_str().unwrap();
    let deleted = world.connect("things", "sk_deleted").await;
    world.api(&world.key, Method::DELETE, &format!("/connections/{deleted}"), None).await;
    let mut bodies = Vec::new();
    for id in [foreign, deleted.as_str(), "0198c1a0-0000-7000-8000-000000000001"] {
        let mut body = named(&world, "things", &[("maton-connection", id)])
            .await
            .assert_problem(404, "connection_unknown");
        assert_eq!(body["connections"][0]["connection_id"], mine.as_str(), "lists the caller's own");
        body["request_id"] = "-".into();
        bodies.push(body.to_string().replace(id, "ID"));
    }
    bodies.dedup();
    assert_eq!(bodies.len(), 1, "{bodies:#?}");
    upstream.assert_untouched();
}
