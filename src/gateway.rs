//! Not built yet; what the command line calls.

use tokio_util::sync::CancellationToken;

use crate::config::Settings;

/// What the gateway takes from outside, so that tests can give something else.
#[derive(Default)]
pub struct World {}

/// The wired parts.
pub struct Gateway {}

impl Gateway {
    /// Wires every part once.
    pub async fn build(_settings: Settings, _world: World) -> anyhow::Result<Self> {
        anyhow::bail!("not built yet")
    }

    /// Serves until `stop`.
    pub async fn run(self, _stop: CancellationToken) -> anyhow::Result<()> {
        Ok(())
    }
}
