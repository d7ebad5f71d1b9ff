//! An OAuth client on its way into the store and back.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use uuid::Uuid;
use zeroize::Zeroizing;

use super::{ClientError, OAuthClient};
use crate::{
    clock::Timestamp,
    store::ClientRow,
    vault::{Place, Sealed, Secret, Vault},
};

/// What is sealed.
#[derive(Serialize)]
struct Plain<'c> {
    client_id: &'c str,
    client_secret: &'c str,
    extra: &'c BTreeMap<String, String>,
}

/// What was sealed.
#[derive(Deserialize)]
struct Opened {
    client_id: String,
    client_secret: Secret,
    extra: BTreeMap<String, String>,
}

/// Clients belong to the operator, not to an owner.
fn place(name: &str) -> Place<'_> {
    Place { owner: Uuid::nil(), table: "clients", row: name, column: "sealed" }
}

pub(super) fn seal(
    vault: &Vault,
    name: &str,
    client: &OAuthClient,
    now: Timestamp,
) -> Result<ClientRow, ClientError> {
    let plain = Plain {
        client_id: &client.client_id,
        client_secret: client.client_secret.expose(),
        extra: &client.extra,
    };
    let plain = serde_json::to_vec(&plain).map(Zeroizing::new).map_err(|_error| unreadable(name))?;
    let sealed = vault.seal(&place(name), &plain)?;
    Ok(ClientRow { name: name.to_owned(), key_id: sealed.key_id, sealed: sealed.data, updated_time: now })
}

pub(super) fn open(vault: &Vault, row: ClientRow) -> Result<OAuthClient, ClientError> {
    let plain = vault.open(&place(&row.name), &Sealed { key_id: row.key_id, data: row.sealed })?;
    // The parser's own message could quote what it read.
    let opened: Opened = serde_json::from_slice(&plain).map_err(|_error| unreadable(&row.name))?;
    Ok(OAuthClient { client_id: opened.client_id, client_secret: opened.client_secret, extra: opened.extra })
}

fn unreadable(name: &str) -> ClientError {
    ClientError::Internal(format!("the stored OAuth client {name} is not readable"))
}
