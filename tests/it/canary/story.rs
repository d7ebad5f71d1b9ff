//! Where secrets go: calls good and bad, the control API, connecting, renewing, ending.

use std::time::Duration;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::Method;
use serde_json::{Value, json};

use super::{
    provider::{ACCESS_TOKENS, Mood, REFRESH_TOKENS, WORDS},
    stage::Stage,
};
use crate::harness::{
    browser::{Browser, Page, parameter},
    http::Reply,
};

const UPSTREAM_KEY: &str = "upkey-Wx6/+k~typed-in-upstream-key";
const IN_QUERY: &str = "iq-Lm8/+g~query-credential";
const IN_PATH: &str = "ip-Rb2+~path-credential";
const CODES: [&str; 3] = ["cd-Ye1/+m~good-code", "cd-Ug3/+t~code-that-fails", "cd-Vo7/+n~code-of-nobody"];
const COOKIE: &str = "ck-Td9/+z~cookie-of-the-caller";
const QUERY: &str = "qu-Sa4/+h~query-of-the-caller";
const PATH: &str = "pa-Mi5+~path-of-the-caller";
const BODY: &str = "bo-Kc1/+v~body-of-the-caller";

/// Tells it all. What a step answers matters to its own tests; here only what it leaves behind.
pub(super) async fn tell(stage: &Stage) {
    for (kind, mark) in [
        ("upstream key", UPSTREAM_KEY),
        ("query credential", IN_QUERY),
        ("path credential", IN_PATH),
        ("caller's cookie", COOKIE),
        ("caller's query", QUERY),
        ("caller's path", PATH),
        ("request body", BODY),
        ("upstream's words", WORDS),
        ("access token", ACCESS_TOKENS[0]),
        ("access token", ACCESS_TOKENS[1]),
        ("refresh token", REFRESH_TOKENS[0]),
        ("refresh token", REFRESH_TOKENS[1]),
        ("code", CODES[0]),
        ("code", CODES[1]),
        ("code", CODES[2]),
    ] {
        stage.mark(kind, mark);
    }
    keys_where_they_do_not_belong(stage).await;
    typed_in(stage).await;
    calls(stage).await;
    bodies_that_are_refused(stage).await;
    typed_on_a_page(stage).await;
    let connected = connect(stage).await;
    failed_sign_ins(stage).await;
    renew(stage, &connected).await;
    end(stage).await;
}

async fn keys_where_they_do_not_belong(stage: &Stage) {
    let (key, url) = (stage.gateway.key().to_owned(), stage.gateway.url());
    let last = if key.ends_with('A') { 'B' } else { 'A' };
    let mistyped = format!("{}{last}", &key[..key.len() - 1]);
    stage.mark("mistyped API key", &mistyped);
    let other = json!({"name": "second"});
    // Its answer shows the key, as it must; so it is not kept.
    let bearer = format!("Bearer {key}");
    let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
    let made = stage.call(&format!("{url}/keys"), (Method::POST, &headers, &other.to_string())).await.json();
    let other = made["key"].as_str().unwrap().to_owned();
    stage.mark("API key", &other);
    for key in [&key, &mistyped, &other] {
        let basic = format!("Basic {}", STANDARD.encode(format!("{key}:")));
        let cookie = format!("key={key}");
        for (path, headers) in [
            (format!("/nowhere/x?key={key}"), vec![]),
            (format!("/keyed/x?api_key={key}"), vec![("cookie", cookie.as_str())]),
            (format!("/{key}/x"), vec![]),
            (format!("/keyed/{key}"), vec![("authorization", key.as_str())]),
            (format!("/~/{key}"), vec![]),
            ("/keyed/x".to_owned(), vec![("authorization", basic.as_str())]),
            ("/keyed/x".to_owned(), vec![("authorization", basic.as_str()), ("x-api-key", &other)]),
            ("/keyed/x".to_owned(), vec![("maton-connection", key.as_str()), ("x-api-key", key.as_str())]),
        ] {
            stage.call(&format!("{url}{path}"), (Method::GET, &headers, "")).await;
            stage.plane(&path, &headers[..headers.len().min(1)], "").await;
        }
    }
    for path in [format!("/keys/{key}"), format!("/connections?app={key}"), format!("/apps/{key}")] {
        stage.api(Method::GET, &path, "").await;
    }
}

fn credentials(api_key: &str) -> Value {
    json!({"api_key": api_key, "in_query": IN_QUERY, "in_path": IN_PATH})
}

async fn typed_in(stage: &Stage) {
    for app in ["keyed", "gone"] {
        let body = json!({"app": app, "method": "API_KEY", "credentials": credentials(UPSTREAM_KEY)});
        assert_eq!(stage.create(&body).await["status"], "ACTIVE");
    }
    for refused in
        [format!("{UPSTREAM_KEY}-refused"), format!("x-{UPSTREAM_KEY}"), format!("{UPSTREAM_KEY}\r\n")]
    {
        let body = json!({"app": "keyed", "method": "API_KEY", "credentials": credentials(&refused)});
        let reply = stage.api(Method::POST, "/connections", &body.to_string()).await;
        assert_eq!(reply.status, 422, "{}", reply.text());
    }
}

async fn calls(stage: &Stage) {
    let cookie = format!("s={COOKIE}");
    let headers = [("cookie", cookie.as_str()), ("x-token", BODY), ("content-type", "application/json")];
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair("q", QUERY)
        .append_pair("sig", QUERY)
        .finish();
    for path in
        ["/keyed/:token/x", "/keyed/away", "/keyed/garbled", "/gone/:token", "/keyed/../..", "/nowhere"]
    {
        stage.plane(&format!("{path}/{PATH}?{query}"), &headers, BODY).await;
        stage.plane(&format!("{path}?{query}"), &headers, BODY).await;
    }
    let key = stage.gateway.key();
    for target in ["/keyed/cut", "/keyed/garbled", "/keyed/%zz", "/keyed/a b", "/keyed/\u{e9}"] {
        let host = stage.gateway.url().replace("http://", "");
        let head = format!(
            "GET {target}?q={QUERY} HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {key}\r\nconnection: close\r\n"
        );
        stage.raw(&format!("{head}\r\n")).await;
        // Heads that never become a request.
        for broken in [
            format!("x: {}\r\n\r\n", BODY.repeat(4000)),
            format!("{BODY}\r\n\r\n"),
            format!("x-{BODY} : 1\r\n\r\n"),
            format!("content-length: {BODY}\r\n\r\n"),
            format!("transfer-encoding: {BODY}\r\n\r\n"),
            format!("expect: {BODY}\r\n\r\n"),
        ] {
            stage.raw(&format!("{head}{broken}")).await;
        }
    }
}

async fn bodies_that_are_refused(stage: &Stage) {
    for body in [
        format!("{{\"app\": \"{BODY}"),
        json!({"app": "keyed", "credentials": BODY}).to_string(),
        json!({"app": "keyed", "credentials": {"api_key": [BODY]}}).to_string(),
        json!({"app": "keyed", "credentials": {"api_key": UPSTREAM_KEY, "in_query": {"x": IN_QUERY}}})
            .to_string(),
        json!({"app": "keyed", "method": BODY}).to_string(),
        json!({"app": "keyed", "name": 7, "return_url": format!("https://x.test/?t={BODY}")}).to_string(),
        json!({"app": "keyed", "return_url": format!("https://x.test/?t={BODY}")}).to_string(),
        json!({"app": "vendor", "fields": {"tenant": BODY}}).to_string(),
        json!(BODY).to_string(),
    ] {
        let reply = stage.api(Method::POST, "/connections", &body).await;
        assert!(reply.status.is_client_error(), "{body}: {}", reply.text());
    }
    for client in [
        json!({"client_id": "i", "client_secret": {"x": BODY}}),
        json!({"client_id": "i", "client_secret": [BODY]}),
    ] {
        let reply = stage.api(Method::PUT, "/apps/vendor/client", &client.to_string()).await;
        assert!(reply.status.is_client_error(), "{client}: {}", reply.text());
    }
    let given = json!({"client_id": "i", "client_secret": BODY});
    stage.api(Method::PUT, "/apps/stripe/client", &given.to_string()).await;
    let query = form_urlencoded::byte_serialize(QUERY.as_bytes()).collect::<String>();
    for path in [
        format!("/connections?cursor={query}"),
        format!("/connections?status={query}"),
        format!("/connections/{PATH}"),
    ] {
        stage.api(Method::GET, &path, "").await;
    }
}

async fn typed_on_a_page(stage: &Stage) {
    let made = stage.create(&json!({"app": "keyed", "method": "API_KEY"})).await;
    let browser = stage.browser();
    let page = browser.open_link(&made).await;
    keep_page(stage, &page);
    for key in [format!("x-{UPSTREAM_KEY}"), format!("{UPSTREAM_KEY}-refused"), UPSTREAM_KEY.to_owned()] {
        let typed = [("api_key", key.as_str()), ("in_query", IN_QUERY), ("in_path", IN_PATH)];
        stage.hear(&browser.press(&page, &typed).await);
    }
    keep_browser(stage, &browser, &made);
}

/// A sign-in from link to callback; where the callback led.
async fn sign_in(stage: &Stage, made: &Value, code: &str) -> Reply {
    let browser = stage.browser();
    let consent = browser.leave(made).await;
    stage.mark("state", &parameter(&consent, "state").unwrap());
    keep_browser(stage, &browser, made);
    let page = browser.come_back("vendor", &consent, &[("code", code)]).await;
    keep_page(stage, &page);
    // A second visit with the same code, and one in another browser.
    keep_page(stage, &browser.come_back("vendor", &consent, &[("code", code)]).await);
    keep_page(stage, &stage.browser().come_back("vendor", &consent, &[("code", code)]).await);
    for seen in stage.provider.seen() {
        if let Some((_, verifier)) =
            form_urlencoded::parse(&seen.body).find(|(name, _)| name == "code_verifier")
        {
            stage.mark("PKCE verifier", &verifier);
        }
    }
    page.reply
}

async fn connect(stage: &Stage) -> Value {
    let made = stage.create(&json!({"app": "vendor"})).await;
    let page = sign_in(stage, &made, CODES[0]).await;
    assert_eq!(page.status, 200, "{}", page.text());
    made
}

async fn failed_sign_ins(stage: &Stage) {
    for mood in [Mood::Broken, Mood::Strict, Mood::Done] {
        stage.set(mood);
        let made = stage.create(&json!({"app": "vendor"})).await;
        sign_in(stage, &made, CODES[1]).await;
        let id = made["connection_id"].as_str().unwrap();
        let now = stage.api(Method::GET, &format!("/connections/{id}"), "").await.json();
        assert_eq!(now["connection"]["status"], "FAILED", "{mood:?}: {now}");
        stage.plane("/vendor/x", &[("maton-connection", id)], "").await;
    }
    stage.set(Mood::Kind);
    let browser = stage.browser();
    let code: String = form_urlencoded::byte_serialize(CODES[2].as_bytes()).collect();
    for path in [
        format!("/callback/vendor?code={code}&state={code}"),
        format!("/callback/{PATH}?code={code}"),
        format!("/connect?session_token={code}"),
        format!("/connect/{PATH}"),
        format!("/done/{PATH}"),
    ] {
        keep_page(stage, &browser.open(&path).await);
    }
}

/// Calls until the tokens have been renewed, can't be renewed, and have ended.
async fn renew(stage: &Stage, connected: &Value) {
    let id = connected["connection_id"].as_str().unwrap();
    let call = async || stage.plane("/vendor/x", &[("maton-connection", id)], "").await;
    let patience = Duration::from_mins(1);
    let told = |token: &str| stage.provider.seen().iter().any(|seen| seen.head.contains(token));
    let renewed = async {
        while !told(ACCESS_TOKENS[1]) {
            call().await;
        }
    };
    tokio::time::timeout(patience, renewed).await.expect("a renewal");
    for (mood, reason) in [(Mood::Broken, "token_endpoint_failed"), (Mood::Done, "reauthorization_required")]
    {
        stage.set(mood);
        let refused = async { while call().await.header("keyferry-error") != Some(reason) {} };
        tokio::time::timeout(patience, refused).await.expect(reason);
    }
    stage.set(Mood::Kind);
}

/// Deletes everything; the provider does not even take its tokens back.
async fn end(stage: &Stage) {
    let again = connect(stage).await;
    let again = again["connection_id"].as_str().unwrap().to_owned();
    let list = stage.api(Method::GET, "/connections", "").await.json();
    for connection in list["connections"].as_array().unwrap() {
        let id = connection["connection_id"].as_str().unwrap();
        assert_eq!(stage.api(Method::POST, &format!("/connections/{id}/reconnect"), "").await.status, 200);
        // One stays, for the sweep of the database to have something to sweep.
        if id != again {
            assert_eq!(stage.api(Method::DELETE, &format!("/connections/{id}"), "").await.status, 200);
        }
    }
    let revoked = async {
        while !stage.provider.seen().iter().any(|seen| seen.target() == "/revoke") {
            tokio::task::yield_now().await;
        }
    };
    let _ = tokio::time::timeout(Duration::from_secs(20), revoked).await;
}

fn keep_page(stage: &Stage, page: &Page) {
    stage.hear(&page.reply);
}

/// What only this browser and the holder of the link know.
fn keep_browser(stage: &Stage, browser: &Browser, made: &Value) {
    stage.mark("session_token", &parameter(made["url"].as_str().unwrap(), "session_token").unwrap());
    for (name, value) in browser.cookies.borrow().iter() {
        let secret = value.rsplit('~').next().unwrap();
        if name.starts_with("kf_flow") || name.starts_with("kf_link") {
            stage.mark("flow cookie", secret);
        }
    }
}
