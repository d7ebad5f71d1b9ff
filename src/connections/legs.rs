//! The legs of OAuth 1.0a that the gateway walks itself, where another way in has its token step. The temporary token is
//! the flow's `state`, its secret takes the place of the proof key: both are kept, bound and spent like those.

use super::{Connections, values::Values, ways};
use crate::{
    catalog::auth::Auth,
    clients::OAuthClient,
    oauth::{self, Begin, Consent, Legs, OAuthError, TokenAnswer},
    vault::Secret,
};

/// What the callback carries where others have `code`.
pub(super) const VERIFIER: &str = "oauth_verifier";
/// Where in the grant the secret of the token is.
pub(super) const TOKEN_SECRET: &str = "token_secret";

impl Connections {
    /// Begins a flow as its way does.
    pub(super) async fn begun(
        &self,
        way: &Auth,
        client: &OAuthClient,
        consent: &Consent<'_>,
    ) -> Result<Begin, OAuthError> {
        let Some(steps) = &way.oauth1 else { return oauth::begin(consent) };
        let (parts, client) = (&self.parts, ways::operators_client(client));
        let legs = Legs { http: &parts.http, clock: &parts.clock, steps, client: &client };
        oauth::begin_oauth1(&legs, consent).await
    }

    /// The token for what the browser brought, and its secret.
    pub(super) async fn last_leg(
        &self,
        way: &Auth,
        (client, values): (&OAuthClient, &Values),
        temporary: (&Secret, &Secret),
        verifier: &Secret,
    ) -> Result<(TokenAnswer, Secret), OAuthError> {
        let missing = || OAuthError::Configuration("the app's [auth.oauth1] is missing".to_owned());
        let steps = way.oauth1.as_ref().ok_or_else(missing)?;
        let (parts, client) = (&self.parts, ways::operators_client(client));
        let legs = Legs { http: &parts.http, clock: &parts.clock, steps, client: &client };
        oauth::finish_oauth1(&legs, values, temporary, verifier).await
    }
}
