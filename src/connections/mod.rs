//! Connections: what the gateway presents upstream. Make, list, choose, connect, refresh, disconnect.
//!
//! A connection is a row everybody may see and a sealed grant nobody sees; only this room opens the grant, and
//! what leaves it is a [`Credential`] for one request. Doors know nothing of the store or of OAuth.

use std::sync::Arc;

use tokio_util::{sync::CancellationToken, task::TaskTracker};

use crate::{
    cache::{Cache, Times},
    catalog::Apps,
    clients::Clients,
    clock::Clock,
    config::Settings,
    id::OwnerId,
    net,
    owners::Owners,
    store::Store,
    vault::Vault,
};

mod also;
mod asking;
mod backoff;
mod begin;
mod callback;
mod candidates;
mod changed;
mod choose;
mod connection;
mod create;
mod credential;
mod cursor;
mod fault;
mod finish;
mod flow;
mod found;
mod fresh;
#[cfg(any(test, fuzzing))]
pub(crate) mod fuzzing;
mod gather;
mod grant;
mod input;
mod jobs;
mod keep;
mod legs;
mod link;
mod list;
mod manage;
mod obtain;
mod offer;
mod pause;
mod pending;
mod pick;
mod place;
mod prepare;
mod probe;
mod renew;
mod revoke;
mod rules;
mod schedule;
mod sign;
mod take;
mod turns;
mod under_way;
mod used;
mod values;
mod ways;

pub use self::{
    choose::{ActiveSummary, ChooseError, Chosen, PendingLink},
    connection::{
        AWAITING_CONFIRMATION, Connection, REAUTHORIZATION_REQUIRED, Status, TOKEN_EXPIRED, UNPROBED,
    },
    create::{CreateError, NewConnection},
    credential::{Base, Credential, Own},
    fault::Fault,
    flow::{
        Asked, BeginError, Begun, CallbackError, Choice, Choosing, Finished, LinkError, Offer, OfferedWay,
        Outcome, PickError, Picking, Wrong,
    },
    fresh::CredentialError,
    list::{ConnectionError, Filter, Page},
};
use self::{
    found::Registering,
    fresh::Fresh,
    list::{Lists, OfApp},
    rules::Rules,
    schedule::Schedule,
    used::Uses,
};

/// What connections are made of.
#[derive(Clone, Debug)]
pub struct Parts {
    /// The apps.
    pub apps: Apps,
    /// Where rows are kept.
    pub store: Store,
    /// What seals grants and signs links.
    pub vault: Vault,
    /// The operator's OAuth clients.
    pub clients: Clients,
    /// The accounts.
    pub owners: Owners,
    /// What speaks to providers.
    pub http: net::client::Client,
    /// The time.
    pub clock: Clock,
}

/// All connections of this gateway. A clone shares everything.
#[derive(Clone)]
pub struct Connections {
    parts: Arc<Parts>,
    rules: Arc<Rules>,
    schedule: Schedule,
    lists: Lists,
    fresh: Arc<Fresh>,
    uses: Arc<Uses>,
    under_way: TaskTracker,
    registering: Arc<Registering>,
    /// Cancelled at the stop: what waits for a turn is given up, as nothing of it was sent.
    stopping: CancellationToken,
}

impl Connections {
    /// Connections out of their parts, by the operator's rules.
    #[must_use]
    pub fn new(parts: Parts, settings: &Settings) -> Self {
        let entries = settings.cache.entries.get();
        let times = Times { fresh: settings.cache.fresh, grace: settings.store.grace };
        let lists: Lists = Cache::new(parts.clock.clone(), times, entries);
        let known = lists.clone();
        parts.owners.on_change(move |owner: OwnerId| {
            known.forget_if(|list| list.iter().any(|connection| connection.owner == owner));
        });
        Self {
            rules: Arc::new(Rules::of(settings)),
            schedule: Schedule { ahead: settings.refresh.ahead, spacing: settings.refresh.spacing },
            lists,
            fresh: Arc::new(Fresh::new(entries)),
            uses: Arc::new(Uses::default()),
            under_way: TaskTracker::new(),
            registering: Arc::default(),
            stopping: CancellationToken::new(),
            parts: Arc::new(parts),
        }
    }

    /// A working connect link. Writes nothing and ends no earlier link.
    #[must_use]
    pub fn connect_url(&self, connection: &Connection) -> String {
        let expires = self.parts.clock.now() + self.rules.link_lifetime;
        let link = link::Link { connection: connection.id, generation: connection.generation, expires };
        format!("{}/connect?session_token={}", self.rules.control_url, link.token(&self.parts.vault))
    }

    /// `redirect_uri` of an app, as it has to be registered at the provider.
    #[must_use]
    pub fn redirect_uri(&self, app: &str) -> String {
        format!("{}/callback/{app}", self.rules.control_url)
    }

    /// Drops what is in memory of a connection that was changed or deleted.
    fn forget(&self, connection: &Connection) {
        self.lists.forget(&OfApp(connection.owner, connection.app.as_str()));
        self.fresh.forget(connection.id);
    }
}

impl std::fmt::Debug for Connections {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connections").field("rules", &self.rules).finish_non_exhaustive()
    }
}
