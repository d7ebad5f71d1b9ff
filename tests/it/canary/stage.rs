//! The real binary at trace level, the provider, and a memory for marks and answers.

use std::sync::{Arc, Mutex};

use http::Method;
use serde_json::Value;

use super::{
    marks::Marks,
    provider::{self, Mood},
};
use crate::{
    harness::{
        browser::Browser,
        http::{Http, Reply},
        raw::Raw,
        upstream::Upstream,
    },
    real::gateway::Gateway,
};

pub(super) const CLIENT_SECRET: &str = "cs-Np4/+s~the-client-secret";

/// Everything a story needs.
pub(super) struct Stage {
    pub(super) gateway: Gateway,
    pub(super) provider: Upstream,
    pub(super) mood: Arc<Mutex<Mood>>,
    pub(super) marks: Mutex<Marks>,
    /// What the gateway itself has said to callers and browsers.
    pub(super) said: Mutex<Vec<String>>,
    http: Http,
}

impl Stage {
    pub(super) async fn start(format: &str) -> Self {
        let mood = Arc::new(Mutex::new(Mood::Kind));
        let provider = Upstream::answering(provider::answers(Arc::clone(&mood))).await;
        let url = provider.url();
        let apps = [
            ("vendor", vendor(&url)),
            ("keyed", keyed("keyed", &url)),
            ("gone", keyed("gone", "http://127.0.0.1:1")),
        ];
        let settings = format!(
            "refresh.spacing = \"1s\"\nlog = {{ filter = \"trace\", format = \"{format}\" }}\n\
             [clients.vendor]\nclient_id = \"public-id\"\nclient_secret = \"{CLIENT_SECRET}\"\n"
        );
        let gateway = tokio::task::spawn_blocking(move || Gateway::start(&apps, &settings)).await.unwrap();
        let stage = Self {
            gateway,
            provider,
            mood,
            marks: Mutex::default(),
            said: Mutex::default(),
            http: Http::default(),
        };
        stage.mark("API key", stage.gateway.key());
        stage.mark("client_secret", CLIENT_SECRET);
        let master = std::fs::read_to_string(stage.gateway.folder().join("master.key")).unwrap();
        stage.mark("master key", master.trim());
        stage
    }

    pub(super) fn mark(&self, kind: &'static str, text: &str) {
        self.marks.lock().unwrap().add(kind, text);
    }

    pub(super) fn set(&self, mood: Mood) {
        *self.mood.lock().unwrap() = mood;
    }

    /// Calls a URL, and keeps what the gateway itself answers.
    pub(super) async fn call(&self, url: &str, how: (Method, &[(&str, &str)], &str)) -> Reply {
        let (method, headers, body) = how;
        let reply = self.http.call(method, url, headers, body.to_owned()).await;
        if reply.header("keyferry-error").is_some() {
            self.hear(&reply);
        }
        reply
    }

    /// Calls the gateway door with the key.
    pub(super) async fn plane(&self, path: &str, headers: &[(&str, &str)], body: &str) -> Reply {
        let bearer = format!("Bearer {}", self.gateway.key());
        let headers = [&[("authorization", bearer.as_str())], headers].concat();
        self.call(&format!("{}{path}", self.gateway.url()), (Method::POST, &headers, body)).await
    }

    /// Calls the control API with the key, and keeps every answer.
    pub(super) async fn api(&self, method: Method, path: &str, body: &str) -> Reply {
        let bearer = format!("Bearer {}", self.gateway.key());
        let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
        let url = format!("{}{path}", self.gateway.control());
        let reply = self.http.call(method, &url, &headers, body.to_owned()).await;
        self.hear(&reply);
        reply
    }

    /// Makes a connection.
    pub(super) async fn create(&self, body: &Value) -> Value {
        let reply = self.api(Method::POST, "/connections", &body.to_string()).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        reply.json()
    }

    /// A browser at the pages.
    pub(super) fn browser(&self) -> Browser {
        Browser::at(self.gateway.control())
    }

    /// Sends raw bytes to the gateway door and waits for its last word.
    pub(super) async fn raw(&self, request: &str) -> String {
        let port = self.gateway.url().rsplit(':').next().unwrap().parse().unwrap();
        let mut raw = Raw::connect(std::net::SocketAddr::from(([127, 0, 0, 1], port))).await;
        raw.send(request).await;
        String::from_utf8_lossy(&raw.rest().await).into_owned()
    }

    /// Keeps an answer, but for what it has to hold: the token of a link for whoever reads it, a browser's cookie.
    pub(super) fn hear(&self, reply: &Reply) {
        let mut headers = reply.headers.clone();
        headers.remove("set-cookie");
        let said = format!("{headers:?}\n{}", String::from_utf8_lossy(&reply.body));
        self.said.lock().unwrap().push(without_links(&said));
    }

    pub(super) async fn metrics(&self) -> String {
        let url = format!("{}/metrics", self.gateway.admin());
        let reply = self.http.call(Method::GET, &url, &[], "").await;
        assert!(reply.text().contains("keyferry_requests_total"));
        reply.text().to_owned()
    }

    /// The files of the database, by name.
    pub(super) fn database(&self) -> Vec<(String, Vec<u8>)> {
        let entries = std::fs::read_dir(self.gateway.folder()).unwrap().map(Result::unwrap);
        let named = entries.map(|entry| (entry.file_name().into_string().unwrap(), entry.path()));
        let own = named.filter(|(name, _)| name.starts_with("keyferry.db"));
        own.map(|(name, path)| (name, std::fs::read(path).unwrap())).collect()
    }
}

fn without_links(text: &str) -> String {
    let mut parts = text.split("session_token=");
    let first = parts.next().unwrap_or_default().to_owned();
    let is_token = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    parts.fold(first, |text, part| text + part.trim_start_matches(is_token))
}

fn vendor(url: &str) -> String {
    format!(
        r#"
        name = "vendor"
        display_name = "Vendor"
        base = "{url}"
        [[auth]]
        method = "OAUTH2"
        client = "vendor"
        authorize = {{ url = "{url}/authorize" }}
        token = {{ url = "{url}/token" }}
        revoke = {{ url = "{url}/revoke" }}
        inject = [{{ header = "Authorization", value = "Bearer ${{access_token}}" }}]
        [probe]
        get = "/me"
        id = "id"
        label = "name"
        "#
    )
}

fn keyed(name: &str, url: &str) -> String {
    format!(
        r#"
        name = "{name}"
        display_name = "{name}"
        base = "{url}"
        [[auth]]
        method = "API_KEY"
        fields = [
            {{ name = "api_key", label = "Key", secret = true, pattern = "^upkey-.*$" }},
            {{ name = "in_query", label = "Query", secret = true }},
            {{ name = "in_path", label = "Path", secret = true }},
        ]
        inject = [
            {{ header = "X-Api-Key", value = "${{api_key}}" }},
            {{ query = "sig", value = "${{in_query}}" }},
            {{ path = ":token", value = "bot${{in_path}}" }},
        ]
        [probe]
        get = "/:token/me"
        id = "id"
        "#
    )
}
