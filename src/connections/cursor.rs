//! The cursor of a list: time and id of the last connection shown, as text nobody needs to understand.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use uuid::Uuid;

use crate::{clock::Timestamp, id::ConnectionId, store::ConnectionRow};

/// The cursor behind `last`.
pub(super) fn after(last: &ConnectionRow) -> String {
    let time = last.creation_time.as_micros().to_be_bytes();
    URL_SAFE_NO_PAD.encode([time.as_slice(), last.id.uuid().as_bytes()].concat())
}

/// Time and id of a cursor.
pub(super) fn read(cursor: &str) -> Option<(Timestamp, ConnectionId)> {
    let bytes = URL_SAFE_NO_PAD.decode(cursor).ok()?;
    let (time, id) = bytes.split_first_chunk::<8>()?;
    let id = Uuid::from_slice(id).ok()?;
    Some((Timestamp::from_micros(i64::from_be_bytes(*time)), id.into()))
}
