//! What belongs to somebody else is not there, and no answer holds a secret.

use http::Method;
use serde_json::{Value, json};

use super::{admin, pending, sam, text, world};

#[tokio::test]
async fn ci_1_a_foreign_id_looks_like_an_unknown_one() {
    let (world, _upstream) = world().await;
    let body = json!({"app": "plain", "credentials": {"api_key": "roots"}});
    let foreign = admin(&world, Method::POST, "/connections", body).await.json();
    let foreign = text(&foreign, "connection_id");
    let foreign_key = admin(&world, Method::GET, "/keys", Value::Null).await.json();
    let foreign_key = text(&foreign_key["keys"][0], "id");
    let unknown = "0190b3a4-0000-7000-8000-000000000000";
    for (method, foreign, path, body) in [
        (Method::GET, foreign, "/connections/{}", Value::Null),
        (Method::PATCH, foreign, "/connections/{}", json!({"name": "mine now"})),
        (Method::POST, foreign, "/connections/{}/reconnect", Value::Null),
        (Method::POST, foreign, "/connections/{}/confirm", Value::Null),
        (Method::DELETE, foreign, "/connections/{}", Value::Null),
        (Method::GET, foreign_key, "/keys/{}", Value::Null),
        (Method::PATCH, foreign_key, "/keys/{}", json!({"name": "mine now"})),
        (Method::POST, foreign_key, "/keys/{}/rotate", Value::Null),
        (Method::DELETE, foreign_key, "/keys/{}", Value::Null),
    ] {
        let theirs = sam(&world, method.clone(), &path.replace("{}", foreign), body.clone()).await;
        let nobodys = sam(&world, method.clone(), &path.replace("{}", unknown), body).await;
        assert_eq!((theirs.status.as_u16(), nobodys.status.as_u16()), (404, 404), "{method} {path}");
        let plain = |reply: &crate::harness::http::Reply| {
            let mut body = reply.json();
            body.as_object_mut().unwrap().remove("request_id");
            body
        };
        assert_eq!(plain(&theirs), plain(&nobodys), "{method} {path}");
    }
    let path = format!("/connections/{foreign}");
    let kept = admin(&world, Method::GET, &path, Value::Null).await.json();
    assert_eq!(
        (kept["connection"]["name"].clone(), text(&kept["connection"], "status")),
        (Value::Null, "ACTIVE")
    );
    assert_eq!(
        admin(&world, Method::GET, "/user", Value::Null).await.status,
        200,
        "the admin's key still works"
    );
}

#[tokio::test]
async fn ci_7_a_foreign_cursor_shows_nothing_foreign() {
    let (world, _upstream) = world().await;
    for name in ["a", "b"] {
        let body = json!({"app": "plain", "name": name});
        admin(&world, Method::POST, "/connections", body).await;
    }
    let mine = pending(&world, "mine").await;
    let page = admin(&world, Method::GET, "/connections?limit=1", Value::Null).await.json();
    let path = format!("/connections?cursor={}", text(&page, "next_cursor"));
    let reply = sam(&world, Method::GET, &path, Value::Null).await;
    if reply.status == 200 {
        for connection in reply.json()["connections"].as_array().unwrap() {
            assert_eq!(connection["connection_id"], mine["connection_id"]);
        }
    } else {
        reply.assert_problem(400, "bad_request");
    }
}

#[tokio::test]
async fn ci_7_no_answer_holds_a_secret() {
    let (world, _upstream) = world().await;
    let client = json!({"client_id": "public-id", "client_secret": "canary-client", "developer_token": "canary-token"});
    let put = admin(&world, Method::PUT, "/apps/plain/client", client).await;
    assert_eq!(put.status, 200, "{}", put.text());
    let body = json!({"app": "plain", "method": "API_KEY", "credentials": {"api_key": "canary-key"}});
    let made = sam(&world, Method::POST, "/connections", body).await;
    let id = text(&made.json(), "connection_id").to_owned();
    let issued = sam(&world, Method::POST, "/keys", json!({"name": "second"})).await;
    let (key, key_id) = (text(&issued.json(), "key").to_owned(), text(&issued.json(), "id").to_owned());
    let mut replies = vec![put, made];
    for path in [
        "/connections".to_owned(),
        format!("/connections/{id}"),
        "/apps".to_owned(),
        "/apps/plain".to_owned(),
        "/keys".to_owned(),
        format!("/keys/{key_id}"),
        "/user".to_owned(),
        "/openapi.json".to_owned(),
    ] {
        replies.push(sam(&world, Method::GET, &path, Value::Null).await);
    }
    replies.push(sam(&world, Method::PATCH, &format!("/connections/{id}"), json!({"name": "n"})).await);
    replies.push(sam(&world, Method::PATCH, &format!("/keys/{key_id}"), json!({"name": "n"})).await);
    replies.push(admin(&world, Method::GET, "/owners", Value::Null).await);
    replies.push(sam(&world, Method::GET, "/apps/plian", Value::Null).await);
    for reply in replies {
        let shown = reply.text();
        for secret in ["canary", key.as_str(), world.key.as_str(), "session_token="] {
            assert!(!shown.contains(secret), "{secret} in {shown}");
        }
        assert!(!shown.contains(&world.dir.path().display().to_string()) && !shown.contains("select "));
    }
}
