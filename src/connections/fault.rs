//! What goes wrong below the connections: the store, or a broken row. Doors answer 503 or 500 by it.

use crate::{clients::ClientError, owners::OwnerError, store::StoreError};

/// A failure that is nobody's request's fault. The texts name no secret and no address.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The store can't be reached or takes no writes: 503.
    #[error("{0}")]
    Unavailable(String),
    /// A row that can't be, or a secret that can't be opened: 500.
    #[error("{0}")]
    Internal(String),
}

impl Fault {
    pub(super) fn internal(table: &str, row: &str, error: &dyn std::fmt::Display) -> Self {
        Self::Internal(format!("{table} {row}: {error}"))
    }
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unavailable(_) => Self::Unavailable(error.to_string()),
            _ => Self::Internal(error.to_string()),
        }
    }
}

impl From<ClientError> for Fault {
    fn from(error: ClientError) -> Self {
        match error {
            ClientError::Unavailable(why) => Self::Unavailable(why),
            other => Self::Internal(other.to_string()),
        }
    }
}

impl From<OwnerError> for Fault {
    fn from(error: OwnerError) -> Self {
        match error {
            OwnerError::Unavailable(why) => Self::Unavailable(why),
            other => Self::Internal(other.to_string()),
        }
    }
}
