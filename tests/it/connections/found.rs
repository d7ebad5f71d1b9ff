//! Providers that say only at connect time where their endpoints are, or who the client is: what is found is held
//! against the app's file, kept, and used by that flow and everything after it.

use std::sync::{Arc, Mutex};

use keyferry::connections::{BeginError, CallbackError, Connection, Outcome};
use serde_json::{Value, json};
use url::Url;

use super::world::{CONTROL, Journey, World, bearer, new, typed, until};
use crate::harness::upstream::{Answer, Seen, Upstream};

type Documents = Arc<Mutex<Value>>;

/// A resource with its authorization server, whose documents a test may change.
async fn server(changes: Value) -> (Upstream, Documents) {
    let documents = Arc::new(Mutex::new(changes));
    let told = Arc::clone(&documents);
    let upstream = Upstream::answering(move |seen| answer(seen, &told.lock().unwrap())).await;
    (upstream, documents)
}

fn path(seen: &Seen) -> &str {
    seen.target().split('?').next().unwrap()
}

fn answer(seen: &Seen, changes: &Value) -> Answer {
    let base = format!("http://{}", seen.header("host").unwrap());
    let mut documents = json!({
        "/.well-known/oauth-protected-resource/mcp": {
            "resource": format!("{base}/mcp"), "authorization_servers": [base.clone()], "scopes_supported": ["a", "b"],
        },
        "/.well-known/oauth-authorization-server": {
            "issuer": base, "authorization_endpoint": format!("{base}/authorize"),
            "token_endpoint": format!("{base}/token"), "registration_endpoint": format!("{base}/register"),
            "revocation_endpoint": format!("{base}/revoke"), "code_challenge_methods_supported": ["S256"],
            "token_endpoint_auth_methods_supported": ["client_secret_post"],
        },
        "/register": {"client_id": "canary-id", "client_secret": "canary-secret"},
        "/token": {"access_token": "canary-at", "refresh_token": "canary-rt", "expires_in": 3600},
        "/revoke": {},
    });
    let status = changes[path(seen)]["status"].as_str().unwrap_or("200 OK").to_owned();
    if let Some(members) = changes[path(seen)].as_object() {
        for (name, value) in members {
            let text = value.to_string().replace('@', &base);
            documents[path(seen)][name] = serde_json::from_str(&text).unwrap();
        }
    }
    match &documents[path(seen)] {
        Value::Null => Answer::with("404 Not Found", "", ""),
        found => Answer::with(&status, "content-type: application/json\r\n", &found.to_string()),
    }
}

fn asked(upstream: &Upstream, wanted: &str) -> Vec<Seen> {
    upstream.seen().into_iter().filter(|seen| path(seen) == wanted).collect()
}

fn body(seen: &Seen) -> String {
    String::from_utf8(seen.body.clone()).unwrap()
}

fn mcp_app(upstream: &Upstream) -> String {
    r#"
    name = "tools"
    display_name = "MCP"
    base = "@"
    no_probe = "a script"
    [[auth]]
    method = "MCP"
    mcp = { url = "@/mcp", domains = ["127.0.0.1"] }
    inject = [{ header = "Authorization", value = "Bearer ${access_token}" }]
    "#
    .replace('@', &upstream.url())
}

async fn stage(upstream: &Upstream) -> World {
    World::with_apps(|_| vec![("tools", mcp_app(upstream))]).await
}

/// What the browser was sent with.
fn sent(journey: &Journey) -> std::collections::HashMap<String, String> {
    Url::parse(&journey.url).unwrap().query_pairs().into_owned().collect()
}

fn callback(journey: &Journey, more: &[(&str, &str)]) -> Vec<(String, String)> {
    let state = sent(journey)["state"].clone();
    let more = more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    [("code".to_owned(), "canary-code".to_owned()), ("state".to_owned(), state)]
        .into_iter()
        .chain(more)
        .collect()
}

async fn connected(world: &World, app: &str, form: &[(&str, &str)]) -> Arc<Connection> {
    let journey = world.leave(&world.pending(app).await, form).await;
    match world.come_back(app, &journey, &callback(&journey, &[])).await.unwrap() {
        Outcome::Connected(finished) => finished.connection,
        other => panic!("not connected: {other:?}"),
    }
}

#[tokio::test]
async fn oc_9_a_server_is_discovered_a_client_registered_and_both_are_kept() {
    let (upstream, _) = server(json!({})).await;
    let world = stage(&upstream).await;
    let pending = world.pending("tools").await;
    let journey = world.leave(&pending, &[]).await;
    assert!(journey.url.starts_with(&format!("{}/authorize?", upstream.url())), "{}", journey.url);
    let (query, resource) = (sent(&journey), format!("{}/mcp", upstream.url()));
    assert_eq!((query["client_id"].as_str(), query["code_challenge_method"].as_str()), ("canary-id", "S256"));
    assert_eq!((&query["resource"], query["scope"].as_str()), (&resource, "a b"));
    let registered: Value = serde_json::from_slice(&asked(&upstream, "/register")[0].body).unwrap();
    assert_eq!(registered["redirect_uris"], json!([format!("{CONTROL}/callback/tools")]));

    let outcome = world.come_back("tools", &journey, &callback(&journey, &[])).await.unwrap();
    let Outcome::Connected(finished) = outcome else { panic!("not connected") };
    let exchange = body(&asked(&upstream, "/token")[0]);
    let encoded = form_urlencoded::byte_serialize(resource.as_bytes()).collect::<String>();
    for part in
        ["client_secret=canary-secret", "code_verifier=", "code=canary-code", &format!("resource={encoded}")]
    {
        assert!(exchange.contains(part), "{part}: {exchange}");
    }

    world.pass(3600);
    let credential = world.credential(&finished.connection).await.unwrap();
    assert_eq!(bearer(&credential), "canary-at");
    let refresh = body(&asked(&upstream, "/token")[1]);
    assert!(refresh.contains("grant_type=refresh_token") && refresh.contains(&encoded), "{refresh}");
    assert!(refresh.contains("client_id=canary-id"), "{refresh}");

    connected(&world, "tools", &[]).await;
    assert_eq!(asked(&upstream, "/register").len(), 1, "once, not for each user");
    assert!(!String::from_utf8_lossy(&world.database().await).contains("canary-"), "sealed");

    world.connections.delete(world.owner, finished.connection.id).await.unwrap();
    until("a revocation", async || !asked(&upstream, "/revoke").is_empty()).await;
}

#[tokio::test]
async fn oc_7_nothing_that_is_found_leads_out_of_the_apps_domains() {
    const RESOURCE: &str = "/.well-known/oauth-protected-resource/mcp";
    const SERVER: &str = "/.well-known/oauth-authorization-server";
    for (document, change) in [
        (RESOURCE, json!({"resource": "https://evil.test/mcp"})),
        (RESOURCE, json!({"resource": "@/other"})),
        (RESOURCE, json!({"authorization_servers": ["https://evil.test"]})),
        (RESOURCE, json!({"authorization_servers": []})),
        (RESOURCE, json!({"status": "302 Found"})),
        (SERVER, json!({"issuer": "@/"})),
        (SERVER, json!({"issuer": "https://evil.test"})),
        (SERVER, json!({"token_endpoint": "https://evil.test/token"})),
        (SERVER, json!({"token_endpoint": "@/token?${client_secret}"})),
        (SERVER, json!({"authorization_endpoint": "javascript:alert(1)"})),
        (SERVER, json!({"registration_endpoint": "https://evil.test/register"})),
        (SERVER, json!({"revocation_endpoint": "https://127.0.0.1.evil.test/"})),
        (SERVER, json!({"code_challenge_methods_supported": ["plain"]})),
        (SERVER, json!({"status": "301 Moved Permanently"})),
        (SERVER, json!({"status": "500 Oops"})),
    ] {
        let (upstream, _) = server(json!({document: change.clone()})).await;
        let world = stage(&upstream).await;
        let link = world.link(&world.pending("tools").await);
        let begun = world.connections.begin(&link, None, &typed(&[])).await;
        let refused = matches!(begun, Err(BeginError::NotConfigured(_) | BeginError::TokenEndpoint(_)));
        assert!(refused, "{change}: {begun:?}");
        let only_asked = upstream.seen().iter().all(|seen| seen.method() == "GET");
        assert!(only_asked, "{change}: nobody is registered, no code is sent");
    }
}

#[tokio::test]
async fn oc_8_a_server_that_sends_its_issuer_has_to_send_it() {
    let changes = json!({"/.well-known/oauth-authorization-server": {"authorization_response_iss_parameter_supported": true}});
    let (upstream, _) = server(changes).await;
    let world = stage(&upstream).await;
    let url = upstream.url();
    for iss in [None, Some("https://evil.test"), Some(&*format!("{url}/"))] {
        let journey = world.leave(&world.pending("tools").await, &[]).await;
        let more: Vec<_> = iss.iter().map(|iss| ("iss", *iss)).collect();
        let outcome = world.come_back("tools", &journey, &callback(&journey, &more)).await;
        assert!(matches!(outcome, Err(CallbackError::Refused)), "{iss:?}");
        assert!(asked(&upstream, "/token").is_empty(), "{iss:?}");
    }
    let journey = world.leave(&world.pending("tools").await, &[]).await;
    let outcome = world.come_back("tools", &journey, &callback(&journey, &[("iss", &url)])).await.unwrap();
    assert!(matches!(outcome, Outcome::Connected(_)));
}

#[tokio::test]
async fn a_client_that_its_provider_forgot_is_registered_again_by_the_next_consent() {
    let (upstream, documents) = server(json!({"/register": {"client_secret": null}})).await;
    let world = stage(&upstream).await;
    *documents.lock().unwrap() = json!({"/token": {"status": "401 Unauthorized", "error": "invalid_client"}});
    let journey = world.leave(&world.pending("tools").await, &[]).await;
    let outcome = world.come_back("tools", &journey, &callback(&journey, &[])).await.unwrap();
    assert!(matches!(outcome, Outcome::Failed { .. }));
    *documents.lock().unwrap() = json!({"/register": {"client_id": "second"}});
    let journey = world.leave(&world.pending("tools").await, &[]).await;
    assert_eq!((sent(&journey)["client_id"].as_str(), asked(&upstream, "/register").len()), ("second", 2));
}

#[tokio::test]
async fn a_client_is_registered_once_at_each_server_that_users_name() {
    let (upstream, _) = server(json!({})).await;
    let app = r#"
    name = "toots"
    display_name = "Toots"
    base = "http://${instance}:PORT"
    no_probe = "a script"
    [[field]]
    name = "instance"
    label = "Server"
    pattern = "^[a-z0-9.]+$"
    [[auth]]
    method = "OAUTH2"
    authorize = { url = "http://${instance}:PORT/authorize" }
    token = { url = "http://${instance}:PORT/token" }
    register = { url = "http://${instance}:PORT/register", format = "form", params = { client_name = "keyferry", redirect_uris = "${redirect_uri}" } }
    inject = [{ header = "Authorization", value = "Bearer ${access_token}" }]
    "#;
    let app = app.replace("PORT", &upstream.address.port().to_string());
    let world = World::with_apps(|_| vec![("toots", app)]).await;
    for host in ["127.0.0.1", "localhost", "127.0.0.1", "localhost"] {
        let connection = connected(&world, "toots", &[("instance", host)]).await;
        assert_eq!(bearer(&world.credential(&connection).await.unwrap()), "canary-at");
    }
    let registered: Vec<_> = asked(&upstream, "/register");
    let hosts: Vec<_> = registered.iter().map(|seen| seen.header("host").unwrap()).collect();
    assert_eq!(hosts.len(), 2, "{hosts:?}");
    assert!(hosts[0].starts_with("127.0.0.1:") && hosts[1].starts_with("localhost:"), "{hosts:?}");
    let form = body(&registered[0]);
    assert!(form.contains("redirect_uris=https%3A%2F%2Fcontrol.example.com%2Fcallback%2Ftoots"), "{form}");
    assert!(body(&asked(&upstream, "/token")[0]).contains("client_secret=canary-secret"));
}

/// Where both legs go, and an API that wants each request signed.
async fn oauth1(token: &'static str, confirmed: &'static str) -> (Upstream, World) {
    let upstream = Upstream::answering(move |seen| match path(seen) {
        "/request" => Answer::ok(&format!(
            "oauth_token=temporary%2F1&oauth_token_secret=canary%26temporary&oauth_callback_confirmed={confirmed}"
        )),
        "/token" => Answer::ok(token),
        _ => Answer::ok("{}"),
    })
    .await;
    let app = r#"
    name = "old"
    display_name = "Old"
    base = "@"
    [probe]
    get = "/me"
    [[auth]]
    method = "OAUTH1"
    client = "fake"
    authorize = { url = "@/authorize?a=b", params = { scope = "read" } }
    [auth.oauth1]
    request_token_url = "@/request"
    access_token_url = "@/token"
    [auth.sign]
    kind = "oauth1"
    consumer_key = "${client_id}"
    consumer_secret = "${client_secret}"
    token = "${access_token}"
    token_secret = "${token_secret}"
    "#;
    let app = app.replace('@', &upstream.url());
    let world = World::with_apps(|_| vec![("old", app)]).await;
    (upstream, world)
}

const TOKEN: &str = "oauth_token=token%2F1&oauth_token_secret=canary-token-secret&user_id=7";

#[tokio::test]
async fn oc_4_oc_5_oc_6_three_legs_are_bound_to_one_browser_and_walked_once() {
    let (upstream, world) = oauth1(TOKEN, "true").await;
    let pending = world.pending("old").await;
    let journey = world.leave(&pending, &[]).await;
    assert_eq!(journey.url, format!("{}/authorize?a=b&scope=read&oauth_token=temporary%2F1", upstream.url()));
    let request = &asked(&upstream, "/request")[0];
    let value = request.header("authorization").unwrap();
    let wanted = "oauth_callback=\"https%3A%2F%2Fcontrol.example.com%2Fcallback%2Fold\"";
    assert!(
        request.method() == "POST" && value.contains(wanted) && !value.contains("oauth_token="),
        "{value}"
    );

    let query = |token: &str, verifier: &str| {
        vec![("oauth_token".to_owned(), token.to_owned()), ("oauth_verifier".to_owned(), verifier.to_owned())]
    };
    let good = query("temporary/1", "verified");
    for (app, cookie, query) in [
        ("old", None, good.clone()),
        ("old", Some("guess"), query("another", "verified")),
        ("old", Some(&*journey.cookie), query("another", "verified")),
        ("fake", Some(&*journey.cookie), query("another", "verified")),
    ] {
        let outcome = world.connections.callback(app, &query, cookie).await;
        assert!(matches!(outcome, Err(CallbackError::Refused)), "{app} {cookie:?} {query:?}");
    }
    assert!(asked(&upstream, "/token").is_empty());
    let spent = world.come_back("old", &journey, &good).await;
    assert!(matches!(spent, Err(CallbackError::Refused)), "without its cookie it was spent");

    let journey = world.leave(&pending, &[]).await;
    let outcome = world.come_back("old", &journey, &good).await.unwrap();
    let Outcome::Connected(finished) = outcome else { panic!("{outcome:?}") };
    let last = asked(&upstream, "/token");
    let value = last[0].header("authorization").unwrap();
    assert!(
        value.contains("oauth_token=\"temporary%2F1\"") && value.contains("oauth_verifier=\"verified\""),
        "{value}"
    );
    let probe = &asked(&upstream, "/me")[0];
    assert!(probe.header("authorization").unwrap().contains("oauth_token=\"token%2F1\""), "{}", probe.head);
    assert!(world.credential(&finished.connection).await.unwrap().signer.is_some());
    let again = world.come_back("old", &journey, &good).await;
    assert!(matches!(again, Err(CallbackError::Refused)), "once");
    assert_eq!(asked(&upstream, "/token").len(), 1);
    assert!(!String::from_utf8_lossy(&world.database().await).contains("canary-token-secret"));
}

#[tokio::test]
async fn oc_13_an_answer_of_three_legs_that_lacks_something_makes_no_connection() {
    for (token, confirmed) in [
        (TOKEN, "false"),
        (TOKEN, ""),
        ("oauth_token=token", "true"),
        ("oauth_token=&oauth_token_secret=s", "true"),
        ("oauth_token=a&oauth_token=b&oauth_token_secret=s", "true"),
        ("oauth_token=a%0D%0Ab&oauth_token_secret=s", "true"),
        ("<html>", "true"),
    ] {
        let (upstream, world) = oauth1(token, confirmed).await;
        let link = world.link(&world.create(new("old")).await.unwrap());
        match world.connections.begin(&link, None, &typed(&[])).await {
            Err(_) => assert_ne!(confirmed, "true", "{token}"),
            Ok(keyferry::connections::Begun::Redirect { url, cookie, .. }) => {
                assert_eq!(confirmed, "true");
                let query = [("oauth_token", "temporary/1"), ("oauth_verifier", "v")];
                let query = query.map(|(name, value)| (name.to_owned(), value.to_owned()));
                let outcome = world.come_back("old", &Journey { url, cookie }, &query).await.unwrap();
                assert!(matches!(outcome, Outcome::Failed { .. }), "{token}");
            }
            Ok(other) => panic!("{other:?}"),
        }
        assert!(asked(&upstream, "/me").is_empty());
    }
}

#[tokio::test]
async fn who_denies_three_legs_is_told_so() {
    let (upstream, world) = oauth1(TOKEN, "true").await;
    let journey = world.leave(&world.pending("old").await, &[]).await;
    let denied = [("denied".to_owned(), "temporary/1".to_owned())];
    let outcome = world.come_back("old", &journey, &denied).await.unwrap();
    assert!(matches!(outcome, Outcome::Failed { reason, .. } if reason == "access_denied"));
    assert!(asked(&upstream, "/token").is_empty());
}
