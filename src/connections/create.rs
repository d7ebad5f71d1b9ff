//! Making a connection: everything the caller said is held against the app's file before a row is written.

use std::{collections::BTreeMap, sync::Arc};

use serde_json::Value;

use super::{
    Connection, Connections, Fault, Status,
    finish::Gained,
    gather::Gathering,
    input::{self, Need, Refused, Typed},
    manage,
    take::TakeError,
    values::Values,
    ways,
};
use crate::{
    catalog::{
        app::{App, Method},
        auth::Auth,
    },
    clock::Timestamp,
    id::{ConnectionId, OwnerId},
    vault::Secret,
};

/// What `POST /connections` asks for.
#[derive(Debug, Default)]
pub struct NewConnection {
    /// Slug or alias.
    pub app: String,
    /// The way in; unset: the first of the app's file that is configured.
    pub method: Option<Method>,
    /// The owner's label.
    pub name: Option<String>,
    /// Scopes to ask for instead of the app's own.
    pub scopes: Option<Vec<String>>,
    /// Tenant fields.
    pub fields: BTreeMap<String, String>,
    /// Where the browser goes afterwards; must be on the operator's list, to the letter.
    pub return_url: Option<String>,
    /// Typed-in credentials.
    pub credentials: Option<BTreeMap<String, Secret>>,
}

/// Why no connection was made.
#[derive(Clone, Debug, thiserror::Error)]
pub enum CreateError {
    /// 422: a value that can't be taken; `field` is its path in the body, `credentials.api_key`.
    #[error("{field}: {problem}")]
    Invalid {
        /// Path in the body.
        field: String,
        /// What is wrong with it.
        problem: String,
    },
    /// `app_not_configured`: the app needs an OAuth client that nobody has given.
    #[error("no OAuth client {client}")]
    NotConfigured {
        /// The app's slug.
        app: String,
        /// The client's name under `[clients]`.
        client: String,
        /// What to register at the provider.
        redirect_uri: String,
    },
    /// 422: the provider refuses these credentials; nothing was stored.
    #[error("{0}")]
    Rejected(String),
    /// 502: the provider's token endpoint failed; nothing was stored.
    #[error("{0}")]
    TokenEndpoint(String),
    /// The store is out of reach.
    #[error(transparent)]
    Store(#[from] Fault),
}

impl Connections {
    /// Makes a connection: PENDING with a link to finish it, or ACTIVE at once from typed-in credentials.
    pub async fn create(&self, owner: OwnerId, new: NewConnection) -> Result<Connection, CreateError> {
        let app = self.named_app(&new.app)?;
        let way = self.way_for(&app, new.method, new.credentials.as_ref()).await?;
        let name = manage::label(new.name.as_deref()).map_err(|refused| refused.in_body(""))?;
        let return_url = self.checked_return(new.return_url)?;
        let scopes = checked_scopes(way, new.scopes)?;
        let need = if new.credentials.is_some() { Need::All } else { Need::Some };
        let mut typed =
            input::fields(&app, way, &new.fields, need).map_err(|refused| refused.in_body("fields."))?;
        let now = self.parts.clock.now();
        let blank = blank(&app, way, (owner, now), (name, return_url, scopes));
        let Some(credentials) = new.credentials else {
            let values = Values::of_app(&app, way.method, None).with_fields(&typed.fields);
            self.vet(&app, way, &values).await.map_err(|refused| refused.in_body("fields."))?;
            return self.insert_pending(blank, typed).await;
        };
        typed.grant.credentials =
            input::credentials(way, &credentials).map_err(|refused| refused.in_body("credentials."))?;
        self.insert_active(blank, &app, way, typed).await
    }

    fn named_app(&self, slug: &str) -> Result<Arc<App>, CreateError> {
        self.parts.apps.app(slug).ok_or_else(|| {
            let near = self.parts.apps.now().nearest(slug).join(", ");
            let problem =
                if near.is_empty() { "is unknown".to_owned() } else { format!("is unknown; near: {near}") };
            invalid("app", &problem)
        })
    }

    /// The way asked for, or the first that is open; with credentials, the first that takes them.
    async fn way_for<'a>(
        &self,
        app: &'a App,
        method: Option<Method>,
        credentials: Option<&BTreeMap<String, Secret>>,
    ) -> Result<&'a Auth, CreateError> {
        let way = match (method, credentials) {
            (Some(method), _) => app.way(method).ok_or_else(|| invalid("method", &offered(app)))?,
            (None, Some(given)) => taking(app, given).ok_or_else(|| {
                invalid("credentials", "no way into this app takes typed-in credentials of these names")
            })?,
            (None, None) => self.first_open(app).await?.ok_or_else(|| self.closed(app, None))?,
        };
        if credentials.is_some() && !ways::is_typed_in(way) {
            return Err(invalid("credentials", &format!("{} takes none; open the url instead", way.method)));
        }
        if self.is_open(way).await? { Ok(way) } else { Err(self.closed(app, way.client.as_deref())) }
    }

    /// Why an app can't be connected now.
    fn closed(&self, app: &App, client: Option<&str>) -> CreateError {
        match client.or_else(|| ways::missing_client(app)) {
            Some(client) => CreateError::NotConfigured {
                app: app.name.clone(),
                client: client.to_owned(),
                redirect_uri: self.redirect_uri(&app.name),
            },
            None => invalid("app", "has no way in that is supported yet"),
        }
    }

    fn checked_return(&self, url: Option<String>) -> Result<Option<String>, CreateError> {
        match url {
            Some(url) if !self.rules.return_urls.contains(&url) => {
                Err(invalid("return_url", "is not in the setting control.return_urls, to the letter"))
            }
            url => Ok(url),
        }
    }

    async fn insert_pending(&self, mut blank: Connection, typed: Typed) -> Result<Connection, CreateError> {
        if let Some(name) = typed.grant.secret_fields.keys().next() {
            return Err(invalid(
                &format!("fields.{name}"),
                "is secret: it is asked for on the page behind url",
            ));
        }
        blank.fields = typed.fields;
        blank.metadata =
            blank.fields.iter().map(|(name, value)| (name.clone(), Value::from(value.as_str()))).collect();
        self.parts.store.connections().insert(&blank.clone().into()).await.map_err(Fault::from)?;
        self.forget(&blank);
        Ok(blank)
    }

    async fn insert_active(
        &self,
        mut blank: Connection,
        app: &App,
        way: &Auth,
        typed: Typed,
    ) -> Result<Connection, CreateError> {
        let client = self.client_of(way).await?;
        let Typed { fields, grant } = typed;
        let gathering = Gathering { app, way, client: client.as_deref(), fields, grant, undecided: None };
        let Gained { gathering, expires, scopes, metadata, reason, .. } = self.take(gathering).await?;
        if let Some(undecided) = &gathering.undecided {
            return Err(invalid(&format!("fields.{}", undecided.field), &undecided.in_words()));
        }
        let now = self.parts.clock.now();
        let grant = gathering.grant.seal(&self.parts.vault, (blank.owner, blank.id), expires, now)?;
        blank.status = Status::Active;
        blank.status_reason = reason.map(str::to_owned);
        (blank.fields, blank.metadata) = (gathering.fields, metadata);
        (blank.scopes, blank.requested_scopes) = (scopes.granted, scopes.asked);
        let store = self.parts.store.connections();
        store.insert_with_grant(&blank.clone().into(), &grant).await.map_err(Fault::from)?;
        self.forget(&blank);
        tracing::info!(connection = %blank.id, app = blank.app, method = %blank.method, "connected");
        Ok(blank)
    }
}

type Labels = (Option<String>, Option<String>, Vec<String>);

/// A connection that nobody has consented to yet.
pub(super) fn blank(
    app: &App,
    way: &Auth,
    (owner, now): (OwnerId, Timestamp),
    (name, return_url, scopes): Labels,
) -> Connection {
    Connection {
        id: ConnectionId::new(now),
        owner,
        app: app.name.clone(),
        method: way.method,
        status: Status::Pending,
        status_reason: None,
        name,
        metadata: serde_json::Map::new(),
        fields: BTreeMap::new(),
        requested_scopes: scopes.clone(),
        scopes,
        generation: 1,
        return_url,
        creation_time: now,
        last_updated_time: now,
        last_used_time: None,
    }
}

/// The first typed-in way that knows all these names.
fn taking<'a>(app: &'a App, given: &BTreeMap<String, Secret>) -> Option<&'a Auth> {
    let knows = |way: &Auth, name: &String| way.fields.iter().any(|field| field.name == *name);
    app.auth.iter().find(|way| ways::is_typed_in(way) && given.keys().all(|name| knows(way, name)))
}

fn offered(app: &App) -> String {
    let methods: Vec<_> = app.auth.iter().map(|way| way.method.as_str()).collect();
    format!("is none of {}", methods.join(", "))
}

/// Scopes as a consent URL can carry them (RFC 6749 3.3); the app's own where none are named.
fn checked_scopes(way: &Auth, scopes: Option<Vec<String>>) -> Result<Vec<String>, CreateError> {
    let Some(scopes) = scopes else {
        return Ok(way.authorize.as_ref().map(|authorize| authorize.scopes.clone()).unwrap_or_default());
    };
    if way.authorize.is_none() {
        return Err(invalid("scopes", &format!("{} has none to choose", way.method)));
    }
    let is_scope = |scope: &String| {
        !scope.is_empty()
            && scope.len() <= 512
            && scope.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\')
    };
    match scopes.iter().position(|scope| !is_scope(scope)) {
        Some(at) => Err(invalid(&format!("scopes[{at}]"), "is not a scope: visible ASCII without quotes")),
        None if scopes.len() > 200 => Err(invalid("scopes", "are more than 200")),
        None => Ok(scopes),
    }
}

fn invalid(field: &str, problem: &str) -> CreateError {
    CreateError::Invalid { field: field.to_owned(), problem: problem.to_owned() }
}

impl Refused {
    fn in_body(self, place: &str) -> CreateError {
        CreateError::Invalid { field: format!("{place}{}", self.name), problem: self.problem }
    }
}

impl From<TakeError> for CreateError {
    fn from(error: TakeError) -> Self {
        match error {
            TakeError::Refused(refused) => refused.in_body("fields."),
            TakeError::Credential(refused) => refused.in_body("credentials."),
            TakeError::Rejected(why) => Self::Rejected(why),
            TakeError::Unfit(why) => invalid("app", &why),
            TakeError::TokenEndpoint(why) => Self::TokenEndpoint(why),
        }
    }
}
