//! What can go wrong with keys, for doors to answer by.

use crate::store::StoreError;

/// Why a key was refused, or something about keys failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Nobody has this key: never issued, revoked or replaced.
    #[error("this key is not known")]
    Invalid,
    /// It had an end, and that has passed.
    #[error("this key has expired")]
    Expired,
    /// There is no owner whose key this could be.
    #[error("there is no such owner")]
    NoOwner,
    /// 422: a label no list could show.
    #[error("a key's name is one line of 1 to 200 characters, without control characters")]
    BadName,
    /// 422: shorter or longer than anybody means.
    #[error("a key lasts at least a second and at most a hundred years")]
    BadLifetime,
    /// The store can't be reached or takes no writes: 503.
    #[error("{0}")]
    Unavailable(String),
    /// A row that can't be: 500.
    #[error("{0}")]
    Internal(String),
}

impl From<StoreError> for KeyError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Gone => Self::NoOwner,
            StoreError::Unavailable(_) => Self::Unavailable(error.to_string()),
            _ => Self::Internal(error.to_string()),
        }
    }
}
