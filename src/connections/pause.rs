//! Leaving a provider alone for a while after it failed: longer each time, or as long as it asks for (TL-8).

use std::time::Duration;

use quick_cache::sync::Cache;

use super::CredentialError;
use crate::{clock::Timestamp, id::ConnectionId, vault};

const SHORTEST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_mins(1);
/// After this time without one, failures begin to be counted anew.
const FORGIVEN: Duration = Duration::from_hours(2);
const MOST: usize = 100_000;

/// Which connections are left alone.
pub(super) struct Pauses(Cache<ConnectionId, Pause>);

/// One of them.
#[derive(Clone, Debug)]
struct Pause {
    until: Timestamp,
    failures: u32,
    because: CredentialError,
}

impl Pauses {
    pub(super) fn new() -> Self {
        Self(Cache::new(MOST))
    }

    /// Why a connection is being left alone, if it is.
    pub(super) fn running(&self, id: ConnectionId, now: Timestamp) -> Option<CredentialError> {
        self.0.get(&id).filter(|pause| now < pause.until).map(|pause| pause.because)
    }

    /// Leaves a connection alone from `now`.
    pub(super) fn begin(
        &self,
        id: ConnectionId,
        now: Timestamp,
        asked: Option<Duration>,
        because: CredentialError,
    ) {
        let lately = self.0.get(&id).filter(|pause| now.since(pause.until) < FORGIVEN);
        let failures = lately.map_or(0, |pause| pause.failures);
        let grown = (SHORTEST * 2_u32.saturating_pow(failures.min(10))).min(LONGEST);
        let until = now + asked.map_or_else(|| grown.mul_f64(jitter()), |asked| asked.max(SHORTEST));
        self.0.insert(id, Pause { until, failures: failures.saturating_add(1), because });
    }

    /// The connection works again.
    pub(super) fn end(&self, id: ConnectionId) {
        self.0.remove(&id);
    }
}

/// From a half to one, so that those who failed together don't come back together.
fn jitter() -> f64 {
    0.5 + 0.5 * f64::from(u16::from_be_bytes(vault::random::<2>())) / f64::from(u16::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failed() -> CredentialError {
        CredentialError::TokenEndpoint("it is down".into())
    }

    #[test]
    fn tl_8_each_failure_waits_longer_up_to_a_minute() {
        let (pauses, id) = (Pauses::new(), ConnectionId::new(Timestamp::from_micros(0)));
        let mut now = Timestamp::from_micros(0);
        for longest in [1, 2, 4, 8, 16, 32, 60, 60] {
            let longest = Duration::from_secs(longest);
            pauses.begin(id, now, None, failed());
            assert!(pauses.running(id, now + longest.mul_f64(0.49)).is_some(), "{longest:?}");
            assert!(pauses.running(id, now + longest).is_none(), "{longest:?}");
            now = now + longest;
        }
        pauses.end(id);
        pauses.begin(id, now, None, failed());
        assert!(pauses.running(id, now + SHORTEST).is_none());
    }

    #[test]
    fn tl_8_a_provider_that_says_how_long_is_left_alone_that_long() {
        let (pauses, id) = (Pauses::new(), ConnectionId::new(Timestamp::from_micros(0)));
        let now = Timestamp::from_micros(0);
        pauses.begin(id, now, Some(Duration::from_secs(90)), failed());
        assert!(pauses.running(id, now + Duration::from_secs(89)).is_some());
        assert!(pauses.running(id, now + Duration::from_secs(90)).is_none());
    }
}
