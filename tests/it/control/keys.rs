//! `/keys`.

use http::Method;
use serde_json::{Value, json};

use super::{admin, sam, text, world};

#[tokio::test]
async fn ak_2_the_plain_key_is_shown_once() {
    let (world, _upstream) = world().await;
    let made =
        sam(&world, Method::POST, "/keys", json!({"name": "ci", "expires_in": 7_776_000})).await.json();
    let key = text(&made, "key");
    let members: Vec<_> = made.as_object().unwrap().keys().map(String::as_str).collect();
    let expected = [
        "admin",
        "creation_time",
        "expires_time",
        "hint",
        "id",
        "key",
        "last_used_time",
        "name",
        "owner",
        "rules",
    ];
    assert_eq!(members, expected);
    assert!(key.starts_with("kf_") && text(&made, "hint").starts_with(&key[..5]));
    assert_eq!((&made["name"], &made["admin"], &made["rules"]), (&json!("ci"), &json!(false), &json!({})));
    let path = format!("/keys/{}", text(&made, "id"));
    let one = sam(&world, Method::GET, &path, Value::Null).await.json();
    let mut without = made.clone();
    without.as_object_mut().unwrap().remove("key");
    assert_eq!(one, without);
    let all = sam(&world, Method::GET, "/keys", Value::Null).await.json();
    assert_eq!(all["keys"].as_array().unwrap().len(), 2);
    assert_eq!(all["keys"][1], without);
    assert_eq!(world.api(key, Method::GET, "/user", None).await.json()["key"]["name"], "ci");
}

#[tokio::test]
async fn a_key_is_changed_and_rotated() {
    let (world, _upstream) = world().await;
    let made = sam(&world, Method::POST, "/keys", json!({"expires_in": 60})).await.json();
    assert_eq!(text(&made, "name"), "key");
    let path = format!("/keys/{}", text(&made, "id"));
    let changed = sam(&world, Method::PATCH, &path, json!({"name": "new", "expires_in": null})).await.json();
    assert_eq!((text(&changed, "name"), &changed["expires_time"]), ("new", &Value::Null));
    let changed = sam(&world, Method::PATCH, &path, json!({})).await.json();
    assert_eq!(text(&changed, "name"), "new", "what is left out stays");

    let rotated = sam(&world, Method::POST, &format!("{path}/rotate"), Value::Null).await.json();
    assert_eq!((&rotated["id"], text(&rotated, "name")), (&made["id"], "new"));
    world.api(text(&made, "key"), Method::GET, "/user", None).await.assert_problem(401, "key_invalid");
    assert_eq!(world.api(text(&rotated, "key"), Method::GET, "/user", None).await.status, 200);
}

#[tokio::test]
async fn what_a_key_can_not_be_is_422() {
    let (world, _upstream) = world().await;
    for (body, field) in [
        (json!({"expires_in": 0}), "expires_in"),
        (json!({"expires_in": -5}), "expires_in"),
        (json!({"expires_in": u64::MAX}), "expires_in"),
        (json!({"expires_in": "90d"}), "expires_in"),
        (json!({"name": 5}), "name"),
        (json!({"name": "two\nlines"}), "name"),
        (json!({"nmae": "x"}), "nmae"),
        (json!({"rules": []}), "rules"),
        (json!({"rules": {"colours": ["plain"]}}), "rules.colours"),
        (json!({"admin": "yes"}), "admin"),
    ] {
        let problem = sam(&world, Method::POST, "/keys", body.clone()).await.assert_problem(422, "invalid");
        assert_eq!(problem["field"], field, "{body}");
    }
}

#[tokio::test]
async fn an_admin_makes_keys_for_others_and_admin_keys() {
    let (world, _upstream) = world().await;
    let made = admin(&world, Method::POST, "/keys?owner=sam", json!({"name": "gift"})).await.json();
    let user = world.api(text(&made, "key"), Method::GET, "/user", None).await.json();
    assert_eq!((text(&user, "name"), &user["key"]["admin"]), ("sam", &json!(false)));
    let made = admin(&world, Method::POST, "/keys", json!({"name": "deputy", "admin": true})).await.json();
    assert_eq!(world.api(text(&made, "key"), Method::GET, "/owners", None).await.status, 200);
}

#[tokio::test]
async fn a_key_without_admin_can_not_take_an_admin_key_of_its_owner_over() {
    let (world, _upstream) = world().await;
    let deputy = admin(&world, Method::POST, "/keys?owner=sam", json!({"admin": true})).await.json();
    let path = format!("/keys/{}", text(&deputy, "id"));
    for (method, path) in
        [(Method::POST, format!("{path}/rotate")), (Method::DELETE, path.clone()), (Method::PATCH, path)]
    {
        let body = if method == Method::PATCH { json!({"expires_in": null}) } else { Value::Null };
        sam(&world, method, &path, body).await.assert_problem(403, "not_allowed");
    }
    assert_eq!(world.api(text(&deputy, "key"), Method::GET, "/owners", None).await.status, 200);
}
