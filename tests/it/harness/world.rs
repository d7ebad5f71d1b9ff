//! The real gateway on free ports, with a store, a clock and app files of the test's own.

use std::{
    net::{SocketAddr, TcpListener},
    path::{Path, PathBuf},
    sync::Arc,
};

use bytes::Bytes;
use http::Method;
use keyferry::{
    clock::{Clock, Timestamp},
    config::Settings,
    gateway::{Gateway, Listeners, World as Given},
    net::guard::{Resolve, SystemResolver},
    reload::Reload,
    telemetry::Metrics,
    vault::{Secret, Vault},
};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::http::{Http, Reply};

/// A gateway under test. Dropping it stops it and takes its folder away.
pub(crate) struct World {
    pub(crate) gateway: SocketAddr,
    pub(crate) control: SocketAddr,
    pub(crate) admin: SocketAddr,
    pub(crate) clock: Clock,
    /// An admin key.
    pub(crate) admin_key: String,
    /// A key of the owner `sam`.
    pub(crate) key: String,
    pub(crate) http: Http,
    /// The gateway's own numbers.
    pub(crate) metrics: Metrics,
    /// What reads the app files again.
    pub(crate) reload: Reload,
    pub(crate) dir: TempDir,
    pub(crate) store: String,
    stop: DropGuard,
    running: JoinHandle<anyhow::Result<()>>,
}

/// What a test wants to be different.
pub(crate) struct Plan {
    pub(crate) settings: Settings,
    pub(crate) clock: Clock,
    pub(crate) resolver: Arc<dyn Resolve>,
    /// The store's URL, where it is not a file of the test's own.
    pub(crate) store: Option<String>,
    apps: Vec<(String, String)>,
    scheme: &'static str,
    beside: Option<Beside>,
}

/// What a second node shares with the first.
struct Beside {
    master_key: PathBuf,
    admin_key: String,
    key: String,
}

impl Default for Plan {
    fn default() -> Self {
        let mut settings = Settings::default();
        settings.egress.plain_http = true;
        settings.egress.allow = vec!["127.0.0.0/8".parse().unwrap()];
        settings.shutdown.grace = std::time::Duration::from_secs(2);
        // Far more than any test asks for: tests of limits set their own.
        settings.limits.owner_rate = 100_000.try_into().unwrap();
        settings.limits.owner_burst = 100_000.try_into().unwrap();
        settings.limits.address_rate = 100_000.try_into().unwrap();
        settings.limits.address_burst = 100_000.try_into().unwrap();
        Self {
            settings,
            clock: Clock::System,
            resolver: Arc::new(SystemResolver),
            store: None,
            apps: Vec::new(),
            scheme: "http",
            beside: None,
        }
    }
}

impl Plan {
    /// With an app file of the operator's own, in which `GATEWAY` stands for the port of the gateway door.
    pub(crate) fn app(mut self, name: &str, file: impl Into<String>) -> Self {
        self.apps.push((name.to_owned(), file.into()));
        self
    }

    /// With an app whose key goes out as a bearer, at `base`.
    pub(crate) fn key_app(self, name: &str, base: &str) -> Self {
        self.app(
            name,
            format!(
                r#"
                name = "{name}"
                display_name = "{name}"
                base = "{base}"
                no_probe = "a test's upstream"
                [[auth]]
                method = "API_KEY"
                fields = [{{ name = "api_key", label = "Key", secret = true }}]
                inject = [{{ header = "Authorization", value = "Bearer ${{api_key}}" }}]
                "#
            ),
        )
    }

    /// With other settings.
    pub(crate) fn set(mut self, change: impl FnOnce(&mut Settings)) -> Self {
        change(&mut self.settings);
        self
    }

    /// With a control door that people reach by https, through something in front of it.
    pub(crate) fn behind_https(mut self) -> Self {
        self.scheme = "https";
        self
    }

    /// With a clock that stands until the test moves it.
    pub(crate) fn standing_clock(mut self) -> Self {
        self.clock = Clock::test(Timestamp::from_micros(1_790_000_000_000_000));
        self
    }

    /// A second node, over the store of the first and with its master key.
    pub(crate) fn beside(mut self, first: &World) -> Self {
        self.store = Some(first.store.clone());
        self.clock = first.clock.clone();
        self.beside = Some(Beside {
            master_key: first.dir.path().join("master.key"),
            admin_key: first.admin_key.clone(),
            key: first.key.clone(),
        });
        self
    }

    /// Starts it all.
    pub(crate) async fn start(mut self) -> World {
        let dir = tempfile::tempdir().unwrap();
        let listeners = self.prepare(dir.path());
        let address = |listener: &Option<TcpListener>| listener.as_ref().unwrap().local_addr().unwrap();
        let (gateway, control) = (address(&listeners.gateway), address(&listeners.control));
        let admin = listeners.admin.local_addr().unwrap();
        let store = self.settings.store.url.expose().to_owned();
        let (admin_key, key) = match self.beside {
            Some(first) => (first.admin_key, first.key),
            None => keys(&self.settings, &self.clock).await,
        };
        let given = Given {
            clock: self.clock.clone(),
            resolver: self.resolver,
            listeners: Some(listeners),
            ..Given::default()
        };
        let built = Gateway::build(self.settings, given).await.unwrap();
        let (metrics, reload) = (built.metrics().clone(), built.reload());
        let stop = CancellationToken::new();
        let running = tokio::spawn(built.run(stop.clone()));
        let http = Http::default();
        World {
            gateway,
            control,
            admin,
            clock: self.clock,
            admin_key,
            key,
            http,
            metrics,
            reload,
            dir,
            store,
            stop: stop.drop_guard(),
            running,
        }
    }

    fn prepare(&mut self, dir: &Path) -> Listeners {
        let (gateway, control, admin) = (listener(), listener(), listener());
        self.settings.gateway.url = format!("http://localhost:{}", gateway.local_addr().unwrap().port());
        let port = control.local_addr().unwrap().port();
        self.settings.control.url = format!("{}://localhost:{port}", self.scheme);
        let apps = dir.join("apps");
        std::fs::create_dir(&apps).unwrap();
        for (name, file) in &self.apps {
            let file = file.replace("GATEWAY", &gateway.local_addr().unwrap().port().to_string());
            std::fs::write(apps.join(format!("{name}.toml")), file).unwrap();
        }
        self.settings.catalog.dir = Some(apps);
        let master_key = dir.join("master.key");
        match &self.beside {
            Some(first) => std::fs::copy(&first.master_key, &master_key).map(drop).unwrap(),
            None => write_private(&master_key, Vault::generate().1.expose()),
        }
        self.settings.vault.key_file = master_key;
        let sqlite = || format!("sqlite:{}", dir.join("keyferry.db").display());
        self.settings.store.url = Secret::new(self.store.clone().unwrap_or_else(sqlite));
        Listeners { gateway: Some(gateway), control: Some(control), admin }
    }
}

/// As many callers may wait for it as at a real door. The standard library's own number is 128: a crowd meets that, and
/// the system resets some of those who came then.
fn listener() -> TcpListener {
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    socket.listen(1024).unwrap().into_std().unwrap()
}

fn write_private(path: &Path, text: &str) {
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).unwrap();
    std::io::Write::write_all(&mut file, text.as_bytes()).unwrap();
}

/// The admin key of the owner `root`, and the key of the owner `sam`.
async fn keys(settings: &Settings, clock: &Clock) -> (String, String) {
    use keyferry::{
        keys::{Keys, NewKey, Rules},
        limits::Limits,
        master,
        owners::Owners,
    };
    let vault = Vault::from_file(&settings.vault.key_file).unwrap();
    let store = master::open(settings.store.url.expose(), &vault).await.unwrap();
    let owners = Owners::new(store.clone(), clock.clone());
    let within = (clock.clone(), Limits::new(&settings.limits, clock));
    let keys = Keys::new(store.clone(), within, &settings.cache, &settings.store);
    let mut made = Vec::new();
    for (name, admin) in [("root", true), ("sam", false)] {
        let owner = owners.create(name, None).await.unwrap();
        let new = NewKey { name: format!("{name}'s"), admin, expires_in: None, rules: Rules::default() };
        made.push(keys.issue(owner.id, new).await.unwrap().1.reveal().to_owned());
    }
    store.close().await;
    let key = made.pop().unwrap();
    (made.pop().unwrap(), key)
}

impl World {
    /// A URL at the gateway door.
    pub(crate) fn at_gateway(&self, path: &str) -> String {
        format!("http://{}{path}", self.gateway)
    }

    /// A URL at the control door.
    pub(crate) fn at_control(&self, path: &str) -> String {
        format!("http://{}{path}", self.control)
    }

    /// Calls the gateway door as `sam`.
    pub(crate) async fn call(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Reply {
        let bearer = format!("Bearer {}", self.key);
        let mut all = vec![("authorization", bearer.as_str())];
        all.extend(headers);
        self.http.call(method, &self.at_gateway(path), &all, Bytes::copy_from_slice(body.as_bytes())).await
    }

    /// Gets a path of the gateway door as `sam`.
    pub(crate) async fn get(&self, path: &str) -> Reply {
        self.call(Method::GET, path, &[], "").await
    }

    /// Calls the control API with this key.
    pub(crate) async fn api(&self, key: &str, method: Method, path: &str, body: Option<Value>) -> Reply {
        let bearer = format!("Bearer {key}");
        let mut headers = vec![("authorization", bearer.as_str())];
        if body.is_some() {
            headers.push(("content-type", "application/json"));
        }
        let body = body.map(|body| body.to_string()).unwrap_or_default();
        self.http.call(method, &self.at_control(path), &headers, body).await
    }

    /// Connects `app` for `sam` by a typed-in `api_key`; the connection's id.
    pub(crate) async fn connect(&self, app: &str, api_key: &str) -> String {
        let body = json!({"app": app, "method": "API_KEY", "credentials": {"api_key": api_key}});
        let reply = self.api(&self.key, Method::POST, "/connections", Some(body)).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        let reply = reply.json();
        assert_eq!(reply["status"], "ACTIVE", "{reply}");
        reply["connection_id"].as_str().unwrap().to_owned()
    }

    /// Stops the gateway and waits until it has ended.
    pub(crate) async fn stop(self) -> TempDir {
        drop(self.stop);
        self.running.await.unwrap().unwrap();
        self.dir
    }
}
