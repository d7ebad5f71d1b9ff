//! Ending a grant at its provider, once the gateway has let go of it.

use std::time::Duration;

use tokio::time::sleep;

use super::{Connection, Connections, grant::Grant, values::Values, ways};
use crate::{catalog::app::App, oauth};

/// How long to wait before each further attempt.
const WAITS: [Duration; 3] = [Duration::from_secs(1), Duration::from_secs(10), Duration::from_mins(1)];

impl Connections {
    /// Tells the provider that these tokens are no longer needed, where it can be told.
    pub(super) async fn end_at_provider(&self, connection: &Connection, app: &App, grant: &Grant) {
        let Some(way) = app.way(connection.method) else { return };
        let (Some(step), Some(access_token)) = (&way.revoke, &grant.access_token) else { return };
        let Ok(Some(client)) = self.client_of(way).await else { return };
        let values =
            Values::of_app(app, way.method, Some(&client)).with_fields(&connection.fields).with_grant(grant);
        let (client, tokens) =
            (ways::operators_client(&client), (access_token, grant.refresh_token.as_ref()));
        let mut waits = WAITS.into_iter();
        loop {
            let parts = &self.parts;
            let error = match oauth::revoke(&parts.http, &parts.clock, step, &client, &values, tokens).await {
                Ok(()) => return,
                Err(error) => error,
            };
            let Some(wait) = waits.next().filter(|_| error.passes()) else {
                tracing::warn!(connection = %connection.id, app = app.name, %error, "grant not ended at the provider");
                return;
            };
            sleep(wait).await;
        }
    }
}
