//! What the page about a finished connection shows: whose account it is, what it may do, what is still to be done.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{
    frame::Frame,
    inert::inert,
    monogram::Monogram,
    pages::{Account, SuccessPage, Waiting, steps},
    scopes::ScopeLine,
};
use crate::{
    catalog::App,
    connections::{Connection, Finished, UNPROBED},
};

/// Bytes of scopes that a cookie has room for, which carries them: those given, and those not given.
const GRANTED: usize = 1300;
const MISSING: usize = 700;

/// A finished connection, as its browser carries it to the page.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct Success {
    app: String,
    owner: String,
    metadata: Map<String, Value>,
    connection_name: Option<String>,
    environment: Option<String>,
    /// Each with the words of the app's file.
    granted: Vec<(String, Option<String>)>,
    missing: Vec<(String, Option<String>)>,
    /// It waits for its owner; whether because it is another account; how to confirm.
    waiting: Option<(bool, String)>,
    unprobed: bool,
    typed_in: bool,
}

impl Success {
    /// What is to be said of a finished connection of `owner`.
    pub(super) fn of(finished: &Finished, owner: String, control_url: &str) -> Self {
        let (connection, app) = (&finished.connection, &finished.app);
        let call = || format!("POST {control_url}/connections/{}/confirm", connection.id);
        Self {
            app: app.display_name.clone(),
            owner,
            metadata: known(&connection.metadata),
            connection_name: connection.name.clone(),
            environment: environment(app, connection),
            granted: lines(app, &connection.scopes, GRANTED),
            missing: lines(app, &finished.missing, MISSING),
            waiting: connection.awaits_confirmation().then(|| (finished.other_account, call())),
            unprobed: connection.status_reason.as_deref() == Some(UNPROBED),
            typed_in: app.way(connection.method).is_none_or(|way| way.authorize.is_none()),
        }
    }

    /// The page.
    pub(super) fn page(self, frame: Frame) -> SuccessPage {
        let line = |(scope, words): &(String, Option<String>)| {
            let known = words.iter().map(|words| (scope.clone(), words.clone())).collect();
            ScopeLine::new(&frame, scope, &known)
        };
        let there = Some(self.app.as_str()).filter(|_| !self.typed_in);
        SuccessPage {
            steps: steps(&frame, there, if self.typed_in { 1 } else { 2 }),
            app: Monogram::new(&self.app),
            owner: self.owner,
            account: account(&self.metadata),
            connection_name: self.connection_name,
            environment: self.environment,
            granted: self.granted.iter().map(line).collect(),
            missing: self.missing.iter().map(line).collect(),
            waiting: self.waiting.map(|(other, call)| Waiting { other, call }),
            unprobed: self.unprobed,
            t: frame,
        }
    }
}

/// Scopes with the words of the app's file, as many as there is room for.
fn lines(app: &App, scopes: &[String], mut room: usize) -> Vec<(String, Option<String>)> {
    let line = |scope: &String| (scope.clone(), app.scopes.get(scope).cloned());
    let fits = |(scope, words): &(String, Option<String>)| {
        let size = scope.len() + words.as_ref().map_or(0, String::len) + 8;
        room.checked_sub(size).map(|left| room = left).is_some()
    };
    scopes.iter().map(line).take_while(fits).collect()
}

/// What of the metadata tells whose account it is.
fn known(metadata: &Map<String, Value>) -> Map<String, Value> {
    let known = ["name", "email", "account_id"].into_iter();
    known.filter_map(|key| Some((key.to_owned(), inert(metadata.get(key)?.as_str()?).into()))).collect()
}

/// Name first, as people know it; then the address; the provider's number last, and only where nothing else says it.
pub(super) fn account(metadata: &Map<String, Value>) -> Option<Account> {
    let mut words: Vec<String> = Vec::new();
    for key in ["name", "email", "account_id"] {
        let value = metadata.get(key).and_then(Value::as_str).map(inert).filter(|value| !value.is_empty());
        let said = |value: &String| words.iter().any(|word| word.eq_ignore_ascii_case(value));
        words.extend(value.filter(|value| !said(value)));
    }
    // A name that is the number itself says nothing to people: the address goes before it.
    let number = metadata.get("account_id").and_then(Value::as_str).map(inert);
    if words.len() > 1 && words.first() == number.as_ref() {
        words.rotate_left(1);
    }
    let mut words = words.into_iter();
    Some(Account { name: words.next()?, more: words.collect() })
}

/// What people call the environment that the account belongs to, once that is known.
pub(super) fn environment(app: &App, connection: &Connection) -> Option<String> {
    let name = connection.metadata.get("environment").and_then(Value::as_str);
    let found = app.environments.iter().find(|environment| Some(environment.name.as_str()) == name);
    found.map(|environment| environment.label.clone())
}

#[cfg(test)]
mod tests {
    use askama::Template as _;
    use serde_json::json;

    use super::*;
    use crate::web::words::Words;

    fn html(success: Success) -> String {
        success.page(Frame::new(&Words::english())).render().unwrap()
    }

    #[test]
    fn an_account_is_called_by_the_name_people_know_it_by() {
        for (metadata, name, more) in [
            (
                json!({"name": "Ada", "email": "ada@x.test", "account_id": "7"}),
                "Ada",
                &["ada@x.test", "7"][..],
            ),
            (json!({"email": "ada@x.test", "account_id": "acct_ada"}), "ada@x.test", &["acct_ada"]),
            (
                json!({"name": "acct_ada", "email": "ada@x.test", "account_id": "acct_ada"}),
                "ada@x.test",
                &["acct_ada"],
            ),
            (
                json!({"name": "ada@x.test", "email": "Ada@x.test", "account_id": "ada@x.test"}),
                "ada@x.test",
                &[],
            ),
            (json!({"account_id": "acct_ada"}), "acct_ada", &[]),
            (json!({"name": "", "email": "ada@x.test"}), "ada@x.test", &[]),
        ] {
            let account = account(metadata.as_object().unwrap()).unwrap();
            assert_eq!(
                (account.name.as_str(), account.more),
                (name, more.iter().map(|m| (*m).to_owned()).collect()),
                "{metadata}"
            );
        }
        assert_eq!(account(&Map::new()), None);
    }

    #[test]
    fn oc_15_oc_16_a_waiting_connection_says_that_its_owner_has_to_confirm_and_how() {
        let done = |waiting| Success {
            app: "Desk".into(),
            owner: "Ada".into(),
            metadata: known(json!({"email": "ada@example.com"}).as_object().unwrap()),
            waiting,
            ..Success::default()
        };
        let waits = html(done(Some((false, "POST https://c.test/connections/1/confirm".into()))));
        assert!(waits.contains("first has to confirm that this is the right account"));
        assert!(
            waits.contains("POST https://c.test/connections/1/confirm")
                && waits.contains("One more step: Ada confirms")
        );
        let other = html(done(Some((true, String::new()))));
        assert!(other.contains("This is another account than before"));
        let good = html(done(None));
        assert!(
            good.contains("Desk is connected")
                && !good.contains("confirm")
                && good.contains("ada@example.com")
        );
    }

    #[test]
    fn scopes_that_were_not_given_are_named() {
        let scope = |name: &str, words: Option<&str>| (name.to_owned(), words.map(str::to_owned));
        let page = html(Success {
            app: "Desk".into(),
            granted: vec![scope("read", Some("Read your tickets"))],
            missing: vec![scope("write", None)],
            ..Success::default()
        });
        assert!(page.contains("Access given") && page.contains("Read your tickets"));
        assert!(page.contains("Asked for but not given") && page.contains(">write<"));
        assert!(!html(Success::default()).contains("Asked for but"));
    }
}
