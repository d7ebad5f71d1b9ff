//! Typed-in credentials: a key, a user name and password, or a client of the user's own. Tried before they are kept.

use super::{
    Connections,
    finish::{Gained, Worthless},
    gather::{Gathering, NotFound, in_answer},
    input::Refused,
    ways,
};
use crate::{
    catalog::{app::Method, field::Source},
    clock::Timestamp,
    oauth::{self, OAuthError, TokenEndpoint},
};

/// Why typed-in credentials are not kept.
#[derive(Clone, Debug)]
pub(super) enum TakeError {
    /// One of the values can't be taken.
    Refused(Refused),
    /// The provider refuses them.
    Rejected(String),
    /// The app's file can't be filled with them.
    Unfit(String),
    /// The provider's token endpoint failed.
    TokenEndpoint(String),
}

impl Connections {
    /// Tries typed-in credentials; what comes back is worth storing.
    pub(super) async fn take<'a>(&self, mut gathering: Gathering<'a>) -> Result<Gained<'a>, TakeError> {
        let not_found = |not: NotFound| TakeError::Refused(Refused::new(&not.field, words(not.reason)));
        gathering.derive().map_err(not_found)?;
        let (app, way) = (gathering.app, gathering.way);
        self.vet(app, way, &gathering.values()).await.map_err(TakeError::Refused)?;
        let expires = self.first_token(&mut gathering).await?;
        self.request_fields(&mut gathering).await.map_err(not_found)?;
        gathering.derive().map_err(not_found)?;
        let scopes = gathering.way.token.as_ref().map(|token| token.scopes.clone()).unwrap_or_default();
        let name = gathering.app.display_name.clone();
        self.identify(gathering, expires, scopes).await.map_err(|worthless| match worthless {
            Worthless::Rejected => TakeError::Rejected(format!("{name} refuses these credentials.")),
            Worthless::Unfit(why) => TakeError::Unfit(why),
        })
    }

    /// The token that a client of the user's own asks for; other credentials go upstream as they are.
    async fn first_token(&self, gathering: &mut Gathering<'_>) -> Result<Option<Timestamp>, TakeError> {
        if gathering.way.method != Method::ClientCredentials {
            return Ok(None);
        }
        let unfit = || TakeError::Unfit("the app's file has no token step for this method".to_owned());
        let token = gathering.way.token.as_ref().ok_or_else(unfit)?;
        let (values, client) = (gathering.values(), ways::typed_client(&gathering.grant.credentials));
        let (parts, asked) = (&self.parts, self.parts.clock.now());
        let endpoint =
            TokenEndpoint { http: &parts.http, clock: &parts.clock, token, client: &client, values: &values };
        let answer =
            oauth::client_credentials(&endpoint, &token.scopes).await.map_err(|error| match error {
                OAuthError::Configuration(_) | OAuthError::Permanent(_) | OAuthError::InvalidGrant(_) => {
                    TakeError::Rejected(format!(
                        "{} refuses these credentials: {error}.",
                        gathering.app.display_name
                    ))
                }
                passing => TakeError::TokenEndpoint(passing.to_string()),
            })?;
        gathering.grant.access_token = Some(answer.access_token);
        let not_found = |not: NotFound| TakeError::Refused(Refused::new(&not.field, words(not.reason)));
        gathering.take(Source::Token, |field| in_answer(field, &answer.raw)).map_err(not_found)?;
        Ok(self.schedule.end(asked, answer.lifetime))
    }
}

/// What a person reads where a field could not be found.
pub(super) fn words(reason: &str) -> &'static str {
    match reason {
        "field_missing" => "could not be found with these credentials",
        _ => "has a value here that this app's file does not allow",
    }
}
