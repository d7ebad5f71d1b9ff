//! The secret part of a connection, in the clear only here: tokens, or what the user typed in.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::Fault;
use crate::{
    clock::Timestamp,
    id::{ConnectionId, OwnerId},
    store::GrantRow,
    vault::{Place, Sealed, Secret, Vault, VaultError},
};

/// Tokens, or typed-in credentials.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub(super) struct Grant {
    /// What goes upstream, where a provider gave it.
    pub(super) access_token: Option<Secret>,
    /// What the next access token is asked for with.
    pub(super) refresh_token: Option<Secret>,
    /// The one before, until the access token that came with its successor has worked.
    pub(super) previous_refresh_token: Option<Secret>,
    /// What the user typed in, by the names of the way in.
    #[serde(default)]
    pub(super) credentials: BTreeMap<String, Secret>,
    /// Fields of the app that are secret.
    #[serde(default)]
    pub(super) secret_fields: BTreeMap<String, Secret>,
}

/// The same as it is sealed. Secrets can't be serialised by themselves, so that none is by accident.
#[derive(Serialize)]
pub(super) struct Plain<'a> {
    access_token: Option<&'a str>,
    refresh_token: Option<&'a str>,
    previous_refresh_token: Option<&'a str>,
    credentials: BTreeMap<&'a str, &'a str>,
    secret_fields: BTreeMap<&'a str, &'a str>,
}

/// Borrows secrets for the one moment in which they are sealed.
pub(super) fn exposed(secrets: &BTreeMap<String, Secret>) -> BTreeMap<&str, &str> {
    secrets.iter().map(|(name, value)| (name.as_str(), value.expose())).collect()
}

impl Grant {
    /// A row that holds this grant sealed, for this connection alone.
    pub(super) fn seal(
        &self,
        vault: &Vault,
        (owner, connection): (OwnerId, ConnectionId),
        expires: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<GrantRow, Fault> {
        let sealed = seal(vault, owner, "grants", &connection.to_string(), &self.plain())?;
        Ok(GrantRow {
            connection,
            generation: 1,
            key_id: sealed.key_id,
            sealed: sealed.data,
            expires_time: expires,
            updated_time: now,
        })
    }

    /// As it is sealed.
    pub(super) fn plain(&self) -> Plain<'_> {
        Plain {
            access_token: self.access_token.as_ref().map(Secret::expose),
            refresh_token: self.refresh_token.as_ref().map(Secret::expose),
            previous_refresh_token: self.previous_refresh_token.as_ref().map(Secret::expose),
            credentials: exposed(&self.credentials),
            secret_fields: exposed(&self.secret_fields),
        }
    }

    /// Whether this is `given`, or what a renewal of it left.
    pub(super) fn is_from(&self, given: &Self) -> bool {
        let same = |mine: &Option<Secret>, theirs: &Option<Secret>| mine.is_some() && mine == theirs;
        same(&self.access_token, &given.access_token)
            || same(&self.refresh_token, &given.refresh_token)
            || same(&self.previous_refresh_token, &given.refresh_token)
    }

    /// The grant in a row.
    pub(super) fn open(vault: &Vault, owner: OwnerId, row: GrantRow) -> Result<Self, Fault> {
        let sealed = Sealed { key_id: row.key_id, data: row.sealed };
        open(vault, owner, "grants", &row.connection.to_string(), &sealed)
    }
}

/// Seals what serialises, for one row of one owner.
pub(super) fn seal(
    vault: &Vault,
    owner: OwnerId,
    table: &'static str,
    row: &str,
    plain: &impl Serialize,
) -> Result<Sealed, Fault> {
    let plain =
        Zeroizing::new(serde_json::to_vec(plain).map_err(|error| Fault::internal(table, row, &error))?);
    let place = Place { owner: owner.uuid(), table, row, column: "sealed" };
    vault.seal(&place, &plain).map_err(|error| Fault::internal(table, row, &error))
}

/// Opens what [`seal`] sealed for the same row.
pub(super) fn open<T: for<'de> Deserialize<'de>>(
    vault: &Vault,
    owner: OwnerId,
    table: &'static str,
    row: &str,
    sealed: &Sealed,
) -> Result<T, Fault> {
    let place = Place { owner: owner.uuid(), table, row, column: "sealed" };
    let plain =
        vault.open(&place, sealed).map_err(|error: VaultError| Fault::internal(table, row, &error))?;
    // A parser's error quotes what it stumbled over, which is secret here.
    serde_json::from_slice(&plain).map_err(|_| Fault::internal(table, row, &"what was sealed is not a grant"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grant() -> Grant {
        Grant {
            access_token: Some("canary-at".into()),
            refresh_token: None,
            previous_refresh_token: Some("canary-prev".into()),
            credentials: BTreeMap::from([("api_key".into(), "canary-\"key".into())]),
            secret_fields: BTreeMap::new(),
        }
    }

    fn ids() -> (OwnerId, ConnectionId) {
        let now = Timestamp::from_micros(1);
        (OwnerId::new(now), ConnectionId::new(now))
    }

    #[test]
    fn a_grant_is_known_again_after_a_renewal_and_no_other_is() {
        let grant = |access: &str, refresh: Option<&str>, previous: Option<&str>| Grant {
            access_token: Some(access.into()),
            refresh_token: refresh.map(Into::into),
            previous_refresh_token: previous.map(Into::into),
            ..Grant::default()
        };
        let given = grant("a", Some("r"), None);
        assert!(given.is_from(&given));
        assert!(grant("b", Some("r"), None).is_from(&given), "the refresh token stayed");
        assert!(grant("b", Some("s"), Some("r")).is_from(&given), "it was rotated");
        assert!(!grant("b", Some("s"), None).is_from(&given));
        assert!(!grant("b", None, None).is_from(&grant("a", None, None)), "none is not the same as none");
    }

    #[test]
    fn a_grant_comes_back_as_it_was_sealed_and_shows_nothing() {
        let (vault, _) = Vault::generate();
        let row = grant().seal(&vault, ids(), None, Timestamp::from_micros(1));
        let ids = ids();
        let sealed = grant().seal(&vault, ids, None, Timestamp::from_micros(1)).unwrap();
        assert!(!String::from_utf8_lossy(&sealed.sealed).contains("canary"));
        assert!(!format!("{:?} {row:?}", grant()).contains("canary"));
        assert_eq!(Grant::open(&vault, ids.0, sealed).unwrap(), grant());
    }

    #[test]
    fn sc_2_a_grant_opens_at_its_own_row_only() {
        let (vault, _) = Vault::generate();
        let (owner, connection) = ids();
        let row = grant().seal(&vault, (owner, connection), None, Timestamp::from_micros(1)).unwrap();
        let (other_owner, other_connection) = ids();
        assert!(Grant::open(&vault, other_owner, row.clone()).is_err());
        assert!(
            Grant::open(&vault, owner, GrantRow { connection: other_connection, ..row.clone() }).is_err()
        );
        assert!(Grant::open(&vault, owner, row).is_ok());
    }
}
