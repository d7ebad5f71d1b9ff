//! Connecting by a [`Way`] and calling through it, with a look at every request that leaves the gateway.

use std::collections::BTreeMap;

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use http::Method;
use keyferry::{config::ClientSettings, vault::sha256};
use serde_json::{Map, Value, json};

use super::way::{Proof, SignIn, Way};
use crate::harness::{
    browser::{Browser, parameter},
    http::Reply,
    tls::Internet,
    upstream::{Answer, Seen},
    world::World,
};

const CLIENT_ID: &str = "client:1";
const CLIENT_SECRET: &str = "secret/1+=";
const CODE: &str = "4/co de+&1";

/// A gateway, the internet, and a connection by one way.
pub(super) struct Connected {
    pub(super) internet: Internet,
    pub(super) world: World,
    pub(super) id: String,
}

/// Checks every way of `ways` into this app.
pub(super) async fn check_all(ways: &[Way], app: &str) {
    let own: Vec<_> = ways.iter().filter(|way| way.app == app).collect();
    assert!(!own.is_empty(), "no way into {app}");
    for way in own {
        check(way).await;
    }
}

/// Goes the whole way: connects, looks at what the provider was asked, and makes the call of the table.
async fn check(way: &Way) {
    let connected = Connected::by(way).await;
    let asked: Vec<_> = connected.internet.seen().iter().map(line).collect();
    let token = way.sign_in.map(|sign_in| format!("POST {}", sign_in.token));
    let expected: Vec<_> =
        token.into_iter().chain(way.asks.iter().map(|(ask, _)| (*ask).to_owned())).collect();
    assert_eq!(asked, expected, "{} {}", way.app, way.method);
    connected.assert_account(way.account).await;

    let reply = connected.call(way.call, &[]).await;
    assert_eq!(line(&connected.internet.newest()), way.arrives, "{} {}", way.app, way.method);
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert_eq!(reply.header("maton-connection"), Some(connected.id.as_str()));
    connected.assert_carried(way.carries);
    connected.assert_nothing_of_the_caller_left();
    connected.world.stop().await;
}

impl Connected {
    /// Connects by `way`, and holds consent page and token request against it.
    pub(super) async fn by(way: &Way) -> Self {
        let (internet, world) = gateway(way).await;
        let mut connected = Self { internet, world, id: String::new() };
        let made = connected.create(way).await;
        connected.id = made["connection_id"].as_str().unwrap().to_owned();
        if let Some(sign_in) = &way.sign_in {
            assert_eq!(made["status"], "PENDING", "{made}");
            connected.consent(way, sign_in, &made).await;
        }
        let now = connected.connection().await;
        assert_eq!((&now["status"], &now["status_reason"]), (&json!("ACTIVE"), &Value::Null), "{now}");
        connected
    }

    pub(super) async fn create(&self, way: &Way) -> Value {
        let mut body = json!({"app": way.app, "method": way.method, "fields": object(way.fields)});
        if way.sign_in.is_none() {
            body["credentials"] = object(way.typed);
        }
        let reply = self.world.api(&self.world.key, Method::POST, "/connections", Some(body)).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        reply.json()
    }

    /// Signs in at the provider.
    async fn consent(&self, way: &Way, sign_in: &SignIn, made: &Value) {
        let browser = Browser::new(&self.world);
        let consent = browser.leave(made).await;
        let redirect_uri = format!("http://localhost:{}/callback/{}", self.world.control.port(), way.app);
        assert_consent(sign_in, &consent, &redirect_uri);
        let back: Vec<_> = [("code", CODE)].into_iter().chain(sign_in.back.iter().copied()).collect();
        let page = browser.come_back(way.app, &consent, &back).await;
        assert_eq!(page.reply.status, 200, "{}", page.text());
        let request = self.internet.seen().into_iter().next().expect("a token request");
        assert_exchange(sign_in, &request, &consent, &redirect_uri);
    }

    /// The connection as the API tells it.
    pub(super) async fn connection(&self) -> Value {
        let path = format!("/connections/{}", self.id);
        self.world.api(&self.world.key, Method::GET, &path, None).await.json()["connection"].clone()
    }

    async fn assert_account(&self, expected: &str) {
        let metadata = &self.connection().await["metadata"];
        assert_eq!(metadata["account_id"].as_str().unwrap_or_default(), expected, "{metadata}");
    }

    /// `METHOD /path` at the gateway, as a caller who sends whatever must not get through.
    pub(super) async fn call(&self, line: &str, more: &[(&str, &str)]) -> Reply {
        let (method, path) = line.split_once(' ').unwrap();
        let mut headers = vec![
            ("maton-connection", self.id.as_str()),
            ("cookie", "session=of-the-caller"),
            ("x-forwarded-for", "192.0.2.1"),
            ("x-mine", "1"),
        ];
        headers.extend(more);
        self.world.call(method.parse().unwrap(), path, &headers, "").await
    }

    /// Asserts that the newest request has these fields, `host` and the caller's own, and no other.
    #[track_caller]
    pub(super) fn assert_carried(&self, fields: &[&str]) {
        let seen = self.internet.newest();
        let mut found: Vec<_> = seen.head.lines().skip(1).filter(|line| !line.is_empty()).collect();
        let host = format!("host: {}", seen.header("host").unwrap());
        let mut expected = [&[host.as_str(), "x-mine: 1"], fields].concat();
        found.sort_unstable();
        expected.sort_unstable();
        assert_eq!(found, expected);
    }

    /// Asserts that in no request, to whomever, there is anything by which the caller came in.
    #[track_caller]
    pub(super) fn assert_nothing_of_the_caller_left(&self) {
        for seen in self.internet.seen() {
            let text = format!("{}{}", seen.head, String::from_utf8_lossy(&seen.body)).to_lowercase();
            let key = self.world.key.to_lowercase();
            for ours in [key.as_str(), "maton", "keyferry-", "cookie", "of-the-caller", &self.id] {
                assert!(!text.contains(ours), "{ours} left:\n{text}");
            }
        }
    }
}

/// A gateway with the clients that operators give, and an internet that knows what this way asks for.
pub(super) async fn gateway(way: &Way) -> (Internet, World) {
    let token = way.sign_in.map(|sign_in| (format!("POST {}", sign_in.token), sign_in.answer));
    let asks = way.asks.iter().map(|(ask, answer)| ((*ask).to_owned(), *answer));
    let answers: BTreeMap<String, &str> = token.into_iter().chain(asks).collect();
    let call = way.arrives;
    let internet = Internet::answering(move |seen| match answers.get(&line(seen)) {
        Some(answer) => Answer::ok(answer),
        None if line(seen) == call => Answer::ok("{}"),
        None => Answer::with("404 Not Found", "", r#"{"error":"not_found"}"#),
    })
    .await;
    let mut plan = internet.plan();
    if let Some(sign_in) = way.sign_in {
        plan.settings.clients.insert(sign_in.client.to_owned(), operators_client());
    }
    (internet, plan.start().await)
}

fn operators_client() -> ClientSettings {
    ClientSettings {
        client_id: CLIENT_ID.to_owned(),
        client_secret: CLIENT_SECRET.into(),
        extra: BTreeMap::from([("developer_token".to_owned(), "dev-1".to_owned())]),
    }
}

/// `METHOD https://host/path?query` of a request.
pub(super) fn line(seen: &Seen) -> String {
    format!("{} https://{}{}", seen.method(), seen.header("host").unwrap(), seen.target())
}

fn object(pairs: &[(&str, &str)]) -> Value {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect::<Map<_, _>>().into()
}

#[track_caller]
fn assert_consent(sign_in: &SignIn, consent: &str, redirect_uri: &str) {
    let (page, query) = consent.split_once('?').unwrap();
    assert_eq!(page, sign_in.page);
    let mut sent: BTreeMap<_, _> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    let mut take = |name: &str| sent.remove(name).unwrap_or_default();
    assert_eq!(take("response_type"), "code");
    assert_eq!(take("client_id"), CLIENT_ID);
    assert_eq!(take("redirect_uri"), redirect_uri);
    assert_eq!(take("scope"), sign_in.scope);
    assert!(take("state").len() >= 43);
    assert_eq!(take("code_challenge_method"), if sign_in.pkce { "S256" } else { "" });
    assert_eq!(take("code_challenge").len(), if sign_in.pkce { 43 } else { 0 });
    let own = sign_in.own.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    assert_eq!(sent, own.collect());
}

#[track_caller]
fn assert_exchange(sign_in: &SignIn, request: &Seen, consent: &str, redirect_uri: &str) {
    assert_eq!(line(request), format!("POST {}", sign_in.token));
    assert_eq!(request.header("accept"), Some("application/json"));
    let mut sent: BTreeMap<String, String> = match request.header("content-type").unwrap() {
        "application/json" => serde_json::from_slice(&request.body).unwrap(),
        "application/x-www-form-urlencoded" => form_urlencoded::parse(&request.body).into_owned().collect(),
        other => panic!("{other}"),
    };
    let is_json = matches!(sign_in.proof, Proof::Json | Proof::BasicJson);
    assert_eq!(request.header("content-type") == Some("application/json"), is_json);
    let verifier =
        sent.remove("code_verifier").map(|verifier| URL_SAFE_NO_PAD.encode(sha256(verifier.as_bytes())));
    let challenge = parameter(consent, "code_challenge");
    assert_eq!(verifier, challenge);
    let mut expected =
        vec![("grant_type", "authorization_code"), ("code", CODE), ("redirect_uri", redirect_uri)];
    expected.extend(sign_in.with);
    match sign_in.proof {
        Proof::Form | Proof::Json => {
            expected.extend([("client_id", CLIENT_ID), ("client_secret", CLIENT_SECRET)]);
        }
        Proof::FormSecretOnly => expected.push(("client_secret", CLIENT_SECRET)),
        Proof::Basic | Proof::BasicJson => {}
    }
    let owned = expected.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(sent, owned.collect());
    // RFC 6749 2.3.1: both halves as in a form.
    let basic = format!("Basic {}", STANDARD.encode("client%3A1:secret%2F1%2B%3D"));
    let is_basic = matches!(sign_in.proof, Proof::Basic | Proof::BasicJson);
    assert_eq!(request.header("authorization"), is_basic.then_some(basic.as_str()));
}
