//! The pages as a browser meets them: with cookies, with redirects, without script.

mod callbacks;
mod choose;
mod forms;
mod headers;
mod languages;
mod links;
mod return_urls;

use http::Method;
use serde_json::{Value, json};

use crate::harness::{
    browser,
    upstream::{Answer, Seen, Upstream},
    world::{Plan, World},
};

/// An app with both ways in, whose provider and API are `upstream`.
fn desk(upstream: &Upstream) -> String {
    let url = upstream.url();
    format!(
        r#"
        name = "desk"
        display_name = "Desk"
        base = "{url}"

        [scopes]
        read = "Read your tickets"

        [[auth]]
        method = "OAUTH2"
        client = "desk"
        authorize = {{ url = "{url}/authorize", scopes = ["read", "write"] }}
        token = {{ url = "{url}/token" }}
        inject = [{{ header = "Authorization", value = "Bearer ${{access_token}}" }}]

        [[auth]]
        method = "API_KEY"
        docs = "https://docs.example.com/keys"
        fields = [{{ name = "api_key", label = "API key", secret = true, pattern = "^sk_[a-z_]+$", example = "sk_live" }}]
        inject = [{{ header = "Authorization", value = "Bearer ${{api_key}}" }}]

        [probe]
        get = "/me"
        id = "id"
        label = "name"
        email = "email"
        "#
    )
}

/// A provider that grants everything, and refuses keys that say so.
fn provider(seen: &Seen) -> Answer {
    let refused = seen.header("authorization").is_some_and(|value| value.contains("refused"));
    match seen.target() {
        "/token" => Answer::ok(
            r#"{"access_token":"at-1","refresh_token":"rt-1","token_type":"Bearer","expires_in":3600}"#,
        ),
        "/me" if refused => Answer::with("401 Unauthorized", "", "{}"),
        "/me" => Answer::ok(r#"{"id":7,"name":"Ada <b>Lovelace</b>","email":"ada@example.com"}"#),
        _ => Answer::with("404 Not Found", "", "{}"),
    }
}

/// A gateway with that app, its client and a place to return to.
async fn world() -> (World, Upstream) {
    let upstream = Upstream::answering(provider).await;
    let plan = Plan::default().app("desk", desk(&upstream));
    let world = plan.set(|settings| settings.control.return_urls = vec![RETURN.to_owned()]).start().await;
    let client = json!({"client_id": "desk-client", "client_secret": "desk-secret"});
    let reply = world.api(&world.admin_key, Method::PUT, "/apps/desk/client", Some(client)).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    (world, upstream)
}

const RETURN: &str = "https://app.example.com/connected?tab=2";

/// A new connection of `sam`, as the API tells it.
async fn connection(world: &World, body: Value) -> Value {
    let reply = world.api(&world.key, Method::POST, "/connections", Some(body)).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply.json()
}

/// The connection as it is now.
async fn now(world: &World, connection: &Value) -> Value {
    let path = format!("/connections/{}", connection["connection_id"].as_str().unwrap());
    world.api(&world.key, Method::GET, &path, None).await.json()["connection"].clone()
}
