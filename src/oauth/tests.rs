//! What is really sent to a provider, seen by a small server.

use std::{
    collections::BTreeMap,
    convert::Infallible,
    sync::{Arc, Mutex},
};

use base64::{Engine, engine::general_purpose::STANDARD};
use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, header::AUTHORIZATION};
use http_body_util::Full;
use hyper::{body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{net::TcpListener, task::JoinHandle};

use super::*;
use crate::{
    catalog::auth::{Refresh, Revoke, Token},
    clock::{Clock, Timestamp},
    net::{Egress, body, client, guard::SystemResolver},
};

/// One request as it arrived.
#[derive(Clone, Debug)]
struct Seen {
    method: Method,
    target: String,
    headers: HeaderMap,
    body: String,
}

/// A server that remembers what it is asked and always gives the same answer. Ends with the value.
struct Double {
    url: String,
    seen: Arc<Mutex<Vec<Seen>>>,
    task: JoinHandle<()>,
}

impl Double {
    async fn answering(answer: Response<&'static str>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&seen);
        let task = tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let (log, answer) = (Arc::clone(&log), answer.clone());
                let service = service_fn(move |request: Request<Incoming>| {
                    let (log, answer) = (Arc::clone(&log), answer.clone());
                    async move {
                        let (head, sent) = request.into_parts();
                        let sent = body::read(sent, 1 << 20).await.unwrap();
                        log.lock().unwrap().push(Seen {
                            method: head.method,
                            target: head.uri.to_string(),
                            headers: head.headers,
                            body: String::from_utf8(sent.to_vec()).unwrap(),
                        });
                        Ok::<_, Infallible>(answer.map(|text| Full::new(Bytes::from_static(text.as_bytes()))))
                    }
                });
                tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(socket), service));
            }
        });
        Self { url, seen, task }
    }

    async fn with_token() -> Self {
        Self::answering(Response::new(r#"{"access_token":"at","refresh_token":"rt2","expires_in":60}"#)).await
    }

    fn only_request(&self) -> Seen {
        let seen = self.seen.lock().unwrap();
        assert_eq!(seen.len(), 1);
        seen[0].clone()
    }
}

impl Drop for Double {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Everything an endpoint borrows.
struct World {
    http: client::Client,
    clock: Clock,
    client: Client,
    values: BTreeMap<String, String>,
    token: Token,
}

impl World {
    fn new(double: &Double, toml: &str) -> Self {
        let egress =
            Egress { allow: vec!["127.0.0.0/8".parse().unwrap()], plain_http: true, ..Egress::default() };
        Self {
            http: client::Client::new(&egress, Arc::new(SystemResolver)).unwrap(),
            clock: Clock::test(Timestamp::from_micros(0)),
            client: Client { id: "id".into(), secret: "s&cret".into() },
            values: BTreeMap::from([("base".into(), double.url.clone()), ("shop".into(), "acme".into())]),
            token: toml::from_str(&format!("url = '${{base}}/token'\n{toml}")).unwrap(),
        }
    }

    fn endpoint(&self) -> TokenEndpoint<'_> {
        TokenEndpoint {
            http: &self.http,
            clock: &self.clock,
            token: &self.token,
            limit: None,
            client: &self.client,
            values: &self.values,
        }
    }

    fn revocation<'a>(&'a self, step: &'a Revoke) -> Revocation<'a> {
        let Self { http, clock, client, values, .. } = self;
        let client_auth = step.client_auth.unwrap_or(self.token.client_auth);
        Revocation { http, clock, step, client_auth, limit: None, client, values }
    }

    async fn exchange(&self, echo: &[(String, String)]) -> Result<TokenAnswer, OAuthError> {
        let (code, verifier) = (Secret::from("c/d e"), Secret::from("proof"));
        let redirect_uri = "https://gw.test/callback/x";
        exchange(&self.endpoint(), &Code { code: &code, redirect_uri, verifier: Some(&verifier), echo }).await
    }
}

#[tokio::test]
async fn an_exchange_sends_the_form_of_rfc_6749() {
    let double = Double::with_token().await;
    let world = World::new(&double, "params = { shop = '${shop}' }\nheaders = { x-shop = '${shop}' }");
    let answer = world.exchange(&[("context".into(), "stores/1".into())]).await.unwrap();
    assert_eq!(answer.access_token.expose(), "at");
    let seen = double.only_request();
    assert_eq!((seen.method, seen.target.as_str()), (Method::POST, "/token"));
    assert_eq!(
        seen.body,
        "grant_type=authorization_code&code=c%2Fd+e&redirect_uri=https%3A%2F%2Fgw.test%2Fcallback%2Fx\
         &code_verifier=proof&context=stores%2F1&client_id=id&client_secret=s%26cret&shop=acme"
    );
    for (name, value) in [
        ("content-type", "application/x-www-form-urlencoded"),
        ("accept", "application/json"),
        ("x-shop", "acme"),
    ] {
        assert_eq!(seen.headers[name], value, "{name}");
    }
    assert!(!seen.headers.contains_key(AUTHORIZATION));
}

#[tokio::test]
async fn an_exchange_takes_the_providers_names_and_format() {
    let double = Double::with_token().await;
    let toml = "client_auth = 'basic'\nformat = 'json'\nrename = { code = 'auth_code', grant_type = '' }";
    World::new(&double, toml).exchange(&[]).await.unwrap();
    let seen = double.only_request();
    assert_eq!(seen.headers["content-type"], "application/json");
    let sent: serde_json::Value = serde_json::from_str(&seen.body).unwrap();
    assert_eq!(
        sent,
        serde_json::json!({"auth_code": "c/d e", "redirect_uri": "https://gw.test/callback/x", "code_verifier": "proof"})
    );
    assert_eq!(seen.headers[AUTHORIZATION], format!("Basic {}", STANDARD.encode("id:s%26cret")));
}

#[tokio::test]
async fn a_refresh_differs_from_the_exchange_where_the_file_says_so() {
    let double = Double::with_token().await;
    let world = World::new(&double, "params = { only = 'exchange' }\ngrant_type = 'other'");
    let plain = Refresh::default();
    let answer = refresh(&world.endpoint(), &plain, Some(&Secret::from("rt1"))).await.unwrap();
    assert_eq!(answer.refresh_token.unwrap().expose(), "rt2");
    assert_eq!(
        double.only_request().body,
        "grant_type=refresh_token&refresh_token=rt1&client_id=id&client_secret=s%26cret"
    );

    let double = Double::with_token().await;
    let world = World::new(&double, "");
    let differs =
        toml::from_str("url = '${base}/again'\nclient_auth = 'none'\nparams = { type = 'refresh' }").unwrap();
    refresh(&world.endpoint(), &differs, Some(&Secret::from("rt1"))).await.unwrap();
    let seen = double.only_request();
    assert_eq!(seen.target, "/again");
    assert_eq!(seen.body, "grant_type=refresh_token&refresh_token=rt1&client_id=id&type=refresh");
}

#[tokio::test]
async fn a_dead_refresh_token_is_known_by_the_apps_own_words() {
    let catalog = crate::catalog::Catalog::builtin().unwrap();
    let atlassian = r#"{"error":"unauthorized_client","error_description":"refresh_token is invalid"}"#;
    let hubspot = r#"{"status":"BAD_REFRESH_TOKEN","message":"missing or invalid refresh token"}"#;
    for (app, status, body, word) in [
        ("jira", 403, atlassian, Some("unauthorized_client")),
        ("hubspot", 400, hubspot, Some("BAD_REFRESH_TOKEN")),
        ("hubspot", 400, r#"{"error":"bad_refresh_token"}"#, Some("bad_refresh_token")),
        ("hubspot", 403, atlassian, None),
        ("jira", 400, hubspot, None),
        ("jira", 503, atlassian, None),
        ("jira", 429, atlassian, None),
        ("hubspot", 400, r#"{"status":"BAD_CLIENT_SECRET"}"#, None),
    ] {
        let double = Double::answering(Response::builder().status(status).body(body).unwrap()).await;
        let world = World::new(&double, "");
        let differs = &catalog.app(app).unwrap().way(crate::catalog::Method::Oauth2).unwrap().refresh;
        let differs = Refresh { dead: differs.dead.clone(), ..Refresh::default() };
        let error = refresh(&world.endpoint(), &differs, Some(&Secret::from("rt"))).await.unwrap_err();
        let dead = if let OAuthError::InvalidGrant(word) = &error { Some(word.as_str()) } else { None };
        assert_eq!(dead, word, "{app} {status} {body}: {error}");
    }
}

#[tokio::test]
async fn only_a_refresh_is_read_with_the_words_for_dead_tokens() {
    let body = r#"{"error":"unauthorized_client"}"#;
    let double = Double::answering(Response::builder().status(403).body(body).unwrap()).await;
    let error = World::new(&double, "").exchange(&[]).await.unwrap_err();
    assert_eq!(error, OAuthError::Configuration("unauthorized_client".into()));
}

#[tokio::test]
async fn an_access_token_is_spent_as_the_file_says() {
    let double = Double::answering(Response::new(r#"{"access_token":"at2","expires_in":5184000}"#)).await;
    let mut world = World::new(&double, "client_auth = 'body'\nheaders = { a = '1', b = '1' }");
    world.values.insert("access_token".into(), "a t".into());
    let differs = toml::from_str(
        "method = 'GET'\nspend = 'access_token'\ngrant_type = 'ig_refresh_token'\nclient_auth = 'absent'\n\
         params = { access_token = '${access_token}' }\nheaders = { b = '2' }\nurl = '${base}/again?v=1'",
    );
    let answer = refresh(&world.endpoint(), &differs.unwrap(), None).await.unwrap();
    assert_eq!((answer.access_token.expose(), answer.refresh_token), ("at2", None));
    let seen = double.only_request();
    assert_eq!(
        (seen.method, seen.target.as_str(), seen.body.as_str()),
        (Method::GET, "/again?v=1&grant_type=ig_refresh_token&access_token=a+t", "")
    );
    assert!(!seen.headers.contains_key("content-type"));
    assert_eq!(seen.headers["a"], "1");
    assert_eq!(seen.headers["b"], "2");
}

#[tokio::test]
async fn a_token_is_asked_for_by_get_where_the_file_says_so() {
    let double = Double::with_token().await;
    World::new(&double, "method = 'GET'\nclient_auth = 'absent'\ngrant_type = ''")
        .exchange(&[])
        .await
        .unwrap();
    let seen = double.only_request();
    assert_eq!(seen.method, Method::GET);
    assert_eq!(
        seen.target,
        "/token?code=c%2Fd+e&redirect_uri=https%3A%2F%2Fgw.test%2Fcallback%2Fx&code_verifier=proof"
    );
}

#[tokio::test]
async fn a_login_sends_what_the_file_says_and_nothing_else() {
    let double = Double::answering(Response::new(r#"{"credentials":{"token":"t"}}"#)).await;
    let world = World::new(
        &double,
        "format = 'json'\npath = 'credentials.token'\nparams = { 'credentials.site.url' = '${shop}' }",
    );
    assert_eq!(login(&world.endpoint()).await.unwrap().access_token.expose(), "t");
    assert_eq!(double.only_request().body, r#"{"credentials":{"site":{"url":"acme"}}}"#);
}

#[tokio::test]
async fn a_signed_token_asks_by_the_grant_of_rfc_7523_or_by_the_files_own_words() {
    for (toml, body, proof) in [
        ("", "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=a.b.c", None),
        ("grant_type = ''\nheaders = { Authorization = 'Bearer ${jwt}' }", "", Some("Bearer a.b.c")),
    ] {
        let double = Double::with_token().await;
        let mut world = World::new(&double, toml);
        world.values.insert("jwt".into(), "a.b.c".into());
        assert(&world.endpoint()).await.unwrap();
        let seen = double.only_request();
        assert_eq!(seen.body, body);
        assert_eq!(seen.headers.get(AUTHORIZATION).map(|value| value.to_str().unwrap()), proof);
    }
}

#[tokio::test]
async fn one_more_request_gives_the_token_that_goes_upstream_and_the_first_refresh_token_stays() {
    let first = Double::with_token().await;
    let world = World::new(&first, "");
    let answer = world.exchange(&[]).await.unwrap();
    let double =
        Double::answering(Response::new(r#"{"BhRestToken":"session","restUrl":"https://a.test/"}"#)).await;
    let mut world = World::new(&double, "");
    world.values.insert("access_token".into(), answer.access_token.expose().into());
    let step = toml::from_str(
        "url = '${base}/login'\nmethod = 'GET'\nparams = { version = '*', access_token = '${access_token}' }\n\
         path = 'BhRestToken'",
    );
    let both = answer.then(trade(&world.endpoint(), &step.unwrap()).await.unwrap());
    assert_eq!(double.only_request().target, "/login?access_token=at&version=*");
    assert_eq!(both.access_token.expose(), "session");
    assert_eq!(both.refresh_token.as_ref().unwrap().expose(), "rt2");
    assert_eq!(both.lifetime, Some(std::time::Duration::from_mins(1)), "the session says nothing of its own");
    assert_eq!(both.find("restUrl").unwrap(), "https://a.test/");
    assert_eq!(both.find("access_token").unwrap(), "at", "what only the first answer says");
}

#[tokio::test]
async fn tl_8_a_provider_may_say_when_to_come_back_under_a_name_of_its_own() {
    let limit = toml::from_str("retry_header = 'x-wait'\nretry_unit = 'ms'").unwrap();
    for (status, header, wait) in
        [(429, "x-wait", 1500), (429, "retry-after", 1_500_000), (503, "x-wait", 1500)]
    {
        let answer = Response::builder().status(status).header(header, "1500").body("").unwrap();
        let double = Double::answering(answer).await;
        let world = World::new(&double, "");
        let endpoint = TokenEndpoint { limit: Some(&limit), ..world.endpoint() };
        let error = client_credentials(&endpoint, &[]).await.unwrap_err();
        let expected = Some(std::time::Duration::from_millis(wait));
        assert_eq!(error, OAuthError::RateLimited { retry_after: expected }, "{status} {header}");
    }
}

#[tokio::test]
async fn client_credentials_ask_for_their_scopes() {
    let double = Double::with_token().await;
    let world = World::new(&double, "grant_type = 'account_credentials'");
    client_credentials(&world.endpoint(), &["a".into(), "b".into()]).await.unwrap();
    assert_eq!(
        double.only_request().body,
        "grant_type=account_credentials&scope=a+b&client_id=id&client_secret=s%26cret"
    );
}

#[tokio::test]
async fn oc_13_a_redirect_is_not_followed() {
    let redirect = Response::builder().status(307).header("location", "/elsewhere").body("").unwrap();
    let double = Double::answering(redirect).await;
    let error = World::new(&double, "").exchange(&[]).await.unwrap_err();
    assert!(matches!(error, OAuthError::Protocol(_)));
    assert_eq!(double.only_request().target, "/token");
}

#[tokio::test]
async fn oc_13_an_endless_answer_is_not_read() {
    let long: &'static str = Box::leak("x".repeat(1024 * 1024 + 1).into_boxed_str());
    let double = Double::answering(Response::new(long)).await;
    let error = World::new(&double, "").exchange(&[]).await.unwrap_err();
    assert_eq!(error, OAuthError::Protocol("its answer is too long"));
}

#[tokio::test]
async fn an_endpoint_nobody_serves_passes() {
    let double = Double::with_token().await;
    let world = World::new(&double, "");
    let refused = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let values = BTreeMap::from([("base".to_owned(), format!("http://{refused}"))]);
    let endpoint = TokenEndpoint { values: &values, ..world.endpoint() };
    let error = client_credentials(&endpoint, &[]).await.unwrap_err();
    assert!(error.passes(), "{error}");
    assert!(!error.to_string().contains(&refused.to_string()));
}

#[tokio::test]
async fn a_value_nobody_gave_is_named_and_nothing_is_sent() {
    let double = Double::with_token().await;
    let world = World::new(&double, "params = { x = '${nobody}' }");
    let error = world.exchange(&[]).await.unwrap_err();
    assert_eq!(error, OAuthError::Configuration("nobody has no value".into()));
    assert!(double.seen.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_revocation_names_the_token_its_provider_takes() {
    for (toml, body, proof) in [
        ("", "token=rt&token_type_hint=refresh_token&client_id=id&client_secret=s%26cret", None),
        (
            "token = 'access'\nclient_auth = 'basic'",
            "token=at&token_type_hint=access_token",
            Some("Basic aWQ6cyUyNmNyZXQ="),
        ),
        ("token = 'bearer'\nparams = { a = 'b' }", "a=b", Some("Bearer at")),
        (
            "token = 'none'\nclient_auth = 'absent'\nparams = { account = '${shop}' }\n\
             headers = { Authorization = 'Bearer ${shop}' }",
            "account=acme",
            Some("Bearer acme"),
        ),
    ] {
        let double = Double::answering(Response::new("")).await;
        let world = World::new(&double, "");
        let step: Revoke = toml::from_str(&format!("url = '${{base}}/revoke'\n{toml}")).unwrap();
        let (access, fresh) = (Secret::from("at"), Secret::from("rt"));
        revoke(&world.revocation(&step), (&access, Some(&fresh))).await.unwrap();
        let seen = double.only_request();
        assert_eq!(seen.body, body);
        assert_eq!(seen.headers.get(AUTHORIZATION).map(|value| value.to_str().unwrap()), proof);
    }
}

#[tokio::test]
async fn a_revocation_that_fails_says_whether_to_try_again() {
    for (status, passes) in [(503, true), (400, false)] {
        let double = Double::answering(Response::builder().status(status).body("").unwrap()).await;
        let world = World::new(&double, "");
        let step: Revoke = toml::from_str("url = '${base}/revoke'").unwrap();
        let token = Secret::from("at");
        let error = revoke(&world.revocation(&step), (&token, None)).await.unwrap_err();
        assert_eq!(error.passes(), passes);
    }
}
