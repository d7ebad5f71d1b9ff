//! Lengths of time as people write them: `30s`, `15m`, `1h30m`, `90d`, `250ms`.

use std::time::Duration;

use serde::{Deserialize, Deserializer, de::Error};

/// Reads a length of time; a number without a unit is refused, because nobody would know what it means.
pub fn parse(text: &str) -> Result<Duration, String> {
    let unreadable = || format!("{text:?} is not a length of time; write it like 30s, 15m, 12h or 90d");
    let mut rest = text.trim();
    let mut total = Duration::ZERO;
    if rest.is_empty() {
        return Err(unreadable());
    }
    while !rest.is_empty() {
        let (number, after) = rest.split_at(rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len()));
        let (unit, after) =
            after.split_at(after.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(after.len()));
        let part = number.parse().ok().and_then(|number: u64| length(number, unit)).ok_or_else(unreadable)?;
        total = total.checked_add(part).ok_or_else(unreadable)?;
        rest = after;
    }
    Ok(total)
}

fn length(number: u64, unit: &str) -> Option<Duration> {
    let seconds = match unit {
        "ms" => return Some(Duration::from_millis(number)),
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        "w" => 7 * 86_400,
        _ => return None,
    };
    number.checked_mul(seconds).map(Duration::from_secs)
}

/// For `#[serde(with = "span")]`.
pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Duration, D::Error> {
    let text = String::deserialize(deserializer)?;
    let span = parse(&text).map_err(D::Error::custom)?;
    if span.is_zero() { Err(D::Error::custom("must be longer than nothing")) } else { Ok(span) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time_read_as_people_write_them() {
        for (text, seconds) in
            [("30s", 30), ("15m", 900), ("1h30m", 5_400), ("90d", 7_776_000), ("2w", 1_209_600), (" 5s ", 5)]
        {
            assert_eq!(parse(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        assert_eq!(parse("250ms"), Ok(Duration::from_millis(250)));
    }

    #[test]
    fn what_has_no_clear_meaning_is_refused() {
        for text in ["", "5", "m", "5 m", "-5s", "5y", "1.5h", "99999999999999999999s", "999999999999999999d"]
        {
            assert!(parse(text).is_err_and(|error| error.contains("15m")), "{text}");
        }
    }
}
