//! `/apps` and the operator's OAuth clients.

use http::Method;
use serde_json::{Value, json};

use super::{admin, sam, text, world};

fn names(list: &Value) -> Vec<&str> {
    list["apps"].as_array().unwrap().iter().map(|app| text(app, "name")).collect()
}

#[tokio::test]
async fn an_app_tells_what_it_asks_for() {
    let (world, upstream) = world().await;
    let app = sam(&world, Method::GET, "/apps/simple", Value::Null).await.json();
    assert_eq!((text(&app, "name"), text(&app, "display_name")), ("plain", "Plain"));
    assert_eq!((&app["methods"], &app["aliases"]), (&json!(["API_KEY", "OAUTH2"]), &json!(["simple"])));
    assert_eq!(app["hosts"], json!([upstream.url().strip_prefix("http://").unwrap()]));
    let fields = app["fields"].as_array().unwrap();
    assert_eq!(
        (fields.len(), text(&fields[0], "name")),
        (1, "region"),
        "the operator's fields are not asked of users"
    );
    let (key, oauth) = (&app["ways"][0], &app["ways"][1]);
    assert_eq!((text(&key["fields"][0], "name"), &key["fields"][0]["secret"]), ("api_key", &json!(true)));
    assert_eq!(
        (&key["configured"], &oauth["configured"], &app["configured"]),
        (&json!(true), &json!(false), &json!(true))
    );
    assert!(text(oauth, "redirect_uri").ends_with("/callback/plain") && oauth["scopes"] == json!(["read"]));
}

#[tokio::test]
async fn lists_are_searched_and_filtered() {
    let (world, _upstream) = world().await;
    let all = sam(&world, Method::GET, "/apps", Value::Null).await.json();
    assert!(names(&all).contains(&"plain") && names(&all).contains(&"stripe"));
    for (query, found) in [("q=SIMPLE", &["plain"][..]), ("q=tests", &["plain"]), ("q=no-such-app", &[])] {
        let list = sam(&world, Method::GET, &format!("/apps?{query}"), Value::Null).await.json();
        assert_eq!(names(&list), found, "{query}");
    }
    let ready = sam(&world, Method::GET, "/apps?configured=true", Value::Null).await.json();
    let waiting = sam(&world, Method::GET, "/apps?configured=false", Value::Null).await.json();
    assert_eq!(names(&ready).len() + names(&waiting).len(), names(&all).len());
    assert!(names(&ready).contains(&"plain") && names(&waiting).contains(&"google-mail"));
    for query in ["configured=maybe", "Q=x", "limit=5"] {
        sam(&world, Method::GET, &format!("/apps?{query}"), Value::Null)
            .await
            .assert_problem(400, "bad_request");
    }
}

#[tokio::test]
async fn a_client_makes_oauth_possible() {
    let (world, _upstream) = world().await;
    let body = json!({"app": "plain", "method": "OAUTH2"});
    let problem = sam(&world, Method::POST, "/connections", body.clone()).await;
    let problem = problem.assert_problem(400, "app_not_configured");
    let redirect_uri = text(&problem, "redirect_uri").to_owned();
    assert!(text(&problem, "detail").contains(&redirect_uri) && text(&problem, "detail").contains("/client"));

    let client = json!({"client_id": "id", "client_secret": "canary", "developer_token": "canary"});
    let answer = admin(&world, Method::PUT, "/apps/plain/client", client).await.json();
    assert_eq!(
        answer,
        json!({"app": "plain", "client": "plain", "configured": true, "redirect_uri": redirect_uri})
    );
    let app = sam(&world, Method::GET, "/apps/plain", Value::Null).await.json();
    assert_eq!(app["ways"][1]["configured"], true);
    let made = sam(&world, Method::POST, "/connections", body).await.json();
    assert_eq!((text(&made, "status"), text(&made, "method")), ("PENDING", "OAUTH2"));
}

#[tokio::test]
async fn apps_that_share_a_client_share_its_fields() {
    let (world, _upstream) = world().await;
    for app in ["google-ads", "google-mail"] {
        let path = format!("/apps/{app}/client");
        let body = json!({"client_id": "x", "client_secret": "s", "developer_token": "t"});
        let answer = admin(&world, Method::PUT, &path, body).await.json();
        assert_eq!(answer["client"], "google", "{answer}");
        let body = json!({"client_id": "x", "colour": "red"});
        admin(&world, Method::PUT, &path, body).await.assert_problem(422, "invalid");
    }
}

#[tokio::test]
async fn what_a_client_can_not_be_is_422() {
    let (world, _upstream) = world().await;
    for (app, body, field) in [
        ("plain", json!({}), "client_id"),
        ("plain", json!({"client_id": ""}), "client_id"),
        ("plain", json!({"client_id": "x", "colour": "red"}), "colour"),
        ("plain", json!({"client_id": "x", "region": "eu"}), "region"),
        ("telegram", json!({"client_id": "x"}), "app"),
    ] {
        let path = format!("/apps/{app}/client");
        let problem = admin(&world, Method::PUT, &path, body.clone()).await.assert_problem(422, "invalid");
        assert_eq!(problem["field"], field, "{body}");
    }
    let body = json!({"client_id": "x"});
    admin(&world, Method::PUT, "/apps/nobody/client", body).await.assert_problem(404, "app_unknown");
}
