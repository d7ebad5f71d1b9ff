//! Renewing a token, in the order that loses none: the store is shown to take writes, the provider is asked once,
//! its answer is durable, and only then does anybody get the new token.

use std::{sync::Arc, time::Duration};

use super::{
    Connections, CredentialError, Fault, REAUTHORIZATION_REQUIRED,
    backoff::Backoff,
    grant::Grant,
    obtain::{Held, Renewed},
    values::Values,
    ways,
};
use crate::{
    catalog::app::Method,
    clock::Timestamp,
    oauth::{self, OAuthError, TokenAnswer, TokenEndpoint},
    store::{GrantRow, StoreError},
    vault::Secret,
};

/// What the next token is asked for with.
enum Spend {
    RefreshToken(Secret),
    /// The client itself, in a client credentials grant.
    Client,
}

impl Spend {
    fn token(self) -> Option<Secret> {
        match self {
            Self::RefreshToken(token) => Some(token),
            Self::Client => None,
        }
    }
}

impl Connections {
    /// Asks the provider for the next token.
    pub(super) async fn renew(&self, held: Held) -> Result<Renewed, CredentialError> {
        let id = held.connection.id;
        if !held.can_renew() {
            return self.expired(&held).await;
        }
        if let Some(because) = self.fresh.pauses.running(id, self.parts.clock.now()) {
            return self.make_do(&held, because).await;
        }
        let Some(spend) = self.next_token(&held) else {
            return self.fail(&held, REAUTHORIZATION_REQUIRED).await;
        };
        match self.parts.store.grants().hold(id, held.generation).await {
            Ok(true) => {}
            Ok(false) => return Ok(Renewed::Moved),
            Err(error) => {
                let because = Fault::from(error);
                tracing::warn!(connection = %id, error = %because, "no renewal while the store takes no writes");
                return self.pause(&held, None, because.into()).await;
            }
        }
        let asked = self.parts.clock.now();
        match self.ask(&held, &spend).await {
            Ok(answer) => self.keep(held, spend, answer, asked).await,
            // Of a client's own credentials there is no successor to look for; that is an error like others.
            Err(OAuthError::InvalidGrant(code)) if matches!(spend, Spend::RefreshToken(_)) => {
                tracing::info!(connection = %id, code, "the provider no longer takes a refresh token");
                self.bury(&held);
                Ok(Renewed::Moved)
            }
            Err(error) => {
                tracing::warn!(connection = %id, app = held.app.name, %error, "token not renewed");
                let asked = match error {
                    OAuthError::RateLimited { retry_after } => retry_after,
                    _ => None,
                };
                self.pause(&held, asked, CredentialError::TokenEndpoint(error.to_string())).await
            }
        }
    }

    /// What to spend: the newest refresh token that is not known to be dead. Looking again after one has died reads
    /// the store first, so a token that another node has put there is found before this says that none is left.
    fn next_token(&self, held: &Held) -> Option<Spend> {
        if held.connection.method == Method::ClientCredentials {
            return Some(Spend::Client);
        }
        let dead = self.fresh.dead.get(&(held.connection.id, held.generation)).unwrap_or(0);
        let tokens = [&held.grant.refresh_token, &held.grant.previous_refresh_token];
        tokens.into_iter().flatten().nth(dead).map(|token| Spend::RefreshToken(token.clone()))
    }

    /// Notes that the token just spent is dead: it is never sent again.
    fn bury(&self, held: &Held) {
        let key = (held.connection.id, held.generation);
        let dead = self.fresh.dead.get(&key).unwrap_or(0);
        self.fresh.dead.insert(key, dead + 1);
    }

    async fn ask(&self, held: &Held, spend: &Spend) -> Result<TokenAnswer, OAuthError> {
        let missing = |what: &str| OAuthError::Configuration(format!("{what} is missing"));
        let Held { connection, app, grant, .. } = held;
        let way = app.way(connection.method).ok_or_else(|| missing("the app's way"))?;
        let token = way.token.as_ref().ok_or_else(|| missing("the app's token step"))?;
        let client =
            self.client_of(way).await.map_err(|_| OAuthError::Transient("the gateway's store is down"))?;
        let values = Values::of_app(app, way.method, client.as_deref())
            .with_fields(&connection.fields)
            .with_grant(grant);
        let client = match way.method {
            Method::ClientCredentials => ways::typed_client(&grant.credentials),
            _ => ways::operators_client(client.as_deref().ok_or_else(|| missing("the client"))?),
        };
        let parts = &self.parts;
        let endpoint =
            TokenEndpoint { http: &parts.http, clock: &parts.clock, token, client: &client, values: &values };
        match spend {
            Spend::RefreshToken(refresh_token) => {
                oauth::refresh(&endpoint, &way.refresh, refresh_token).await
            }
            Spend::Client => oauth::client_credentials(&endpoint, &token.scopes).await,
        }
    }

    /// Makes an answer durable; the credential that is given out is made from what was stored.
    async fn keep(
        &self,
        mut held: Held,
        with: Spend,
        answer: TokenAnswer,
        asked: Timestamp,
    ) -> Result<Renewed, CredentialError> {
        let spent = with.token();
        let has_rotated = answer.refresh_token.is_some() && answer.refresh_token != spent;
        let old = held.grant.refresh_token.take();
        let grant = Grant {
            access_token: Some(answer.access_token),
            refresh_token: answer.refresh_token.or_else(|| spent.clone()),
            previous_refresh_token: spent.filter(|_| has_rotated),
            ..held.grant
        };
        let expires = self.schedule.end(asked, answer.lifetime);
        let id = (held.connection.owner, held.connection.id);
        let row = grant.seal(&self.parts.vault, id, expires, asked)?;
        let Some(generation) = self.put(&row, held.generation, old.as_ref()).await else {
            self.revoke_unless_stored(held.connection, held.app, grant);
            return Ok(Renewed::Moved);
        };
        self.fresh.pauses.end(held.connection.id);
        tracing::debug!(connection = %held.connection.id, app = held.app.name, "token renewed");
        held = Held { grant, generation, issued: asked, expires, ..held };
        Ok(Renewed::Ready(self.ready(&held).await?))
    }

    /// Stores a row in the place of generation `expected`, however long the store takes to come back; the new
    /// generation, or nothing if the grant was replaced or deleted. A replacement that kept the same refresh token
    /// is older than this row, so this one still goes in.
    async fn put(&self, row: &GrantRow, mut expected: i64, old: Option<&Secret>) -> Option<i64> {
        let mut waits = Backoff::new();
        loop {
            match self.parts.store.grants().replace(row, expected).await {
                Ok(true) => return Some(expected + 1),
                Ok(false) => match self.held(row.connection).await {
                    Ok(now) if old.is_some() && now.grant.refresh_token.as_ref() == old => {
                        expected = now.generation;
                        continue;
                    }
                    Err(CredentialError::Store(Fault::Unavailable(_))) => {}
                    _ => return None,
                },
                Err(StoreError::Gone) => return None,
                Err(error) if waits.is_first() => {
                    tracing::error!(connection = %row.connection, %error, "a renewed token waits for the store");
                }
                Err(_) => {}
            }
            waits.wait().await;
        }
    }

    /// The new token has worked: the refresh token before it is no longer kept.
    pub(super) async fn drop_previous(&self, mut held: Held) -> Result<Renewed, CredentialError> {
        held.grant.previous_refresh_token = None;
        let id = (held.connection.owner, held.connection.id);
        let row = held.grant.seal(&self.parts.vault, id, held.expires, held.issued)?;
        if !self.parts.store.grants().replace(&row, held.generation).await.map_err(Fault::from)? {
            return Ok(Renewed::Moved);
        }
        held.generation += 1;
        Ok(Renewed::Ready(self.ready(&held).await?))
    }

    async fn pause(
        &self,
        held: &Held,
        asked: Option<Duration>,
        because: CredentialError,
    ) -> Result<Renewed, CredentialError> {
        let now = self.parts.clock.now();
        self.fresh.pauses.begin(held.connection.id, now, asked, because.clone());
        self.make_do(held, because).await
    }

    /// No new token: the old one serves as long as it is valid.
    async fn make_do(&self, held: &Held, because: CredentialError) -> Result<Renewed, CredentialError> {
        match held.expires {
            Some(expires) if expires <= self.parts.clock.now() => Err(because),
            _ => Ok(Renewed::Ready(self.ready(held).await?)),
        }
    }

    /// An answer that came too late to be stored is ended at the provider, if the connection was deleted. If it was
    /// only replaced, ending it could take the replacement along.
    fn revoke_unless_stored(
        &self,
        connection: super::Connection,
        app: Arc<crate::catalog::app::App>,
        grant: Grant,
    ) {
        let this = self.clone();
        self.apart(async move {
            if let Ok(None) = this.parts.store.connections().find_by_id(connection.id).await {
                this.end_at_provider(&connection, &app, &grant).await;
            }
        });
    }
}
