//! The line of a call. Every call writes it, so it does not go to the log field by field, each of which is looked through
//! for what has to be escaped; it is one value, which the JSON lines know (`src/telemetry/json.rs`).

use std::{error::Error, fmt, sync::Arc, time::Duration};

use uuid::Uuid;

use crate::{
    catalog::App,
    id::{ConnectionId, KeyId, OwnerId},
    net::request_id::RequestId,
};

/// What there is to say of a call when it is over. Never a path, a query, a header or a body.
///
/// An error only by its type: the log hands errors on as what they are, and everything else as text.
#[derive(Debug)]
pub struct Call {
    /// The request's id.
    pub request_id: RequestId,
    /// The app.
    pub app: Option<Arc<App>>,
    /// Who called.
    pub caller: Option<(OwnerId, KeyId)>,
    /// The connection that was used.
    pub connection: Option<ConnectionId>,
    /// The answer's status.
    pub status: u16,
    /// Whether it went out a second time, with a newer credential, because the first one was refused.
    pub sent_again: bool,
    /// Why the gateway answered by itself, if it did.
    pub reason: Option<&'static str>,
    /// How it ended.
    pub end: &'static str,
    /// How long the upstream took to begin its answer.
    pub first_byte: Option<Duration>,
    /// How long all of it took.
    pub duration: Duration,
}

/// One member's value.
pub(super) enum Value<'c> {
    /// Something to be shown as it is.
    Text(&'c str),
    /// The same, of letters, digits and dashes only.
    Word(&'c str),
    /// An id.
    Id(Uuid),
    /// A number.
    Number(u64),
}

impl Call {
    /// Gives every member to `member`, named as JSON has it behind another one: what follows is only its value.
    pub(super) fn members(&self, mut member: impl FnMut(&'static str, Value<'_>)) {
        member(",\"request_id\":", Value::Word(self.request_id.as_str()));
        if let Some(app) = &self.app {
            member(",\"app\":", Value::Text(&app.name));
        }
        if let Some((owner, key)) = self.caller {
            member(",\"owner\":", Value::Id(owner.uuid()));
            member(",\"key\":", Value::Id(key.uuid()));
        }
        if let Some(connection) = self.connection {
            member(",\"connection\":", Value::Id(connection.uuid()));
        }
        member(",\"status\":", Value::Number(self.status.into()));
        if self.sent_again {
            member(",\"sent\":", Value::Number(2));
        }
        if let Some(reason) = self.reason {
            member(",\"reason\":", Value::Text(reason));
        }
        member(",\"end\":", Value::Word(self.end));
        if let Some(first_byte) = self.first_byte {
            member(",\"first_byte_us\":", Value::Number(micros(first_byte)));
        }
        member(",\"duration_us\":", Value::Number(micros(self.duration)));
    }
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}

impl Error for Call {}

/// As a line of text shows it.
impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut written = f.write_str("call");
        self.members(|name, value| {
            let name = name.trim_matches([',', '"', ':']);
            written = written.and_then(|()| match value {
                Value::Text(text) | Value::Word(text) => write!(f, " {name}={text:?}"),
                Value::Id(id) => write!(f, " {name}=\"{id}\""),
                Value::Number(number) => write!(f, " {name}={number}"),
            });
        });
        written
    }
}
