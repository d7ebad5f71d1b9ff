//! Which of several: a grant that opens more than one account waits, sealed and bound to its browser, until its user
//! has picked one. It is stored where flows are, ends as they do, and is taken out once.
//!
//! Its provider has given it already, so whatever overtakes the picking (a reconnect, a deletion, the clock) tells the
//! provider to end it (OC-14).

use std::{collections::BTreeMap, sync::Arc};

use serde::{Deserialize, Serialize};

use super::{
    CallbackError, Choice, Choosing, Connection, Connections, Fault, Outcome, PickError, Picking,
    callback::Failure,
    candidates::Undecided,
    finish::{Gained, Scopes},
    gather::Gathering,
    grant::{self, Grant},
    pending::{digest, row_name},
    revoke::Unused,
};
use crate::{
    catalog::{
        app::{App, Method},
        auth::Auth,
    },
    clients::OAuthClient,
    clock::Timestamp,
    store::FlowRow,
    vault::{self, Sealed},
};

/// What waits. `app` of its row is empty: no callback answers it.
#[derive(Debug, Deserialize)]
struct Pick {
    method: Method,
    fields: BTreeMap<String, String>,
    grant: Grant,
    expires: Option<i64>,
    scopes: Scopes,
    undecided: Undecided,
}

impl Pick {
    fn unused(self) -> Unused {
        Unused { method: self.method, fields: self.fields, grant: self.grant }
    }
}

#[derive(Serialize)]
struct Plain<'a> {
    method: Method,
    fields: &'a BTreeMap<String, String>,
    grant: grant::Plain<'a>,
    expires: Option<i64>,
    scopes: &'a Scopes,
    undecided: &'a Undecided,
}

/// A pick with everything it belongs to.
struct Open {
    row: FlowRow,
    connection: Connection,
    app: Arc<App>,
    pick: Pick,
}

impl Connections {
    /// Keeps what was gained until its user has picked. If that fails, nobody would ever end the grant: it is ended.
    pub(super) async fn keep_pick(
        &self,
        connection: &Connection,
        app: &Arc<App>,
        gained: &Gained<'_>,
        undecided: &Undecided,
    ) -> Result<Picking, Fault> {
        let (ticket, cookie) = (vault::random_text(), vault::random_text());
        let kept = self.store_pick(connection, gained, undecided, (&ticket, &cookie)).await;
        if let Err(fault) = kept {
            self.end_unused(connection, app, Unused::of(&gained.gathering));
            return Err(fault);
        }
        tracing::info!(connection = %connection.id, app = app.name, field = undecided.field, "waits for its user to pick");
        Ok(Picking { ticket, cookie })
    }

    async fn store_pick(
        &self,
        connection: &Connection,
        gained: &Gained<'_>,
        undecided: &Undecided,
        (ticket, cookie): (&str, &str),
    ) -> Result<(), Fault> {
        let Gathering { way, fields, grant, .. } = &gained.gathering;
        let plain = Plain {
            method: way.method,
            fields,
            grant: grant.plain(),
            expires: gained.expires.map(Timestamp::as_micros),
            scopes: &gained.scopes,
            undecided,
        };
        let state_digest = digest(ticket);
        let name = row_name(&state_digest);
        let sealed = grant::seal(&self.parts.vault, connection.owner, "flows", &name, &plain)?;
        let row = FlowRow {
            connection: connection.id,
            app: String::new(),
            generation: connection.generation,
            browser_digest: digest(cookie),
            key_id: sealed.key_id,
            sealed: sealed.data,
            expires_time: self.parts.clock.now() + self.rules.flow_lifetime,
            state_digest,
        };
        Ok(self.parts.store.flows().insert(&row).await?)
    }

    /// What the page lists that asks which one is meant. Changes nothing.
    pub async fn choosing(&self, ticket: &str, cookie: Option<&str>) -> Result<Choosing, PickError> {
        let Open { row, connection, app, pick } = self.open_pick(ticket, cookie).await?;
        if row.generation != connection.generation {
            return Err(PickError::Refused);
        }
        let owner = self.parts.owners.get(connection.owner).await.map_err(Fault::from)?;
        let label = app.fields_of(pick.method).find(|field| field.name == pick.undecided.field);
        let choice = |one: super::candidates::Candidate| Choice { value: one.value, label: one.label };
        Ok(Choosing {
            owner_name: owner.ok_or(PickError::Refused)?.name,
            label: label.map_or_else(String::new, |field| field.label.clone()),
            candidates: pick.undecided.candidates.into_iter().map(choice).collect(),
            connection: Arc::new(connection),
            app,
        })
    }

    /// The user picked `value`, or none. Works once; what follows runs by itself, as after a callback.
    pub async fn pick(
        &self,
        ticket: &str,
        cookie: Option<&str>,
        value: Option<&str>,
    ) -> Result<Outcome, PickError> {
        let (this, ticket) = (self.clone(), ticket.to_owned());
        let (cookie, value) = (cookie.map(str::to_owned), value.map(str::to_owned));
        let task = self.apart(async move { this.picked(&ticket, cookie.as_deref(), value.as_deref()).await });
        task.await.unwrap_or_else(|_| Err(Fault::Internal("a pick did not end".to_owned()).into()))
    }

    async fn picked(
        &self,
        ticket: &str,
        cookie: Option<&str>,
        value: Option<&str>,
    ) -> Result<Outcome, PickError> {
        let open = self.open_pick(ticket, cookie).await?;
        let is_offered = |value: &str| open.pick.undecided.candidates.iter().any(|one| one.value == value);
        if value.is_some_and(|value| !is_offered(value)) {
            return Err(PickError::Unknown);
        }
        // What may fail without an end of the grant comes before the pick is taken.
        let app = Arc::clone(&open.app);
        let way = app.way(open.pick.method).ok_or(PickError::Refused)?;
        let client = self.client_of(way).await?;
        let taken = self.parts.store.flows().take(&open.row.state_digest, "").await.map_err(Fault::from)?;
        let Open { row, connection, app, pick } = match taken {
            Some(_) => open,
            None => return Err(PickError::Refused),
        };
        if row.generation != connection.generation {
            self.end_unused(&connection, &app, pick.unused());
            return Err(PickError::Refused);
        }
        if let Some(value) = value {
            Ok(self.settle_pick(&connection, &app, (way, client.as_deref()), (pick, value)).await?)
        } else {
            self.let_go(&connection, &app, pick);
            Ok(self.failed(&connection, &app, "cancelled".to_owned()).await?)
        }
    }

    /// From the picked value to the stored grant, or to the next list.
    async fn settle_pick(
        &self,
        connection: &Connection,
        app: &Arc<App>,
        (way, client): (&Auth, Option<&OAuthClient>),
        (pick, value): (Pick, &str),
    ) -> Result<Outcome, CallbackError> {
        let Pick { mut fields, grant, scopes, undecided, expires, .. } = pick;
        fields.insert(undecided.field, value.to_owned());
        let gathering = Gathering { app, way, client, fields, grant, undecided: None };
        let given = Unused::of(&gathering);
        let expires = expires.map(Timestamp::from_micros);
        let gained = match self.gain_picked(gathering, expires, scopes).await {
            Ok(gained) => gained,
            Err(Failure(reason)) => {
                self.end_unused(connection, app, given);
                return self.failed(connection, app, reason).await;
            }
        };
        self.store_or_ask(connection, app, gained).await
    }

    async fn gain_picked<'a>(
        &self,
        mut gathering: Gathering<'a>,
        expires: Option<Timestamp>,
        scopes: Scopes,
    ) -> Result<Gained<'a>, Failure> {
        self.request_fields(&mut gathering).await?;
        gathering.derive()?;
        self.vet(gathering.app, gathering.way, &gathering.values()).await?;
        Ok(self.identify(gathering, expires, scopes).await?)
    }

    /// A pick of this browser that has not ended. Its connection may have moved on.
    async fn open_pick(&self, ticket: &str, cookie: Option<&str>) -> Result<Open, PickError> {
        let row = self.parts.store.flows().find(&digest(ticket)).await.map_err(Fault::from)?;
        let row = row.filter(|row| row.app.is_empty()).ok_or(PickError::Refused)?;
        let is_this_browsers = cookie.is_some_and(|cookie| digest(cookie) == row.browser_digest);
        if self.parts.clock.now() >= row.expires_time || !is_this_browsers {
            return Err(PickError::Refused);
        }
        let connection = self.find(row.connection).await?.ok_or(PickError::Refused)?;
        let app = self.parts.apps.app(&connection.app).ok_or(PickError::Refused)?;
        let pick = self.read_pick(&connection, &row)?;
        Ok(Open { row, connection, app, pick })
    }

    fn read_pick(&self, connection: &Connection, row: &FlowRow) -> Result<Pick, Fault> {
        let sealed = Sealed { key_id: row.key_id.clone(), data: row.sealed.clone() };
        grant::open(&self.parts.vault, connection.owner, "flows", &row_name(&row.state_digest), &sealed)
    }

    /// Flows that ended without anybody's picking: what they hold is given back.
    pub(super) async fn abandon(&self, rows: Vec<FlowRow>) {
        for row in rows.into_iter().filter(|row| row.app.is_empty()) {
            match self.find(row.connection).await {
                Ok(Some(connection)) => self.give_back(&connection, &row),
                Ok(None) => {}
                Err(fault) => tracing::warn!(%fault, "a grant that nobody picked from is not given back"),
            }
        }
    }

    /// Flows of a connection that is being deleted.
    pub(super) fn abandon_of(&self, connection: &Connection, rows: &[FlowRow]) {
        for row in rows {
            if let (Ok(pick), Some(app)) =
                (self.read_pick(connection, row), self.parts.apps.app(&connection.app))
            {
                self.end_unused(connection, &app, pick.unused());
            }
        }
    }

    fn give_back(&self, connection: &Connection, row: &FlowRow) {
        let app = self.parts.apps.app(&connection.app);
        match (self.read_pick(connection, row), app) {
            (Ok(pick), Some(app)) => self.let_go(connection, &app, pick),
            (Err(fault), _) => tracing::warn!(%fault, "a grant that nobody picked from can't be read"),
            (Ok(_), None) => {}
        }
    }

    /// Ends a grant that its user left, unless an earlier one of the same connection serves: some providers end all
    /// grants of one user when one is revoked.
    fn let_go(&self, connection: &Connection, app: &Arc<App>, pick: Pick) {
        if !connection.is_active() {
            self.end_unused(connection, app, pick.unused());
        }
    }
}
