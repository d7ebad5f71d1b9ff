//! Which connection a call uses: the one it names, else the oldest ACTIVE one of its owner and app.

use std::sync::Arc;

use super::{Connection, Connections, Fault, Status, ways};
use crate::{
    catalog::app::App,
    clock::Timestamp,
    id::{ConnectionId, OwnerId},
    keys::{Rule, Rules},
};

/// The connection a call uses.
#[derive(Clone, Debug)]
pub struct Chosen {
    /// It.
    pub connection: Arc<Connection>,
    /// What `X-Maton-Hint` says, if anything; plain ASCII.
    pub hint: Option<String>,
    /// When it was chosen.
    pub at: Timestamp,
}

/// A connection that somebody still has to finish.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PendingLink {
    /// Its id.
    pub connection_id: ConnectionId,
    /// The page that finishes it.
    pub url: String,
}

/// One of the caller's ACTIVE connections, for an error that lists them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActiveSummary {
    /// Its id.
    pub connection_id: ConnectionId,
    /// What a person knows it by.
    pub label: Option<String>,
}

/// Why there is no connection for a call.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ChooseError {
    /// `connection_required`: none is ACTIVE.
    #[error("no active connection")]
    None {
        /// The PENDING ones.
        pending: Vec<PendingLink>,
    },
    /// `app_not_configured`: none, and nobody has given the OAuth client that the app needs.
    #[error("no OAuth client {client}")]
    NotConfigured {
        /// The client's name under `[clients]`.
        client: String,
        /// What to register at the provider.
        redirect_uri: String,
    },
    /// `connection_unknown`: the named one is not one of the caller's.
    #[error("unknown connection")]
    Unknown {
        /// The caller's ACTIVE ones of that app.
        active: Vec<ActiveSummary>,
    },
    /// `connection_unusable`: the named one is unfinished or of another app.
    #[error("{detail}")]
    Unusable {
        /// Why, and what to do.
        detail: String,
        /// The page that finishes it.
        url: Option<String>,
    },
    /// `reauthorization_required`: the provider has ended the grant.
    #[error("connection {} needs re-authorization", connection.id)]
    Reauthorize {
        /// Which.
        connection: Arc<Connection>,
        /// The page that reconnects it.
        url: String,
    },
    /// `not_allowed`: the key's rules are against the named one, or against every one of the app.
    #[error("not allowed by rule {}", .0.name())]
    NotAllowed(Rule),
    /// The store is out of reach.
    #[error(transparent)]
    Store(#[from] Fault),
}

impl Connections {
    /// The connection a call of `owner` to `app` uses; `wanted` is what the caller named. For a key with rules those
    /// connections are not there that it may not use.
    pub async fn choose(
        &self,
        owner: OwnerId,
        app: &Arc<App>,
        wanted: Option<ConnectionId>,
        rules: &Rules,
    ) -> Result<Chosen, ChooseError> {
        let mut now = self.parts.clock.now();
        let mut list = if let Some(list) = self.known_of_app(owner, &app.name, now) {
            list
        } else {
            // What is rare is put apart, so that the usual way needs no room for it. It may have taken its time.
            let list = Box::pin(self.of_app(owner, &app.name)).await?;
            now = self.parts.clock.now();
            list
        };
        if rules.connections.is_some() {
            let may = |one: &&Arc<Connection>| rules.connection(&one.app, one.id).is_ok();
            list = list.iter().filter(may).map(Arc::clone).collect();
        }
        match wanted {
            Some(id) => Box::pin(self.named((owner, app, id), &list, rules)).await,
            None if rules.connections.is_some() && list.is_empty() => {
                Err(ChooseError::NotAllowed(Rule::Connections))
            }
            None => match self.oldest(app, &list, now) {
                Some(oldest) => oldest,
                None => Err(Box::pin(self.none(app, &list)).await),
            },
        }
    }

    async fn named(
        &self,
        (owner, app, id): (OwnerId, &App, ConnectionId),
        list: &[Arc<Connection>],
        rules: &Rules,
    ) -> Result<Chosen, ChooseError> {
        let now = || self.parts.clock.now();
        let found = match list.iter().find(|connection| connection.id == id) {
            Some(connection) => Some(Arc::clone(connection)),
            // Perhaps made a moment ago on another node, or of another app.
            None => self.found(owner, id).await?.map(Arc::new),
        };
        if let Some(Err(rule)) = found.as_ref().map(|found| rules.connection(&found.app, id)) {
            return Err(ChooseError::NotAllowed(rule));
        }
        match found {
            None => Err(ChooseError::Unknown { active: summaries(list) }),
            Some(other) if other.app != app.name => Err(ChooseError::Unusable {
                detail: format!("Connection {id} is one of {}, not of {}.", other.app, app.name),
                url: None,
            }),
            Some(connection) if connection.is_active() => Ok(Chosen { connection, hint: None, at: now() }),
            Some(connection) => Err(self.unusable(&connection)),
        }
    }

    /// Why a connection that is not ACTIVE carries no call, and what to do.
    fn unusable(&self, connection: &Arc<Connection>) -> ChooseError {
        let (id, url) = (connection.id, self.connect_url(connection));
        if connection.needs_reauthorization() {
            return ChooseError::Reauthorize { connection: Arc::clone(connection), url };
        }
        if connection.awaits_confirmation() {
            let detail = format!(
                "Connection {id} waits for its owner to accept who was connected. Look at its metadata, then send \
                 POST /connections/{id}/confirm."
            );
            return ChooseError::Unusable { detail, url: None };
        }
        let why =
            connection.status_reason.as_deref().map(|reason| format!(" ({reason})")).unwrap_or_default();
        let detail = format!("Connection {id} is {}{why}. Open its url to finish it.", connection.status);
        ChooseError::Unusable { detail, url: Some(url) }
    }

    /// The oldest ACTIVE one, if there is one.
    fn oldest(
        &self,
        app: &App,
        list: &[Arc<Connection>],
        at: Timestamp,
    ) -> Option<Result<Chosen, ChooseError>> {
        let mut active = list.iter().filter(|connection| connection.is_active());
        let first = active.next()?;
        let ended =
            list.iter().take_while(|older| older.id != first.id).find(|older| older.needs_reauthorization());
        if let Some(ended) = ended.filter(|_| self.rules.strict) {
            return Some(Err(self.unusable(ended)));
        }
        let others = active.count();
        let several = (others > 0).then(|| {
            format!(
                "{} connections of {} are active; {} is the oldest and was used. Send Maton-Connection with an id \
                 to choose.",
                others + 1,
                app.name,
                first.id
            )
        });
        let moved = ended.map(|ended| {
            format!(
                "Connection {} is older and needs re-authorization: POST /connections/{}/reconnect.",
                ended.id, ended.id
            )
        });
        let hints: Vec<String> = moved.into_iter().chain(several).collect();
        let hint = (!hints.is_empty()).then(|| hints.join(" "));
        Some(Ok(Chosen { connection: Arc::clone(first), hint, at }))
    }

    async fn none(&self, app: &App, list: &[Arc<Connection>]) -> ChooseError {
        if let Some(ended) = list.iter().find(|connection| connection.needs_reauthorization()) {
            return self.unusable(ended);
        }
        let pending: Vec<_> = list.iter().filter(|connection| connection.status == Status::Pending).collect();
        if let [only] = pending.as_slice()
            && only.awaits_confirmation()
        {
            return self.unusable(only);
        }
        let open = match self.first_open(app).await {
            Ok(open) => open,
            Err(fault) => return fault.into(),
        };
        match ways::missing_client(app).filter(|_| open.is_none() && pending.is_empty()) {
            Some(client) => ChooseError::NotConfigured {
                client: client.to_owned(),
                redirect_uri: self.redirect_uri(&app.name),
            },
            None => ChooseError::None {
                pending: pending
                    .into_iter()
                    .map(|connection| PendingLink {
                        connection_id: connection.id,
                        url: self.connect_url(connection),
                    })
                    .collect(),
            },
        }
    }
}

fn summaries(list: &[Arc<Connection>]) -> Vec<ActiveSummary> {
    let active = list.iter().filter(|connection| connection.is_active());
    active
        .map(|connection| ActiveSummary {
            connection_id: connection.id,
            label: connection.label().map(str::to_owned),
        })
        .collect()
}
