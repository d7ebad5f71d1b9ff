//! A flow between *Continue* and the callback: stored sealed under the digest of `state`, taken out once.

use std::collections::BTreeMap;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};

use super::{
    Connection, Connections, Fault,
    grant::{self, exposed},
};
use crate::{
    catalog::app::Method,
    store::FlowRow,
    vault::{self, Sealed, Secret},
};

/// What stays here while the browser is at the provider.
#[derive(Debug, Deserialize)]
pub(super) struct Pending {
    /// The way that was chosen.
    pub(super) method: Method,
    /// The proof key.
    pub(super) verifier: Option<Secret>,
    /// As it stood in the consent URL.
    pub(super) redirect_uri: String,
    /// The `iss` the callback must carry.
    pub(super) issuer: Option<String>,
    /// What was asked for.
    pub(super) scopes: Vec<String>,
    /// Tenant fields typed in before.
    pub(super) fields: BTreeMap<String, String>,
    /// Those of them that are secret.
    pub(super) secret_fields: BTreeMap<String, Secret>,
}

#[derive(Serialize)]
struct Plain<'a> {
    method: Method,
    verifier: Option<&'a str>,
    redirect_uri: &'a str,
    issuer: Option<&'a str>,
    scopes: &'a [String],
    fields: &'a BTreeMap<String, String>,
    secret_fields: BTreeMap<&'a str, &'a str>,
}

/// The digest that stands for a `state` or a cookie in the store.
pub(super) fn digest(text: &str) -> Vec<u8> {
    vault::sha256(text.as_bytes()).to_vec()
}

/// What a row of `flows` is called where it is sealed.
pub(super) fn row_name(state_digest: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(state_digest)
}

impl Connections {
    /// Keeps a flow until its callback; `cookie` binds it to one browser.
    pub(super) async fn keep_pending(
        &self,
        connection: &Connection,
        pending: &Pending,
        state: &Secret,
        cookie: &str,
    ) -> Result<(), Fault> {
        let state_digest = digest(state.expose());
        let plain = Plain {
            method: pending.method,
            verifier: pending.verifier.as_ref().map(Secret::expose),
            redirect_uri: &pending.redirect_uri,
            issuer: pending.issuer.as_deref(),
            scopes: &pending.scopes,
            fields: &pending.fields,
            secret_fields: exposed(&pending.secret_fields),
        };
        let vault = &self.parts.vault;
        let sealed = grant::seal(vault, connection.owner, "flows", &row_name(&state_digest), &plain)?;
        let row = FlowRow {
            connection: connection.id,
            app: connection.app.clone(),
            generation: connection.generation,
            browser_digest: digest(cookie),
            key_id: sealed.key_id,
            sealed: sealed.data,
            expires_time: self.parts.clock.now() + self.rules.flow_lifetime,
            state_digest,
        };
        Ok(self.parts.store.flows().insert(&row).await?)
    }

    /// What was kept in a flow that was taken out.
    pub(super) fn open_pending(&self, connection: &Connection, row: FlowRow) -> Result<Pending, Fault> {
        let name = row_name(&row.state_digest);
        let sealed = Sealed { key_id: row.key_id, data: row.sealed };
        grant::open(&self.parts.vault, connection.owner, "flows", &name, &sealed)
    }
}
