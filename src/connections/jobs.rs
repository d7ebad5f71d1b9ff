//! What has to be done now and then: renewing grants that end soon, forgetting flows that nobody finished.

use std::time::Duration;

use futures_util::{StreamExt, stream};

use super::{Connections, CredentialError, obtain::Cause};
use crate::store::ConnectionRow;

/// As many as one round looks at; the soonest to end come first.
const BATCH: u32 = 1000;
/// A client's own token is asked for again by whoever needs it; the job renews those in use only.
const IN_USE: Duration = Duration::from_hours(1);

impl Connections {
    /// Job: renews grants that end soon. Call it every half minute or so. Dropping it ends no renewal.
    pub async fn refresh_due(&self) {
        let now = self.parts.clock.now();
        let (before, used) = (now + self.schedule.ahead, now - IN_USE);
        let ending = self.parts.store.connections().expiring(before, used, BATCH).await;
        let due = match ending {
            Ok(rows) => rows,
            Err(error) => {
                tracing::warn!(%error, "grants that end soon can't be looked up");
                return;
            }
        };
        stream::iter(due).for_each_concurrent(self.rules.concurrency, |row| self.renew_one(row)).await;
    }

    async fn renew_one(&self, row: ConnectionRow) {
        match self.wait(row.id, Cause::Wanted).await {
            // Renewing has said so itself.
            Ok(_) | Err(CredentialError::Reauthorize { .. } | CredentialError::TokenEndpoint(_)) => {}
            Err(error) => tracing::warn!(connection = %row.id, app = row.app, %error, "not renewed ahead"),
        }
    }

    /// Job: forgets flows that nobody finished, and what is in memory of connections and clients that nobody uses. Call it every
    /// minute or so.
    pub async fn sweep(&self) {
        self.lists.sweep();
        self.parts.clients.sweep();
        self.fresh.sweep(self.parts.clock.now());
        match self.parts.store.flows().sweep(self.parts.clock.now()).await {
            Ok(ended) => {
                tracing::debug!(count = ended.len(), "unfinished flows forgotten");
                self.abandon(ended).await;
            }
            Err(error) => tracing::warn!(%error, "unfinished flows are not forgotten yet"),
        }
    }
}
