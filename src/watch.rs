//! What others change in the store: another node, the command line, somebody by hand. The log of changes is read once
//! a second, and who remembers something of it forgets that; everything else is believed on.
//!
//! It decides nothing and asks for nothing that changed: whoever needs it next does.

use std::{sync::Arc, time::Duration};

use tokio::{sync::Mutex, time::timeout};

use crate::{
    clients::Clients,
    clock::{Clock, Timestamp},
    connections::Connections,
    keys::Keys,
    store::{Change, News, Place, Store},
};

/// How long one look may take: a connection to the store that died is given up.
const PATIENCE: Duration = Duration::from_secs(3);
/// How long the log is kept. Who couldn't read for so long begins anew.
const KEPT: Duration = Duration::from_mins(10);

/// Looks at what changes. A clone looks from the same place.
#[derive(Clone, Debug)]
pub struct Watch {
    things: Things,
    store: Store,
    clock: Clock,
    state: Arc<Mutex<State>>,
}

/// Those who remember.
#[derive(Clone, Debug)]
pub struct Things {
    /// By digest.
    pub keys: Keys,
    /// By name.
    pub clients: Clients,
    /// Lists by owner and app, credentials by connection.
    pub connections: Connections,
}

#[derive(Debug, Default)]
struct State {
    place: Place,
    failed: bool,
}

impl Watch {
    /// Over this store and those who remember what is in it.
    #[must_use]
    pub fn new(store: Store, clock: Clock, things: Things) -> Self {
        Self { things, store, clock, state: Arc::default() }
    }

    /// Job: tells what changed. Call it every second or so; while it fails, what is remembered grows old.
    pub async fn look(&self) {
        let mut state = self.state.lock().await;
        let then = self.clock.now();
        let news = timeout(PATIENCE, self.store.changes().since(&mut state.place)).await;
        let failure = match news {
            Ok(Ok(news)) => {
                self.things.tell(&news, then);
                state.failed = false;
                return;
            }
            Ok(Err(error)) => error.to_string(),
            Err(_) => "the store takes too long".to_owned(),
        };
        if !state.failed {
            tracing::warn!(error = failure, "not known what others change; asking the store more often");
        }
        state.failed = true;
    }

    /// Job: takes out of the log what everybody has read. Call it every minute or so.
    pub async fn sweep(&self) {
        if let Err(error) = self.store.changes().sweep(KEPT).await {
            tracing::warn!(%error, "the log of changes is not swept yet");
        }
    }
}

impl Things {
    fn tell(&self, news: &News, then: Timestamp) {
        match news {
            News::Later => return self.told(None),
            News::Begins => self.forget_all(),
            News::Changes(changes) => {
                for change in changes {
                    self.forget(change);
                }
            }
        }
        // Last: only what is not forgotten may be believed on.
        self.told(Some(then));
    }

    fn forget(&self, change: &Change) {
        match change {
            Change::Key(digest) => self.keys.forget_digest(digest),
            Change::Connection { id, owner, app } => self.connections.forget_changed(*owner, app, *id),
            Change::Grant { connection, generation } => {
                self.connections.forget_older(*connection, *generation);
            }
            Change::Client(name) => self.clients.forget(name),
        }
    }

    fn forget_all(&self) {
        self.keys.forget_all();
        self.clients.forget_all();
        self.connections.forget_all();
    }

    fn told(&self, then: Option<Timestamp>) {
        self.keys.told(then);
        self.clients.told(then);
        self.connections.told(then);
    }
}
