//! What a key can be called and how long it can last, whichever door asks.

use std::time::Duration;

use super::KeyError;
use crate::clock::Timestamp;

const SHORTEST: Duration = Duration::from_secs(1);
/// A hundred years: longer ones are mistakes, such as milliseconds.
const LONGEST: Duration = Duration::from_hours(100 * 366 * 24);
const LONGEST_NAME: usize = 200;

/// A label as it is stored: one line without space around it.
pub(super) fn name(given: &str) -> Result<String, KeyError> {
    let name = given.trim();
    let fits = (1..=LONGEST_NAME).contains(&name.chars().count()) && !name.chars().any(char::is_control);
    if fits { Ok(name.to_owned()) } else { Err(KeyError::BadName) }
}

/// When a key ends that is to last for `span` from `now`.
pub(super) fn end(now: Timestamp, span: Duration) -> Result<Timestamp, KeyError> {
    if (SHORTEST..=LONGEST).contains(&span) { Ok(now + span) } else { Err(KeyError::BadLifetime) }
}
