//! From the store to a credential: what is stored is asked first, the provider only if that is not enough.

use std::sync::{Arc, atomic::Ordering};

use super::{
    Connection, Connections, CredentialError, Fault, TOKEN_EXPIRED, asking,
    fresh::{Obtained, Ready},
    gather::Gathering,
    grant::Grant,
    prepare, ways,
};
use crate::{
    catalog::{
        app::App,
        auth::{Auth, Spend},
    },
    clients::OAuthClient,
    clock::Timestamp,
    id::ConnectionId,
    store::GrantRow,
};

/// Why a credential is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cause {
    /// A call needs it, or the job found it due.
    Wanted,
    /// The upstream refused the token of this generation.
    Refused(i64),
    /// The upstream took it: what was kept in case it never worked can go.
    Proven,
}

/// A connection and its grant, as stored.
#[derive(Clone)]
pub(super) struct Held {
    pub(super) connection: Connection,
    pub(super) app: Arc<App>,
    /// The operator's client, where the way asks for one.
    pub(super) client: Option<Arc<OAuthClient>>,
    pub(super) grant: Grant,
    pub(super) generation: i64,
    pub(super) issued: Timestamp,
    pub(super) expires: Option<Timestamp>,
}

/// What became of an attempt to renew.
pub(super) enum Renewed {
    /// Done, or the old one has to do.
    Ready(Arc<Ready>),
    /// The stored grant is another one by now: look again.
    Moved,
}

impl Connections {
    /// The credential of a connection, renewed if it is due.
    pub(super) async fn obtain(&self, id: ConnectionId, cause: Cause) -> Obtained {
        for _ in 0..4 {
            let held = self.held(id).await?;
            let renewed = if cause == Cause::Proven && held.grant.previous_refresh_token.is_some() {
                self.drop_previous(held).await?
            } else if self.is_due(&held, cause) {
                self.renew(held, cause).await?
            } else {
                Renewed::Ready(self.ready(&held)?)
            };
            if let Renewed::Ready(ready) = renewed {
                return Ok(ready);
            }
        }
        Err(Fault::Unavailable("the connection changes faster than it can be read".to_owned()).into())
    }

    /// What is stored, if it can be used.
    pub(super) async fn held(&self, id: ConnectionId) -> Result<Held, CredentialError> {
        let gone = || CredentialError::Unusable("The connection was deleted.".to_owned());
        let row =
            self.parts.store.connections().find_by_id(id).await.map_err(Fault::from)?.ok_or_else(gone)?;
        let connection = Connection::try_from(row)?;
        if connection.needs_reauthorization() {
            return Err(CredentialError::Reauthorize { url: self.connect_url(&connection) });
        }
        if !connection.is_active() {
            return Err(CredentialError::Unusable(format!("The connection is {}.", connection.status)));
        }
        let app = self.known(self.app_of(&connection)?, connection.method, &connection.fields).await?;
        let row = self.parts.store.grants().find(id).await.map_err(Fault::from)?.ok_or_else(gone)?;
        let GrantRow { generation, expires_time: expires, updated_time: issued, .. } = row;
        let grant = Grant::open(&self.parts.vault, connection.owner, row)?;
        let client = match app.way(connection.method) {
            Some(way) => self.client_of(way).await?,
            None => None,
        };
        Ok(Held { connection, app, client, grant, generation, issued, expires })
    }

    pub(super) fn app_of(&self, connection: &Connection) -> Result<Arc<App>, CredentialError> {
        let gone =
            || CredentialError::Unusable(format!("No app file describes {} any more.", connection.app));
        self.parts.apps.app(&connection.app).ok_or_else(gone)
    }

    fn is_due(&self, held: &Held, cause: Cause) -> bool {
        let now = self.parts.clock.now();
        if !held.way().is_some_and(ways::is_renewable) {
            return false;
        }
        if held.expires.is_some_and(|expires| expires <= now) {
            return true;
        }
        match cause {
            _ if !held.can_renew(now) => false,
            Cause::Refused(generation) => {
                // Given in the future it was by another node's clock, which says nothing here.
                let is_old = held.issued > now || now >= held.issued + self.schedule.spacing;
                held.generation <= generation && is_old
            }
            Cause::Wanted | Cause::Proven => self.renewal(held).is_some_and(|due| due <= now),
        }
    }

    fn renewal(&self, held: &Held) -> Option<Timestamp> {
        let expires = held.expires.filter(|_| held.can_renew(self.parts.clock.now()))?;
        let ends_for_good = held.way().is_some_and(|way| way.refresh.spend == Spend::AccessToken);
        let schedule = if ends_for_good { self.schedule.early() } else { self.schedule };
        Some(schedule.renewal(held.connection.id, held.issued, expires))
    }

    /// The credential that a stored grant gives.
    pub(super) fn ready(&self, held: &Held) -> Obtained {
        let (unusable, now) = (CredentialError::Unusable, self.parts.clock.now());
        let gathering = held.gathering()?;
        let (app, way, mut values) = (gathering.app, gathering.way, gathering.values());
        let (mut expires, mut renew_at) = (held.expires, self.renewal(held));
        if ways::signs_itself(way) {
            expires =
                asking::sign(&mut values, way, now).map_err(|error| unusable(format!("The key {error}.")))?;
            renew_at = expires.map(|end| self.schedule.renewal(held.connection.id, now, end));
        }
        let credential = prepare::prepare(app, way, &values, (held.generation, expires))
            .map_err(|unfit| unusable(unfit.to_string()))?;
        credential.unproven.store(held.grant.previous_refresh_token.is_some(), Ordering::Relaxed);
        Ok(Arc::new(Ready {
            credential: Arc::new(credential),
            link: held.connection.generation,
            issued: held.issued,
            renew_at,
            kept: now,
        }))
    }

    /// Marks a connection whose token has ended and can't be renewed.
    pub(super) async fn expired(&self, held: &Held) -> Result<Renewed, CredentialError> {
        self.fail(held, TOKEN_EXPIRED).await
    }

    /// Records that only a reconnect helps, unless the grant was replaced meanwhile.
    pub(super) async fn fail(&self, held: &Held, reason: &str) -> Result<Renewed, CredentialError> {
        let Held { connection, generation, .. } = held;
        let now = self.parts.clock.now();
        let failed = self.parts.store.connections().fail_grant(connection.id, *generation, reason, now).await;
        if !failed.map_err(Fault::from)? {
            return Ok(Renewed::Moved);
        }
        tracing::warn!(connection = %connection.id, app = connection.app, reason, "connection needs re-authorization");
        self.forget(connection);
        Err(CredentialError::Reauthorize { url: self.connect_url(connection) })
    }
}

impl Held {
    /// The way in that its app's file describes.
    pub(super) fn way(&self) -> Option<&Auth> {
        self.app.way(self.connection.method)
    }

    /// What its templates read, and what may be changed by what a provider says.
    pub(super) fn gathering(&self) -> Result<Gathering<'_>, CredentialError> {
        let Self { connection, app, client, grant, .. } = self;
        let gone =
            || CredentialError::Unusable(format!("{} has no way {} any more.", app.name, connection.method));
        let way = self.way().ok_or_else(gone)?;
        let (client, fields, grant) = (client.as_deref(), connection.fields.clone(), grant.clone());
        Ok(Gathering { app, way, client, fields, grant, undecided: None })
    }

    /// Whether there is anything to ask a provider with. An access token can be spent only while it is good.
    pub(super) fn can_renew(&self, now: Timestamp) -> bool {
        let Some(way) = self.way().filter(|way| ways::is_renewable(way)) else { return false };
        ways::asks_as_client(way)
            || match way.refresh.spend {
                Spend::RefreshToken => self.grant.refresh_token.is_some(),
                Spend::AccessToken => self.expires.is_none_or(|expires| now < expires),
            }
    }
}
