//! What goes wrong below the connections: the store, or a broken row. Doors answer 503 or 500 by it.

/// A failure that is nobody's request's fault.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Fault {
    /// The store can't be reached or takes no writes: 503.
    #[error("the store can't be reached: {0}")]
    Unavailable(String),
    /// A row that can't be, or a secret that can't be opened: 500.
    #[error("{0}")]
    Internal(String),
}
