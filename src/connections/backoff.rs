//! Ever longer waits for a store that is away, while something is held that only this process has.

use std::time::Duration;

use tokio::time::sleep;

const FIRST_WAIT: Duration = Duration::from_millis(100);
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// How long to wait next.
pub(super) struct Backoff(Duration);

impl Backoff {
    pub(super) const fn new() -> Self {
        Self(FIRST_WAIT)
    }

    /// Whether nothing has been waited for yet.
    pub(super) fn is_first(&self) -> bool {
        self.0 == FIRST_WAIT
    }

    pub(super) async fn wait(&mut self) {
        sleep(self.0).await;
        self.0 = (self.0 * 2).min(LONGEST_WAIT);
    }
}
