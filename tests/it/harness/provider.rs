//! A provider with a memory: an OAuth server whose codes work once, which checks PKCE, rotates refresh tokens and
//! ends a family when one is used again; and which can be told to fail.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use axum::{
    Form, Json, Router,
    extract::State,
    http::{HeaderMap, StatusCode, header},
    response::{Html, IntoResponse, Response},
    routing::{get, post},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hyper::server::conn::http1;
use hyper_util::{rt::TokioIo, service::TowerToHyperService};
use keyferry::vault::sha256;
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::watch, task::JoinHandle, time::timeout};
use url::Url;

pub(crate) const CLIENT: (&str, &str) = ("client-1", "canary-client-secret");

/// How the next token request goes wrong. Several are used up in order.
#[derive(Clone, Debug)]
pub(crate) enum Fault {
    /// An OAuth error code.
    Error(&'static str),
    /// A status with this `Retry-After`.
    Status(u16, Option<&'static str>),
    /// A page.
    Html,
    /// A redirect to the revocation endpoint, which counts visits.
    Redirect,
    /// This body with 200.
    Body(Value),
    /// A good answer, with these members set (null removes one).
    With(Value),
}

pub(crate) type Sent = BTreeMap<String, String>;

/// What the provider knows.
#[derive(Default)]
pub(crate) struct Memory {
    /// Every token request, as it was sent.
    pub(crate) token_requests: Vec<Sent>,
    /// Every revocation request.
    pub(crate) revocations: Vec<Sent>,
    pub(crate) faults: VecDeque<Fault>,
    /// Whose account consents and answers the probe.
    pub(crate) account: String,
    /// What the probe answers; 200 tells the account.
    pub(crate) probe_status: u16,
    /// What `/tenants` answers.
    pub(crate) tenants: Value,
    pub(crate) expires_in: Value,
    pub(crate) keeps_refresh_tokens: bool,
    codes: BTreeMap<String, Code>,
    /// Refresh tokens: their family, and whether they are used up.
    refresh_tokens: BTreeMap<String, (u64, bool)>,
    access_tokens: BTreeSet<String>,
    dead_families: BTreeSet<u64>,
    issued: u64,
}

struct Code {
    challenge: Option<String>,
    redirect_uri: String,
    family: u64,
}

#[derive(Clone)]
struct Shared {
    memory: Arc<Mutex<Memory>>,
    changed: watch::Sender<u64>,
    open: watch::Sender<bool>,
}

/// The running provider; ends with the value.
pub(crate) struct FakeProvider {
    pub(crate) url: String,
    shared: Shared,
    task: JoinHandle<()>,
}

impl FakeProvider {
    pub(crate) async fn start() -> Self {
        let memory = Memory {
            account: "ada".into(),
            probe_status: 200,
            tenants: json!([]),
            expires_in: json!(3600),
            ..Memory::default()
        };
        let shared = Shared {
            memory: Arc::new(Mutex::new(memory)),
            changed: watch::Sender::new(0),
            open: watch::Sender::new(true),
        };
        let router = Router::new()
            .route("/token", post(token))
            .route("/revoke", post(revoke))
            .route("/userinfo", get(userinfo))
            .route("/tenants", get(tenants))
            .with_state(shared.clone());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let task = tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                let service = TowerToHyperService::new(router.clone());
                tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(socket), service));
            }
        });
        Self { url, shared, task }
    }

    /// What it knows now.
    pub(crate) fn memory(&self) -> MutexGuard<'_, Memory> {
        self.shared.memory.lock().unwrap()
    }

    pub(crate) fn fail_next(&self, fault: Fault) {
        self.memory().faults.push_back(fault);
    }

    pub(crate) fn token_requests(&self) -> usize {
        self.memory().token_requests.len()
    }

    /// Token requests arrive and are remembered, but get no answer until [`Self::release`].
    pub(crate) fn hold(&self) {
        self.shared.open.send_replace(false);
    }

    pub(crate) fn release(&self) {
        self.shared.open.send_replace(true);
    }

    /// Waits until its memory is so.
    pub(crate) async fn until(&self, what: &str, is_so: impl Fn(&Memory) -> bool) {
        let mut changed = self.shared.changed.subscribe();
        let wait = async {
            while !is_so(&self.memory()) {
                changed.changed().await.unwrap();
            }
        };
        timeout(Duration::from_secs(20), wait).await.unwrap_or_else(|_| panic!("waited in vain: {what}"));
    }

    /// The user consents: what the callback's query then holds.
    pub(crate) fn consent(&self, authorize_url: &str) -> Vec<(String, String)> {
        let url = Url::parse(authorize_url).unwrap();
        let asked: Sent = url.query_pairs().into_owned().collect();
        assert!(authorize_url.starts_with(&format!("{}/authorize?", self.url)), "{authorize_url}");
        assert_eq!(asked["client_id"], CLIENT.0);
        assert_eq!(asked["response_type"], "code");
        let mut memory = self.memory();
        let family = memory.next();
        let code = format!("code-{family}");
        let challenge = asked.get("code_challenge").cloned();
        if challenge.is_some() {
            assert_eq!(asked["code_challenge_method"], "S256");
        }
        let redirect_uri = asked["redirect_uri"].clone();
        memory.codes.insert(code.clone(), Code { challenge, redirect_uri, family });
        vec![
            ("code".into(), code),
            ("state".into(), asked["state"].clone()),
            ("iss".into(), self.url.clone()),
        ]
    }

    /// The user, or the provider, ends everything that was granted.
    pub(crate) fn end_all_grants(&self) {
        let mut memory = self.memory();
        let families: Vec<u64> = memory.refresh_tokens.values().map(|(family, _)| *family).collect();
        memory.dead_families.extend(families);
        memory.access_tokens.clear();
    }

    /// Whether an access token opens the API now.
    pub(crate) fn takes(&self, access_token: &str) -> bool {
        self.memory().access_tokens.contains(access_token)
    }
}

impl Drop for FakeProvider {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Memory {
    fn next(&mut self) -> u64 {
        self.issued += 1;
        self.issued
    }

    fn issue(&mut self, family: u64) -> Value {
        let number = self.next();
        let (access, refresh) = (format!("canary-at-{number}"), format!("canary-rt-{number}"));
        self.access_tokens.insert(access.clone());
        self.refresh_tokens.insert(refresh.clone(), (family, false));
        json!({
            "access_token": access, "refresh_token": refresh, "expires_in": self.expires_in,
            "token_type": "Bearer", "scope": "read write", "tenant": "acme",
        })
    }

    fn exchange(&mut self, sent: &Sent) -> Result<Value, &'static str> {
        let code = self.codes.remove(&sent["code"]).ok_or("invalid_grant")?;
        let proof =
            sent.get("code_verifier").map(|verifier| URL_SAFE_NO_PAD.encode(sha256(verifier.as_bytes())));
        if proof != code.challenge || sent["redirect_uri"] != code.redirect_uri {
            return Err("invalid_grant");
        }
        Ok(self.issue(code.family))
    }

    fn refresh(&mut self, sent: &Sent) -> Result<Value, &'static str> {
        let keeps = self.keeps_refresh_tokens;
        let (family, used) = self.refresh_tokens.get_mut(&sent["refresh_token"]).ok_or("invalid_grant")?;
        let family = *family;
        let reused = std::mem::replace(used, !keeps);
        if reused {
            self.dead_families.insert(family);
        }
        if self.dead_families.contains(&family) {
            return Err("invalid_grant");
        }
        let mut answer = self.issue(family);
        if keeps {
            answer.as_object_mut().unwrap().remove("refresh_token");
        }
        Ok(answer)
    }

    fn answer(&mut self, sent: &Sent) -> Result<Value, &'static str> {
        if sent.get("client_id").map(String::as_str) != Some(CLIENT.0)
            || sent.get("client_secret").map(String::as_str) != Some(CLIENT.1)
        {
            return Err("invalid_client");
        }
        match sent["grant_type"].as_str() {
            "authorization_code" => self.exchange(sent),
            "refresh_token" => self.refresh(sent),
            "client_credentials" => {
                let family = self.next();
                Ok(self.issue(family))
            }
            _ => Err("unsupported_grant_type"),
        }
    }
}

async fn token(State(shared): State<Shared>, Form(sent): Form<Sent>) -> Response {
    shared.memory.lock().unwrap().token_requests.push(sent.clone());
    shared.changed.send_modify(|count| *count += 1);
    shared.open.subscribe().wait_for(|is_open| *is_open).await.unwrap();
    let mut memory = shared.memory.lock().unwrap();
    let fault = memory.faults.pop_front();
    match fault {
        Some(Fault::Error(code)) => (StatusCode::BAD_REQUEST, Json(json!({"error": code}))).into_response(),
        Some(Fault::Status(status, wait)) => {
            let wait = wait.map(|wait| [(header::RETRY_AFTER, wait)]);
            (StatusCode::from_u16(status).unwrap(), wait.map(IntoResponse::into_response).unwrap_or_default())
                .into_response()
        }
        Some(Fault::Html) => Html("<html>canary-page</html>").into_response(),
        Some(Fault::Redirect) => {
            (StatusCode::TEMPORARY_REDIRECT, [(header::LOCATION, "/revoke")]).into_response()
        }
        Some(Fault::Body(body)) => Json(body).into_response(),
        Some(Fault::With(members)) => match memory.answer(&sent) {
            Ok(mut answer) => {
                answer.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
                Json(answer).into_response()
            }
            Err(code) => (StatusCode::BAD_REQUEST, Json(json!({"error": code}))).into_response(),
        },
        None => match memory.answer(&sent) {
            Ok(answer) => Json(answer).into_response(),
            Err(code) => (StatusCode::BAD_REQUEST, Json(json!({"error": code}))).into_response(),
        },
    }
}

async fn revoke(State(shared): State<Shared>, Form(sent): Form<Sent>) -> StatusCode {
    let mut memory = shared.memory.lock().unwrap();
    memory.revocations.push(sent);
    drop(memory);
    shared.changed.send_modify(|count| *count += 1);
    StatusCode::OK
}

async fn userinfo(State(shared): State<Shared>, headers: HeaderMap) -> Response {
    let memory = shared.memory.lock().unwrap();
    let token = headers.get("authorization").and_then(|value| value.to_str().ok()).unwrap_or_default();
    let known = token.strip_prefix("Bearer ").is_some_and(|token| {
        memory.access_tokens.contains(token) || token.starts_with("sk_test_") || token.starts_with("sk_live_")
    });
    let status = StatusCode::from_u16(memory.probe_status).unwrap();
    if !known {
        return StatusCode::UNAUTHORIZED.into_response();
    }
    let account = &memory.account;
    (status, Json(json!({"id": account, "name": "Ada", "email": format!("{account}@example.com")})))
        .into_response()
}

async fn tenants(State(shared): State<Shared>) -> Json<Value> {
    Json(shared.memory.lock().unwrap().tenants.clone())
}
