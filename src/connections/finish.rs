//! The end of every way in: whose account is it, may it serve at once, and then grant and connection in one write.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{
    AWAITING_CONFIRMATION, Connection, Connections, Fault, Finished, Status, UNPROBED, also::Further, asking,
    gather::Gathering, prepare, probe::Probed, ways,
};
use crate::{catalog::app::App, clock::Timestamp, store::Completion};

/// What a finished way in leaves to be stored.
#[derive(Clone, Debug)]
pub(super) struct Gained<'a> {
    pub(super) gathering: Gathering<'a>,
    pub(super) expires: Option<Timestamp>,
    pub(super) scopes: Scopes,
    pub(super) metadata: Map<String, Value>,
    pub(super) reason: Option<&'static str>,
    /// Further tokens that came with it.
    pub(super) further: Vec<Further>,
}

/// What was asked for, and what was granted.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Scopes {
    pub(super) asked: Vec<String>,
    pub(super) granted: Vec<String>,
}

impl Scopes {
    /// A provider that says nothing of scopes has granted what was asked for (RFC 6749 5.1).
    pub(super) fn new(asked: Vec<String>, granted: Option<Vec<String>>) -> Self {
        let granted = granted.unwrap_or_else(|| asked.clone());
        Self { asked, granted }
    }
}

/// Why a credential is not worth storing.
#[derive(Clone, Debug)]
pub(super) enum Worthless {
    /// The provider refuses it.
    Rejected,
    /// The app's file can't be filled with it.
    Unfit(String),
}

impl Connections {
    /// Asks whose account it is and gathers what is to be stored.
    pub(super) async fn identify<'a>(
        &self,
        gathering: Gathering<'a>,
        expires: Option<Timestamp>,
        scopes: Scopes,
    ) -> Result<Gained<'a>, Worthless> {
        if gathering.undecided.is_some() {
            return Ok(Gained {
                gathering,
                expires,
                scopes,
                metadata: Map::new(),
                reason: None,
                further: Vec::new(),
            });
        }
        let (app, way, mut values) = (gathering.app, gathering.way, gathering.values());
        if ways::signs_itself(way) {
            asking::sign(&mut values, way, self.parts.clock.now())
                .map_err(|error| Worthless::Unfit(format!("the key {error}")))?;
        }
        let credential = prepare::prepare(app, way, &values, (0, expires))
            .map_err(|unfit| Worthless::Unfit(unfit.to_string()))?;
        let mut metadata: Map<String, Value> = gathering
            .fields
            .iter()
            .map(|(name, value)| (name.clone(), Value::from(value.as_str())))
            .collect();
        if let Some(environment) = app.environment(&values) {
            metadata.insert("environment".to_owned(), Value::from(environment.name.as_str()));
        }
        let reason = match self.probe(app, way, &credential, &values).await {
            Probed::Known(known) => {
                metadata.extend(known);
                None
            }
            Probed::None => None,
            Probed::Unknown => Some(UNPROBED),
            Probed::Rejected => return Err(Worthless::Rejected),
        };
        Ok(Gained { gathering, expires, scopes, metadata, reason, further: Vec::new() })
    }

    /// Stores what was gained in a browser: in one write, and only if the link that led here is still the newest.
    pub(super) async fn complete(&self, connection: &Connection, gained: &Gained<'_>) -> Result<bool, Fault> {
        let now = self.parts.clock.now();
        let has_changed = is_another(connection, &gained.metadata);
        // One that still waits was overwritten by the other account: finishing again agrees with nothing but itself.
        let needs_word = self.rules.confirm || has_changed || connection.awaits_confirmation();
        let (status, reason) = if needs_word {
            (Status::Pending, Some(AWAITING_CONFIRMATION))
        } else {
            (Status::Active, gained.reason)
        };
        let id = (connection.owner, connection.id);
        let done = Completion {
            grant: gained.gathering.grant.seal(&self.parts.vault, id, gained.expires, now)?,
            method: gained.gathering.way.method.as_str().to_owned(),
            status: status.as_str().to_owned(),
            status_reason: reason.map(str::to_owned),
            metadata: gained.metadata.clone(),
            fields: gained.gathering.fields.clone(),
            scopes: gained.scopes.granted.clone(),
            requested_scopes: gained.scopes.asked.clone(),
        };
        let store = self.parts.store.connections();
        let stored = store.complete(connection.id, connection.generation, &done, now).await?;
        self.forget(connection);
        if stored {
            let owner = connection.owner;
            tracing::info!(connection = %connection.id, %owner, app = connection.app, %status, has_changed, "connected");
        }
        Ok(stored)
    }

    /// A connection as it is now, and where its browser goes.
    pub(super) async fn finished(&self, before: &Connection, app: &Arc<App>) -> Result<Finished, Fault> {
        let now = self.find(before.id).await?.unwrap_or_else(|| before.clone());
        let return_to = now.return_url.as_deref().and_then(|url| returning(url, &now));
        Ok(Finished {
            missing: now.missing_scopes(),
            other_account: is_another(before, &now.metadata),
            also: Vec::new(),
            connection: Arc::new(now),
            app: Arc::clone(app),
            return_to,
        })
    }
}

/// Whether a connection that was once connected is now another account's.
fn is_another(before: &Connection, now: &Map<String, Value>) -> bool {
    let had_account = before.is_active() || before.needs_reauthorization() || before.awaits_confirmation();
    had_account && is_another_account(&before.metadata, now)
}

/// Whether a reconnect ended at another account than before, or at one that can't be told (OC-15): by the account's id,
/// else its address, else its name, whichever was known before. Who was never known is never another one.
fn is_another_account(before: &Map<String, Value>, now: &Map<String, Value>) -> bool {
    let known = ["account_id", "email", "name"].into_iter().find(|key| before.contains_key(*key));
    let Some(key) = known else { return false };
    let account =
        |metadata: &Map<String, Value>| (metadata.get(key).cloned(), metadata.get("environment").cloned());
    account(before) != account(now)
}

/// The return URL with what became of the connection behind it.
fn returning(return_url: &str, connection: &Connection) -> Option<String> {
    let mut url = url::Url::parse(return_url).ok()?;
    url.query_pairs_mut()
        .append_pair("connection_id", &connection.id.to_string())
        .append_pair("status", connection.status.as_str());
    Some(url.into())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn oc_15_an_account_is_another_one_by_id_or_environment() {
        let account = |value: &Value| value.as_object().unwrap().clone();
        let ada = json!({"account_id": "1", "environment": "live", "name": "Ada"});
        for (now, another) in [
            (json!({"account_id": "1", "environment": "live", "name": "Ada L."}), false),
            (json!({"account_id": "2", "environment": "live"}), true),
            (json!({"account_id": "1", "environment": "test"}), true),
            (json!({"name": "Ada"}), true), // the probe could not say
            (json!({}), true),
        ] {
            assert_eq!(is_another_account(&account(&ada), &account(&now)), another, "{now}");
            assert!(
                !is_another_account(&Map::new(), &account(&now)),
                "the first account is never another one"
            );
        }
        let by_address = account(&json!({"email": "ada@x.test", "name": "Ada"}));
        for (now, another) in [
            (json!({"email": "ada@x.test", "name": "Countess"}), false),
            (json!({"email": "eve@x.test", "name": "Ada"}), true),
            (json!({"account_id": "1"}), true),
        ] {
            assert_eq!(is_another_account(&by_address, &account(&now)), another, "{now}");
        }
    }
}
