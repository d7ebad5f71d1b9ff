//! The control API over the real doors.

mod apps;
mod connections;
mod errors;
mod isolation;
mod keys;
mod owners;
mod rules;

use http::Method;
use serde_json::{Value, json};

use crate::harness::{
    http::Reply,
    upstream::{Answer, Upstream},
    world::{Plan, World},
};

/// A gateway with the app `plain`, whose upstream takes every key but `refused`.
async fn world() -> (World, Upstream) {
    let upstream = Upstream::answering(|seen| {
        let refused = seen.header("authorization").is_some_and(|value| value.contains("refused"));
        if refused {
            Answer::with("401 Unauthorized", "", "{}")
        } else {
            Answer::ok(r#"{"id":"acct-1","mail":"ada@example.com"}"#)
        }
    })
    .await;
    let file = format!(
        r#"
        name = "plain"
        display_name = "Plain"
        aliases = ["simple"]
        categories = ["tests"]
        base = "{url}"

        [[field]]
        name = "region"
        label = "Region"
        pattern = "^[a-z]+$"
        optional = true

        [[field]]
        name = "developer_token"
        label = "Developer token"
        from = "operator"
        optional = true
        secret = true

        [[auth]]
        method = "API_KEY"
        fields = [{{ name = "api_key", label = "Key", secret = true, pattern = "^[a-z0-9-]+$" }}]
        inject = [{{ header = "Authorization", value = "Bearer ${{api_key}}" }}]

        [[auth]]
        method = "OAUTH2"
        client = "plain"
        authorize = {{ url = "{url}/authorize", scopes = ["read"] }}
        token = {{ url = "{url}/token" }}
        inject = [{{ header = "Authorization", value = "Bearer ${{access_token}}" }}]

        [probe]
        get = "/me"
        id = "id"
        email = "mail"
        "#,
        url = upstream.url()
    );
    (Plan::default().app("plain", file).start().await, upstream)
}

/// Calls as `sam`.
async fn sam(world: &World, method: Method, path: &str, body: Value) -> Reply {
    let body = (!body.is_null()).then_some(body);
    world.api(&world.key, method, path, body).await
}

/// Calls as the admin.
async fn admin(world: &World, method: Method, path: &str, body: Value) -> Reply {
    let body = (!body.is_null()).then_some(body);
    world.api(&world.admin_key, method, path, body).await
}

/// The text at `name`.
fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value[name].as_str().unwrap_or_else(|| panic!("no {name} in {value}"))
}

/// A pending connection of `sam`.
async fn pending(world: &World, name: &str) -> Value {
    let body = json!({"app": "plain", "name": name});
    let reply = sam(world, Method::POST, "/connections", body).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    reply.json()
}
