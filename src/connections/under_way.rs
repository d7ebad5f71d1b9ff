//! What goes on apart from whoever began it: renewals, code exchanges, revocations. None of it ends with a caller,
//! and a stop waits for it: a provider's answer that is lost may be the only refresh token that still works.

use std::time::Duration;

use tokio::{task::JoinHandle, time::timeout};

use super::Connections;

/// How long a stop waits: one call to a provider, and then some for the store.
const LAST_PATIENCE: Duration = Duration::from_secs(45);

impl Connections {
    /// Begins something that ends by itself, whoever waits for it.
    pub(super) fn apart<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> JoinHandle<T> {
        self.under_way.spawn(work)
    }

    /// Waits for what is under way, and gives up what takes too long. Call it at a stop, before the store is closed.
    pub async fn finish(&self) {
        self.stopping.cancel();
        self.under_way.close();
        if timeout(LAST_PATIENCE, self.under_way.wait()).await.is_err() {
            let left = self.under_way.len();
            tracing::error!(left, "given up at the stop: renewals, new connections or revocations under way");
        }
    }
}
