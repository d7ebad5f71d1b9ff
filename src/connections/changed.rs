//! What others changed: another node, the command line, somebody by hand. It is no longer at hand here.

use super::{Connections, list::OfApp};
use crate::{
    clock::Timestamp,
    id::{ConnectionId, OwnerId},
};

impl Connections {
    /// Drops what is remembered of a connection that was made, changed or deleted.
    pub fn forget_changed(&self, owner: OwnerId, app: &str, id: ConnectionId) {
        self.lists.forget(&OfApp(owner, app));
        self.fresh.overtaken(id, i64::MAX);
    }

    /// Drops a credential that is of an earlier generation than the grant is now; without one, of any.
    pub fn forget_older(&self, id: ConnectionId, generation: Option<i64>) {
        self.fresh.overtaken(id, generation.unwrap_or(i64::MAX));
        self.fresh.pauses.end(id);
    }

    /// Drops all that is remembered.
    pub fn forget_all(&self) {
        self.lists.forget_all();
        self.fresh.forget_all();
    }

    /// Everything that others had changed at `then` was forgotten; see [`crate::cache::Cache::told`].
    pub fn told(&self, then: Option<Timestamp>) {
        self.lists.told(then);
    }
}
