//! Keys that may do less than their owner, at the control API.

use http::Method;
use serde_json::{Value, json};

use super::{admin, sam, text};
use crate::harness::{
    http::Reply,
    upstream::Upstream,
    world::{Plan, World},
};

const UNKNOWN: &str = "0190b3a4-0000-7000-8000-000000000000";

async fn stage() -> (World, Upstream) {
    let upstream = Upstream::start().await;
    let plan = Plan::default().key_app("plain", &upstream.url()).key_app("other", &upstream.url());
    (plan.start().await, upstream)
}

/// A key of `sam` with these rules.
async fn limited(world: &World, rules: Value) -> String {
    let reply = sam(world, Method::POST, "/keys", json!({"rules": rules})).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    text(&reply.json(), "key").to_owned()
}

async fn with(world: &World, key: &str, method: Method, path: &str, body: Value) -> Reply {
    world.api(key, method, path, (!body.is_null()).then_some(body)).await
}

#[track_caller]
fn assert_forbidden(reply: &Reply, rule: &str) {
    let body = reply.assert_problem(403, "not_allowed");
    assert_eq!(body["rule"], rule);
    assert!(text(&body, "detail").contains(&format!("(rule: {rule})")), "{body}");
}

/// The ids that `GET /connections` lists.
async fn listed(world: &World, key: &str, query: &str) -> Vec<String> {
    let page = world.api(key, Method::GET, &format!("/connections{query}"), None).await.json();
    let ids = page["connections"].as_array().unwrap().iter();
    ids.map(|one| text(one, "connection_id").to_owned()).collect()
}

#[tokio::test]
async fn rules_are_kept_by_name_and_shown() {
    let (world, _upstream) = stage().await;
    let id = world.connect("plain", "one").await;
    let rules =
        json!({"apps": ["gmail", "plain", "plain"], "connections": [id.to_uppercase()], "read_only": false});
    let kept = json!({"apps": ["google-mail", "plain"], "connections": [id]});
    let made = sam(&world, Method::POST, "/keys", json!({"rules": rules})).await.json();
    assert_eq!(made["rules"], kept);
    let path = format!("/keys/{}", text(&made, "id"));
    assert_eq!(sam(&world, Method::GET, &path, Value::Null).await.json()["rules"], kept);
    assert_eq!(world.api(text(&made, "key"), Method::GET, "/user", None).await.json()["key"]["rules"], kept);
    let changed = sam(&world, Method::PATCH, &path, json!({"name": "new"})).await.json();
    assert_eq!(changed["rules"], kept, "what is left out stays");
    let rotated = sam(&world, Method::POST, &format!("{path}/rotate"), Value::Null).await.json();
    assert_eq!(rotated["rules"], kept);
}

#[tokio::test]
async fn ak_5_rules_that_can_not_be_are_422_and_name_the_field() {
    let (world, _upstream) = stage().await;
    let body = json!({"app": "plain", "method": "API_KEY", "credentials": {"api_key": "roots"}});
    let foreign = admin(&world, Method::POST, "/connections", body).await.json();
    let foreign = text(&foreign, "connection_id");
    let made = sam(&world, Method::POST, "/keys", json!({"rules": {"read_only": true}})).await.json();
    let path = format!("/keys/{}", text(&made, "id"));
    let mut told = Vec::new();
    for (rules, field) in [
        (json!(null), "rules"),
        (json!([]), "rules"),
        (json!({"methods": ["GET"]}), "rules.methods"),
        (json!({"apps": "plain"}), "rules.apps"),
        (json!({"apps": null}), "rules.apps"),
        (json!({"apps": []}), "rules.apps"),
        (json!({"apps": ["plain", "plian"]}), "rules.apps[1]"),
        (json!({"apps": [7]}), "rules.apps[0]"),
        (json!({"connections": ["nonsense"]}), "rules.connections[0]"),
        (json!({"connections": [UNKNOWN]}), "rules.connections[0]"),
        (json!({"connections": [foreign]}), "rules.connections[0]"),
        (json!({"read_only": "yes"}), "rules.read_only"),
        (json!({"control": null}), "rules.control"),
    ] {
        for (method, path) in [(Method::POST, "/keys"), (Method::PATCH, path.as_str())] {
            let reply = sam(&world, method, path, json!({"rules": rules})).await;
            let problem = reply.assert_problem(422, "invalid");
            assert_eq!(problem["field"], field, "{rules}");
            told.push(text(&problem, "detail").to_owned());
        }
    }
    told.dedup();
    assert_eq!(told.iter().filter(|detail| detail.contains("no such connection")).count(), 1, "{told:#?}");
    let kept = sam(&world, Method::GET, &path, Value::Null).await.json();
    assert_eq!(kept["rules"], json!({"read_only": true}));
}

#[tokio::test]
async fn ak_5_a_key_kept_out_of_the_control_api_only_learns_who_it_is() {
    let (world, _upstream) = stage().await;
    let id = world.connect("plain", "one").await;
    let key = limited(&world, json!({"control": false})).await;
    for (method, path) in [
        (Method::GET, "/connections".to_owned()),
        (Method::GET, format!("/connections/{id}")),
        (Method::DELETE, format!("/connections/{id}")),
        (Method::POST, "/connections".to_owned()),
        (Method::GET, "/apps".to_owned()),
        (Method::GET, "/keys".to_owned()),
        (Method::GET, "/owners".to_owned()),
    ] {
        assert_forbidden(&with(&world, &key, method.clone(), &path, Value::Null).await, "control");
        let bearer = format!("Bearer {key}");
        let headers = [("authorization", bearer.as_str())];
        assert_forbidden(&world.http.call(method, &world.at_gateway(&path), &headers, "").await, "control");
    }
    let user = with(&world, &key, Method::GET, "/user", Value::Null).await.json();
    assert_eq!(user["key"]["rules"], json!({"control": false}));
    assert_eq!(listed(&world, &world.key, "").await, [id]);
}

#[tokio::test]
async fn ak_5_a_key_that_may_only_read_changes_nothing() {
    let (world, _upstream) = stage().await;
    let id = world.connect("plain", "one").await;
    let key = limited(&world, json!({"read_only": true})).await;
    for (method, path, body) in [
        (Method::POST, "/connections".to_owned(), json!({"app": "plain"})),
        (Method::PATCH, format!("/connections/{id}"), json!({"name": "x"})),
        (Method::POST, format!("/connections/{id}/reconnect"), Value::Null),
        (Method::POST, format!("/connections/{id}/confirm"), Value::Null),
        (Method::DELETE, format!("/connections/{id}"), Value::Null),
        (Method::POST, "/keys".to_owned(), json!({})),
    ] {
        assert_forbidden(&with(&world, &key, method, &path, body).await, "read_only");
    }
    assert_eq!(listed(&world, &key, "").await, [id]);
}

#[tokio::test]
async fn ak_5_a_key_with_rules_makes_no_key_owner_or_client() {
    let (world, _upstream) = stage().await;
    let id = world.connect("plain", "one").await;
    for (rules, rule) in [
        (json!({"apps": ["plain"]}), "apps"),
        (json!({"connections": [id]}), "connections"),
        (json!({"read_only": true}), "read_only"),
        (json!({"control": false}), "control"),
    ] {
        let body = json!({"rules": rules, "admin": true});
        let made = admin(&world, Method::POST, "/keys?owner=sam", body).await.json();
        let (key, own) = (text(&made, "key"), format!("/keys/{}", text(&made, "id")));
        for (method, path, body) in [
            (Method::POST, "/keys".to_owned(), json!({"rules": rules})),
            (Method::PATCH, own.clone(), json!({"rules": {}})),
            (Method::PATCH, own.clone(), json!({"expires_in": null})),
            (Method::POST, format!("{own}/rotate"), Value::Null),
            (Method::DELETE, own.clone(), Value::Null),
            (Method::POST, "/owners".to_owned(), json!({"name": "new"})),
            (Method::DELETE, format!("/owners/{UNKNOWN}"), Value::Null),
            (Method::PUT, "/apps/google-mail/client".to_owned(), json!({"client_id": "x"})),
        ] {
            assert_forbidden(&with(&world, key, method, &path, body).await, rule);
        }
        assert_eq!(world.api(key, Method::GET, "/user", None).await.json()["key"]["rules"], rules);
    }
}

#[tokio::test]
async fn ak_5_connections_outside_the_rules_are_not_there() {
    let (world, _upstream) = stage().await;
    let (inside, beside) = (world.connect("plain", "one").await, world.connect("plain", "two").await);
    let outside = world.connect("other", "three").await;
    for (rules, seen, hidden) in [
        (json!({"apps": ["plain"]}), vec![&inside, &beside], vec![&outside]),
        (json!({"connections": [inside]}), vec![&inside], vec![&beside, &outside]),
        (
            json!({"apps": ["other"], "connections": [inside, outside]}),
            vec![&outside],
            vec![&inside, &beside],
        ),
    ] {
        let key = limited(&world, rules.clone()).await;
        let mut found = listed(&world, &key, "").await;
        found.sort();
        let mut expected: Vec<_> = seen.iter().map(|id| (*id).clone()).collect();
        expected.sort();
        assert_eq!(found, expected, "{rules}");
        for (method, path, body) in [
            (Method::GET, "/connections/{}", Value::Null),
            (Method::PATCH, "/connections/{}", json!({"name": "mine"})),
            (Method::POST, "/connections/{}/reconnect", Value::Null),
            (Method::POST, "/connections/{}/confirm", Value::Null),
            (Method::DELETE, "/connections/{}", Value::Null),
        ] {
            let ask = async |id: &str| {
                let path = path.replace("{}", id);
                let mut said = with(&world, &key, method.clone(), &path, body.clone())
                    .await
                    .assert_problem(404, "connection_unknown");
                said["request_id"] = Value::Null;
                said
            };
            for id in &hidden {
                assert_eq!(ask(id).await, ask(UNKNOWN).await, "{rules} {method} {path}");
            }
        }
        for id in seen {
            let path = format!("/connections/{id}");
            assert_eq!(with(&world, &key, Method::PATCH, &path, json!({"name": "x"})).await.status, 200);
        }
    }
    assert_eq!(listed(&world, &world.key, "").await.len(), 3, "nothing was deleted");
}

#[tokio::test]
async fn ak_5_pages_hold_only_what_the_rules_allow_and_end() {
    let (world, _upstream) = stage().await;
    let mut wanted = Vec::new();
    for number in 0..3 {
        world.connect("other", &format!("o{number}")).await;
        wanted.push(world.connect("plain", &format!("p{number}")).await);
    }
    world.connect("other", "last").await;
    let key = limited(&world, json!({"apps": ["plain"]})).await;
    let (mut found, mut cursor) = (Vec::new(), String::new());
    loop {
        let path = format!("/connections?limit=2{cursor}");
        let page = with(&world, &key, Method::GET, &path, Value::Null).await.json();
        let ids = page["connections"].as_array().unwrap().iter();
        found.push(ids.map(|one| text(one, "connection_id").to_owned()).collect::<Vec<_>>());
        let Some(next) = page["next_cursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(found, [wanted[..2].to_vec(), wanted[2..].to_vec()]);
    assert!(listed(&world, &key, "?app=other").await.is_empty());
}

#[tokio::test]
async fn ak_5_nothing_is_connected_outside_the_rules() {
    let (world, upstream) = stage().await;
    let id = world.connect("plain", "one").await;
    let new = |app: &str| json!({"app": app, "method": "API_KEY"});
    let key = limited(&world, json!({"apps": ["plain"]})).await;
    let reply = with(&world, &key, Method::POST, "/connections", new("other")).await;
    assert_forbidden(&reply, "apps");
    assert_eq!(reply.json()["app"], "other");
    with(&world, &key, Method::POST, "/connections", new("nobody")).await.assert_problem(422, "invalid");
    assert_eq!(with(&world, &key, Method::POST, "/connections", new("plain")).await.status, 200);
    let key = limited(&world, json!({"connections": [id]})).await;
    assert_forbidden(&with(&world, &key, Method::POST, "/connections", new("plain")).await, "connections");
    upstream.assert_untouched();
}
