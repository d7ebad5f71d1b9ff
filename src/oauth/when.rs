//! When something ends, or when to come back: in every unit that providers use, never further off than a bound.
//!
//! What can't be read says nothing. No number, however odd, makes a time that can't be reckoned with (TL-11).

use std::time::Duration;

use http::{
    HeaderMap,
    header::{DATE, RETRY_AFTER},
};
use serde_json::Value;
use time::{
    OffsetDateTime,
    format_description::well_known::{Rfc2822, Rfc3339},
};

use crate::{
    catalog::{
        auth::Unit,
        limit::{Limit, RetryUnit},
    },
    clock::Timestamp,
};

/// Longest lifetime that is believed: a token that claims more has no end anybody will see.
const LONGEST_LIFE: Duration = Duration::from_hours(10 * 365 * 24);
/// Longest wait a provider can ask for.
const LONGEST_WAIT: Duration = Duration::from_hours(1);
/// Numbers from here on count milliseconds since 1970; as seconds they would lie beyond the year 5000.
const MILLISECONDS: f64 = 1e11;
/// Numbers from here on count seconds since 1970; nobody asks for a wait of thirty years.
const SINCE_1970: f64 = 1e9;

/// How long a token lives of which an answer says `value`. Nothing and less than nothing say nothing: then the
/// upstream's 401 tells when the token has ended. What says a time that is past has ended: renew it soon.
pub(super) fn lifetime(value: &Value, unit: Unit, now: Timestamp) -> Option<Duration> {
    let number = || number(value).filter(|number| *number > 0.0);
    let left = match unit {
        Unit::S => return number().map(clamped),
        Unit::Ms => return number().map(|number| clamped(number / 1e3)),
        Unit::Epoch => number()? - seconds(now),
        Unit::EpochMs => number()? / 1e3 - seconds(now),
        Unit::Rfc3339 => date(value.as_str()?)? - seconds(now),
    };
    Some(clamped(left))
}

/// The same, where nobody says what is counted: seconds or milliseconds since 1970, or a date.
pub(super) fn lifetime_until(value: &Value, now: Timestamp) -> Option<Duration> {
    let unit = match number(value) {
        Some(number) if number >= MILLISECONDS => Unit::EpochMs,
        Some(_) => Unit::Epoch,
        None => Unit::Rfc3339,
    };
    lifetime(value, unit, now)
}

/// A lifetime that an app's file names.
pub(super) fn assumed(seconds: u64) -> Option<Duration> {
    (seconds > 0).then(|| Duration::from_secs(seconds).min(LONGEST_LIFE))
}

/// The provider's own time, as far as its answer tells it: what it says of other times is meant by its clock, however
/// far off ours is.
pub(super) fn told(headers: &HeaderMap, now: Timestamp) -> Timestamp {
    let told = headers.get(DATE).and_then(|date| http_date(date.to_str().ok()?));
    #[expect(clippy::cast_possible_truncation, reason = "a date of four digits is far below 2^53 seconds")]
    told.map_or(now, |told| Timestamp::from_micros((told as i64).saturating_mul(1_000_000)))
}

/// How long a provider asks to be left alone: `Retry-After` (RFC 9110 10.2.3), or what its app's file names instead.
pub(super) fn retry_after(headers: &HeaderMap, limit: Option<&Limit>, now: Timestamp) -> Option<Duration> {
    let own = limit.and_then(|limit| Some((limit.retry_header.as_deref()?, limit.retry_unit)));
    let own = own.and_then(|(name, unit)| wait(headers.get(name)?.to_str().ok()?, unit, now));
    own.or_else(|| wait(headers.get(RETRY_AFTER)?.to_str().ok()?, RetryUnit::S, now))
}

fn wait(text: &str, unit: RetryUnit, now: Timestamp) -> Option<Duration> {
    let text = text.trim();
    let seconds = match text.parse::<f64>().ok().filter(|number| number.is_finite()) {
        None => http_date(text)? - seconds(now),
        Some(number) if number < 0.0 => return None,
        Some(number) => match unit {
            RetryUnit::Ms if number < SINCE_1970 => number / 1e3,
            // Whatever is said to be counted, nobody waits for so long: it is a time.
            _ if number >= MILLISECONDS => number / 1e3 - seconds(now),
            _ if number >= SINCE_1970 => number - seconds(now),
            _ => number,
        },
    };
    Some(Duration::from_secs_f64(seconds.clamp(0.0, LONGEST_WAIT.as_secs_f64())))
}

/// A number, or a text that is one.
fn number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
    .filter(|number: &f64| !number.is_nan())
}

/// From one second to ten years, in whole seconds.
fn clamped(seconds: f64) -> Duration {
    Duration::from_secs_f64(seconds.clamp(1.0, LONGEST_LIFE.as_secs_f64()).floor())
}

#[expect(clippy::cast_precision_loss, reason = "microseconds of four-digit years are seconds far below 2^52")]
fn seconds(time: Timestamp) -> f64 {
    time.as_secs() as f64
}

#[expect(clippy::cast_precision_loss, reason = "seconds of four-digit years are far below 2^52")]
fn date(text: &str) -> Option<f64> {
    OffsetDateTime::parse(text.trim(), &Rfc3339).ok().map(|date| date.unix_timestamp() as f64)
}

#[expect(clippy::cast_precision_loss, reason = "seconds of four-digit years are far below 2^52")]
fn http_date(text: &str) -> Option<f64> {
    OffsetDateTime::parse(text.trim(), &Rfc2822).ok().map(|date| date.unix_timestamp() as f64)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Sun, 06 Nov 1994 08:49:37 GMT
    const NOW: Timestamp = Timestamp::from_micros(784_111_777_000_000);

    #[test]
    fn tl_11_an_end_is_read_in_every_unit() {
        for (value, unit, left) in [
            (json!(60), Unit::S, Some(60)),
            (json!("60"), Unit::S, Some(60)),
            (json!(60_000), Unit::Ms, Some(60)),
            (json!(784_111_837), Unit::Epoch, Some(60)),
            (json!(784_111_837_000_i64), Unit::EpochMs, Some(60)),
            (json!("784111837000"), Unit::EpochMs, Some(60)),
            (json!("1994-11-06T08:50:37Z"), Unit::Rfc3339, Some(60)),
            (json!("1994-11-06T10:50:37.5+02:00"), Unit::Rfc3339, Some(60)),
            (json!("1994-11-06T00:00:00Z"), Unit::Rfc3339, Some(1)),
            (json!(784_111_000), Unit::Epoch, Some(1)),
            (json!(1e300), Unit::Epoch, Some(315_360_000)),
            (json!(1e300), Unit::Ms, Some(315_360_000)),
            (json!(-1), Unit::Epoch, None),
            (json!("tomorrow"), Unit::Rfc3339, None),
            (json!(60), Unit::Rfc3339, None),
            (json!({}), Unit::S, None),
        ] {
            assert_eq!(lifetime(&value, unit, NOW), left.map(Duration::from_secs), "{value} {unit:?}");
        }
    }

    #[test]
    fn tl_11_an_end_without_a_unit_tells_it_by_its_size() {
        for value in [json!(784_111_837), json!(784_111_837_000_i64), json!("1994-11-06T08:50:37Z")] {
            assert_eq!(lifetime_until(&value, NOW), Some(Duration::from_mins(1)), "{value}");
        }
        assert_eq!(lifetime_until(&json!("soon"), NOW), None);
    }

    #[test]
    fn tl_11_a_providers_times_are_read_by_its_own_clock() {
        let date = |text: &str| HeaderMap::from_iter([(DATE, text.parse().unwrap())]);
        for (headers, left) in [
            (date("Sun, 06 Nov 1994 08:59:37 GMT"), 300), // our clock is ten minutes behind
            (date("Sun, 06 Nov 1994 08:39:37 GMT"), 1500), // ten minutes ahead
            (date("today"), 900),
            (HeaderMap::new(), 900),
        ] {
            let now = told(&headers, NOW);
            assert_eq!(lifetime_until(&json!(784_112_677), now), Some(Duration::from_secs(left)));
        }
    }

    #[test]
    fn tl_8_a_wait_is_read_in_every_unit() {
        let plain = |text| (None, text);
        let own = |header, unit, text| (Some((header, unit)), text);
        for ((limit, text), seconds) in [
            (plain("7"), Some(7.0)),
            (plain("1.5"), Some(1.5)),
            (plain("Sun, 06 Nov 1994 08:50:37 GMT"), Some(60.0)),
            (plain("Sun, 06 Nov 1994 08:00:00 GMT"), Some(0.0)),
            (plain("784111837"), Some(3600.0)), // below what counts as a time: a wait, and a long one
            (plain("99999999999"), Some(3600.0)),
            (plain("soon"), None),
            (plain("-1"), None),
            (plain("NaN"), None),
            (plain("inf"), None),
            (own("retry-after", RetryUnit::Ms, "1500"), Some(1.5)),
            (own("x-reset", RetryUnit::Epoch, "7"), Some(7.0)),
        ] {
            let name = limit.map_or("retry-after", |(name, _)| name);
            let limit = limit.map(|(name, retry_unit)| Limit {
                requests: None,
                per_s: None,
                scope: None,
                retry_header: Some(name.to_owned()),
                retry_unit,
            });
            let name: http::HeaderName = name.parse().unwrap();
            let headers = HeaderMap::from_iter([(name, text.parse().unwrap())]);
            let read = retry_after(&headers, limit.as_ref(), NOW);
            assert_eq!(read, seconds.map(Duration::from_secs_f64), "{text}");
        }
    }

    #[test]
    fn tl_8_a_wait_may_be_a_time_whatever_its_header_is_said_to_count() {
        let now = Timestamp::from_micros(1_700_000_000_000_000);
        for text in ["1700000060", "1700000060000", "Tue, 14 Nov 2023 22:14:20 GMT"] {
            for unit in [RetryUnit::S, RetryUnit::Ms, RetryUnit::Epoch, RetryUnit::EpochMs] {
                assert_eq!(wait(text, unit, now), Some(Duration::from_mins(1)), "{text} {unit:?}");
            }
        }
    }
}
