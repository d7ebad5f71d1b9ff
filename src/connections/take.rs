//! Typed-in credentials: a key, a user name and password, or a client of the user's own. Tried before they are kept.

use super::{
    Connections,
    asking::{self, With},
    finish::{Gained, Scopes, Worthless},
    gather::{Gathering, NotFound, in_answer},
    input::Refused,
    ways,
};
use crate::{
    catalog::field::Source,
    clock::Timestamp,
    oauth::{JwtError, OAuthError},
};

/// Why typed-in credentials are not kept.
#[derive(Clone, Debug)]
pub(super) enum TakeError {
    /// One of the values can't be taken.
    Refused(Refused),
    /// One of the credentials can't be.
    Credential(Refused),
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
        self.try_key(&gathering)?;
        let expires = self.first_token(&mut gathering).await?;
        self.request_fields(&mut gathering).await.map_err(not_found)?;
        gathering.derive().map_err(not_found)?;
        let scopes = gathering.way.token.as_ref().map(|token| token.scopes.clone()).unwrap_or_default();
        let name = gathering.app.display_name.clone();
        self.identify(gathering, expires, Scopes::new(scopes, None)).await.map_err(
            |worthless| match worthless {
                Worthless::Rejected => TakeError::Rejected(format!("{name} refuses these credentials.")),
                Worthless::Unfit(why) => TakeError::Unfit(why),
            },
        )
    }

    /// That what is typed in as a key is one: it signs.
    fn try_key(&self, gathering: &Gathering<'_>) -> Result<(), TakeError> {
        let way = gathering.way;
        let Err(error) = asking::sign(&mut gathering.values(), way, self.parts.clock.now()) else {
            return Ok(());
        };
        let (name, problem) = match error {
            JwtError::Missing(name) => (name, "is missing"),
            JwtError::Key(problem) => {
                let name = way.jwt.as_ref().and_then(|jwt| jwt.key.names().next()).unwrap_or("key");
                (name.to_owned(), problem)
            }
        };
        // Taken out of another value, it is that one that has to be mended.
        let of =
            gathering.app.fields.iter().find(|field| field.name == name).and_then(|field| field.of.as_ref());
        let name = of.unwrap_or(&name);
        let is_credential = way.fields.iter().any(|field| field.name == *name);
        let refused = Refused::new(name, problem);
        Err(if is_credential { TakeError::Credential(refused) } else { TakeError::Refused(refused) })
    }

    /// The token that is asked for with typed-in credentials, where they don't go upstream as they are.
    async fn first_token(&self, gathering: &mut Gathering<'_>) -> Result<Option<Timestamp>, TakeError> {
        if !ways::asks_as_client(gathering.way) {
            return Ok(None);
        }
        let asked = self.parts.clock.now();
        let answer = self.ask_for_token(gathering, With::Client).await.map_err(|error| match error {
            OAuthError::Configuration(_) | OAuthError::Permanent(_) | OAuthError::InvalidGrant(_) => {
                TakeError::Rejected(format!(
                    "{} refuses these credentials: {error}.",
                    gathering.app.display_name
                ))
            }
            passing => TakeError::TokenEndpoint(passing.to_string()),
        })?;
        gathering.grant.access_token = Some(answer.access_token.clone());
        let not_found = |not: NotFound| TakeError::Refused(Refused::new(&not.field, words(not.reason)));
        gathering.take(Source::Token, |field| in_answer(field, &answer)).map_err(not_found)?;
        Ok(self.schedule.end(asked, answer.lifetime))
    }
}

/// What a person reads where a field could not be found.
pub(super) fn words(reason: &str) -> &'static str {
    match reason {
        "field_missing" => "could not be found with these credentials",
        "not_among" => "is none of those that these credentials open",
        _ => "has a value here that this app's file does not allow",
    }
}
