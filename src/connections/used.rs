//! When connections were last used: collected in memory, written in batches.

use std::{mem, time::Duration};

use dashmap::DashMap;

use super::{Connections, Credential};
use crate::{clock::Timestamp, id::ConnectionId};

/// How often the uses of one connection are noted: `last_used_time` may lag by a minute.
const NOTE: Duration = Duration::from_secs(10);

/// Uses that are not written yet.
pub(super) type Uses = DashMap<ConnectionId, Timestamp>;

impl Connections {
    /// The connection carried a call by this credential: its `last_used_time` follows within a minute. For most calls
    /// that was noted a moment ago.
    pub fn used_by(&self, connection: ConnectionId, credential: &Credential, now: Timestamp) {
        if credential.noted.is_due(now, NOTE) {
            self.uses.insert(connection, now);
        }
    }

    /// Job: writes the collected `last_used_time`s. Call it every half minute or so, and at stop.
    pub async fn flush_used(&self) {
        let mut batch = Vec::new();
        self.uses.retain(|id, time| {
            batch.push((*id, *time));
            false
        });
        if batch.is_empty() {
            return;
        }
        if let Err(error) = self.parts.store.connections().touch(&batch).await {
            tracing::warn!(%error, "last uses are not written yet");
            for (id, time) in mem::take(&mut batch) {
                self.uses.entry(id).or_insert(time);
            }
        }
    }
}
