//! A call once more, after the upstream refused its credential with a 401 and the provider gave a newer one.
//!
//! Only what may be sent twice: idempotent, without a body (RFC 9110 9.2.2). Once; what comes then goes on as it is. How
//! often a renewal can be forced is the connections' to say (TL-13).

use std::sync::Arc;

use http::Response;

use super::{
    Plane,
    rewrite::{self, Asked},
};
use crate::{
    connections::{Chosen, Credential},
    net::{
        client::{Refused, Terms},
        stream::Streamed,
    },
};

impl Plane {
    /// The answer to the same call with a newer credential, if there is one; else the 401 stands.
    pub(super) async fn again(
        &self,
        asked: &Asked,
        chosen: &Chosen,
        refused: &Credential,
        answer: &mut Response<Streamed>,
    ) -> Option<(Arc<Credential>, Response<Streamed>)> {
        let Refused(spare) = answer.extensions_mut().remove()?;
        if asked.is_anonymous() {
            return None;
        }
        let newer = self.0.connections.refused(&chosen.connection, refused).await?;
        if newer.edition != refused.edition {
            return None;
        }
        let mut request = rewrite::renewed(spare.request(), asked, refused, &newer).ok()?;
        if let Some(signer) = newer.signer.as_deref().filter(|_| !asked.has_own_credential()) {
            request = self.signed(request, signer).await.ok()?;
        }
        let terms = Terms { http2: asked.app.http2, ..Terms::default() };
        match self.0.client.exchange(request, terms).await {
            Ok(answer) => Some((newer, answer)),
            Err(error) => {
                tracing::debug!(%error, "a call could not be sent again");
                None
            }
        }
    }
}
