//! The time, passed in: the system's clock in the binary, one that tests move by hand.
//!
//! Times are whole microseconds since 1970 in UTC; they are stored as integers, because as RFC 3339 text
//! `20.5Z` would sort before `20Z`.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use serde::{Serialize, Serializer};
use time::{OffsetDateTime, format_description::BorrowedFormatItem, macros::format_description};

/// A point in time, in microseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, sqlx::Type)]
#[sqlx(transparent)]
pub struct Timestamp(i64);

impl Timestamp {
    /// From microseconds since 1970.
    #[must_use]
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Microseconds since 1970.
    #[must_use]
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// Whole seconds since 1970.
    #[must_use]
    pub const fn as_secs(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    /// How long from `earlier` to here; zero if `earlier` is later.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}

impl std::ops::Add<Duration> for Timestamp {
    type Output = Self;

    fn add(self, by: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(by.as_micros()).unwrap_or(i64::MAX)))
    }
}

impl std::ops::Sub<Duration> for Timestamp {
    type Output = Self;

    fn sub(self, by: Duration) -> Self {
        Self(self.0.saturating_sub(i64::try_from(by.as_micros()).unwrap_or(i64::MAX)))
    }
}

const RFC_3339: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:6]Z");

/// First and last moment that RFC 3339 can write: its years have four digits.
const SHOWABLE: (i64, i64) = (-62_167_219_200_000_000, 253_402_300_799_999_999);

/// RFC 3339 in UTC with six fraction digits and `Z`, as the control API shows every time. One outside its years shows
/// as the nearest it can write: a list must not break over one odd row.
impl std::fmt::Display for Timestamp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let micros = self.0.clamp(SHOWABLE.0, SHOWABLE.1);
        let text = OffsetDateTime::from_unix_timestamp_nanos(i128::from(micros) * 1_000)
            .ok()
            .and_then(|moment| moment.format(RFC_3339).ok())
            .ok_or(std::fmt::Error)?;
        f.write_str(&text)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Where the time comes from.
#[derive(Clone, Debug, Default)]
pub enum Clock {
    /// The system's clock.
    #[default]
    System,
    /// A clock that stands still until a test moves it.
    Test(Arc<AtomicI64>),
}

impl Clock {
    /// A clock that stands at `start` until [`Clock::advance`] moves it.
    #[must_use]
    pub fn test(start: Timestamp) -> Self {
        Self::Test(Arc::new(AtomicI64::new(start.0)))
    }

    /// The time now.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "the one place that reads the system's clock")]
    pub fn now(&self) -> Timestamp {
        match self {
            Self::System => {
                let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                Timestamp(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
            }
            Self::Test(micros) => Timestamp(micros.load(Ordering::SeqCst)),
        }
    }

    /// Moves a test clock on; the system's clock stays as it is.
    pub fn advance(&self, by: Duration) {
        if let Self::Test(micros) = self {
            micros.fetch_add(i64::try_from(by.as_micros()).unwrap_or(i64::MAX), Ordering::SeqCst);
        }
    }
}

/// Lets what comes often through once in a while. What it was asked before is not part of what owns it: a clone begins
/// anew, and any two are equal.
#[derive(Debug)]
pub struct Seldom(AtomicI64);

impl Seldom {
    /// Whether it is `every` or longer ago that this was so; the first time it is.
    pub fn is_due(&self, now: Timestamp, every: Duration) -> bool {
        let last = Timestamp(self.0.load(Ordering::Relaxed));
        let due = last > now || now >= last + every;
        if due {
            self.0.store(now.0, Ordering::Relaxed);
        }
        due
    }

    /// When this last was so; the beginning of time if never.
    #[must_use]
    pub fn last(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::Relaxed))
    }
}

impl Default for Seldom {
    fn default() -> Self {
        Self(AtomicI64::new(i64::MIN))
    }
}

impl Clone for Seldom {
    fn clone(&self) -> Self {
        Self::default()
    }
}

impl PartialEq for Seldom {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_show_six_digits_even_when_they_are_zero() {
        assert_eq!(Timestamp::from_micros(0).to_string(), "1970-01-01T00:00:00.000000Z");
        assert_eq!(Timestamp::from_micros(1_700_000_000_500_000).to_string(), "2023-11-14T22:13:20.500000Z");
    }

    #[test]
    fn times_outside_rfc_3339_show_as_the_nearest_inside() {
        assert_eq!(Timestamp::from_micros(i64::MAX).to_string(), "9999-12-31T23:59:59.999999Z");
        assert_eq!(Timestamp::from_micros(i64::MIN).to_string(), "0000-01-01T00:00:00.000000Z");
    }

    #[test]
    fn a_test_clock_moves_only_when_told() {
        let clock = Clock::test(Timestamp::from_micros(5));
        assert_eq!(clock.now(), clock.now());
        clock.advance(Duration::from_secs(1));
        assert_eq!(clock.now().as_micros(), 1_000_005);
        assert_eq!(clock.now().since(Timestamp::from_micros(2_000_000)), Duration::ZERO);
    }

    #[test]
    fn what_is_seldom_is_due_at_first_and_then_once_in_a_while() {
        let (seldom, every) = (Seldom::default(), Duration::from_secs(10));
        let asked = [5, 6, 14, 15, 16, 3]
            .map(|second| seldom.is_due(Timestamp::from_micros(second * 1_000_000), every));
        assert_eq!(asked, [true, false, false, true, false, true], "also when the clock was set back");
    }
}
