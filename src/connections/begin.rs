//! *Continue*: what was typed in is taken, or a flow begins and the browser goes to the provider.

use std::{collections::BTreeMap, sync::Arc};

use super::{
    BeginError, Begun, Connection, Connections, LinkError, Wrong, candidates,
    gather::Gathering,
    grant::Grant,
    input::{self, Need, Refused, Typed},
    offer,
    pending::Pending,
    take::TakeError,
    ways,
};
use crate::{
    catalog::{
        app::{App, Method},
        auth::Auth,
    },
    oauth::{Consent, OAuthError},
    vault::{self, Secret},
};

impl Connections {
    /// *Continue* was pressed: takes what was typed in and either finishes or leads to the provider.
    ///
    /// The form may hold more than the app asks for; that is passed over. Without `method` it is the connection's.
    pub async fn begin(
        &self,
        session_token: &str,
        method: Option<Method>,
        form: &BTreeMap<String, String>,
    ) -> Result<Begun, BeginError> {
        let (connection, app) = self.linked(session_token).await?;
        let way = app.way(method.unwrap_or(connection.method)).ok_or_else(unknown_method)?;
        if !self.is_open(way).await? {
            return Err(self.not_open(&app, way));
        }
        let typed = typed(&app, way, form, &connection)?;
        if ways::is_typed_in(way) {
            self.connect(&connection, &app, way, typed).await
        } else {
            let app = self.meet(Arc::clone(&app), way.method, &typed.fields).await?;
            let way = app.way(way.method).ok_or_else(unknown_method)?;
            self.consent(&connection, &app, way, typed).await
        }
    }

    fn not_open(&self, app: &App, way: &Auth) -> BeginError {
        match &way.client {
            Some(client) => BeginError::NotConfigured(format!(
                "The operator has not given the OAuth client {client} yet, with the redirect URI {}.",
                self.redirect_uri(&app.name)
            )),
            _ => unknown_method(),
        }
    }

    /// Typed-in credentials: tried and stored.
    async fn connect(
        &self,
        connection: &Connection,
        app: &Arc<App>,
        way: &Auth,
        typed: Typed,
    ) -> Result<Begun, BeginError> {
        let client = self.client_of(way).await?;
        let Typed { fields, grant } = typed;
        let gathering = Gathering { app, way, client: client.as_deref(), fields, grant, undecided: None };
        let gained = self.take(gathering).await?;
        if let Some(undecided) = &gained.gathering.undecided {
            return Ok(Begun::Choose(self.keep_pick(connection, app, &gained, undecided).await?));
        }
        if !self.complete(connection, &gained).await? {
            return Err(LinkError::Dead.into());
        }
        Ok(Begun::Connected(self.finished(connection, app).await?))
    }

    /// Consent: a flow is kept, bound to this browser, and its state goes along to the provider.
    async fn consent(
        &self,
        connection: &Connection,
        app: &App,
        way: &Auth,
        typed: Typed,
    ) -> Result<Begun, BeginError> {
        let Some(authorize) = &way.authorize else { return Err(unknown_method()) };
        let Some(client) = self.client_of(way).await? else { return Err(self.not_open(app, way)) };
        let redirect_uri = self.redirect_uri(&app.name);
        let scopes = offer::scopes(way, connection);
        let Typed { fields, grant: Grant { secret_fields, .. } } = typed;
        let grant = Grant { secret_fields, ..Grant::default() };
        let gathering = Gathering { app, way, client: Some(&client), fields, grant, undecided: None };
        let mut values = gathering.values();
        self.vet(app, way, &values).await?;
        values.set("nonce", vault::random_text());
        let consent = Consent {
            authorize,
            client_id: &client.client_id,
            redirect_uri: &redirect_uri,
            scopes,
            values: &values,
        };
        let begun = self.begun(way, &client, &consent).await?;
        let pending = Pending {
            method: way.method,
            verifier: begun.verifier,
            redirect_uri,
            issuer: begun.issuer,
            scopes: scopes.to_vec(),
            fields: gathering.fields,
            secret_fields: gathering.grant.secret_fields,
        };
        let cookie = vault::random_text();
        self.keep_pending(connection, &pending, &begun.state, &cookie).await?;
        Ok(Begun::Redirect { url: begun.url, cookie, lifetime: self.rules.flow_lifetime })
    }
}

/// What the form gives, and what the connection already knows where the form says nothing.
fn typed(
    app: &App,
    way: &Auth,
    form: &BTreeMap<String, String>,
    connection: &Connection,
) -> Result<Typed, Refused> {
    // Browsers end the lines of a form with CR LF (HTML, 4.10.21.4).
    let given = |name: &str| form.get(name).map(|value| value.trim().replace("\r\n", "\n"));
    let names = input::asked(app, way).map(|field| field.name.as_str());
    let environment = input::chooses_environment(app).then_some(input::ENVIRONMENT);
    // What a caller of the API named, or an earlier sign-in found: it has to be among those of this one.
    let picked = candidates::choosable(app, way).map(|field| field.name.as_str());
    let picked = picked.filter_map(|name| Some((name.to_owned(), connection.fields.get(name)?.clone())));
    let fields = names
        .chain(environment)
        .filter_map(|name| {
            let value = given(name).or_else(|| connection.fields.get(name).cloned())?;
            Some((name.to_owned(), value))
        })
        .chain(picked)
        .collect();
    let mut typed = input::fields(app, way, &fields, Need::All)?;
    if ways::is_typed_in(way) {
        let values = way
            .fields
            .iter()
            .filter_map(|field| Some((field.name.clone(), Secret::new(given(&field.name)?))));
        typed.grant.credentials = input::credentials(way, &values.collect())?;
    }
    Ok(typed)
}

fn unknown_method() -> BeginError {
    BeginError::Invalid {
        field: "method".to_owned(),
        problem: "is not offered".to_owned(),
        wrong: Wrong::Form,
    }
}

impl From<Refused> for BeginError {
    fn from(refused: Refused) -> Self {
        Self::Invalid { field: refused.name, problem: refused.problem, wrong: refused.wrong }
    }
}

impl From<TakeError> for BeginError {
    fn from(error: TakeError) -> Self {
        match error {
            TakeError::Refused(refused) | TakeError::Credential(refused) => refused.into(),
            TakeError::Rejected(why) => Self::Rejected(why),
            TakeError::Unfit(why) => Self::NotConfigured(why),
            TakeError::TokenEndpoint(why) => Self::TokenEndpoint(why),
        }
    }
}

impl From<OAuthError> for BeginError {
    fn from(error: OAuthError) -> Self {
        if error.passes() {
            Self::TokenEndpoint(error.to_string())
        } else {
            Self::NotConfigured(error.to_string())
        }
    }
}
