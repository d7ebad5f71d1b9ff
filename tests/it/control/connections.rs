//! `/connections`: shapes, filters, pages and what changes.

use http::Method;
use serde_json::{Value, json};

use super::{admin, pending, sam, text, world};

const MEMBERS: [&str; 15] = [
    "app",
    "connection_id",
    "creation_time",
    "last_updated_time",
    "last_used_time",
    "metadata",
    "method",
    "name",
    "scopes",
    "requested_scopes",
    "missing_scopes",
    "status",
    "status_reason",
    "url",
    "connection",
];

fn assert_shape(connection: &Value) {
    let members: Vec<_> = connection.as_object().unwrap().keys().map(String::as_str).collect();
    assert!(members.iter().all(|name| MEMBERS.contains(name)), "{members:?}");
    assert!(MEMBERS[..14].iter().all(|name| members.contains(name)), "{members:?}");
    assert_eq!(text(connection, "connection_id").len(), 36);
    for time in ["creation_time", "last_updated_time"] {
        let time = text(connection, time);
        assert!(time.len() == 27 && time.ends_with('Z') && time.as_bytes()[19] == b'.', "{time}");
    }
    assert!(connection["metadata"].is_object() && connection["scopes"].is_array());
}

#[tokio::test]
async fn a_new_connection_is_answered_flat_and_under_connection() {
    let (world, _upstream) = world().await;
    let made = pending(&world, "mine").await;
    assert_shape(&made);
    let mut flat = made.clone();
    let nested = flat.as_object_mut().unwrap().remove("connection").unwrap();
    assert_eq!(flat, nested);
    assert_eq!(
        (text(&made, "app"), text(&made, "method")),
        ("plain", "API_KEY"),
        "the first way that is configured"
    );
    assert_eq!((text(&made, "status"), text(&made, "name")), ("PENDING", "mine"));
    assert!(text(&made, "url").contains("/connect?session_token="));

    let path = format!("/connections/{}", text(&made, "connection_id"));
    let read = sam(&world, Method::GET, &path, Value::Null).await.json();
    assert_eq!(read.as_object().unwrap().len(), 1);
    assert_shape(&read["connection"]);
    assert_eq!(read["connection"]["last_updated_time"], made["last_updated_time"], "reading writes nothing");
}

#[tokio::test]
async fn typed_in_credentials_make_it_active_and_name_the_account() {
    let (world, _upstream) = world().await;
    let body = json!({"app": "simple", "method": "API_KEY", "fields": {"region": "eu"}, "credentials": {"api_key": "good"}});
    let made = sam(&world, Method::POST, "/connections", body).await.json();
    assert_eq!((text(&made, "status"), text(&made, "app")), ("ACTIVE", "plain"));
    assert_eq!((made["url"].clone(), made["status_reason"].clone()), (Value::Null, Value::Null));
    assert_eq!(
        (text(&made["metadata"], "account_id"), text(&made["metadata"], "email")),
        ("acct-1", "ada@example.com")
    );
    assert_eq!(text(&made["metadata"], "region"), "eu");

    let body = json!({"app": "plain", "method": "API_KEY", "credentials": {"api_key": "refused"}});
    let problem = sam(&world, Method::POST, "/connections", body).await;
    problem.assert_problem(422, "credentials_rejected");
    let list = sam(&world, Method::GET, "/connections", Value::Null).await.json();
    assert_eq!(list["connections"].as_array().unwrap().len(), 1, "nothing was stored");
}

#[tokio::test]
async fn lists_are_oldest_first_in_pages_that_miss_and_repeat_nothing() {
    let (world, _upstream) = world().await;
    let mut made = Vec::new();
    for name in ["a", "b", "c", "d", "e"] {
        made.push(text(&pending(&world, name).await, "connection_id").to_owned());
    }
    for limit in [1, 2, 3, 5, 1000] {
        let (mut seen, mut cursor) = (Vec::new(), String::new());
        loop {
            let path = format!("/connections?limit={limit}{cursor}");
            let page = sam(&world, Method::GET, &path, Value::Null).await.json();
            let page_of = page["connections"].as_array().unwrap();
            assert!(page_of.len() <= limit);
            seen.extend(page_of.iter().map(|connection| text(connection, "connection_id").to_owned()));
            match page["next_cursor"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => break,
            }
        }
        assert_eq!(seen, made, "limit {limit}");
    }
}

#[tokio::test]
async fn filters_choose_and_unknown_ones_are_refused() {
    let (world, _upstream) = world().await;
    pending(&world, "waiting").await;
    let body = json!({"app": "plain", "name": "working", "credentials": {"api_key": "good"}});
    sam(&world, Method::POST, "/connections", body).await;
    for (query, names) in [
        ("status=ACTIVE", &["working"][..]),
        ("status=PENDING", &["waiting"]),
        ("status=FAILED", &[]),
        ("app=simple", &["waiting", "working"]),
        ("app=plain&method=API_KEY&status=ACTIVE", &["working"]),
        ("method=OAUTH2", &[]),
    ] {
        let list = sam(&world, Method::GET, &format!("/connections?{query}"), Value::Null).await.json();
        let found: Vec<_> =
            list["connections"].as_array().unwrap().iter().map(|one| text(one, "name")).collect();
        assert_eq!(found, names, "{query}");
        assert_eq!(list["next_cursor"], Value::Null);
    }
    for query in [
        "colour=red",
        "status=active",
        "status=",
        "method=MAGIC",
        "limit=0",
        "limit=1001",
        "limit=x",
        "app=nobody",
        "cursor=x",
        "cursor=",
        "status=ACTIVE&status=FAILED",
        "owner=nobody&x",
    ] {
        let reply = sam(&world, Method::GET, &format!("/connections?{query}"), Value::Null).await;
        reply.assert_problem(400, "bad_request");
    }
}

#[tokio::test]
async fn a_connection_is_renamed_reconnected_and_deleted() {
    let (world, _upstream) = world().await;
    let made = pending(&world, "old").await;
    let path = format!("/connections/{}", text(&made, "connection_id"));
    let changed = sam(&world, Method::PATCH, &path, json!({"name": "new"})).await.json();
    assert_eq!(text(&changed["connection"], "name"), "new");
    let cleared = sam(&world, Method::PATCH, &path, json!({"name": null})).await.json();
    assert_eq!(cleared["connection"]["name"], Value::Null);
    sam(&world, Method::PATCH, &path, json!({})).await.assert_problem(422, "invalid");

    let body = json!({"app": "plain", "credentials": {"api_key": "good"}});
    let active = sam(&world, Method::POST, "/connections", body).await.json();
    let active_path = format!("/connections/{}", text(&active, "connection_id"));
    let again = sam(&world, Method::POST, &format!("{active_path}/reconnect"), Value::Null).await.json();
    assert_eq!(text(&again, "status"), "ACTIVE", "it keeps serving");
    assert!(text(&again, "url").contains("session_token="));
    assert_eq!(again["connection"]["url"], again["url"]);

    let confirm = sam(&world, Method::POST, &format!("{path}/confirm"), Value::Null).await;
    confirm.assert_problem(400, "bad_request");

    let deleted = sam(&world, Method::DELETE, &path, Value::Null).await;
    assert_eq!((deleted.status.as_u16(), deleted.text()), (200, "{}"));
    sam(&world, Method::GET, &path, Value::Null).await.assert_problem(404, "connection_unknown");
    sam(&world, Method::DELETE, &path, Value::Null).await.assert_problem(404, "connection_unknown");
}

#[tokio::test]
async fn an_admin_key_acts_for_any_owner_and_others_do_not() {
    let (world, _upstream) = world().await;
    let made = pending(&world, "sams").await;
    let id = text(&made, "connection_id");
    let owner = text(&sam(&world, Method::GET, "/user", Value::Null).await.json(), "id").to_owned();
    for owner in ["sam", owner.as_str()] {
        let list =
            admin(&world, Method::GET, &format!("/connections?owner={owner}"), Value::Null).await.json();
        assert_eq!(text(&list["connections"][0], "connection_id"), id);
        let path = format!("/connections/{id}?owner={owner}");
        assert_eq!(admin(&world, Method::GET, &path, Value::Null).await.status, 200);
        let own = sam(&world, Method::GET, &path, Value::Null).await;
        assert_eq!(own.status, 200, "one's own name is no privilege");
    }
    let path = format!("/connections/{id}");
    admin(&world, Method::GET, &path, Value::Null).await.assert_problem(404, "connection_unknown");
    sam(&world, Method::GET, "/connections?owner=root", Value::Null).await.assert_problem(403, "not_allowed");
    sam(&world, Method::GET, "/connections?owner=nobody", Value::Null)
        .await
        .assert_problem(403, "not_allowed");
    admin(&world, Method::GET, "/connections?owner=nobody", Value::Null)
        .await
        .assert_problem(400, "bad_request");
    let body = json!({"app": "plain", "name": "by root"});
    let reply = admin(&world, Method::POST, "/connections?owner=sam", body).await;
    assert_eq!(reply.status, 200);
    let list = sam(&world, Method::GET, "/connections", Value::Null).await.json();
    assert_eq!(list["connections"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn both_doors_answer_the_same_api() {
    let (world, _upstream) = world().await;
    let made = pending(&world, "x").await;
    let path = format!("/connections/{}", text(&made, "connection_id"));
    for path in [path.as_str(), "/apps/plain", "/keys", "/user", "/openapi.json"] {
        let (gateway, control) = (world.get(path).await, sam(&world, Method::GET, path, Value::Null).await);
        assert_eq!((gateway.status, control.status), (http::StatusCode::OK, http::StatusCode::OK), "{path}");
        if path != "/keys" && !path.starts_with("/connections") {
            assert_eq!(gateway.json(), control.json(), "{path}");
        }
    }
}
