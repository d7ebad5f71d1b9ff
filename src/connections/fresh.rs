//! A credential that works now: at hand, renewed ahead of its end, one renewal at a time per connection.
//!
//! A call takes what is at hand. Only where no valid token is left does it wait, and what it waits for runs apart
//! from it: a caller that hangs up ends nothing. How a renewal goes is in [`super::obtain`] and [`super::renew`].

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, atomic::Ordering},
    time::Duration,
};

use foldhash::fast::RandomState;
use futures_util::{
    FutureExt,
    future::{BoxFuture, Shared},
};
use quick_cache::{
    UnitWeighter,
    sync::{Cache, DefaultLifecycle},
};
use tokio::time::timeout;

use super::{Connection, Connections, Credential, Fault, obtain::Cause, pause::Pauses, turns::Turns, ways};
use crate::{clock::Timestamp, id::ConnectionId};

/// How long a call waits for a renewal; the renewal itself goes on.
const PATIENCE: Duration = Duration::from_secs(40);

/// How long a credential is kept that nobody uses.
const IDLE: Duration = Duration::from_mins(30);

/// Why there is no credential for a connection.
#[derive(Clone, Debug, thiserror::Error)]
pub enum CredentialError {
    /// `reauthorization_required`: the provider has ended the grant.
    #[error("the provider has ended the grant")]
    Reauthorize {
        /// The page that reconnects it.
        url: String,
    },
    /// `token_endpoint_failed`: no valid token left, and the provider gave no new one.
    #[error("{0}")]
    TokenEndpoint(String),
    /// `connection_unusable`: deleted or changed meanwhile, or its app's file asks for what it hasn't got.
    #[error("{0}")]
    Unusable(String),
    /// The store is out of reach.
    #[error(transparent)]
    Store(#[from] Fault),
}

/// A credential at hand.
#[derive(Debug)]
pub(super) struct Ready {
    pub(super) credential: Arc<Credential>,
    /// Link generation of the connection it was made for; a completed reconnect raises it.
    pub(super) link: i64,
    /// When its token was given.
    pub(super) issued: Timestamp,
    /// From when on a successor is asked for.
    pub(super) renew_at: Option<Timestamp>,
    /// When it came to hand.
    pub(super) kept: Timestamp,
}

impl Ready {
    fn has_ended(&self, now: Timestamp) -> bool {
        self.credential.expires.is_some_and(|expires| expires <= now)
    }
}

pub(super) type Obtained = Result<Arc<Ready>, CredentialError>;
type Running = Shared<BoxFuture<'static, Obtained>>;

/// One that is on its way.
struct Renewal {
    running: Running,
    /// Of which generation the grant is by now, as others said meanwhile: an older credential is not kept.
    overtaken: i64,
    /// Whether there is a new token by now, and the store doesn't take it.
    waits_for_store: bool,
}

/// What is at hand, and what is on its way.
pub(super) struct Fresh {
    ready: Cache<ConnectionId, Arc<Ready>, UnitWeighter, RandomState>,
    running: Mutex<HashMap<ConnectionId, Renewal>>,
    pub(super) pauses: Pauses,
    pub(super) turns: Turns,
    /// How many of a grant's refresh tokens are known to be dead, by its generation.
    pub(super) dead: Cache<(ConnectionId, i64), usize>,
    /// When a renewal was last forced by an upstream's 401.
    forced: Cache<ConnectionId, Timestamp>,
}

impl Fresh {
    pub(super) fn new(entries: u64) -> Self {
        let items = usize::try_from(entries).unwrap_or(usize::MAX);
        let (hasher, lifecycle) = (RandomState::default(), DefaultLifecycle::default());
        Self {
            ready: Cache::with(items, entries, UnitWeighter, hasher, lifecycle),
            running: Mutex::default(),
            pauses: Pauses::new(),
            turns: Turns::new(),
            dead: Cache::new(items),
            forced: Cache::new(items),
        }
    }

    /// Drops what is at hand for a connection that was changed or deleted.
    pub(super) fn forget(&self, id: ConnectionId) {
        self.ready.remove(&id);
        self.pauses.end(id);
    }

    /// Drops what is at hand of a grant that is of this generation now, and keeps what is on its way from coming to
    /// hand if it is older.
    pub(super) fn overtaken(&self, id: ConnectionId, generation: i64) {
        if let Some(renewal) = self.running().get_mut(&id) {
            renewal.overtaken = renewal.overtaken.max(generation);
        }
        if self.ready.get(&id).is_some_and(|ready| ready.credential.generation < generation) {
            self.ready.remove(&id);
        }
    }

    /// Drops all that is at hand.
    pub(super) fn forget_all(&self) {
        for renewal in self.running().values_mut() {
            renewal.overtaken = i64::MAX;
        }
        self.ready.clear();
    }

    /// Drops credentials that nobody has used for long: secrets stay in memory only where they are needed.
    pub(super) fn sweep(&self, now: Timestamp) {
        let used = |ready: &Ready| ready.credential.noted.last().max(ready.kept);
        self.ready.retain(|_, ready| now.since(used(ready)) < IDLE);
    }

    /// Brings what was obtained to hand, unless somebody was faster.
    fn keep(&self, id: ConnectionId, ready: &Arc<Ready>) {
        self.ready.insert(id, Arc::clone(ready));
        // Looked at afterwards: who overtakes it now finds it at hand.
        if self.running().get(&id).is_some_and(|renewal| ready.credential.generation < renewal.overtaken) {
            self.ready.remove(&id);
        }
    }

    /// Notes that a renewed token waits for the store.
    pub(super) fn waits_for_store(&self, id: ConnectionId) {
        if let Some(renewal) = self.running().get_mut(&id) {
            renewal.waits_for_store = true;
        }
    }

    fn running(&self) -> std::sync::MutexGuard<'_, HashMap<ConnectionId, Renewal>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn at_hand(&self, connection: &Connection) -> Option<Arc<Ready>> {
        self.ready.get(&connection.id).filter(|ready| ready.link >= connection.generation)
    }
}

impl Connections {
    /// A credential of `connection` that works `now`. Waits for a renewal only if no valid token is left.
    pub async fn credential(
        &self,
        connection: &Arc<Connection>,
        now: Timestamp,
    ) -> Result<Arc<Credential>, CredentialError> {
        if let Some(ready) = self.fresh.at_hand(connection).filter(|ready| !ready.has_ended(now)) {
            let is_due = ready.renew_at.is_some_and(|due| due <= now);
            if is_due && self.fresh.pauses.running(connection.id, now).is_none() {
                drop(self.start(connection.id, Cause::Wanted));
            }
            return Ok(Arc::clone(&ready.credential));
        }
        let renewed = Box::pin(self.wait(connection.id, Cause::Wanted)).await;
        renewed.map(|ready| Arc::clone(&ready.credential))
    }

    /// The upstream said 401 to `refused`: a newer credential, if the provider gives one. `None`: pass the 401 on.
    pub async fn refused(
        &self,
        connection: &Arc<Connection>,
        refused: &Credential,
    ) -> Option<Arc<Credential>> {
        let newer = |ready: Arc<Ready>| {
            (ready.credential.generation > refused.generation).then(|| Arc::clone(&ready.credential))
        };
        let at_hand = || self.fresh.at_hand(connection).and_then(newer);
        if let Some(credential) = at_hand() {
            return Some(credential);
        }
        self.unauthorized(connection, refused);
        let running = self.fresh.running().get(&connection.id).map(|renewal| renewal.running.clone());
        // None on its way: perhaps it has just arrived.
        let Some(running) = running else { return at_hand() };
        timeout(PATIENCE, running).await.ok()?.ok().and_then(newer)
    }

    /// The upstream said 401 to `refused`: a renewal begins, for the calls after this one. Cheap.
    ///
    /// A token is not renewed sooner than the usual spacing after it was given, and not tried again sooner after
    /// that failed (TL-13): an upstream that always says 401 drives nothing.
    pub fn unauthorized(&self, connection: &Arc<Connection>, refused: &Credential) {
        let (id, now) = (connection.id, self.parts.clock.now());
        let Some(ready) = self.fresh.at_hand(connection) else { return };
        let is_newest = ready.credential.generation <= refused.generation;
        // Given in the future it was by another node's clock, which says nothing here.
        let issued = ready.issued.min(ready.kept);
        let tried = self.fresh.forced.get(&id).map_or(issued, |last| last.max(issued));
        if is_newest && now >= tried + self.schedule.spacing && self.is_renewable(connection) {
            self.fresh.forced.insert(id, now);
            drop(self.start(id, Cause::Refused(refused.generation)));
        }
    }

    fn is_renewable(&self, connection: &Connection) -> bool {
        let app = self.parts.apps.now().app(&connection.app).cloned();
        app.is_some_and(|app| app.way(connection.method).is_some_and(ways::is_renewable))
    }

    /// The upstream took `credential` (any answer but 401): its predecessor is no longer needed. Cheap.
    pub fn worked(&self, connection: &Arc<Connection>, credential: &Credential) {
        if credential.unproven.load(Ordering::Relaxed) && credential.unproven.swap(false, Ordering::Relaxed) {
            drop(self.start(connection.id, Cause::Proven));
        }
    }

    /// What comes of a renewal that is on its way or begins now.
    pub(super) async fn wait(&self, id: ConnectionId, cause: Cause) -> Obtained {
        let renewed = async {
            // One that was on its way for another reason may have looked before the token ended.
            for _ in 0..3 {
                let ready = self.start(id, cause).await?;
                if !ready.has_ended(self.parts.clock.now()) {
                    return Ok(ready);
                }
            }
            Err(CredentialError::Unusable(
                "The connection's token has ended, and its app's file knows no way to a new one.".to_owned(),
            ))
        };
        timeout(PATIENCE, renewed).await.unwrap_or_else(|_| {
            let waits_for_store =
                self.fresh.running().get(&id).is_some_and(|renewal| renewal.waits_for_store);
            Err(if waits_for_store {
                Fault::Unavailable("a renewed token waits for the store to take it".to_owned()).into()
            } else {
                CredentialError::TokenEndpoint("the provider has not given a new token yet".to_owned())
            })
        })
    }

    /// Begins a renewal unless one is on its way. It runs by itself, whoever waits for it.
    fn start(&self, id: ConnectionId, cause: Cause) -> Running {
        let mut running = self.fresh.running();
        if let Some(on_its_way) = running.get(&id) {
            return on_its_way.running.clone();
        }
        let this = self.clone();
        let task = self.apart(async move {
            let _over = Over { connections: this.clone(), id };
            let obtained = this.obtain(id, cause).await;
            this.note(id, &obtained);
            obtained
        });
        let ended = |result: Result<Obtained, _>| {
            result.unwrap_or_else(|_| Err(Fault::Internal("a renewal did not end".to_owned()).into()))
        };
        let started = task.map(ended).boxed().shared();
        running.insert(id, Renewal { running: started.clone(), overtaken: i64::MIN, waits_for_store: false });
        started
    }

    /// What a renewal left behind: a fault ends nothing that is at hand, and is not met again at once.
    fn note(&self, id: ConnectionId, obtained: &Obtained) {
        let now = self.parts.clock.now();
        match obtained {
            Ok(ready) => self.fresh.keep(id, ready),
            Err(CredentialError::Reauthorize { .. } | CredentialError::Unusable(_)) => {
                self.fresh.ready.remove(&id);
            }
            Err(error) if self.fresh.pauses.running(id, now).is_none() => {
                self.fresh.pauses.begin(id, now, None, error.clone());
            }
            Err(_) => {}
        }
    }
}

/// Takes a renewal off the list however it ends.
struct Over {
    connections: Connections,
    id: ConnectionId,
}

impl Drop for Over {
    fn drop(&mut self) {
        self.connections.fresh.running().remove(&self.id);
    }
}

#[cfg(test)]
mod tests;
