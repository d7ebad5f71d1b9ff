//! Ending a grant at its provider, once the gateway has let go of it.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use tokio::time::sleep;

use super::{Connection, Connections, asking, gather::Gathering, grant::Grant};
use crate::{
    catalog::app::{App, Method},
    oauth::{self, OAuthError, Revocation},
};

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
        self.apart(async move { this.end_at_provider(&connection, &app, &grant).await });
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
