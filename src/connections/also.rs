//! Further tokens in one answer (Slack gives one for the bot and one for the user): each becomes a connection of another
//! app, of the same owner.
//!
//! The connection that was asked for stands by itself: what fails here is logged, and its token is ended.

use std::{collections::BTreeMap, sync::Arc};

use super::{
    AWAITING_CONFIRMATION, Connection, Connections, Fault, Status,
    callback::Failure,
    create::blank,
    finish::{Gained, Scopes},
    gather::{Gathering, in_answer},
    grant::Grant,
    revoke::Unused,
};
use crate::{
    catalog::{
        app::{App, Method},
        auth::Auth,
        field::Source,
    },
    clock::Timestamp,
    oauth::TokenAnswer,
};

/// A further token, and the app whose connection it makes.
#[derive(Clone, Debug)]
pub(super) struct Further {
    app: Arc<App>,
    answer: TokenAnswer,
    asked: Timestamp,
}

impl Connections {
    /// The further tokens that an answer holds.
    pub(super) fn further(&self, way: &Auth, answer: &TokenAnswer, asked: Timestamp) -> Vec<Further> {
        let found = way.also.iter().filter_map(|also| {
            answer.find(&also.path).filter(|token| token.is_string())?;
            let app = self.parts.apps.app(&also.app)?;
            let token = app.way(Method::Oauth2)?.token.as_ref()?;
            let answer = answer.also(token, asked)?;
            Some(Further { app, answer, asked })
        });
        found.collect()
    }

    /// Makes, or renews, the connections of further tokens, beside `first`.
    pub(super) async fn keep_further(
        &self,
        first: &Connection,
        further: Vec<Further>,
    ) -> Vec<Arc<Connection>> {
        let mut made = Vec::new();
        for Further { app, answer, asked } in further {
            let Some(way) = app.way(Method::Oauth2) else { continue };
            let grant = Grant {
                access_token: Some(answer.access_token.clone()),
                refresh_token: answer.refresh_token.clone(),
                ..Grant::default()
            };
            let blank = blank(&app, way, (first.owner, self.parts.clock.now()), (None, None, Vec::new()));
            match self.make_further(&blank, &app, way, grant.clone(), answer, asked).await {
                Ok(connection) => made.push(Arc::new(connection)),
                Err(Failure(reason)) => {
                    tracing::warn!(app = app.name, reason, beside = %first.id, "a further token made no connection");
                    let (method, fields) = (way.method, BTreeMap::new());
                    self.end_unused(&blank, &app, Unused { method, fields, grant });
                }
            }
        }
        made
    }

    async fn make_further(
        &self,
        blank: &Connection,
        app: &App,
        way: &Auth,
        grant: Grant,
        answer: TokenAnswer,
        asked: Timestamp,
    ) -> Result<Connection, Failure> {
        let store = |fault: Fault| {
            tracing::error!(%fault, "a further connection can't be stored");
            Failure("store_unavailable".to_owned())
        };
        let client = self.client_of(way).await.map_err(store)?;
        let fields = std::collections::BTreeMap::new();
        let mut gathering = Gathering { app, way, client: client.as_deref(), fields, grant, undecided: None };
        gathering.take(Source::Token, |field| in_answer(field, &answer))?;
        self.request_fields(&mut gathering).await?;
        gathering.derive()?;
        self.vet(app, way, &gathering.values()).await?;
        let granted = answer.scopes.unwrap_or_default();
        let expires = self.schedule.end(asked, answer.lifetime);
        let gained = self.identify(gathering, expires, Scopes::new(granted, None)).await?;
        match self.same_account(blank, &gained).await.map_err(store)? {
            Some(known) if self.complete(&known, &gained).await.map_err(store)? => {
                Ok(self.find(known.id).await.map_err(store)?.unwrap_or(known))
            }
            _ => self.insert_further(blank, gained).await.map_err(store),
        }
    }

    /// The connection that this account has already: connecting once more renews it.
    async fn same_account(
        &self,
        blank: &Connection,
        gained: &Gained<'_>,
    ) -> Result<Option<Connection>, Fault> {
        let Some(account) = gained.metadata.get("account_id") else { return Ok(None) };
        for row in self.parts.store.connections().of_app(blank.owner, &blank.app).await? {
            let known = Connection::try_from(row)?;
            if known.method == blank.method && known.metadata.get("account_id") == Some(account) {
                return Ok(Some(known));
            }
        }
        Ok(None)
    }

    async fn insert_further(&self, blank: &Connection, gained: Gained<'_>) -> Result<Connection, Fault> {
        let Gained { gathering, expires, scopes, metadata, reason, .. } = gained;
        let (status, reason) = if self.rules.confirm {
            (Status::Pending, Some(AWAITING_CONFIRMATION))
        } else {
            (Status::Active, reason)
        };
        let row = Connection {
            status,
            status_reason: reason.map(str::to_owned),
            fields: gathering.fields,
            metadata,
            requested_scopes: scopes.asked,
            scopes: scopes.granted,
            ..blank.clone()
        };
        let id = (row.owner, row.id);
        let grant = gathering.grant.seal(&self.parts.vault, id, expires, self.parts.clock.now())?;
        self.parts.store.connections().insert_with_grant(&row.clone().into(), &grant).await?;
        self.forget(&row);
        tracing::info!(connection = %row.id, owner = %row.owner, app = row.app, %status, "connected beside another");
        Ok(row)
    }
}
