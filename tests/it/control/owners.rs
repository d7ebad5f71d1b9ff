//! `/owners`, for admin keys, and `/user`.

use http::Method;
use serde_json::{Value, json};

use super::{admin, sam, text, world};

#[tokio::test]
async fn owners_are_made_changed_and_deleted_with_all_they_have() {
    let (world, _upstream) = world().await;
    let made = admin(&world, Method::POST, "/owners", json!({"name": "acme", "email": "it@acme.example"}))
        .await
        .json();
    let path = format!("/owners/{}", text(&made, "id"));
    assert_eq!((text(&made, "name"), text(&made, "email")), ("acme", "it@acme.example"));
    assert_eq!(admin(&world, Method::GET, &path, Value::Null).await.json(), made);
    let names = |list: Value| -> Vec<String> {
        list["owners"].as_array().unwrap().iter().map(|owner| text(owner, "name").to_owned()).collect()
    };
    let list = admin(&world, Method::GET, "/owners", Value::Null).await.json();
    assert_eq!(names(list), ["root", "sam", "acme"]);

    let key = admin(&world, Method::POST, "/keys?owner=acme", json!({"name": "first"})).await.json();
    let key = text(&key, "key");
    let user = world.api(key, Method::GET, "/user", None).await.json();
    assert_eq!(
        (text(&user, "name"), text(&user, "email"), text(&user["key"], "name")),
        ("acme", "it@acme.example", "first")
    );
    assert_eq!((&user["id"], &user["key"]["rules"]), (&made["id"], &json!({})));

    let changed = admin(&world, Method::PATCH, &path, json!({"name": "Acme Ltd"})).await.json();
    assert_eq!((text(&changed, "name"), text(&changed, "email")), ("Acme Ltd", "it@acme.example"));
    let changed = admin(&world, Method::PATCH, &path, json!({"email": null})).await.json();
    assert_eq!(changed["email"], Value::Null);
    assert_eq!(world.api(key, Method::GET, "/user", None).await.json()["name"], "Acme Ltd");

    assert_eq!(admin(&world, Method::DELETE, &path, Value::Null).await.text(), "{}");
    world.api(key, Method::GET, "/user", None).await.assert_problem(401, "key_invalid");
    admin(&world, Method::DELETE, &path, Value::Null).await.assert_problem(404, "owner_unknown");
}

#[tokio::test]
async fn what_an_owner_can_not_be_is_422() {
    let (world, _upstream) = world().await;
    for (body, field) in [
        (json!({}), "name"),
        (json!({"name": ""}), "name"),
        (json!({"name": "sam"}), "name"),
        (json!({"name": "a\nb"}), "name"),
        (json!({"name": "x".repeat(101)}), "name"),
        (json!({"name": "new", "email": "nonsense"}), "email"),
        (json!({"name": "new", "phone": "1"}), "phone"),
    ] {
        let problem =
            admin(&world, Method::POST, "/owners", body.clone()).await.assert_problem(422, "invalid");
        assert_eq!(problem["field"], field, "{body}");
    }
    let list = admin(&world, Method::GET, "/owners", Value::Null).await.json();
    assert_eq!(list["owners"].as_array().unwrap().len(), 2);
    admin(&world, Method::GET, "/owners?limit=1", Value::Null).await.assert_problem(400, "bad_request");
}

#[tokio::test]
async fn nobody_locks_oneself_out() {
    let (world, _upstream) = world().await;
    let user = admin(&world, Method::GET, "/user", Value::Null).await.json();
    let path = format!("/owners/{}", text(&user, "id"));
    admin(&world, Method::DELETE, &path, Value::Null).await.assert_problem(403, "not_allowed");
    sam(&world, Method::GET, "/user?x=1", Value::Null).await.assert_problem(400, "bad_request");
}
