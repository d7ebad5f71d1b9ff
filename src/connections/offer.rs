//! What the page behind a connect link shows. Reading it changes nothing, however often and by whomever.

use std::sync::Arc;

use super::{
    Asked, Choice, Connection, Connections, Fault, LinkError, Offer, OfferedWay, Status, input, link::Link,
    ways,
};
use crate::catalog::{
    app::{App, Method},
    auth::{Auth, CredentialField},
    field::Field,
};

impl Connections {
    /// What the page behind a connect link shows. Changes nothing, however often.
    pub async fn open(&self, session_token: &str) -> Result<Offer, LinkError> {
        let (connection, app) = self.linked(session_token).await?;
        let owner = self.parts.owners.get(connection.owner).await.map_err(Fault::from)?;
        let owner_name = owner.ok_or(LinkError::Dead)?.name;
        let mut offered = Vec::new();
        for way in chosen_first(&app, connection.method) {
            if self.is_open(way).await? {
                offered.push(offer(&app, way, &connection));
            }
        }
        let reconnect = connection.status == Status::Active || connection.needs_reauthorization();
        let confirms = self.rules.confirm;
        Ok(Offer { reconnect, confirms, owner_name, ways: offered, connection: Arc::new(connection), app })
    }

    /// The connection of a link, and its app. Forged, expired, used and deleted all look alike (OC-1).
    pub(super) async fn linked(&self, session_token: &str) -> Result<(Connection, Arc<App>), LinkError> {
        let now = self.parts.clock.now();
        let link = Link::read(session_token, &self.parts.vault, now).ok_or(LinkError::Dead)?;
        let connection = self.find(link.connection).await?.ok_or(LinkError::Dead)?;
        if connection.generation != link.generation {
            return Err(LinkError::Dead);
        }
        let app = self.parts.apps.app(&connection.app).ok_or(LinkError::Dead)?;
        Ok((connection, app))
    }
}

fn chosen_first(app: &App, chosen: Method) -> impl Iterator<Item = &Auth> {
    app.auth
        .iter()
        .filter(move |way| way.method == chosen)
        .chain(app.auth.iter().filter(move |way| way.method != chosen))
}

fn offer(app: &App, way: &Auth, connection: &Connection) -> OfferedWay {
    let fields = input::asked(app, way).map(|field| tenant(field, connection));
    let credentials = way.fields.iter().map(credential);
    OfferedWay {
        method: way.method,
        leaves: !ways::is_typed_in(way),
        scopes: scopes(way, connection).to_vec(),
        fields: fields.chain(environment(app, connection)).chain(credentials).collect(),
        docs: way.docs.clone().filter(|_| ways::is_typed_in(way)),
    }
}

/// The scopes to ask for: those named when the connection was made, else the app's own.
pub(super) fn scopes<'a>(way: &'a Auth, connection: &'a Connection) -> &'a [String] {
    match (&way.authorize, &way.token) {
        (Some(_), _) if way.method == connection.method && !connection.requested_scopes.is_empty() => {
            &connection.requested_scopes
        }
        (Some(authorize), _) => &authorize.scopes,
        (None, Some(token)) => &token.scopes,
        (None, None) => &[],
    }
}

fn tenant(field: &Field, connection: &Connection) -> Asked {
    let known = connection.fields.get(&field.name).or(field.default.as_ref());
    // Nothing is chosen for anybody: where the file has no value of its own, the first choice is none.
    let none = (!field.choices.is_empty() && field.default.is_none())
        .then(|| Choice { value: String::new(), label: "–".to_owned() });
    let choices = field.choices.iter().map(|value| Choice { value: value.clone(), label: value.clone() });
    Asked {
        name: field.name.clone(),
        label: field.label.clone(),
        help: field.help.clone(),
        example: field.example.clone(),
        value: known.filter(|_| !field.secret).cloned(),
        choices: none.into_iter().chain(choices).collect(),
        secret: field.secret,
        multiline: field.multiline,
        optional: field.optional || field.default.is_some(),
    }
}

fn credential(field: &CredentialField) -> Asked {
    Asked {
        name: field.name.clone(),
        label: field.label.clone(),
        help: field.help.clone(),
        example: field.example.clone(),
        value: None,
        choices: Vec::new(),
        secret: field.secret,
        multiline: field.multiline,
        optional: field.optional,
    }
}

/// The choice of an environment, where nothing else tells it.
fn environment(app: &App, connection: &Connection) -> Option<Asked> {
    let choices: Vec<_> = app
        .environments
        .iter()
        .filter(|environment| environment.fields.is_empty())
        .map(|environment| Choice { value: environment.name.clone(), label: environment.label.clone() })
        .collect();
    let first = choices.first()?.value.clone();
    Some(Asked {
        name: input::ENVIRONMENT.to_owned(),
        label: "Environment".to_owned(),
        help: None,
        example: None,
        value: Some(connection.fields.get(input::ENVIRONMENT).cloned().unwrap_or(first)),
        choices,
        secret: false,
        multiline: false,
        optional: true,
    })
}
