//! Which values a connection can hold: the same answer for the page, the API, a callback and a token answer.
//!
//! The pattern of the file comes first; what no pattern should have to say stands here.

use super::{field::Role, pattern::Pattern};

/// Longer values are nobody's key.
const MOST: usize = 8192;

/// Longest value of several lines: a service account with its key.
const MOST_LINES: usize = 16 * 1024;

/// Why a value is refused. Says nothing of the value: it may be a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// Nothing was given.
    #[error("is empty")]
    Empty,
    /// Too long to be meant.
    #[error("is longer than {MOST} characters")]
    TooLong,
    /// It would end a header, or not survive in one.
    #[error("holds a character other than visible ASCII: look for a line break at the end")]
    Unprintable,
    /// The pattern of its field says no.
    #[error("has another form than expected{}", like(.example.as_deref()))]
    Pattern {
        /// The field's example.
        example: Option<String>,
    },
    /// It is none of those that can be chosen.
    #[error("is none of {}", choices.join(", "))]
    Choice {
        /// What can be.
        choices: Vec<String>,
    },
    /// It would be another host, or none.
    #[error("is no part of a host name")]
    Host,
    /// It would be another path.
    #[error("is no part of a path")]
    Path,
}

fn like(example: Option<&str>) -> String {
    example.map(|example| format!(": it looks like {example}")).unwrap_or_default()
}

/// Whether `value` fits.
pub(super) fn accepts(
    value: &str,
    pattern: Option<&Pattern>,
    role: Role,
    example: Option<&str>,
) -> Result<(), Unfit> {
    if value.is_empty() {
        return Err(Unfit::Empty);
    }
    if value.len() > MOST {
        return Err(Unfit::TooLong);
    }
    if !value.chars().all(|c| c == ' ' || c.is_ascii_graphic()) {
        return Err(Unfit::Unprintable);
    }
    if pattern.is_some_and(|pattern| !pattern.matches(value)) {
        return Err(Unfit::Pattern { example: example.map(str::to_owned) });
    }
    match role {
        Role::Host => host(value),
        Role::Path if matches!(value, "." | "..") => Err(Unfit::Path),
        Role::Path | Role::Value => Ok(()),
    }
}

/// Whether `value` fits where several lines may stand: never in a header, a host or a path.
pub(super) fn accepts_lines(
    value: &str,
    pattern: Option<&Pattern>,
    example: Option<&str>,
) -> Result<(), Unfit> {
    if value.trim().is_empty() {
        return Err(Unfit::Empty);
    }
    if value.len() > MOST_LINES {
        return Err(Unfit::TooLong);
    }
    if !value.chars().all(|c| matches!(c, ' ' | '\n' | '\r' | '\t') || c.is_ascii_graphic()) {
        return Err(Unfit::Unprintable);
    }
    if pattern.is_some_and(|pattern| !pattern.matches(value)) {
        return Err(Unfit::Pattern { example: example.map(str::to_owned) });
    }
    Ok(())
}

/// Whether every label is one that DNS knows (RFC 1035 2.3.1) and that reads as what it is: no `xn--`.
fn host(value: &str) -> Result<(), Unfit> {
    let after = value.split_once("://").map_or(value, |(_, after)| after);
    let host = after.split(['/', ':']).next().unwrap_or(after);
    let good = |label: &str| {
        !label.is_empty()
            && label.len() <= 63
            && !label.starts_with('-')
            && !label.ends_with('-')
            && !label.to_ascii_lowercase().starts_with("xn--")
    };
    if host.len() <= 253 && host.split('.').all(good) { Ok(()) } else { Err(Unfit::Host) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn accepted(value: &str, role: Role) -> bool {
        accepts(value, None, role, None).is_ok()
    }

    #[test]
    fn nothing_but_visible_ascii_is_stored() {
        for value in ["", "a\n", "a\r\n", "a\0", "a\tb", "é", "\u{ff0e}", &"a".repeat(MOST + 1)] {
            assert!(!accepted(value, Role::Value), "{value:?}");
        }
        assert!(accepted("p4ss word!", Role::Value));
        assert!(accepted(&"a".repeat(MOST), Role::Value));
    }

    #[test]
    fn several_lines_are_taken_only_where_they_may_stand() {
        let key = "-----BEGIN KEY-----\nabc=\r\n-----END KEY-----\n";
        assert!(!accepted(key, Role::Value));
        assert!(accepts_lines(key, None, None).is_ok());
        for value in ["", " \n ", "a\0", "é", &"a".repeat(MOST_LINES + 1)] {
            assert!(accepts_lines(value, None, None).is_err(), "{value:?}");
        }
    }

    #[test]
    fn a_host_is_made_of_labels() {
        for value in ["acme", "eu.acme", "https://na1.acme.test", "https://a.test:8443/x", &"a".repeat(63)] {
            assert!(accepted(value, Role::Host), "{value}");
        }
        for value in [
            "-acme",
            "acme-",
            "xn--acme",
            "XN--acme",
            "a..b",
            ".a",
            "a.",
            &"a".repeat(64),
            &["abcdefgh"; 30].join("."),
        ] {
            assert!(!accepted(value, Role::Host), "{value}");
        }
    }

    #[test]
    fn a_path_is_never_a_dot_segment() {
        assert!(!accepted("..", Role::Path));
        assert!(!accepted(".", Role::Path));
        assert!(accepted("...", Role::Path));
    }

    #[test]
    fn the_reason_names_the_example_and_never_the_value() {
        let pattern = Pattern::try_from("^[a-z]+$".to_owned()).unwrap();
        let unfit = accepts("S3CRET", Some(&pattern), Role::Value, Some("acme")).unwrap_err();
        assert_eq!(unfit.to_string(), "has another form than expected: it looks like acme");
    }
}
