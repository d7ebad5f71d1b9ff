//! Every reason of the data plane to say no: status, reason, fields, and a text that says what to do.

use std::time::Duration;

use http::Method;
use serde_json::{Value, json};
use sqlx::{Connection as _, PgConnection, SqliteConnection};

use crate::harness::{
    http::Reply,
    postgres,
    raw::Raw,
    upstream::{Answer, Upstream},
    world::{Plan, World},
};

/// An app for which an operator has to register a client.
const CONSENT: &str = r#"
    name = "consent"
    display_name = "Consent"
    base = "https://api.consent.example"
    no_probe = "a test's upstream"
    [[auth]]
    method = "OAUTH2"
    client = "consent"
    authorize = { url = "https://consent.example/authorize" }
    token = { url = "https://consent.example/token" }
    inject = [{ header = "Authorization", value = "Bearer ${access_token}" }]
"#;

/// An app whose token comes from the user's own client.
fn machine(upstream: &Upstream) -> String {
    format!(
        r#"
        name = "machine"
        display_name = "Machine"
        base = "{0}"
        no_probe = "a test's upstream"
        [[auth]]
        method = "CLIENT_CREDENTIALS"
        fields = [
            {{ name = "client_id", label = "Client id" }},
            {{ name = "client_secret", label = "Client secret", secret = true }},
        ]
        token = {{ url = "{0}/token" }}
        inject = [{{ header = "Authorization", value = "Bearer ${{access_token}}" }}]
        "#,
        upstream.url()
    )
}

async fn stage_with(upstream: &Upstream, plan: Plan) -> World {
    let world = plan.key_app("things", &upstream.url()).start().await;
    world.connect("things", "sk_real").await;
    world
}

#[track_caller]
fn says(body: &Value, words: &[&str]) {
    let detail = body["detail"].as_str().unwrap();
    for word in words {
        assert!(detail.contains(word), "{word:?} is not in: {detail}");
    }
}

#[tokio::test]
async fn connection_required_says_how_to_make_one_and_which_wait() {
    let world = Plan::default().key_app("things", "http://127.0.0.1:9").start().await;
    let body = world.get("/things/x").await.assert_problem(400, "connection_required");
    says(&body, &["POST /connections", "\"app\":\"things\"", "url"]);
    assert_eq!((&body["connections"], &body["app"]), (&json!([]), &json!("things")));
    let new = json!({"app": "things", "method": "API_KEY"});
    let pending = world.api(&world.key, Method::POST, "/connections", Some(new)).await.json();
    let body = world.get("/things/x").await.assert_problem(400, "connection_required");
    assert_eq!(body["connections"][0]["connection_id"], pending["connection_id"]);
    let url = body["connections"][0]["url"].as_str().unwrap();
    assert!(url.contains("/connect?session_token="));
    says(&body, &["Open", url]);
}

#[tokio::test]
async fn app_not_configured_names_the_redirect_uri_and_what_to_run() {
    let world = Plan::default().app("consent", CONSENT).start().await;
    let body = world.get("/consent/x").await.assert_problem(400, "app_not_configured");
    let redirect = format!("http://localhost:{}/callback/consent", world.control.port());
    says(&body, &[&redirect, "PUT /apps/consent/client", "[clients.consent]"]);
    assert_eq!(body["redirect_uri"], redirect);
}

#[tokio::test]
async fn ak_5_not_allowed_names_the_rule_and_what_to_do() {
    let upstream = Upstream::start().await;
    let world = stage_with(&upstream, Plan::default().key_app("others", &upstream.url())).await;
    let id = world.connect("others", "sk_other").await;
    for (rules, rule, what) in [
        (json!({"apps": ["others"]}), "apps", "may not call things"),
        (json!({"connections": [id]}), "connections", "the connection that this call needs"),
        (json!({"read_only": true}), "read_only", "only send GET, HEAD and OPTIONS"),
    ] {
        let made = world.api(&world.key, Method::POST, "/keys", Some(json!({"rules": rules}))).await.json();
        let bearer = format!("Bearer {}", made["key"].as_str().unwrap());
        let headers = [("authorization", bearer.as_str())];
        let reply = world.http.call(Method::POST, &world.at_gateway("/things/x"), &headers, "body").await;
        let body = reply.assert_problem(403, "not_allowed");
        says(&body, &[what, rule, "GET /user", "PATCH /keys/{id}"]);
        assert_eq!((&body["rule"], &body["app"]), (&json!(rule), &json!("things")));
    }
    upstream.assert_untouched();
}

#[tokio::test]
async fn connection_unusable_leads_to_the_page_that_finishes_it() {
    let world = Plan::default().key_app("things", "http://127.0.0.1:9").start().await;
    let new = json!({"app": "things", "method": "API_KEY"});
    let pending = world.api(&world.key, Method::POST, "/connections", Some(new)).await.json();
    let id = pending["connection_id"].as_str().unwrap();
    let reply = world.call(Method::GET, "/things/x", &[("maton-connection", id)], "").await;
    let body = reply.assert_problem(400, "connection_unusable");
    says(&body, &["Open its url"]);
    assert!(body["url"].as_str().unwrap().contains("/connect?session_token="));
}

#[tokio::test]
async fn reauthorization_required_opens_the_reconnect_page_on_every_call() {
    let upstream = Upstream::start().await;
    let world = Plan::default().key_app("things", &upstream.url()).start().await;
    let id = world.connect("things", "sk_real").await;
    let file = world.dir.path().join("keyferry.db");
    let mut db = SqliteConnection::connect(&format!("sqlite:{}", file.display())).await.unwrap();
    let end = "update connections set status = 'FAILED', status_reason = 'reauthorization_required'";
    sqlx::query(end).execute(&mut db).await.unwrap();
    db.close().await.unwrap();
    for fields in [&[][..], &[("maton-connection", id.as_str())]] {
        for _ in 0..2 {
            let reply = world.call(Method::GET, "/things/x", fields, "").await;
            let body = reply.assert_problem(400, "reauthorization_required");
            let url = body["url"].as_str().unwrap();
            assert!(url.contains("/connect?session_token="));
            says(&body, &["Open", url]);
        }
    }
    upstream.assert_untouched();
}

#[tokio::test]
async fn key_expired_is_told_from_key_invalid() {
    let upstream = Upstream::start().await;
    let plan = Plan::default().key_app("things", &upstream.url()).standing_clock();
    let world = plan.start().await;
    let new = json!({"name": "short", "expires_in": 60});
    let key = world.api(&world.key, Method::POST, "/keys", Some(new)).await.json();
    let bearer = format!("Bearer {}", key["key"].as_str().unwrap());
    let call = || async {
        world.http.call(Method::GET, &world.at_gateway("/things/x"), &[("authorization", &bearer)], "").await
    };
    call().await.assert_problem(400, "connection_required");
    world.clock.advance(Duration::from_secs(61));
    let reply = call().await;
    says(&reply.assert_problem(401, "key_expired"), &["POST /keys"]);
    assert_eq!(reply.header("www-authenticate"), Some("Bearer"));
}

#[tokio::test]
async fn not_for_browsers_keeps_pages_away() {
    let upstream = Upstream::start().await;
    let world = stage_with(&upstream, Plan::default()).await;
    for destination in ["document", "iframe", "frame", "object"] {
        for path in ["/things/x", "/connections", "/"] {
            let reply = world.call(Method::GET, path, &[("sec-fetch-dest", destination)], "").await;
            reply.assert_problem(403, "not_for_browsers");
        }
    }
    upstream.assert_untouched();
    assert_eq!(world.call(Method::GET, "/things/x", &[("sec-fetch-dest", "empty")], "").await.status, 200);
}

#[tokio::test]
async fn app_unknown_names_the_nearest() {
    let world = Plan::default().key_app("things", "http://127.0.0.1:9").start().await;
    let body = world.get("/thing/x").await.assert_problem(404, "app_unknown");
    says(&body, &["things", "GET /apps"]);
    assert!(body["nearest"].as_array().unwrap().contains(&json!("things")));
}

#[tokio::test]
async fn body_too_large_before_and_while_it_comes() {
    let upstream = Upstream::start().await;
    let plan = Plan::default().set(|settings| settings.bounds.body_bytes = Some(8.try_into().unwrap()));
    let world = stage_with(&upstream, plan).await;
    assert_eq!(world.call(Method::POST, "/things/x", &[], "12345678").await.status, 200);
    let reply = world.call(Method::POST, "/things/x", &[], "123456789").await;
    says(&reply.assert_problem(413, "body_too_large"), &["bounds.body_bytes"]);
    let mut raw = Raw::connect(world.gateway).await;
    let key = &world.key;
    raw.send(format!("POST /things/x HTTP/1.1\r\nhost: h\r\nauthorization: Bearer {key}\r\ntransfer-encoding: chunked\r\n\r\n"))
        .await;
    raw.send("5\r\n12345\r\n5\r\n67890\r\n").await;
    let reply = raw.reply().await;
    assert_eq!((reply.status, reply.header("keyferry-error")), (413, Some("body_too_large")));
    assert_eq!(upstream.seen().len(), 1, "no request was completed beyond the bound");
}

#[tokio::test]
async fn request_timeout_when_a_body_stops_coming() {
    let upstream = Upstream::start().await;
    let plan = Plan::default().set(|settings| settings.bounds.idle_timeout = Duration::from_millis(150));
    let world = stage_with(&upstream, plan).await;
    let mut raw = Raw::connect(world.gateway).await;
    let key = &world.key;
    raw.send(format!(
        "POST /things/x HTTP/1.1\r\nhost: h\r\nauthorization: Bearer {key}\r\ncontent-length: 9\r\n\r\nhalf"
    ))
    .await;
    let reply = raw.reply().await;
    assert_eq!((reply.status, reply.header("keyferry-error")), (408, Some("request_timeout")));
    assert_eq!(reply.header("connection"), Some("close"));
    upstream.assert_untouched();
}

#[tokio::test]
async fn rl_1_rate_limited_says_when_to_come_back() {
    let upstream = Upstream::start().await;
    let plan = Plan::default().standing_clock().set(|settings| {
        settings.limits.owner_rate = 10.try_into().unwrap();
        settings.limits.owner_burst = 20.try_into().unwrap();
    });
    let world = stage_with(&upstream, plan).await;
    let mut statuses = Vec::new();
    let mut last: Option<Reply> = None;
    for _ in 0..30 {
        let reply = world.get("/things/x").await;
        statuses.push(reply.status.as_u16());
        last = Some(reply);
    }
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 20, "{statuses:?}");
    let reply = last.unwrap();
    says(&reply.assert_problem(429, "rate_limited"), &["Retry-After"]);
    assert_eq!(reply.header("retry-after"), Some("1"));
    assert_eq!(reply.header("ratelimit-policy"), Some("\"owner\";q=20;w=2"));
    assert_eq!(reply.header("ratelimit"), Some("\"owner\";r=0;t=1"));
    assert_eq!(upstream.seen().len(), 20);
    world.clock.advance(Duration::from_secs(1));
    assert_eq!(world.get("/things/x").await.status, 200);
}

#[tokio::test]
async fn upstream_unreachable_when_nobody_listens() {
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let world = Plan::default().key_app("things", &format!("http://127.0.0.1:{port}")).start().await;
    world.connect("things", "sk_real").await;
    let body = world.get("/things/x").await.assert_problem(502, "upstream_unreachable");
    says(&body, &["Try again"]);
    assert!(!body.to_string().contains(&port.to_string()), "no address inside: {body}");
}

#[tokio::test]
async fn upstream_protocol_when_the_answer_is_not_http() {
    for answer in [
        "SSH-2.0-OpenSSH\r\n\r\n",
        "",
        "HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nxy",
        "HTTP/1.1 200 OK\r\nbad\0field: 1\r\n\r\n",
        "HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n",
    ] {
        let upstream = Upstream::answering(move |_| Answer::Close(answer.into())).await;
        let world = stage_with(&upstream, Plan::default()).await;
        let reply = world.call(Method::POST, "/things/x", &[], "body").await;
        says(&reply.assert_problem(502, "upstream_protocol"), &["Check whether"]);
    }
}

#[tokio::test]
async fn upstream_timeout_when_no_answer_comes() {
    let upstream = Upstream::answering(|_| Answer::Hang).await;
    let plan =
        Plan::default().set(|settings| settings.bounds.first_byte_timeout = Duration::from_millis(150));
    let world = stage_with(&upstream, plan).await;
    for (method, body) in [(Method::GET, ""), (Method::POST, "body")] {
        let reply = world.call(method, "/things/x", &[], body).await;
        says(&reply.assert_problem(504, "upstream_timeout"), &["Check whether"]);
    }
}

#[tokio::test]
async fn token_endpoint_failed_when_there_is_no_new_token() {
    let upstream = Upstream::answering(|seen| {
        if seen.target() != "/token" {
            return Answer::ok("x");
        }
        match seen.connection {
            0 => Answer::Close(
                b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n{\"access_token\":\"t\",\"expires_in\":600}".to_vec(),
            ),
            _ => Answer::with("500 Internal Server Error", "", "secret internals"),
        }
    })
    .await;
    let world = Plan::default().app("machine", machine(&upstream)).standing_clock().start().await;
    let credentials = json!({"client_id": "id", "client_secret": "very-secret"});
    let new = json!({"app": "machine", "method": "CLIENT_CREDENTIALS", "credentials": credentials});
    let made = world.api(&world.key, Method::POST, "/connections", Some(new)).await;
    assert_eq!(made.json()["status"], "ACTIVE", "{}", made.text());
    assert_eq!(world.get("/machine/x").await.status, 200);
    world.clock.advance(Duration::from_hours(1));
    let body = world.get("/machine/x").await.assert_problem(502, "token_endpoint_failed");
    says(&body, &["Try again"]);
    assert!(!body.to_string().contains("internals") && !body.to_string().contains("very-secret"));
}

#[tokio::test]
async fn store_unavailable_when_the_database_is_gone() {
    let url = postgres::database().await;
    let mut plan = Plan::default();
    plan.store = Some(url.clone());
    let world = plan.start().await;
    let mut server: url::Url = url.parse().unwrap();
    let name = server.path().trim_start_matches('/').to_owned();
    server.set_path("/postgres");
    let mut server = PgConnection::connect(server.as_str()).await.unwrap();
    let drop = sqlx::AssertSqlSafe(format!("drop database {name} with (force)"));
    sqlx::query(drop).execute(&mut server).await.unwrap();
    let reply = world.get("/stripe/v1/x").await;
    says(&reply.assert_problem(503, "store_unavailable"), &["Try again"]);
    assert!(reply.header("retry-after").is_some());
}

#[tokio::test]
async fn overloaded_when_there_is_no_place_for_another_connection() {
    let upstream = Upstream::start().await;
    let plan = Plan::default().set(|settings| settings.bounds.connections = 1.try_into().unwrap());
    let world = plan.key_app("things", &upstream.url()).start().await;
    let mut first = Raw::connect(world.gateway).await;
    let get = "GET /things/x HTTP/1.1\r\nhost: h\r\n\r\n";
    first.send(get).await;
    assert_eq!(first.reply().await.status, 401);
    let mut second = Raw::connect(world.gateway).await;
    second.send(get).await;
    let reply = second.reply().await;
    assert_eq!((reply.status, reply.header("keyferry-error")), (503, Some("overloaded")));
    assert_eq!((reply.header("retry-after"), reply.header("connection")), (Some("1"), Some("close")));
    assert_eq!(second.rest().await, b"");
    first.send(get).await;
    assert_eq!(first.reply().await.status, 401, "those who have a place keep it");
}
