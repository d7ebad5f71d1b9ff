//! Renewing a token, in the order that loses none: the store is shown to take writes, the provider is asked once,
//! its answer is durable, and only then does anybody get the new token.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use super::{
    Connections, CredentialError, Fault, REAUTHORIZATION_REQUIRED,
    asking::With,
    backoff::Backoff,
    gather::{Gathering, NotFound},
    grant::Grant,
    list::OfApp,
    obtain::{Cause, Held, Renewed},
    ways,
};
use crate::{
    catalog::auth::Spend as SpendBy,
    clock::Timestamp,
    oauth::{OAuthError, TokenAnswer},
    store::{GrantRow, StoreError, Told},
    vault::Secret,
};

/// After so many refusals what was typed in is taken to be good no longer.
const REFUSALS: usize = 2;

/// What the next token is asked for with.
enum Spend {
    RefreshToken(Secret),
    /// The access token itself, while it is good.
    AccessToken,
    /// What the user typed in.
    Client,
}

impl Spend {
    fn with(&self) -> With<'_> {
        match self {
            Self::RefreshToken(token) => With::Refresh(Some(token)),
            Self::AccessToken => With::Refresh(None),
            Self::Client => With::Client,
        }
    }

    fn refresh_token(self) -> Option<Secret> {
        match self {
            Self::RefreshToken(token) => Some(token),
            Self::AccessToken | Self::Client => None,
        }
    }
}

impl Connections {
    /// Asks the provider for the next token.
    pub(super) async fn renew(&self, held: Held, cause: Cause) -> Result<Renewed, CredentialError> {
        let (id, now) = (held.connection.id, self.parts.clock.now());
        if !held.can_renew(now) {
            return self.expired(&held).await;
        }
        if let Some(because) = self.fresh.pauses.running(id, now) {
            return self.make_do(&held, because);
        }
        let Some(spend) = self.next_token(&held) else {
            return self.fail(&held, REAUTHORIZATION_REQUIRED).await;
        };
        let Ok(_turn) = self.turn(&held, cause).await else {
            return self.make_do(&held, CredentialError::TokenEndpoint("the gateway is stopping".to_owned()));
        };
        match self.parts.store.grants().hold(id, held.generation).await {
            Ok(true) => {}
            Ok(false) => return Ok(Renewed::Moved),
            Err(error) => {
                let because = Fault::from(error);
                tracing::warn!(connection = %id, error = %because, "no renewal while the store takes no writes");
                return self.pause(&held, None, because.into());
            }
        }
        let asked = self.parts.clock.now();
        let mut gathering = held.gathering()?;
        match self.ask_for_token(&gathering, spend.with()).await {
            Ok(first) => match self.made_of(&mut gathering, first.clone()).await {
                Ok(answer) => {
                    let Gathering { fields, grant: Grant { secret_fields, .. }, .. } = gathering;
                    let told = told_of(&held, fields);
                    let held = Held { grant: Grant { secret_fields, ..held.grant }, ..held };
                    self.keep(held, spend, answer, told, asked).await
                }
                Err(error) => self.keep_successor(held, spend, first, error).await,
            },
            // What was typed in has no successor to look for.
            Err(OAuthError::InvalidGrant(code)) if !matches!(spend, Spend::Client) => {
                tracing::info!(connection = %id, code, "the provider no longer takes a token");
                self.bury(&held);
                Ok(Renewed::Moved)
            }
            Err(error) => {
                if matches!(spend, Spend::Client) && error.is_final() {
                    self.bury(&held);
                }
                self.not_renewed(&held, &error)
            }
        }
    }

    fn not_renewed(&self, held: &Held, error: &OAuthError) -> Result<Renewed, CredentialError> {
        tracing::warn!(connection = %held.connection.id, app = held.app.name, %error, "token not renewed");
        let asked = match error {
            OAuthError::RateLimited { retry_after } => *retry_after,
            _ => None,
        };
        self.pause(held, asked, CredentialError::TokenEndpoint(error.to_string()))
    }

    /// What to spend: the newest token that is not known to be dead. Looking again after one has died reads the store
    /// first, so a token that another node has put there is found before this says that none is left.
    fn next_token(&self, held: &Held) -> Option<Spend> {
        let way = held.way()?;
        let dead = self.fresh.dead.get(&(held.connection.id, held.generation)).unwrap_or(0);
        if ways::asks_as_client(way) {
            // Refused again and again, a password would end in its account being locked.
            return (dead < REFUSALS).then_some(Spend::Client);
        }
        if way.refresh.spend == SpendBy::AccessToken {
            return (dead == 0).then_some(Spend::AccessToken);
        }
        let tokens = [&held.grant.refresh_token, &held.grant.previous_refresh_token];
        tokens.into_iter().flatten().nth(dead).map(|token| Spend::RefreshToken(token.clone()))
    }

    /// Notes that the token just spent is dead: it is never sent again.
    fn bury(&self, held: &Held) {
        let key = (held.connection.id, held.generation);
        let dead = self.fresh.dead.get(&key).unwrap_or(0);
        self.fresh.dead.insert(key, dead + 1);
    }

    /// What comes of a token answer: the token it is exchanged for, and the fields that it tells anew.
    async fn made_of(
        &self,
        gathering: &mut Gathering<'_>,
        first: TokenAnswer,
    ) -> Result<TokenAnswer, OAuthError> {
        let unfit = || OAuthError::Protocol("a value in it is not one that the app's file allows");
        let always = gathering.way.exchange.as_ref().is_some_and(|step| step.always);
        let answer = if always { self.exchanged(gathering, first).await? } else { first };
        let environment = environment_of(gathering);
        gathering.grant.access_token = Some(answer.access_token.clone());
        if environment.is_some() && environment_of(gathering) != environment {
            return Err(OAuthError::Protocol("it is of another environment than the token before"));
        }
        let before = gathering.fields.clone();
        gathering.take_again(&answer).map_err(|NotFound { field, reason }| {
            tracing::warn!(app = gathering.app.name, field, reason, "a renewal tells a field anew");
            unfit()
        })?;
        if gathering.fields != before {
            self.vet(gathering.app, gathering.way, &gathering.values()).await.map_err(|_| unfit())?;
        }
        Ok(answer)
    }

    /// Makes an answer durable; the credential that is given out is made from what was stored.
    async fn keep(
        &self,
        mut held: Held,
        with: Spend,
        answer: TokenAnswer,
        told: Option<Told>,
        asked: Timestamp,
    ) -> Result<Renewed, CredentialError> {
        let spent = with.refresh_token();
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
        let Some(generation) = self.put(&row, held.generation, old.as_ref(), told.as_ref()).await else {
            self.revoke_unless_stored(held.connection, held.app, grant);
            return Ok(Renewed::Moved);
        };
        self.fresh.pauses.end(held.connection.id);
        tracing::debug!(connection = %held.connection.id, app = held.app.name, "token renewed");
        if let Some(Told { fields, metadata }) = told {
            (held.connection.fields, held.connection.metadata) = (fields, metadata);
            self.lists.forget(&OfApp(held.connection.owner, held.connection.app.as_str()));
        }
        held = Held { grant, generation, issued: asked, expires, ..held };
        Ok(Renewed::Ready(self.ready(&held)?))
    }

    /// A renewal that failed half-way: the old credential serves on, but the refresh token that was spent for nothing has
    /// a successor, and that must not be lost.
    async fn keep_successor(
        &self,
        held: Held,
        with: Spend,
        answer: TokenAnswer,
        error: OAuthError,
    ) -> Result<Renewed, CredentialError> {
        let spent = with.refresh_token();
        let Some(next) = answer.refresh_token.filter(|next| spent.is_some() && Some(next) != spent.as_ref())
        else {
            return self.not_renewed(&held, &error);
        };
        let old = held.grant.refresh_token.clone();
        let grant = Grant { refresh_token: Some(next), previous_refresh_token: spent, ..held.grant.clone() };
        let id = (held.connection.owner, held.connection.id);
        let row = grant.seal(&self.parts.vault, id, held.expires, held.issued)?;
        let Some(generation) = self.put(&row, held.generation, old.as_ref(), None).await else {
            self.revoke_unless_stored(held.connection, held.app, grant);
            return Ok(Renewed::Moved);
        };
        self.not_renewed(&Held { grant, generation, ..held }, &error)
    }

    /// Stores a row in the place of generation `expected`, however long the store takes to come back; the new
    /// generation, or nothing if the grant was replaced or deleted. A replacement that kept the same refresh token
    /// is older than this row, so this one still goes in.
    async fn put(
        &self,
        row: &GrantRow,
        mut expected: i64,
        old: Option<&Secret>,
        told: Option<&Told>,
    ) -> Option<i64> {
        let (mut waits, grants) = (Backoff::new(), self.parts.store.grants());
        loop {
            let replaced = match told {
                Some(told) => grants.replace_with(row, expected, told).await,
                None => grants.replace(row, expected).await,
            };
            match replaced {
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
            self.fresh.waits_for_store(row.connection);
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
        Ok(Renewed::Ready(self.ready(&held)?))
    }

    fn pause(
        &self,
        held: &Held,
        asked: Option<Duration>,
        because: CredentialError,
    ) -> Result<Renewed, CredentialError> {
        let now = self.parts.clock.now();
        self.fresh.pauses.begin(held.connection.id, now, asked, because.clone());
        self.make_do(held, because)
    }

    /// No new token: the old one serves as long as it is valid.
    fn make_do(&self, held: &Held, because: CredentialError) -> Result<Renewed, CredentialError> {
        match held.expires {
            Some(expires) if expires <= self.parts.clock.now() => Err(because),
            _ => Ok(Renewed::Ready(self.ready(held)?)),
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

/// Test or live, where the credential tells: callers of the one must never find themselves in the other.
fn environment_of<'a>(gathering: &Gathering<'a>) -> Option<&'a str> {
    gathering.app.environment(&gathering.values()).map(|environment| environment.name.as_str())
}

/// What is stored with the grant where a renewal has told other fields.
fn told_of(held: &Held, fields: BTreeMap<String, String>) -> Option<Told> {
    let mut metadata = held.connection.metadata.clone();
    metadata.extend(fields.iter().map(|(name, value)| (name.clone(), value.as_str().into())));
    (fields != held.connection.fields).then_some(Told { fields, metadata })
}
