//! The numbers of a rate as HTTP shows them: `RateLimit-Policy` and `RateLimit`, structured fields of
//! draft-ietf-httpapi-ratelimit-headers.

use std::time::Duration;

use governor::Quota;

/// A rate that somebody has used up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Whose rate it is: `owner` or `address`.
    pub name: &'static str,
    /// How many calls may come at once.
    pub quota: u32,
    /// In how many seconds all of them come back.
    pub window: u64,
    /// In how many seconds there are more.
    pub reset: u64,
}

impl Rate {
    pub(super) fn spent(name: &'static str, quota: Quota, reset: Duration) -> Self {
        Self {
            name,
            quota: quota.burst_size().get(),
            window: seconds(quota.burst_size_replenished_in()),
            reset: seconds(reset),
        }
    }

    /// The value of `RateLimit-Policy`, as in `"owner";q=100;w=2`.
    #[must_use]
    pub fn policy(&self) -> String {
        format!("\"{}\";q={};w={}", self.name, self.quota, self.window)
    }

    /// The value of `RateLimit`, as in `"owner";r=0;t=1`.
    #[must_use]
    pub fn state(&self) -> String {
        format!("\"{}\";r=0;t={}", self.name, self.reset)
    }
}

/// Whole seconds, at least one: rounded up, because who comes back early is refused again.
pub(super) fn seconds(time: Duration) -> u64 {
    let more = u64::from(time.subsec_nanos() > 0);
    (time.as_secs() + more).max(1)
}
