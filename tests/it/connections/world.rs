//! Connections as the gateway builds them, over a SQLite file, a clock that stands still and a fake provider.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use keyferry::{
    catalog::{App, Catalog, Method},
    clients::Clients,
    clock::{Clock, Timestamp},
    config::{ClientSettings, Settings},
    connections::{
        Begun, CallbackError, Connection, Connections, CreateError, Credential, NewConnection, Outcome, Parts,
    },
    id::{ConnectionId, OwnerId},
    net::{Egress, client::Client, guard::SystemResolver},
    owners::Owners,
    store::Store,
    vault::{Secret, Vault},
};
use tempfile::TempDir;

use crate::harness::provider::{CLIENT, FakeProvider};

pub(crate) const START: Timestamp = Timestamp::from_micros(1_700_000_000_000_000);
pub(crate) const CONTROL: &str = "https://control.example.com";
pub(crate) const RETURN: &str = "https://app.example.com/connected?from=keyferry";

/// The apps of these tests, with the provider's address for `@`.
const APPS: &[(&str, &str)] = &[
    (
        "fake",
        r#"
name = "fake"
display_name = "Fake"
base = "@"
[[field]]
name = "tenant"
label = "Tenant"
from = "token"
pattern = "^[a-z]+$"
optional = true
[[auth]]
method = "OAUTH2"
client = "fake"
authorize = { url = "@/authorize", scopes = ["read", "write"] }
token = { url = "@/token" }
revoke = { url = "@/revoke" }
inject = [{ header = "Authorization", value = "Bearer ${access_token}" }]
[probe]
get = "/userinfo"
id = "id"
label = "name"
email = "email"
"#,
    ),
    (
        "tenanted",
        r#"
name = "tenanted"
display_name = "Tenanted"
base = "@/${site}"
[[field]]
name = "site"
label = "Site"
pattern = "^[a-z][a-z0-9-]*$"
[[field]]
name = "realm"
label = "Realm"
from = "callback"
path = "realmId"
pattern = "^[0-9]+$"
[[field]]
name = "cloud"
label = "Cloud"
from = "request"
path = "key"
pattern = "^[a-z]+$"
request = { get = "@/tenants", list = "", select = "main=true" }
[[auth]]
method = "OAUTH2"
client = "fake"
authorize = { url = "@/authorize?site=${site}", issuer = "@" }
token = { url = "@/token", params = { realm = "${realm}" } }
inject = [{ header = "Authorization", value = "Bearer ${access_token}" }, { header = "Cloud", value = "${cloud}" }]
[probe]
get = "@/userinfo"
id = "id"
"#,
    ),
    (
        "sites",
        r#"
name = "sites"
display_name = "Sites"
base = "@"
no_probe = "none in these tests"
[[field]]
name = "plan"
label = "Plan"
from = "request"
path = "plan"
request = { get = "@/tenants", list = "" }
[[field]]
name = "site"
label = "Site"
from = "request"
path = "id"
pattern = "^[a-z]+$"
choose = true
request = { get = "@/tenants", list = "", label = "name" }
[[auth]]
method = "OAUTH2"
client = "fake"
authorize = { url = "@/authorize" }
token = { url = "@/token" }
revoke = { url = "@/revoke" }
inject = [{ header = "Authorization", value = "Bearer ${access_token}" }, { header = "Site", value = "${site}" }]
[[auth]]
method = "API_KEY"
fields = [{ name = "api_key", label = "Key", secret = true }]
inject = [{ header = "Authorization", value = "Bearer ${api_key}" }, { header = "Site", value = "${site}" }]
"#,
    ),
    (
        "keyed",
        r#"
name = "keyed"
display_name = "Keyed"
base = "@"
[[field]]
name = "region"
label = "Region"
pattern = "^[a-z]{2}$"
default = "eu"
[[auth]]
method = "API_KEY"
fields = [{ name = "api_key", label = "Key", secret = true, pattern = "^sk_[a-z]+_[a-z0-9_-]+$" }]
inject = [{ header = "Authorization", value = "Bearer ${api_key}" }, { header = "Region", value = "${region}" }]
[[auth]]
method = "CLIENT_CREDENTIALS"
fields = [{ name = "client_id", label = "Id" }, { name = "client_secret", label = "Secret", secret = true }]
token = { url = "@/token", scopes = ["all"] }
inject = [{ header = "Authorization", value = "Bearer ${access_token}" }]
[[environment]]
name = "test"
label = "Test data"
fields = ["api_key"]
pattern = "^sk_test_.*$"
[[environment]]
name = "live"
label = "Live data"
fields = ["api_key"]
pattern = "^sk_live_.*$"
[probe]
get = "/userinfo"
id = "id"
label = "email"
"#,
    ),
    (
        "vouching",
        r#"
name = "vouching"
display_name = "Vouching"
base = "@"
no_probe = "a test"
[[auth]]
method = "OAUTH2"
client = "fake"
authorize = { url = "@/authorize" }
callback.signature = { param = "hmac", secret = "${client_secret}" }
token = { url = "@/token" }
inject = [{ header = "Authorization", value = "Bearer ${access_token}" }]
"#,
    ),
    (
        "closed",
        r#"
name = "closed"
display_name = "Closed"
base = "@"
no_probe = "nobody can connect it"
[[auth]]
method = "OAUTH2"
client = "nobody"
authorize = { url = "@/authorize" }
token = { url = "@/token" }
inject = [{ header = "Authorization", value = "Bearer ${access_token}" }]
"#,
    ),
];

pub(crate) struct World {
    pub(crate) connections: Connections,
    pub(crate) provider: FakeProvider,
    pub(crate) clock: Clock,
    pub(crate) store: Store,
    pub(crate) owner: OwnerId,
    pub(crate) other: OwnerId,
    pub(crate) parts: Parts,
    pub(crate) settings: Settings,
    catalog: Catalog,
    folder: TempDir,
}

/// A browser on its way through the provider.
pub(crate) struct Journey {
    pub(crate) url: String,
    pub(crate) cookie: String,
}

impl World {
    pub(crate) async fn new() -> Self {
        Self::with(|_| {}).await
    }

    pub(crate) async fn with(change: impl FnOnce(&mut Settings)) -> Self {
        Self::of(change, |_| Vec::new()).await
    }

    /// With further apps, which know where the provider is.
    pub(crate) async fn with_apps(apps: impl FnOnce(&str) -> Vec<(&'static str, String)>) -> Self {
        Self::of(|_| {}, apps).await
    }

    async fn of(
        change: impl FnOnce(&mut Settings),
        apps: impl FnOnce(&str) -> Vec<(&'static str, String)>,
    ) -> Self {
        let (folder, provider) = (tempfile::tempdir().unwrap(), FakeProvider::start().await);
        let store =
            Store::open(&format!("sqlite:{}", folder.path().join("keyferry.db").display())).await.unwrap();
        store.migrate().await.unwrap();
        let (vault, _) = Vault::generate();
        let clock = Clock::test(START);
        let mut settings = Settings::default();
        settings.control.url = CONTROL.into();
        settings.control.return_urls = vec![RETURN.into()];
        change(&mut settings);
        let files: Vec<_> = APPS
            .iter()
            .map(|(name, text)| (*name, text.replace('@', &provider.url)))
            .chain(apps(&provider.url))
            .collect();
        let files: Vec<_> = files.iter().map(|(name, text)| (*name, text.as_str())).collect();
        let catalog = Catalog::of(&files, true).unwrap_or_else(|errors| panic!("{errors:?}"));
        let client = ClientSettings {
            client_id: CLIENT.0.into(),
            client_secret: CLIENT.1.into(),
            extra: BTreeMap::new(),
        };
        let given = BTreeMap::from([("fake".to_owned(), client)]);
        let parts = (store.clone(), vault.clone(), clock.clone());
        let clients = Clients::new(&given, parts, &settings.cache, &settings.store);
        let owners = Owners::new(store.clone(), clock.clone());
        let owner = owners.create("Ada", None).await.unwrap().id;
        let other = owners.create("Grace", None).await.unwrap().id;
        let egress =
            Egress { allow: vec!["127.0.0.0/8".parse().unwrap()], plain_http: true, ..Egress::default() };
        let http = Client::new(&egress, Arc::new(SystemResolver)).unwrap();
        let parts = Parts {
            apps: catalog.clone().into(),
            store: store.clone(),
            vault,
            clients,
            owners,
            http,
            clock: clock.clone(),
        };
        let connections = Connections::new(parts.clone(), &settings);
        Self { connections, provider, clock, store, owner, other, parts, settings, catalog, folder }
    }

    pub(crate) fn app(&self, slug: &str) -> Arc<App> {
        Arc::clone(self.catalog.app(slug).unwrap())
    }

    /// As the control API would.
    pub(crate) async fn create(&self, new: NewConnection) -> Result<Connection, CreateError> {
        self.connections.create(self.owner, new).await
    }

    pub(crate) async fn pending(&self, app: &str) -> Connection {
        self.create(new(app)).await.unwrap()
    }

    /// The `session_token` of a fresh link.
    pub(crate) fn link(&self, connection: &Connection) -> String {
        let url = self.connections.connect_url(connection);
        url.strip_prefix(&format!("{CONTROL}/connect?session_token=")).unwrap().to_owned()
    }

    /// *Continue* on the connect page.
    pub(crate) async fn leave(&self, connection: &Connection, form: &[(&str, &str)]) -> Journey {
        match self.connections.begin(&self.link(connection), None, &typed(form)).await.unwrap() {
            Begun::Redirect { url, cookie, lifetime } => {
                assert_eq!(lifetime, Duration::from_mins(10));
                Journey { url, cookie }
            }
            Begun::Connected(_) | Begun::Choose(_) => panic!("no consent was asked for"),
        }
    }

    /// The browser comes back with what the provider gave it.
    pub(crate) async fn come_back(
        &self,
        app: &str,
        journey: &Journey,
        query: &[(String, String)],
    ) -> Result<Outcome, CallbackError> {
        self.connections.callback(app, query, Some(&journey.cookie)).await
    }

    /// Consent and back.
    pub(crate) async fn consent(&self, connection: &Connection) -> Outcome {
        let journey = self.leave(connection, &[]).await;
        let query = self.provider.consent(&journey.url);
        self.come_back(&connection.app, &journey, &query).await.unwrap()
    }

    /// A connection of `fake` as the provider granted it.
    pub(crate) async fn connected(&self) -> Arc<Connection> {
        match self.consent(&self.pending("fake").await).await {
            Outcome::Connected(finished) => finished.connection,
            Outcome::Failed { reason, .. } => panic!("not connected: {reason}"),
            Outcome::Choose(_) => panic!("not connected: there are several"),
        }
    }

    pub(crate) async fn get(&self, id: ConnectionId) -> Connection {
        self.connections.get(self.owner, id).await.unwrap()
    }

    /// What a call through the connection would carry now.
    pub(crate) async fn credential(
        &self,
        connection: &Arc<Connection>,
    ) -> Result<Arc<Credential>, keyferry::connections::CredentialError> {
        self.connections.credential(connection, self.clock.now()).await
    }

    pub(crate) async fn token(&self, connection: &Arc<Connection>) -> String {
        bearer(&self.credential(connection).await.unwrap())
    }

    /// From now on the store reads but takes no writes, or does again.
    pub(crate) async fn read_only(&self, on: bool) {
        let Store::Sqlite { writer, .. } = &self.store else { panic!("these tests use SQLite") };
        sqlx::query(if on { "pragma query_only = on" } else { "pragma query_only = off" })
            .execute(writer)
            .await
            .unwrap();
    }

    /// From now on every question for connections or changes fails, or is answered again.
    pub(crate) async fn broken(&self, on: bool) {
        let Store::Sqlite { writer, .. } = &self.store else { panic!("these tests use SQLite") };
        for table in ["connections", "changes"] {
            let (from, to) = if on {
                (table.to_owned(), format!("no_{table}"))
            } else {
                (format!("no_{table}"), table.to_owned())
            };
            let sql = format!("alter table {from} rename to {to}");
            sqlx::query(sqlx::AssertSqlSafe(sql)).execute(writer).await.unwrap();
        }
    }

    /// All bytes of the database's files.
    pub(crate) async fn database(&self) -> Vec<u8> {
        let Store::Sqlite { writer, .. } = &self.store else { panic!("these tests use SQLite") };
        sqlx::query("pragma wal_checkpoint(passive)").execute(writer).await.unwrap();
        let files = std::fs::read_dir(self.folder.path()).unwrap();
        files.flat_map(|file| std::fs::read(file.unwrap().path()).unwrap()).collect()
    }

    pub(crate) fn pass(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }
}

pub(crate) fn new(app: &str) -> NewConnection {
    NewConnection { app: app.into(), ..NewConnection::default() }
}

pub(crate) fn typed(form: &[(&str, &str)]) -> BTreeMap<String, String> {
    form.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

pub(crate) fn secrets(form: &[(&str, &str)]) -> BTreeMap<String, Secret> {
    form.iter().map(|(name, value)| ((*name).to_owned(), Secret::from(*value))).collect()
}

/// A connection from typed-in credentials.
pub(crate) fn with_key(key: &str) -> NewConnection {
    let credentials = Some(secrets(&[("api_key", key)]));
    NewConnection { method: Some(Method::ApiKey), credentials, ..new("keyed") }
}

/// The access token a credential carries.
pub(crate) fn bearer(credential: &Credential) -> String {
    let (name, value) = &credential.headers[0];
    assert_eq!(name, "authorization");
    assert!(value.is_sensitive());
    value.to_str().unwrap().strip_prefix("Bearer ").unwrap().to_owned()
}

/// Looks again until it is so. For what goes on in the background.
pub(crate) async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let wait = async {
        while !is_so().await {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), wait)
        .await
        .unwrap_or_else(|_| panic!("waited in vain: {what}"));
}
