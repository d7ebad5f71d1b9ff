//! Storing a grant that a provider has just given. The code is spent, so a store that is away for a moment must not
//! cost it; and a write whose answer was lost must not be taken for somebody else's.

use std::time::Duration;

use tokio::time::Instant;

use super::{Connection, Connections, Fault, backoff::Backoff, finish::Gained, grant::Grant};

/// How long a store may be away. The browser waits, or has left.
const PATIENCE: Duration = Duration::from_mins(1);

impl Connections {
    /// As [`Connections::complete`], again and again while the store is away. Not so means that this grant is not
    /// stored; after an error nobody knows.
    pub(super) async fn keep_gained(
        &self,
        connection: &Connection,
        gained: &Gained<'_>,
    ) -> Result<bool, Fault> {
        let give_up = Instant::now() + PATIENCE;
        let mut waits = Backoff::new();
        loop {
            let stored = match self.complete(connection, gained).await {
                // An earlier attempt may have got in although it seemed to fail.
                Ok(false) if !waits.is_first() => self.is_kept(connection, &gained.gathering.grant).await,
                other => other,
            };
            match stored {
                Err(Fault::Unavailable(why)) if Instant::now() < give_up => {
                    if waits.is_first() {
                        tracing::error!(connection = %connection.id, why, "a new grant waits for the store");
                    }
                }
                done => return done,
            }
            waits.wait().await;
        }
    }

    /// Whether what is stored is this grant, or came of it.
    async fn is_kept(&self, connection: &Connection, grant: &Grant) -> Result<bool, Fault> {
        let Some(row) = self.parts.store.grants().find(connection.id).await? else { return Ok(false) };
        Ok(Grant::open(&self.parts.vault, connection.owner, row)?.is_from(grant))
    }
}
