//! What may differ between one sandbox and the next.

use std::time::Duration;

/// The knobs of a [`Sandbox`](super::Sandbox).
#[derive(Clone, Debug)]
pub struct SandboxSettings {
    /// Its own base URL without a trailing slash: issuer, and start of every link it hands out.
    pub url: String,
    /// Who may ask for consent.
    pub clients: Vec<SandboxClient>,
    /// How long an access token works.
    pub access_lifetime: Duration,
    /// How long a code works.
    pub code_lifetime: Duration,
}

impl SandboxSettings {
    /// Settings for one client, with lifetimes short enough to see a refresh happen.
    #[must_use]
    pub fn new(url: String, client: SandboxClient) -> Self {
        Self {
            url,
            clients: vec![client],
            access_lifetime: Duration::from_mins(1),
            code_lifetime: Duration::from_mins(1),
        }
    }
}

/// A registered client (RFC 6749 2).
#[derive(Clone)]
pub struct SandboxClient {
    /// `client_id`.
    pub id: String,
    /// `client_secret`.
    pub secret: String,
    /// What the consent page calls it.
    pub name: String,
    /// Where it may be sent back to; compared as text, whole (RFC 9700 2.1).
    pub redirect_uris: Vec<String>,
}

impl std::fmt::Debug for SandboxClient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SandboxClient").field("id", &self.id).finish_non_exhaustive()
    }
}
