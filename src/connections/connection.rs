//! A connection as the rest of the program sees it: who owns it, which app, whose account, in what state.
//!
//! Never a secret: tokens and typed-in credentials are the grant, which only [`super::fresh`] opens.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Fault;
use crate::{
    catalog::app::Method,
    clock::Timestamp,
    id::{ConnectionId, OwnerId},
    store::ConnectionRow,
};

/// `status_reason` of a connection that waits for its owner to accept who was connected.
pub const AWAITING_CONFIRMATION: &str = "awaiting_confirmation";
/// `status_reason` of a connection whose app could not be asked whose account it is.
pub const UNPROBED: &str = "unprobed";
/// `status_reason` of a grant the provider has ended.
pub const REAUTHORIZATION_REQUIRED: &str = "reauthorization_required";
/// `status_reason` of a grant that ran out and came without a refresh token.
pub const TOKEN_EXPIRED: &str = "token_expired";

/// What the gateway presents to one upstream account.
#[derive(Clone, Debug, PartialEq)]
pub struct Connection {
    /// Its id.
    pub id: ConnectionId,
    /// Whose it is.
    pub owner: OwnerId,
    /// The app's slug.
    pub app: String,
    /// The way in.
    pub method: Method,
    /// Whether it can be used.
    pub status: Status,
    /// Why it is so: a stable word, or nothing.
    pub status_reason: Option<String>,
    /// The owner's label.
    pub name: Option<String>,
    /// Who the account is: `account_id`, `name`, `email`, `environment`, tenant fields.
    pub metadata: serde_json::Map<String, serde_json::Value>,
    /// Tenant fields, as templates read them.
    pub fields: BTreeMap<String, String>,
    /// What was granted, or what will be asked for.
    pub scopes: Vec<String>,
    /// What was asked for, or will be.
    pub requested_scopes: Vec<String>,
    /// Raised by completing and reconnecting: connect links of an earlier one are dead.
    pub generation: i64,
    /// Where the browser goes after connecting, from the operator's list.
    pub return_url: Option<String>,
    /// When it was made.
    pub creation_time: Timestamp,
    /// When it last changed.
    pub last_updated_time: Timestamp,
    /// When it last carried a call; may lag by a minute.
    pub last_used_time: Option<Timestamp>,
}

impl Connection {
    /// Whether calls can go through it.
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.status == Status::Active
    }

    /// Whether the provider ended a grant that once worked: only a reconnect helps.
    #[must_use]
    pub fn needs_reauthorization(&self) -> bool {
        self.status == Status::Failed
            && matches!(self.status_reason.as_deref(), Some(REAUTHORIZATION_REQUIRED | TOKEN_EXPIRED))
    }

    /// Whether it is complete except for its owner's word.
    #[must_use]
    pub fn awaits_confirmation(&self) -> bool {
        self.status == Status::Pending && self.status_reason.as_deref() == Some(AWAITING_CONFIRMATION)
    }

    /// What was asked for and not granted.
    #[must_use]
    pub fn missing_scopes(&self) -> Vec<String> {
        missing(&self.requested_scopes, &self.scopes)
    }

    /// What a person knows the account by: the owner's label, else e-mail, name or id of the account.
    #[must_use]
    pub fn label(&self) -> Option<&str> {
        let known = |key: &str| self.metadata.get(key).and_then(serde_json::Value::as_str);
        self.name
            .as_deref()
            .or_else(|| known("email"))
            .or_else(|| known("name"))
            .or_else(|| known("account_id"))
    }
}

/// What was asked for and not granted. Providers leave out `offline_access`, and call others by their long names.
fn missing(asked: &[String], granted: &[String]) -> Vec<String> {
    let last = |scope: &str| scope.trim_end_matches('/').rsplit(['/', '.']).next().map(str::to_owned);
    let is_granted = |scope: &String| {
        let same = |given: &String| given.eq_ignore_ascii_case(scope);
        let long = |given: &String| given.contains("://") && last(given).as_deref() == Some(scope.as_str());
        scope == "offline_access" || granted.iter().any(|given| same(given) || long(given))
    };
    asked.iter().filter(|scope| !is_granted(scope)).cloned().collect()
}

/// A row that this program could never have written, named so that an operator finds it.
impl TryFrom<ConnectionRow> for Connection {
    type Error = Fault;

    fn try_from(row: ConnectionRow) -> Result<Self, Fault> {
        let impossible = |column: &str, value: &str| {
            Fault::Internal(format!("connection {}: {column} is {value:?}, which can't be", row.id))
        };
        Ok(Self {
            id: row.id,
            owner: row.owner,
            method: row.method.parse().map_err(|()| impossible("method", &row.method))?,
            status: row.status.parse().map_err(|()| impossible("status", &row.status))?,
            app: row.app,
            status_reason: row.status_reason,
            name: row.name,
            metadata: row.metadata,
            fields: row.fields,
            requested_scopes: row.requested_scopes.unwrap_or_else(|| row.scopes.clone()),
            scopes: row.scopes,
            generation: row.generation,
            return_url: row.return_url,
            creation_time: row.creation_time,
            last_updated_time: row.last_updated_time,
            last_used_time: row.last_used_time,
        })
    }
}

impl From<Connection> for ConnectionRow {
    fn from(connection: Connection) -> Self {
        Self {
            id: connection.id,
            owner: connection.owner,
            app: connection.app,
            method: connection.method.as_str().to_owned(),
            status: connection.status.as_str().to_owned(),
            status_reason: connection.status_reason,
            name: connection.name,
            metadata: connection.metadata,
            fields: connection.fields,
            scopes: connection.scopes,
            requested_scopes: Some(connection.requested_scopes),
            generation: connection.generation,
            return_url: connection.return_url,
            creation_time: connection.creation_time,
            last_updated_time: connection.last_updated_time,
            last_used_time: connection.last_used_time,
        }
    }
}

/// Whether a connection can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Status {
    /// Nobody has consented yet.
    Pending,
    /// Calls go through.
    Active,
    /// The provider ended it, or consent was refused.
    Failed,
}

impl Status {
    /// The name in the control API and in the store.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "PENDING",
            Self::Active => "ACTIVE",
            Self::Failed => "FAILED",
        }
    }
}

impl std::fmt::Display for Status {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

impl std::str::FromStr for Status {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        [Self::Pending, Self::Active, Self::Failed]
            .into_iter()
            .find(|status| status.as_str() == text)
            .ok_or(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row() -> ConnectionRow {
        let now = Timestamp::from_micros(1);
        ConnectionRow {
            id: ConnectionId::new(now),
            owner: OwnerId::new(now),
            app: "x".into(),
            method: "API_KEY".into(),
            status: "FAILED".into(),
            status_reason: Some("reauthorization_required".into()),
            name: None,
            metadata: serde_json::Map::from_iter([("email".into(), "ada@x.test".into())]),
            fields: BTreeMap::from([("tenant".into(), "acme".into())]),
            scopes: vec!["read".into()],
            requested_scopes: Some(vec!["read".into(), "write".into()]),
            generation: 3,
            return_url: Some("https://x.test/".into()),
            creation_time: now,
            last_updated_time: now,
            last_used_time: Some(now),
        }
    }

    #[test]
    fn a_row_becomes_a_connection_and_back() {
        let connection = Connection::try_from(row()).unwrap();
        assert_eq!((connection.method, connection.status), (Method::ApiKey, Status::Failed));
        let again = ConnectionRow::from(connection.clone());
        assert_eq!(Connection::try_from(again).unwrap(), connection);
    }

    #[test]
    fn a_row_from_before_scopes_were_asked_for_apart_misses_none() {
        let older = ConnectionRow { requested_scopes: None, ..row() };
        assert_eq!(Connection::try_from(older).unwrap().missing_scopes(), Vec::<String>::new());
        assert_eq!(Connection::try_from(row()).unwrap().missing_scopes(), ["write"]);
    }

    #[test]
    fn what_a_provider_calls_otherwise_is_not_missing() {
        let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>();
        for (asked, granted, left) in [
            (
                &["email", "openid"][..],
                &["https://www.googleapis.com/auth/userinfo.email", "openid"][..],
                &[][..],
            ),
            (&["Mail.Read", "offline_access"], &["mail.read"], &[]),
            (&["read", "write"], &["read"], &["write"]),
            (&["read"], &[], &["read"]),
        ] {
            assert_eq!(missing(&names(asked), &names(granted)), left, "{asked:?} {granted:?}");
        }
    }

    #[test]
    fn a_row_that_can_not_be_is_named() {
        for (broken, column) in [
            (ConnectionRow { status: "ASLEEP".into(), ..row() }, "status"),
            (ConnectionRow { method: "MAGIC".into(), ..row() }, "method"),
        ] {
            let (id, fault) = (broken.id.to_string(), Connection::try_from(broken).unwrap_err().to_string());
            assert!(fault.contains(&id) && fault.contains(column), "{fault}");
        }
    }

    #[test]
    fn only_a_grant_that_once_worked_needs_reauthorization() {
        for (status, reason, expected) in [
            ("FAILED", Some("reauthorization_required"), true),
            ("FAILED", Some("token_expired"), true),
            ("FAILED", Some("access_denied"), false),
            ("FAILED", None, false),
            ("ACTIVE", Some("unprobed"), false),
            ("PENDING", Some("reauthorization_required"), false),
        ] {
            let row = ConnectionRow { status: status.into(), status_reason: reason.map(Into::into), ..row() };
            assert_eq!(
                Connection::try_from(row).unwrap().needs_reauthorization(),
                expected,
                "{status} {reason:?}"
            );
        }
    }
}
