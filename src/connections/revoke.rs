//! Ending a grant at its provider, once the gateway has let go of it.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use tokio::time::sleep;

use super::{Connection, Connections, Fault, Status, asking, gather::Gathering, grant::Grant};
use crate::{
    catalog::{
        app::{App, Method},
        auth::Ends,
    },
    oauth::{self, OAuthError, Revocation},
    store::ConnectionFilter,
};

/// So many of an owner's connections are looked at; more than that nobody has.
const MOST: u32 = 10_000;

type Metadata = serde_json::Map<String, serde_json::Value>;

/// How long to wait before each further attempt.
const WAITS: [Duration; 3] = [Duration::from_secs(1), Duration::from_secs(10), Duration::from_mins(1)];

/// A grant that nobody will use, and what was known with it: some of that says where it is ended.
pub(super) struct Unused {
    pub(super) method: Method,
    pub(super) fields: BTreeMap<String, String>,
    pub(super) grant: Grant,
}

impl Unused {
    /// What was gathered so far, with the tokens that came first.
    pub(super) fn of(gathering: &Gathering<'_>) -> Self {
        Self {
            method: gathering.way.method,
            fields: gathering.fields.clone(),
            grant: gathering.grant.clone(),
        }
    }
}

impl Connections {
    /// Tells the provider, in the background, of a grant that nobody else will ever use.
    pub(super) fn end_unused(&self, connection: &Connection, app: &Arc<App>, unused: Unused) {
        let (this, app) = (self.clone(), Arc::clone(app));
        let Unused { method, fields, grant } = unused;
        let connection = Connection { method, fields, ..connection.clone() };
        self.apart(async move {
            match this.is_shared(&connection, &app).await {
                Ok(false) => this.end_at_provider(&connection, &app, &grant).await,
                Ok(true) => {
                    let text =
                        "a grant is left to its provider: ending it would end others of the same account";
                    tracing::info!(connection = %connection.id, app = app.name, text);
                }
                Err(fault) => {
                    tracing::warn!(connection = %connection.id, %fault, "grant not ended at the provider");
                }
            }
        });
    }

    /// Whether ending a grant of this connection would end one that serves: where the provider ends all that an account
    /// gave to a client, an earlier grant of the same connection, or another connection of the owner to the account.
    async fn is_shared(&self, connection: &Connection, app: &App) -> Result<bool, Fault> {
        let Some(way) = app.way(connection.method) else { return Ok(false) };
        if way.revoke.as_ref().is_none_or(|revoke| revoke.ends == Ends::Grant) {
            return Ok(false);
        }
        if self.find(connection.id).await?.is_some_and(|now| now.is_active()) {
            return Ok(true);
        }
        let account = |metadata: &Metadata| metadata.get("account_id").cloned();
        let filter = ConnectionFilter {
            owner: Some(connection.owner),
            status: Some(Status::Active.as_str().to_owned()),
            limit: MOST,
            ..ConnectionFilter::default()
        };
        let rows = self.parts.store.connections().page(&filter).await?;
        let apps = self.parts.apps.now();
        let same_client = |slug: &str| {
            let other = apps.app(slug);
            other.is_some_and(|other| {
                other.auth.iter().any(|it| it.client.is_some() && it.client == way.client)
            })
        };
        // Whose account it was may not be known: then it may be any.
        let same_account = |metadata: &Metadata| match (account(metadata), account(&connection.metadata)) {
            (Some(one), Some(other)) => one == other,
            _ => true,
        };
        let mut others = rows.iter().filter(|row| row.id != connection.id);
        Ok(others.any(|row| same_client(&row.app) && same_account(&row.metadata)))
    }

    /// Tells the provider that these tokens are no longer needed, where it can be told.
    pub(super) async fn end_at_provider(&self, connection: &Connection, app: &App, grant: &Grant) {
        let Ok(completed) = self.completed(app, connection.method, &connection.fields).await else { return };
        let app = completed.as_ref().unwrap_or(app);
        let Some(way) = app.way(connection.method) else { return };
        let (Some(step), Some(access_token)) = (&way.revoke, &grant.access_token) else { return };
        let Ok(operators) = self.client_of(way).await else { return };
        let gathering = Gathering {
            app,
            way,
            client: operators.as_deref(),
            fields: connection.fields.clone(),
            grant: grant.clone(),
            undecided: None,
        };
        let Ok(client) = asking::client_of(&gathering) else { return };
        let mut values = gathering.values();
        let tokens = (access_token, grant.refresh_token.as_ref());
        let at_tokens = way.token.as_ref().map(|token| token.client_auth);
        let proof = step.client_auth.or(at_tokens).unwrap_or_default();
        let mut waits = WAITS.into_iter();
        loop {
            let parts = &self.parts;
            // Each attempt signs anew: what was signed for the one before has ended.
            let signed = asking::sign(&mut values, way, parts.clock.now()).err().map(OAuthError::from);
            let revocation = Revocation {
                http: &parts.http,
                clock: &parts.clock,
                step,
                client_auth: proof,
                limit: app.limit.as_ref(),
                client: &client,
                values: &values,
            };
            let revoked = match signed {
                Some(error) => Err(error),
                None => oauth::revoke(&revocation, tokens).await,
            };
            let error = match revoked {
                Ok(()) => return,
                Err(error) => error,
            };
            let Some(wait) = waits.next().filter(|_| error.passes()) else {
                tracing::warn!(connection = %connection.id, app = app.name, %error, "grant not ended at the provider");
                return;
            };
            sleep(match error {
                OAuthError::RateLimited { retry_after: Some(asked) } => asked.max(wait),
                _ => wait,
            })
            .await;
        }
    }
}
