//! How a provider signs what it sends. Parsed and shown; nothing checks a signature by it yet.

use serde::{Deserialize, Serialize};

/// How a provider signs what it sends.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Webhook {
    /// The shape: `hmac`, `standard`, `shared-secret`, `public-key`, `jwt`, `body`, `api`.
    pub scheme: String,
    /// Where the signature stands.
    pub header: Option<String>,
    /// `HMAC-SHA256`, `Ed25519`, …
    pub algorithm: Option<String>,
    /// `hex` or `base64`.
    pub encoding: Option<String>,
    /// What stands before the signature, `sha256=`.
    pub prefix: Option<String>,
    /// What is signed, in order: `body`, `timestamp`, `id`, `url`, `method`, or a literal in quotes.
    #[serde(default)]
    pub signed: Vec<String>,
    /// The header of the timestamp.
    pub timestamp_header: Option<String>,
    /// How far the timestamp may be off, in seconds.
    pub tolerance_s: Option<u32>,
    /// What the provider asks before it sends: `challenge`, `echo-header`, `verify-token`, …
    pub handshake: Option<String>,
    /// Where the provider documents it.
    pub docs: Option<String>,
}
