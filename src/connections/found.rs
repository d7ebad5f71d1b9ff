//! Ways into an app whose endpoints or client nobody wrote down: found out, or registered, when a user first goes that
//! way, and kept as an OAuth client with a name of its own.
//!
//! Everything else sees an app whose file says it all: a copy of the app, completed by what is kept. Every endpoint lies
//! in the domains that the app's file writes out, so a code goes nowhere else, whatever a server says meanwhile.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use serde_json::{Value, json};
use tokio::{
    sync::{Mutex, MutexGuard},
    time::timeout,
};

use super::{Connections, Fault, values::Values};
use crate::{
    catalog::{
        app::{App, Method},
        auth::{Auth, ClientAuth, Mcp, Register},
        template::Template,
    },
    clients::{ClientError, OAuthClient},
    oauth::{self, Endpoints, OAuthError, Registered},
    vault::{self, Secret},
};

type Fields = BTreeMap<String, String>;

/// How long a server has to say what it is and to register a client: others may wait for it.
const PATIENCE: Duration = Duration::from_secs(20);

/// Lets one registration of a client go on at a time on this node, so that two users don't make two.
#[derive(Debug, Default)]
pub(super) struct Registering([Mutex<()>; 16]);

impl Registering {
    async fn of(&self, name: &str) -> Option<MutexGuard<'_, ()>> {
        let at = vault::sha256(name.as_bytes()).first().map_or(0, |byte| usize::from(byte % 16));
        Some(self.0.get(at)?.lock().await)
    }
}

impl Connections {
    /// The app with what is known of one way by now. Asks nobody.
    pub(super) async fn known(
        &self,
        app: Arc<App>,
        method: Method,
        fields: &Fields,
    ) -> Result<Arc<App>, Fault> {
        Ok(self.completed(&app, method, fields).await?.map_or(app, Arc::new))
    }

    /// The same of a borrowed app; nothing where its file says it all, or nothing is known.
    pub(super) async fn completed(
        &self,
        app: &App,
        method: Method,
        fields: &Fields,
    ) -> Result<Option<App>, Fault> {
        let Some(way) = app.way(method) else { return Ok(None) };
        let Some(name) = name(app, way, fields) else { return Ok(None) };
        let kept = self.parts.clients.get(&name).await?;
        Ok(kept.and_then(|kept| complete(app, method, &name, &kept)))
    }

    /// The app with a way that can be gone: asks the provider for what is not known, or may have changed.
    pub(super) async fn meet(
        &self,
        app: Arc<App>,
        method: Method,
        fields: &Fields,
    ) -> Result<Arc<App>, OAuthError> {
        let way = app.way(method);
        let Some((way, name)) = way.and_then(|way| Some((way, name(&app, way, fields)?))) else {
            return Ok(app);
        };
        let met = timeout(PATIENCE, self.met(&app, way, name, fields)).await;
        met.unwrap_or(Err(OAuthError::Transient("it takes too long to say what it is")))
    }

    /// The same, however long it takes.
    async fn met(
        &self,
        app: &Arc<App>,
        way: &Auth,
        name: String,
        fields: &Fields,
    ) -> Result<Arc<App>, OAuthError> {
        let method = way.method;
        let _alone = self.registering.of(&name).await;
        let kept = self.parts.clients.get(&name).await.map_err(|error| store(&error))?;
        let values = Values::of_app(app, method, None).with_fields(fields);
        let redirect_uri = self.redirect_uri(&app.name);
        let client = match (&way.mcp, &way.register) {
            (Some(mcp), _) => self.discovered(way, mcp, kept.as_deref(), &values, &redirect_uri).await?,
            (_, Some(rule)) => self.registered(rule, kept.as_deref(), values, &redirect_uri).await?,
            _ => return Ok(Arc::clone(app)),
        };
        if kept.as_deref() != Some(&lean(&client)) {
            self.parts.clients.put(&name, &client).await.map_err(|error| store(&error))?;
        }
        let unfit = || OAuthError::Protocol("what it says of itself can't be used");
        complete(app, method, &name, &client).map(Arc::new).ok_or_else(unfit)
    }

    /// What a server of the Model Context Protocol says now, and a client there.
    async fn discovered(
        &self,
        way: &Auth,
        mcp: &Mcp,
        kept: Option<&OAuthClient>,
        values: &Values,
        redirect_uri: &str,
    ) -> Result<OAuthClient, OAuthError> {
        let parts = &self.parts;
        let found = oauth::discover(&parts.http, &mcp.url.fill(values)?, &mcp.domains).await?;
        let mut extra = written(&found);
        extra.insert("redirect_uri".to_owned(), redirect_uri.to_owned());
        let same = |kept: &&OAuthClient| {
            let same = |name: &str| kept.extra.get(name) == extra.get(name);
            self.is_good(kept) && same("issuer") && same("redirect_uri")
        };
        if way.client.is_some() {
            // The operator's own client goes there: kept are only the endpoints.
            return Ok(client("operator".to_owned(), Secret::from(""), extra));
        }
        if let Some(kept) = kept.filter(same) {
            extra.extend(kept.extra.get("auth").map(|auth| ("auth".to_owned(), auth.clone())));
            extra.extend(kept.extra.get("expires").map(|end| ("expires".to_owned(), end.clone())));
            return Ok(client(kept.client_id.clone(), kept.client_secret.clone(), extra));
        }
        let no_way =
            || OAuthError::Configuration("it registers no clients; the operator has to give one".to_owned());
        let endpoint = found.register.as_deref().ok_or_else(no_way)?;
        let new = oauth::register_dynamically(&parts.http, endpoint, redirect_uri, found.auth);
        Ok(with_client(new.await?, found.auth, extra))
    }

    /// A client at a server that is named by the user.
    async fn registered(
        &self,
        rule: &Register,
        kept: Option<&OAuthClient>,
        mut values: Values,
        redirect_uri: &str,
    ) -> Result<OAuthClient, OAuthError> {
        let is_ours = |kept: &&OAuthClient| {
            self.is_good(kept) && kept.extra.get("redirect_uri").map(String::as_str) == Some(redirect_uri)
        };
        if let Some(kept) = kept.filter(is_ours) {
            return Ok(kept.clone());
        }
        values.set("redirect_uri", redirect_uri);
        let new = oauth::register(&self.parts.http, rule, &values).await?;
        let extra = Fields::from([("redirect_uri".to_owned(), redirect_uri.to_owned())]);
        Ok(with_client(new, ClientAuth::Body, extra))
    }

    /// Whether a client has neither ended nor been forgotten by its provider.
    fn is_good(&self, kept: &OAuthClient) -> bool {
        let ends = kept.extra.get("expires").and_then(|end| end.parse::<i64>().ok());
        !kept.extra.contains_key("forgotten") && ends.is_none_or(|end| end > self.parts.clock.now().as_secs())
    }

    /// Notes that a provider no longer knows a client that was registered here. The next consent registers another
    /// one; till then this one stays, because what it got may go on.
    pub(super) async fn note_forgotten(&self, way: &Auth, error: &OAuthError) {
        let OAuthError::Configuration(code) = error else { return };
        let Some(name) = way.client.as_deref().filter(|name| name.contains(':')) else { return };
        // `unauthorized_client` speaks of a client that is known (RFC 6749 5.2).
        if code != "invalid_client" {
            return;
        }
        if let Ok(Some(kept)) = self.parts.clients.get(name).await {
            let mut client = OAuthClient::clone(&kept);
            client.extra.insert("forgotten".to_owned(), "yes".to_owned());
            if let Err(error) = self.parts.clients.put(name, &client).await {
                tracing::warn!(client = name, %error, "a client that its provider forgot is not marked");
            }
        }
    }
}

/// The name of the client of a way whose file names none, or not all of it. No name in a file has a colon.
fn name(app: &App, way: &Auth, fields: &Fields) -> Option<String> {
    if way.mcp.is_some() {
        return Some(format!("mcp:{}", app.name));
    }
    let rule = way.register.as_ref()?;
    let values = Values::of_app(app, way.method, None).with_fields(fields);
    let url = url::Url::parse(&rule.url.fill(&values).ok()?).ok()?;
    Some(format!("register:{}:{url}", app.name))
}

fn client(client_id: String, client_secret: Secret, extra: Fields) -> OAuthClient {
    OAuthClient { client_id, client_secret, extra }
}

/// As it is kept: without what was emptied.
fn lean(client: &OAuthClient) -> OAuthClient {
    let mut lean = client.clone();
    lean.extra.retain(|_, value| !value.is_empty());
    lean
}

/// A client just registered. What an earlier one of its name had is emptied.
fn with_client(new: Registered, asked: ClientAuth, mut extra: Fields) -> OAuthClient {
    let has_secret = !new.client.secret.is_empty();
    let auth = match new.auth.unwrap_or(asked) {
        auth if has_secret => auth,
        _ => ClientAuth::None,
    };
    extra.insert("auth".to_owned(), json!(auth).as_str().unwrap_or_default().to_owned());
    extra.insert("expires".to_owned(), new.expires.map(|end| end.to_string()).unwrap_or_default());
    extra.insert("forgotten".to_owned(), String::new());
    client(new.client.id, new.client.secret, extra)
}

fn written(found: &Endpoints) -> Fields {
    let text = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    Fields::from([
        text("issuer", &found.issuer),
        text("sends_iss", if found.sends_iss { "yes" } else { "" }),
        text("authorize", &found.authorize),
        text("token", &found.token),
        text("revoke", found.revoke.as_deref().unwrap_or_default()),
        text("resource", &found.resource),
        text("scopes", &found.scopes.join(" ")),
        text("auth", json!(found.auth).as_str().unwrap_or_default()),
    ])
}

/// `app` with its way completed by what is kept.
fn complete(app: &App, method: Method, name: &str, kept: &OAuthClient) -> Option<App> {
    let mut app = app.clone();
    let way = app.auth.iter_mut().find(|way| way.method == method)?;
    if way.mcp.is_some() {
        endpoints(way, &kept.extra)?;
    }
    way.client.get_or_insert_with(|| name.to_owned());
    Some(app)
}

fn endpoints(way: &mut Auth, kept: &Fields) -> Option<()> {
    let value = |name: &str| kept.get(name).map(String::as_str).filter(|value| !value.is_empty());
    let resource = json!({"resource": value("resource")?});
    let scopes: Vec<&str> = value("scopes").unwrap_or_default().split_whitespace().collect();
    let issuer = value("issuer").filter(|_| value("sends_iss").is_some());
    way.authorize = from(json!({
        "url": value("authorize")?, "scopes": scopes, "pkce": "S256", "params": resource, "issuer": issuer,
    }));
    let auth = value("auth").unwrap_or("body");
    way.token = from(json!({"url": value("token")?, "client_auth": auth, "params": resource}));
    way.refresh.params.insert("resource".to_owned(), Template::try_from(value("resource")?.to_owned()).ok()?);
    way.revoke = value("revoke").and_then(|url| from(json!({"url": url, "client_auth": auth})));
    (way.authorize.is_some() && way.token.is_some()).then_some(())
}

fn from<T: serde::de::DeserializeOwned>(value: Value) -> Option<T> {
    serde_json::from_value(value).ok()
}

fn store(error: &ClientError) -> OAuthError {
    tracing::warn!(%error, "an OAuth client that was found can't be kept");
    OAuthError::Transient("the gateway's store can't be used")
}
