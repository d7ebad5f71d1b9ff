//! The sandbox over HTTP, without a socket: what a client and a person's browser see.

use std::time::Duration;

use axum::body::Body;
use http::{Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Limited};
use serde_json::Value;
use tower::ServiceExt;
use url::Url;

use super::*;
use crate::clock::Timestamp;

const BASE: &str = "http://127.0.0.1:9191";
const BACK: &str = "http://localhost:8081/callback/sandbox";
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CLIENT: &str = "client_id=demo&client_secret=hush";

struct Visitor {
    sandbox: Sandbox,
    clock: Clock,
}

impl Visitor {
    fn new() -> Self {
        let client = SandboxClient {
            id: "demo".to_owned(),
            secret: "hush".to_owned(),
            name: "<b>Keyferry</b>".to_owned(),
            redirect_uris: vec![BACK.to_owned()],
        };
        let clock = Clock::test(Timestamp::from_micros(1_700_000_000_000_000));
        Self { sandbox: Sandbox::new(SandboxSettings::new(BASE.to_owned(), client), clock.clone()), clock }
    }

    async fn send(&self, request: http::request::Builder, body: &str) -> Response<Body> {
        self.sandbox.router().oneshot(request.body(Body::from(body.to_owned())).unwrap()).await.unwrap()
    }

    async fn get(&self, path: &str) -> Response<Body> {
        self.send(Request::get(path), "").await
    }

    async fn call(&self, method: &str, path: &str, token: &str, body: &str) -> Response<Body> {
        let request = Request::builder().method(method).uri(path);
        self.send(request.header(header::AUTHORIZATION, format!("Bearer {token}")), body).await
    }

    async fn post(&self, path: &str, form: &str) -> Response<Body> {
        let request = Request::post(path).header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        self.send(request, form).await
    }

    /// Opens the consent page; gives its ticket and its cookie.
    async fn open(&self, query: &str) -> (String, String) {
        let page = self.get(&format!("/authorize?{query}")).await;
        assert_eq!(page.status(), StatusCode::OK);
        let cookie = field(&page, "set-cookie").split(';').next().unwrap().to_owned();
        let html = text(page).await;
        let (_, rest) = html.split_once("name=\"ticket\" value=\"").unwrap();
        (rest.split_once('"').unwrap().0.to_owned(), cookie)
    }

    /// Answers a consent page; gives where the browser is sent.
    async fn answer(&self, ticket: &str, cookie: &str, rest: &str) -> Response<Body> {
        let request = Request::post("/authorize").header(header::COOKIE, format!("other=1; {cookie}"));
        self.send(request, &format!("ticket={ticket}&{rest}")).await
    }

    async fn code(&self, scope: &str) -> String {
        let (ticket, cookie) = self.open(&good(&[("scope", scope)])).await;
        let response = self.answer(&ticket, &cookie, "account=acct_sam&decision=allow").await;
        query(&response, "code").unwrap()
    }

    async fn tokens(&self, scope: &str) -> Value {
        let form = redemption(&self.code(scope).await);
        let response = self.post("/token", &format!("{form}&{CLIENT}")).await;
        assert_eq!(response.status(), StatusCode::OK);
        json(response).await
    }

    async fn access(&self) -> String {
        let tokens = self.tokens("profile items.read items.write").await;
        tokens["access_token"].as_str().unwrap().to_owned()
    }
}

/// A good authorization request, with some parameters set otherwise; an empty value leaves one out.
fn good(changed: &[(&str, &str)]) -> String {
    let challenge = random::challenge(VERIFIER);
    let mut query = form_urlencoded::Serializer::new(String::new());
    let usual = [
        ("response_type", "code"),
        ("client_id", "demo"),
        ("redirect_uri", BACK),
        ("state", "st&te"),
        ("scope", "profile items.read"),
        ("code_challenge", &challenge),
        ("code_challenge_method", "S256"),
    ];
    for (name, value) in usual {
        let value = changed.iter().find(|(other, _)| *other == name).map_or(value, |(_, value)| *value);
        query.append_pair(name, value);
    }
    query.finish()
}

fn redemption(code: &str) -> String {
    format!("grant_type=authorization_code&code={code}&redirect_uri={BACK}&code_verifier={VERIFIER}")
}

fn field(response: &Response<Body>, name: &str) -> String {
    response.headers().get(name).map(|value| value.to_str().unwrap().to_owned()).unwrap_or_default()
}

/// A parameter of the URL a redirect leads to.
fn query(response: &Response<Body>, name: &str) -> Option<String> {
    assert_eq!(response.status(), StatusCode::SEE_OTHER);
    let target = Url::parse(&field(response, "location")).unwrap();
    target.query_pairs().find(|(found, _)| found == name).map(|(_, value)| value.into_owned())
}

#[expect(clippy::disallowed_methods, reason = "the body is bounded here")]
async fn text(response: Response<Body>) -> String {
    let bytes = Limited::new(response.into_body(), 1 << 20).collect().await.unwrap().to_bytes();
    String::from_utf8(bytes.to_vec()).unwrap()
}

async fn json(response: Response<Body>) -> Value {
    serde_json::from_str(&text(response).await).unwrap()
}

#[tokio::test]
async fn the_consent_page_names_everything_and_escapes_it() {
    let visitor = Visitor::new();
    let page = visitor.get(&format!("/authorize?{}", good(&[]))).await;
    let policy = field(&page, "content-security-policy");
    assert!(policy.contains("default-src 'none'") && policy.contains("frame-ancestors 'none'"), "{policy}");
    assert!(!policy.contains("unsafe"), "{policy}");
    let cookie = field(&page, "set-cookie");
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"), "{cookie}");
    let html = text(page).await;
    assert!(!html.contains("<b>Keyferry"), "the client's name must be escaped");
    assert!(!html.contains("<script"), "the page works without scripts");
    for part in [
        "Keyferry",
        "http://localhost:8081",
        "sam@sandbox.test",
        "alex@sandbox.test",
        "See your items",
        "lang=\"en\"",
        "<label for=\"acct_sam\">",
        "value=\"allow\"",
        "value=\"refuse\"",
    ] {
        assert!(html.contains(part), "{part}");
    }
    assert!(!html.contains("Create and delete items"), "only what is asked for");
    assert_eq!(visitor.get("/authorize/style.css").await.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_wrong_client_or_redirect_uri_is_told_to_the_person_and_never_followed() {
    let visitor = Visitor::new();
    for query in [
        good(&[("client_id", "nobody")]),
        good(&[("client_id", "")]),
        good(&[("redirect_uri", "")]),
        good(&[("redirect_uri", "http://localhost:8081/callback/sandbox/")]),
        good(&[("redirect_uri", "https://evil.test/")]),
        format!("{}&redirect_uri=https://evil.test/", good(&[])),
        format!("{}&client_id=other", good(&[])),
    ] {
        let response = visitor.get(&format!("/authorize?{query}")).await;
        assert_eq!(response.status(), StatusCode::BAD_REQUEST, "{query}");
        assert_eq!(field(&response, "location"), "", "{query}");
    }
}

#[tokio::test]
async fn every_other_fault_goes_back_to_the_client_with_state_and_issuer() {
    let visitor = Visitor::new();
    for (query_text, error) in [
        (good(&[("response_type", "token")]), "unsupported_response_type"),
        (good(&[("response_type", "")]), "invalid_request"),
        (good(&[("code_challenge", "")]), "invalid_request"),
        (good(&[("code_challenge", "short")]), "invalid_request"),
        (good(&[("code_challenge_method", "plain")]), "invalid_request"),
        (good(&[("code_challenge_method", "")]), "invalid_request"),
        (good(&[("scope", "everything")]), "invalid_scope"),
        (format!("{}&scope=profile", good(&[])), "invalid_request"),
    ] {
        let response = visitor.get(&format!("/authorize?{query_text}")).await;
        assert_eq!(query(&response, "error").as_deref(), Some(error), "{query_text}");
        assert_eq!(query(&response, "state").as_deref(), Some("st&te"));
        assert_eq!(query(&response, "iss").as_deref(), Some(BASE));
    }
}

#[tokio::test]
async fn allowing_gives_a_code_and_refusing_says_so() {
    let visitor = Visitor::new();
    let (ticket, cookie) = visitor.open(&good(&[])).await;
    let allowed = visitor.answer(&ticket, &cookie, "account=acct_alex&decision=allow").await;
    assert_eq!(query(&allowed, "code").map(|code| code.len()), Some(43));
    assert_eq!(query(&allowed, "state").as_deref(), Some("st&te"));
    assert_eq!(query(&allowed, "iss").as_deref(), Some(BASE));

    for rest in ["account=acct_sam&decision=refuse", "account=nobody&decision=allow", "decision=allow", ""] {
        let (ticket, cookie) = visitor.open(&good(&[])).await;
        let refused = visitor.answer(&ticket, &cookie, rest).await;
        assert_eq!(query(&refused, "error").as_deref(), Some("access_denied"), "{rest}");
        assert_eq!(query(&refused, "code"), None);
    }
}

#[tokio::test]
async fn no_other_site_or_browser_can_answer_and_nobody_twice() {
    let visitor = Visitor::new();
    let (ticket, cookie) = visitor.open(&good(&[])).await;
    let (_, foreign) = visitor.open(&good(&[])).await;
    let allow = "account=acct_sam&decision=allow";
    for cookie in ["", foreign.as_str()] {
        assert_eq!(visitor.answer(&ticket, cookie, allow).await.status(), StatusCode::FORBIDDEN);
    }
    let request = Request::post("/authorize").header(header::COOKIE, &cookie);
    let cross = request.header("sec-fetch-site", "cross-site");
    let response = visitor.send(cross, &format!("ticket={ticket}&{allow}")).await;
    assert_eq!(response.status(), StatusCode::FORBIDDEN);
    assert_eq!(visitor.answer(&ticket, &cookie, allow).await.status(), StatusCode::SEE_OTHER);
    assert_eq!(visitor.answer(&ticket, &cookie, allow).await.status(), StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn the_token_answer_has_all_the_standard_names() {
    let visitor = Visitor::new();
    let form = redemption(&visitor.code("items.read profile").await);
    let response = visitor.post("/token", &format!("{form}&{CLIENT}")).await;
    assert_eq!(field(&response, "cache-control"), "no-store");
    let tokens = json(response).await;
    assert_eq!(tokens["token_type"], "Bearer");
    assert_eq!(tokens["expires_in"], 60);
    assert_eq!(tokens["scope"], "items.read profile");
    assert!(tokens["access_token"].as_str().unwrap().starts_with("sbx_at_"));
    assert!(tokens["refresh_token"].as_str().unwrap().starts_with("sbx_rt_"));
}

#[tokio::test]
async fn the_token_endpoint_refuses_in_the_words_of_the_standard() {
    let visitor = Visitor::new();
    let code = visitor.code("profile").await;
    let good = redemption(&code);
    for (form, status, error) in [
        (CLIENT.to_owned(), 400, "invalid_request"),
        (format!("grant_type=password&{CLIENT}"), 400, "unsupported_grant_type"),
        (good.clone(), 401, "invalid_client"),
        (format!("{good}&client_id=demo&client_secret=wrong"), 401, "invalid_client"),
        (format!("{good}&{CLIENT}&code=x"), 400, "invalid_request"),
        (
            format!("grant_type=authorization_code&code={code}&redirect_uri={BACK}&{CLIENT}"),
            400,
            "invalid_request",
        ),
        (format!("grant_type=refresh_token&{CLIENT}"), 400, "invalid_request"),
        (format!("grant_type=refresh_token&refresh_token=x&{CLIENT}"), 400, "invalid_grant"),
        (format!("grant_type=refresh_token&refresh_token=x&scope=all&{CLIENT}"), 400, "invalid_scope"),
    ] {
        let response = visitor.post("/token", &form).await;
        assert_eq!(response.status().as_u16(), status, "{form}");
        assert_eq!(response.headers().contains_key("www-authenticate"), status == 401, "{form}");
        assert_eq!(json(response).await["error"], error, "{form}");
    }
    let plain = visitor.send(Request::post("/token"), &format!("{good}&{CLIENT}")).await;
    assert_eq!(json(plain).await["error"], "invalid_request");
    // None of these spent the code.
    assert_eq!(visitor.post("/token", &format!("{good}&{CLIENT}")).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_client_may_use_basic_and_a_refresh_rotates() {
    let visitor = Visitor::new();
    let tokens = visitor.tokens("profile").await;
    let refresh = tokens["refresh_token"].as_str().unwrap();
    let request = || {
        Request::post("/token")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded; charset=utf-8")
            .header(header::AUTHORIZATION, "Basic ZGVtbzpodXNo")
    };
    let form = format!("grant_type=refresh_token&refresh_token={refresh}");
    let second = json(visitor.send(request(), &form).await).await;
    assert_ne!(second["refresh_token"], tokens["refresh_token"]);
    let again = visitor.send(request(), &form).await;
    assert_eq!(json(again).await["error"], "invalid_grant");
    let token = second["access_token"].as_str().unwrap();
    assert_eq!(visitor.call("GET", "/userinfo", token, "").await.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn revoking_answers_200_for_any_token_but_only_to_a_client() {
    let visitor = Visitor::new();
    let token = visitor.access().await;
    let stranger = visitor.post("/revoke", &format!("token={token}")).await;
    assert_eq!(stranger.status(), StatusCode::UNAUTHORIZED);
    assert_eq!(visitor.call("GET", "/userinfo", &token, "").await.status(), StatusCode::OK);
    for token in [token.as_str(), "never-was"] {
        let response = visitor.post("/revoke", &format!("token={token}&{CLIENT}")).await;
        assert_eq!(response.status(), StatusCode::OK);
    }
    assert_eq!(visitor.call("GET", "/userinfo", &token, "").await.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn the_api_wants_a_living_token_with_the_right_scope() {
    let visitor = Visitor::new();
    for path in ["/userinfo", "/v1/items", "/v1/items/1", "/v1/echo", "/v1/events", "/v1/redirect"] {
        let missing = visitor.get(path).await;
        assert_eq!(missing.status(), StatusCode::UNAUTHORIZED, "{path}");
        assert_eq!(field(&missing, "www-authenticate"), "Bearer realm=\"sandbox\"");
        let wrong = visitor.call("GET", path, "sbx_at_wrong", "").await;
        assert_eq!(wrong.status(), StatusCode::UNAUTHORIZED, "{path}");
        assert!(field(&wrong, "www-authenticate").contains("error=\"invalid_token\""), "{path}");
    }
    let tokens = visitor.tokens("items.read").await;
    let token = tokens["access_token"].as_str().unwrap();
    assert_eq!(visitor.call("GET", "/v1/items", token, "").await.status(), StatusCode::OK);
    for (method, path) in [("GET", "/userinfo"), ("POST", "/v1/items"), ("DELETE", "/v1/items/1")] {
        let narrow = visitor.call(method, path, token, "{\"name\":\"x\"}").await;
        assert_eq!(narrow.status(), StatusCode::FORBIDDEN, "{path}");
        assert!(field(&narrow, "www-authenticate").contains("error=\"insufficient_scope\""), "{path}");
    }
    visitor.clock.advance(Duration::from_mins(1));
    assert_eq!(visitor.call("GET", "/v1/items", token, "").await.status(), StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn the_list_links_its_neighbours_by_absolute_urls() {
    let visitor = Visitor::new();
    let token = visitor.access().await;
    let middle = visitor.call("GET", "/v1/items?page=2&per_page=5", &token, "").await;
    let link = |page, rel| format!("<{BASE}/v1/items?page={page}&per_page=5>; rel=\"{rel}\"");
    let all = [link(1, "first"), link(1, "prev"), link(3, "next"), link(3, "last")].join(", ");
    assert_eq!(field(&middle, "link"), all);
    let body = json(middle).await;
    assert_eq!(body["total"], 12);
    assert_eq!(body["items"].as_array().unwrap().len(), 5);
    assert_eq!(body["items"][0]["id"], 6);
    let last = visitor.call("GET", "/v1/items?page=3", &token, "").await;
    assert!(!field(&last, "link").contains("next"), "{}", field(&last, "link"));
    for query in ["page=0", "page=x", "per_page=101", "per_page=-1"] {
        let bad = visitor.call("GET", &format!("/v1/items?{query}"), &token, "").await;
        assert_eq!(bad.status(), StatusCode::BAD_REQUEST, "{query}");
    }
    let beyond =
        visitor.call("GET", &format!("/v1/items?page={}&per_page=100", usize::MAX), &token, "").await;
    assert_eq!(json(beyond).await["items"], Value::Array(Vec::new()));
}

#[tokio::test]
async fn items_are_created_shown_and_deleted() {
    let visitor = Visitor::new();
    let token = visitor.access().await;
    let created = visitor.call("POST", "/v1/items", &token, "{\"name\":\"Torch\"}").await;
    assert_eq!(created.status(), StatusCode::CREATED);
    assert_eq!(field(&created, "location"), format!("{BASE}/v1/items/13"));
    let item = json(created).await;
    assert_eq!((&item["name"], &item["owner"]), (&Value::from("Torch"), &Value::from("sam@sandbox.test")));
    assert_eq!(json(visitor.call("GET", "/v1/items/13", &token, "").await).await, item);
    assert_eq!(visitor.call("DELETE", "/v1/items/13", &token, "").await.status(), StatusCode::NO_CONTENT);
    for method in ["GET", "DELETE"] {
        assert_eq!(visitor.call(method, "/v1/items/13", &token, "").await.status(), StatusCode::NOT_FOUND);
    }
    for (body, status) in
        [("{", 400), ("{}", 400), ("{\"name\":\"x\",\"more\":1}", 400), ("{\"name\":\" \"}", 422)]
    {
        assert_eq!(visitor.call("POST", "/v1/items", &token, body).await.status().as_u16(), status, "{body}");
    }
}

#[tokio::test]
async fn the_echo_shows_what_came_but_never_the_credential() {
    let visitor = Visitor::new();
    let token = visitor.access().await;
    let path = "/v1/echo?a=1&a=%20";
    let told = text(visitor.call("PATCH", path, &token, "h\u{e9}").await).await;
    assert!(!told.contains(&token));
    let echo: Value = serde_json::from_str(&told).unwrap();
    assert_eq!((&echo["method"], &echo["query"]), (&Value::from("PATCH"), &Value::from("a=1&a=%20")));
    assert_eq!((&echo["body"], &echo["body_bytes"]), (&Value::from("h\u{e9}"), &Value::from(3)));
    assert_eq!(echo["headers"]["authorization"], "Bearer [redacted]");
    assert_eq!(echo["account"], "sam@sandbox.test");
}

#[tokio::test(start_paused = true)]
async fn events_come_as_many_as_asked_for_with_their_interval() {
    let visitor = Visitor::new();
    let token = visitor.access().await;
    let before = tokio::time::Instant::now();
    let response = visitor.call("GET", "/v1/events?count=3&interval_ms=700", &token, "").await;
    assert_eq!(field(&response, "content-type"), "text/event-stream");
    let events = text(response).await;
    assert_eq!(events.matches("event: tick").count(), 3, "{events}");
    assert_eq!(before.elapsed().as_millis(), 1400);
    let bad = visitor.call("GET", "/v1/events?count=1001", &token, "").await;
    assert_eq!(bad.status(), StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn a_redirect_goes_where_it_is_told() {
    let visitor = Visitor::new();
    let token = visitor.access().await;
    for (query, target) in [
        ("", "http://127.0.0.1:9191/v1/items"),
        ("?to=/v1/echo", "/v1/echo"),
        ("?to=https%3A%2F%2Felsewhere.test%2F", "https://elsewhere.test/"),
    ] {
        let response = visitor.call("GET", &format!("/v1/redirect{query}"), &token, "").await;
        assert_eq!(response.status(), StatusCode::TEMPORARY_REDIRECT);
        assert_eq!(field(&response, "location"), target);
    }
    let bad = visitor.call("GET", "/v1/redirect?to=javascript:x", &token, "").await;
    assert_eq!(bad.status(), StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn unknown_paths_and_methods_are_clear() {
    let visitor = Visitor::new();
    let unknown = visitor.get("/v2").await;
    assert_eq!(unknown.status(), StatusCode::NOT_FOUND);
    assert_eq!(json(unknown).await["error"]["code"], "not_found");
    assert_eq!(visitor.get("/token").await.status(), StatusCode::METHOD_NOT_ALLOWED);
    let metadata = json(visitor.get("/.well-known/oauth-authorization-server").await).await;
    assert_eq!(metadata["issuer"], BASE);
}

#[tokio::test]
async fn it_serves_on_a_socket_until_told_to_stop() {
    let visitor = Visitor::new();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let sandbox = visitor.sandbox.clone();
    let serving = tokio::spawn(async move { sandbox.serve(listener, async { drop(stopped.await) }).await });
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    tokio::io::AsyncWriteExt::write_all(
        &mut stream,
        b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n",
    )
    .await
    .unwrap();
    let mut answer = String::new();
    tokio::io::AsyncReadExt::read_to_string(&mut stream, &mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    stop.send(()).unwrap();
    serving.await.unwrap();
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
}
