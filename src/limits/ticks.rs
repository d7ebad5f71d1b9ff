//! The limits' time: it never runs backwards, as the system's clock can when it is set.

use std::time::{Duration, Instant};

use crate::clock::{Clock, Timestamp};

/// Time since an unnamed moment.
#[derive(Clone, Debug)]
pub(super) enum Ticks {
    /// The machine's monotonic clock.
    Monotonic(Instant),
    /// A test's clock.
    Test(Clock),
}

impl Ticks {
    pub(super) fn new(clock: &Clock) -> Self {
        match clock {
            Clock::System => Self::Monotonic(Instant::now()),
            Clock::Test(_) => Self::Test(clock.clone()),
        }
    }
}

impl governor::clock::Clock for Ticks {
    type Instant = Duration;

    fn now(&self) -> Duration {
        match self {
            Self::Monotonic(start) => start.elapsed(),
            Self::Test(clock) => clock.now().since(Timestamp::from_micros(0)),
        }
    }
}
