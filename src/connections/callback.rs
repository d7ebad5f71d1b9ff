//! The browser comes back: the flow is spent first, then held against cookie, app, generation and issuer, and only
//! then is the code exchanged, at the token endpoint of the app that began it.

use std::sync::Arc;

use super::{
    CallbackError, Connection, Connections, Fault, Finished, Outcome, Status,
    asking::With,
    finish::{Gained, Scopes, Worthless},
    gather::{Gathering, NotFound, in_answer},
    grant::Grant,
    input::Refused,
    legs::{TOKEN_SECRET, VERIFIER},
    pending::{self, Pending},
    revoke::Unused,
    values::Values,
};
use crate::{
    catalog::{
        app::App,
        auth::Auth,
        field::{Field, Source},
    },
    clients::OAuthClient,
    clock::Timestamp,
    oauth::{self, Code, OAuthError, TokenAnswer},
    sign::callback::is_signed,
    store::FlowRow,
    vault::Secret,
};

/// What the callback's URL carries. A parameter that comes twice is as good as none: which one to believe?
struct Query<'a>(&'a [(String, String)]);

impl Query<'_> {
    fn one(&self, name: &str) -> Option<&str> {
        let mut found = self.0.iter().filter(|(known, _)| known == name);
        let (_, value) = found.next()?;
        (found.next().is_none() && !value.is_empty()).then_some(value)
    }

    /// What names the flow. OAuth 1.0a knows no `state`, but the token it began with; some say instead that it was denied.
    fn state(&self) -> Option<&str> {
        self.one("state").or_else(|| self.one("oauth_token")).or_else(|| self.one("denied"))
    }
}

/// A flow that is this browser's and still the newest of its connection.
struct Flow<'a> {
    connection: Connection,
    app: Arc<App>,
    pending: Pending,
    query: Query<'a>,
}

/// Why a flow of this browser did not end well: a word for `status_reason`.
pub(super) struct Failure(pub(super) String);

impl Connections {
    /// The provider sent the browser back to `/callback/{app}` with `query`; `cookie` is the flow cookie.
    ///
    /// What follows runs by itself: a browser that leaves does not lose a grant that its provider has given.
    pub async fn callback(
        &self,
        app: &str,
        query: &[(String, String)],
        cookie: Option<&str>,
    ) -> Result<Outcome, CallbackError> {
        let (this, app, query) = (self.clone(), app.to_owned(), query.to_vec());
        let cookie = cookie.map(str::to_owned);
        let task = self.apart(async move { this.come_back(&app, Query(&query), cookie.as_deref()).await });
        task.await.unwrap_or_else(|_| Err(Fault::Internal("a callback did not end".to_owned()).into()))
    }

    async fn come_back(
        &self,
        app: &str,
        query: Query<'_>,
        cookie: Option<&str>,
    ) -> Result<Outcome, CallbackError> {
        self.vouched(app, &query).await?;
        let state = query.state().ok_or(CallbackError::Refused)?;
        let row = self.parts.store.flows().take(&pending::digest(state), app).await.map_err(Fault::from)?;
        let flow = self.flow(row.ok_or(CallbackError::Refused)?, app, query, cookie).await?;
        self.grant_of(&flow).await
    }

    /// Where a provider signs its callbacks nothing of one is believed before: not even which flow it is of.
    async fn vouched(&self, app: &str, query: &Query<'_>) -> Result<(), CallbackError> {
        let app = self.parts.apps.app(app).ok_or(CallbackError::Refused)?;
        for way in &app.auth {
            let Some(rule) = &way.callback.signature else { continue };
            let client = self.client_of(way).await?;
            let values = Values::of_app(&app, way.method, client.as_deref());
            let secret = rule.secret.fill(&values).map_err(|_| CallbackError::Refused)?;
            if !is_signed(rule, &Secret::new(secret), query.0) {
                return Err(CallbackError::Refused);
            }
        }
        Ok(())
    }

    /// The flow behind a row, if everything about it fits.
    async fn flow<'a>(
        &self,
        row: FlowRow,
        app: &str,
        query: Query<'a>,
        cookie: Option<&str>,
    ) -> Result<Flow<'a>, CallbackError> {
        let is_in_time = self.parts.clock.now() < row.expires_time;
        let is_this_browsers = cookie.is_some_and(|cookie| pending::digest(cookie) == row.browser_digest);
        if !is_in_time || !is_this_browsers || row.app != app {
            return Err(CallbackError::Refused);
        }
        let connection = self.find(row.connection).await?.ok_or(CallbackError::Refused)?;
        if connection.generation != row.generation {
            return Err(CallbackError::Refused);
        }
        let app = self.parts.apps.app(&connection.app).ok_or(CallbackError::Refused)?;
        let pending = self.open_pending(&connection, row)?;
        let app = self.known(app, pending.method, &pending.fields).await?;
        if pending.issuer.is_some() && pending.issuer.as_deref() != query.one("iss") {
            return Err(CallbackError::Refused);
        }
        Ok(Flow { connection, app, pending, query })
    }

    /// From code to stored grant.
    async fn grant_of(&self, flow: &Flow<'_>) -> Result<Outcome, CallbackError> {
        let Flow { connection, app, .. } = flow;
        let way = app.way(flow.pending.method).ok_or(CallbackError::Refused)?;
        let client = self.client_of(way).await?;
        match self.gain(flow, way, client.as_deref()).await {
            Ok(gained) => self.store_or_ask(connection, app, gained).await,
            Err(Failure(reason)) => self.failed(connection, app, reason).await,
        }
    }

    /// Stores what was gained, or has its user pick first.
    pub(super) async fn store_or_ask(
        &self,
        connection: &Connection,
        app: &Arc<App>,
        gained: Gained<'_>,
    ) -> Result<Outcome, CallbackError> {
        if let Some(undecided) = &gained.gathering.undecided {
            return Ok(Outcome::Choose(self.keep_pick(connection, app, &gained, undecided).await?));
        }
        let stored = self.keep_gained(connection, &gained).await;
        if matches!(stored, Ok(true)) {
            let also = self.keep_further(connection, gained.further).await;
            return Ok(Outcome::Connected(Finished { also, ..self.finished(connection, app).await? }));
        }
        // Deleted or reconnected meanwhile, or the store stayed away: nobody else would ever end this grant.
        self.end_unused(connection, app, Unused::of(&gained.gathering));
        Err(stored.err().map_or(CallbackError::Refused, Into::into))
    }

    async fn gain<'a>(
        &self,
        flow: &'a Flow<'_>,
        way: &'a Auth,
        client: Option<&'a OAuthClient>,
    ) -> Result<Gained<'a>, Failure> {
        if let Some(error) = flow.query.one("error") {
            return Err(Failure(oauth::shortened(error)));
        }
        if flow.query.one("denied").is_some() {
            return Err(Failure("access_denied".to_owned()));
        }
        let code = if way.oauth1.is_some() { VERIFIER } else { &way.callback.code };
        let code = flow.query.one(code).ok_or_else(|| Failure("code_missing".to_owned()))?;
        let grant = Grant { secret_fields: flow.pending.secret_fields.clone(), ..Grant::default() };
        let fields = flow.pending.fields.clone();
        let mut gathering = Gathering { app: &flow.app, way, client, fields, grant, undecided: None };
        let in_query = |field: &Field| flow.query.one(field.path.as_deref().unwrap_or(&field.name));
        gathering.take(Source::Callback, |field| in_query(field).map(str::to_owned))?;
        gathering.derive()?;
        let asked = self.parts.clock.now();
        let answer = self.exchange(flow, &mut gathering, &Secret::from(code)).await?;
        gathering.grant.access_token = Some(answer.access_token.clone());
        gathering.grant.refresh_token.clone_from(&answer.refresh_token);
        // Where the grant lies may stand in the callback.
        let given = Unused::of(&gathering);
        match self.gain_from(flow, gathering, answer, asked).await {
            Ok(gained) => Ok(gained),
            Err(failure) => {
                self.end_unused(&flow.connection, &flow.app, given);
                Err(failure)
            }
        }
    }

    /// What a token answer makes. Where it makes nothing, the provider is still to be told.
    async fn gain_from<'a>(
        &self,
        flow: &'a Flow<'_>,
        mut gathering: Gathering<'a>,
        answer: TokenAnswer,
        asked: Timestamp,
    ) -> Result<Gained<'a>, Failure> {
        let answer = self.exchanged(&mut gathering, answer).await?;
        gathering.grant.access_token = Some(answer.access_token.clone());
        gathering.grant.refresh_token.clone_from(&answer.refresh_token);
        gathering.take(Source::Token, |field| in_answer(field, &answer))?;
        self.request_fields(&mut gathering).await?;
        gathering.derive()?;
        self.vet(&flow.app, gathering.way, &gathering.values()).await?;
        let further = self.further(gathering.way, &answer, asked);
        let scopes = Scopes::new(flow.pending.scopes.clone(), answer.scopes);
        let expires = self.schedule.end(asked, answer.lifetime);
        Ok(Gained { further, ..self.identify(gathering, expires, scopes).await? })
    }

    async fn exchange(
        &self,
        flow: &Flow<'_>,
        gathering: &mut Gathering<'_>,
        code: &Secret,
    ) -> Result<TokenAnswer, OAuthError> {
        if let (Some(client), true) = (gathering.client, gathering.way.oauth1.is_some()) {
            let (values, missing) =
                (gathering.values(), || OAuthError::Protocol("it lacks a part of a token"));
            let token = flow.query.one("oauth_token").map(Secret::from).ok_or_else(missing)?;
            let temporary = (&token, flow.pending.verifier.as_ref().ok_or_else(missing)?);
            let ended = self.last_leg(gathering.way, (client, &values), temporary, code).await;
            let (answer, secret) = ended?;
            gathering.grant.secret_fields.insert(TOKEN_SECRET.to_owned(), secret);
            return Ok(answer);
        }
        let again = |name: &String| Some((name.clone(), flow.query.one(name)?.to_owned()));
        let echo: Vec<_> = gathering.way.callback.echo.iter().filter_map(again).collect();
        let verifier = flow.pending.verifier.as_ref();
        let redirect_uri = &flow.pending.redirect_uri;
        let code = Code { code, redirect_uri, verifier, echo: &echo };
        self.ask_for_token(gathering, With::Code(&code)).await
    }

    /// A flow that ended badly: the connection says so, unless an earlier grant of it still serves.
    pub(super) async fn failed(
        &self,
        connection: &Connection,
        app: &Arc<App>,
        reason: String,
    ) -> Result<Outcome, CallbackError> {
        tracing::info!(connection = %connection.id, app = app.name, reason, "not connected");
        let has_grant =
            connection.is_active() || connection.needs_reauthorization() || connection.awaits_confirmation();
        if !has_grant {
            self.settle(connection, Status::Failed, Some(&reason)).await?;
        }
        let finished = self.finished(connection, app).await?;
        let retry = self.connect_url(&finished.connection);
        Ok(Outcome::Failed { finished, reason, retry })
    }
}

impl From<OAuthError> for Failure {
    fn from(error: OAuthError) -> Self {
        tracing::info!(%error, "a code was not exchanged");
        Self(error.reason().to_owned())
    }
}

impl From<NotFound> for Failure {
    fn from(not: NotFound) -> Self {
        tracing::info!(field = not.field, reason = not.reason, "a field of a new connection");
        Self(not.reason.to_owned())
    }
}

impl From<Refused> for Failure {
    fn from(refused: Refused) -> Self {
        tracing::info!(field = refused.name, problem = refused.problem, "a field of a new connection");
        Self("field_refused".to_owned())
    }
}

impl From<Worthless> for Failure {
    fn from(worthless: Worthless) -> Self {
        match worthless {
            Worthless::Rejected => Self("access_refused".to_owned()),
            Worthless::Unfit(why) => {
                tracing::warn!(why, "a new connection can't be used");
                Self("app_misconfigured".to_owned())
            }
        }
    }
}
