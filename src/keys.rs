//! API keys: issued once, stored as a digest, verified through a short cache that a revocation empties at once.

use std::sync::Arc;

use serde_json::Value;

use crate::{
    clock::Timestamp,
    id::{KeyId, OwnerId},
};

/// Who calls: an owner by one of its keys.
#[derive(Clone, Debug)]
pub struct Caller {
    /// Whose key it is.
    pub owner: OwnerId,
    /// The owner's name.
    pub owner_name: String,
    /// The key.
    pub key: KeyId,
    /// The key's name.
    pub key_name: String,
    /// Whether it may manage owners, clients and every owner's things.
    pub admin: bool,
    /// What it may do.
    pub rules: Value,
    /// When it ends.
    pub expires: Option<Timestamp>,
}

/// What the next landing fills.
pub type SharedCaller = Arc<Caller>;
