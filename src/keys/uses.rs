//! When keys were last used: noted in memory by every call, written down in batches.

use dashmap::DashMap;

use crate::{clock::Timestamp, id::KeyId};

/// The uses that are not yet written down.
#[derive(Debug, Default)]
pub(super) struct Uses(DashMap<KeyId, Timestamp>);

impl Uses {
    pub(super) fn note(&self, id: KeyId, now: Timestamp) {
        let mut last = self.0.entry(id).or_insert(now);
        *last = (*last).max(now);
    }

    /// Takes what has gathered.
    pub(super) fn take(&self) -> Vec<(KeyId, Timestamp)> {
        let ids: Vec<KeyId> = self.0.iter().map(|entry| *entry.key()).collect();
        ids.iter().filter_map(|id| self.0.remove(id)).collect()
    }

    /// Takes back what could not be written down.
    pub(super) fn put_back(&self, uses: Vec<(KeyId, Timestamp)>) {
        for (id, time) in uses {
            self.note(id, time);
        }
    }
}
