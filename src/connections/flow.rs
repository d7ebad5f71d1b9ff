//! Consent in the browser: what the connect page shows, where *Continue* leads, what the callback makes of it.
//!
//! The pages are `web`'s; here is what they say and do.

use std::{sync::Arc, time::Duration};

use super::{Connection, Fault};
use crate::catalog::app::{App, Method};

/// A connect link that leads nowhere: forged, expired, used or of a deleted connection, all alike.
#[derive(Clone, Debug, thiserror::Error)]
pub enum LinkError {
    /// 404: the link is dead.
    #[error("this link is no longer valid")]
    Dead,
    /// The store is out of reach.
    #[error(transparent)]
    Store(#[from] Fault),
}

/// Everything the connect page shows.
#[derive(Clone, Debug)]
pub struct Offer {
    /// The connection that will receive the access.
    pub connection: Arc<Connection>,
    /// The app.
    pub app: Arc<App>,
    /// The account that will receive the access.
    pub owner_name: String,
    /// Whether an earlier grant is replaced.
    pub reconnect: bool,
    /// Whether the owner has to confirm what will be connected.
    pub confirms: bool,
    /// The ways in that can be used, the chosen one first.
    pub ways: Vec<OfferedWay>,
}

/// One way in, as the page offers it.
#[derive(Clone, Debug)]
pub struct OfferedWay {
    /// Its method: what [`super::Connections::begin`] takes.
    pub method: Method,
    /// Whether *Continue* leads to the provider; else the page itself asks for everything.
    pub leaves: bool,
    /// What will be asked of the provider; `App::scopes` has words for some.
    pub scopes: Vec<String>,
    /// What to ask the user for.
    pub fields: Vec<Asked>,
    /// Where the user finds what to type in.
    pub docs: Option<String>,
}

/// One input of the page.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The form's field name.
    pub name: String,
    /// What to call it.
    pub label: String,
    /// A sentence under the input.
    pub help: Option<String>,
    /// A value as it would look.
    pub example: Option<String>,
    /// What is known already; never a secret.
    pub value: Option<String>,
    /// If not empty: the only values there are.
    pub choices: Vec<Choice>,
    /// Shown as dots.
    pub secret: bool,
    /// A key in several lines.
    pub multiline: bool,
    /// May stay empty.
    pub optional: bool,
}

/// One value of an input that offers a choice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// What the form sends.
    pub value: String,
    /// What to call it.
    pub label: String,
}

/// Where *Continue* led.
#[derive(Clone, Debug)]
pub enum Begun {
    /// On to the provider.
    Redirect {
        /// The provider's consent page.
        url: String,
        /// The value of the flow cookie that binds the flow to this browser.
        cookie: String,
        /// How long the cookie lives.
        lifetime: Duration,
    },
    /// Typed-in credentials were taken: done.
    Connected(Finished),
    /// They open several accounts: the user picks.
    Choose(Picking),
}

/// What leads a browser to the page that asks which account is meant.
#[derive(Clone)]
pub struct Picking {
    /// Names the flow; stands in the page's address.
    pub ticket: String,
    /// The value of the cookie that binds it to this browser.
    pub cookie: String,
}

impl std::fmt::Debug for Picking {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Picking")
    }
}

/// Everything the page shows that asks which account is meant.
#[derive(Clone, Debug)]
pub struct Choosing {
    /// The connection that will receive the access.
    pub connection: Arc<Connection>,
    /// The app.
    pub app: Arc<App>,
    /// The account that will receive the access.
    pub owner_name: String,
    /// What is to be picked.
    pub label: String,
    /// What there is to pick from.
    pub candidates: Vec<Choice>,
}

/// Why a pick did not lead on.
#[derive(Clone, Debug, thiserror::Error)]
pub enum PickError {
    /// Ticket, cookie or generation do not fit, or it is spent or over.
    #[error("this sign-in is no longer valid, or was begun in another browser")]
    Refused,
    /// What was picked was not offered.
    #[error("this is none of what was offered")]
    Unknown,
    /// The store is out of reach.
    #[error(transparent)]
    Store(#[from] Fault),
}

impl From<CallbackError> for PickError {
    fn from(error: CallbackError) -> Self {
        match error {
            CallbackError::Refused => Self::Refused,
            CallbackError::Store(fault) => Self::Store(fault),
        }
    }
}

/// What is wrong with a value, as far as the person who typed it in can mend it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrong {
    /// Nothing was given.
    Missing,
    /// It is none of the values there are, or has another form than they have.
    Form,
    /// It leads where the gateway must not go.
    Address,
}

/// Why *Continue* did not lead on.
#[derive(Clone, Debug, thiserror::Error)]
pub enum BeginError {
    /// The link is dead.
    #[error(transparent)]
    Link(#[from] LinkError),
    /// A value that can't be taken; the page shows it beside its input.
    #[error("{field}: {problem}")]
    Invalid {
        /// The input's name.
        field: String,
        /// What is wrong with it.
        problem: String,
        /// The same for a page, which has words of its own.
        wrong: Wrong,
    },
    /// The provider refuses these credentials; nothing was stored.
    #[error("{0}")]
    Rejected(String),
    /// Nobody has given the OAuth client, or the app's file can't be filled.
    #[error("{0}")]
    NotConfigured(String),
    /// The provider's token endpoint failed; nothing was stored.
    #[error("{0}")]
    TokenEndpoint(String),
    /// The store is out of reach.
    #[error(transparent)]
    Store(#[from] Fault),
}

/// A flow that came to an end, good or bad.
#[derive(Clone, Debug)]
pub struct Finished {
    /// The connection as it is now.
    pub connection: Arc<Connection>,
    /// The app.
    pub app: Arc<App>,
    /// Connections of other apps that further tokens of the same answer have made.
    pub also: Vec<Arc<Connection>>,
    /// What was asked for in this flow and not granted.
    pub missing: Vec<String>,
    /// Whether it is another account than before (OC-15).
    pub other_account: bool,
    /// Where to send the browser, with `connection_id` and `status`, if the connection names a return URL.
    pub return_to: Option<String>,
}

/// What the callback made of it.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// Connected (or waiting for the owner's confirmation: see the connection).
    Connected(Finished),
    /// The provider or the user said no, or the provider failed; a failed reconnect leaves the old grant.
    Failed {
        /// The connection as it is now.
        finished: Finished,
        /// A stable word: the provider's error code, shortened and harmless, or one of ours.
        reason: String,
        /// A link to try again.
        retry: String,
    },
    /// The sign-in opens several accounts: the user picks.
    Choose(Picking),
}

/// A callback that belongs to no flow of this browser: 400, nothing was sent to the provider.
#[derive(Clone, Debug, thiserror::Error)]
pub enum CallbackError {
    /// `state`, cookie, app, `iss` or generation do not fit, or the flow is spent.
    #[error("this sign-in is no longer valid, or was begun in another browser")]
    Refused,
    /// The store is out of reach.
    #[error(transparent)]
    Store(#[from] Fault),
}
