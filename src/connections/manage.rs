//! What an owner does with a connection: name it, confirm it, reconnect it, delete it.

use super::{
    Connection, ConnectionError, Connections, Fault, Status, grant::Grant, input, list::OfApp, revoke::Unused,
};
use crate::{
    id::{ConnectionId, OwnerId},
    store::{Deleted, GrantRow},
};

/// Longest label.
pub(super) const NAME: usize = 200;

/// A label as it may be stored.
pub(super) fn label(name: Option<&str>) -> Result<Option<String>, input::Refused> {
    match name.map(str::trim) {
        None | Some("") => Ok(None),
        Some(name) if name.chars().count() > NAME => {
            Err(input::Refused::new("name", format!("is longer than {NAME} characters")))
        }
        Some(name) if name.contains(char::is_control) => {
            Err(input::Refused::new("name", "holds a control character"))
        }
        Some(name) => Ok(Some(name.to_owned())),
    }
}

impl Connections {
    /// Gives a connection another label.
    pub async fn rename(
        &self,
        owner: OwnerId,
        id: ConnectionId,
        name: Option<String>,
    ) -> Result<Connection, ConnectionError> {
        let name = label(name.as_deref())
            .map_err(|refused| ConnectionError::Invalid { field: refused.name, problem: refused.problem })?;
        let now = self.parts.clock.now();
        let store = self.parts.store.connections();
        if !store.rename(owner, id, name.as_deref(), now).await.map_err(Fault::from)? {
            return Err(ConnectionError::Unknown);
        }
        self.changed(owner, id).await
    }

    /// The owner accepts who was connected.
    pub async fn confirm(&self, owner: OwnerId, id: ConnectionId) -> Result<Connection, ConnectionError> {
        let connection = self.get(owner, id).await?;
        if connection.is_active() {
            return Ok(connection);
        }
        if !connection.awaits_confirmation() {
            return Err(ConnectionError::NothingToConfirm);
        }
        self.settle(&connection, Status::Active, None).await?;
        tracing::info!(connection = %id, app = connection.app, "connection confirmed by its owner");
        self.changed(owner, id).await
    }

    /// Ends earlier connect links; [`Self::connect_url`] of the answer reconnects. The old grant keeps serving.
    pub async fn reconnect(&self, owner: OwnerId, id: ConnectionId) -> Result<Connection, ConnectionError> {
        self.get(owner, id).await?;
        let raised = self.parts.store.connections().raise_generation(id).await.map_err(Fault::from)?;
        raised.ok_or(ConnectionError::Unknown)?;
        self.changed(owner, id).await
    }

    /// Deletes a connection: refused at once; its grant is ended at the provider in the background.
    pub async fn delete(&self, owner: OwnerId, id: ConnectionId) -> Result<(), ConnectionError> {
        let deleted = self.parts.store.connections().delete(owner, id).await;
        self.fresh.forget(id);
        let Deleted { row, grant, picks } = deleted.map_err(Fault::from)?.ok_or(ConnectionError::Unknown)?;
        self.lists.forget(&OfApp(owner, row.app.as_str()));
        tracing::info!(connection = %id, app = row.app, "connection deleted");
        match Connection::try_from(row) {
            Ok(connection) => {
                self.abandon_of(&connection, &picks);
                if let Some(grant) = grant {
                    self.end_in_background(&connection, grant);
                }
            }
            Err(fault) => tracing::error!(%fault, "a deleted grant can't be ended at its provider"),
        }
        Ok(())
    }

    fn end_in_background(&self, connection: &Connection, grant: GrantRow) {
        match Grant::open(&self.parts.vault, connection.owner, grant) {
            Ok(grant) => {
                if let Some(app) = self.parts.apps.app(&connection.app) {
                    let (method, fields) = (connection.method, connection.fields.clone());
                    self.end_unused(connection, &app, Unused { method, fields, grant });
                }
            }
            Err(fault) => tracing::error!(%fault, "a deleted grant can't be ended at its provider"),
        }
    }

    /// Changes the status of a connection as it was read; nothing happens if it has moved on since.
    pub(super) async fn settle(
        &self,
        connection: &Connection,
        status: Status,
        reason: Option<&str>,
    ) -> Result<bool, Fault> {
        let now = self.parts.clock.now();
        let store = self.parts.store.connections();
        let settled =
            store.set_status(connection.id, connection.generation, status.as_str(), reason, now).await?;
        self.forget(connection);
        Ok(settled)
    }

    /// A connection as it is after a change, which everybody on this node sees from now on.
    async fn changed(&self, owner: OwnerId, id: ConnectionId) -> Result<Connection, ConnectionError> {
        let connection = self.get(owner, id).await?;
        self.lists.forget(&OfApp(owner, connection.app.as_str()));
        Ok(connection)
    }
}
