//! Patterns for fields and path globs for routes; both compiled once, when the file is read.
//!
//! A pattern guards what a user may put into a host name, so it can only be used whole: `^[a-z]+$` never finds its
//! match inside a longer value, not before a final newline and not line by line.

use std::cmp::Reverse;

use regex::Regex;
use serde::Deserialize;

/// A regular expression, written `^…$`, that has to match the whole value.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "String")]
pub struct Pattern {
    text: String,
    whole: Regex,
}

impl Pattern {
    /// Whether all of `value` matches.
    #[must_use]
    pub fn matches(&self, value: &str) -> bool {
        self.whole.is_match(value)
    }

    /// The expression as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The expression without its anchors.
    pub(super) fn inner(&self) -> &str {
        let open = self.text.strip_prefix('^').unwrap_or(&self.text);
        open.strip_suffix('$').unwrap_or(open)
    }
}

impl TryFrom<String> for Pattern {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if !text.starts_with('^') || !text.ends_with('$') || text.ends_with("\\$") {
            return Err(format!("{text:?} is not anchored: a pattern is written ^…$"));
        }
        // The inner anchors are for the reader: these two hold whatever flags or alternatives stand between them.
        let whole = compile(&format!(r"\A(?:{text})\z"))?;
        Ok(Self { text, whole })
    }
}

/// A regular expression that takes a part out of a value: its first group, or all it matches.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "String")]
pub struct Capture(Regex);

impl Capture {
    /// The first capture group of the first match, or the whole match where there is no group.
    #[must_use]
    pub fn of<'v>(&self, value: &'v str) -> Option<&'v str> {
        let captures = self.0.captures(value)?;
        captures.get(1).or_else(|| captures.get(0)).map(|found| found.as_str())
    }
}

impl TryFrom<String> for Capture {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        compile(&text).map(Self)
    }
}

fn compile(text: &str) -> Result<Regex, String> {
    Regex::new(text).map_err(|error| format!("not a regular expression: {error}"))
}

/// A path with `*` for one segment and a final `**` for the path before it and everything below.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "String")]
pub struct Glob {
    text: String,
    segments: Vec<Segment>,
    open: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Segment {
    Literal(String),
    Any,
}

impl Glob {
    /// Whether `path` (no query, still percent-encoded) is one this glob means.
    #[must_use]
    pub fn matches(&self, path: &str) -> bool {
        let Some(path) = path.strip_prefix('/') else { return false };
        let mut rest = path.split('/');
        self.segments.iter().all(|segment| rest.next().is_some_and(|found| segment.matches(found)))
            && (self.open || rest.next().is_none())
    }

    /// How exactly this glob says what it means: the greatest of several that match wins.
    #[must_use]
    pub fn weight(&self) -> impl Ord + use<> {
        let literal: usize = self.segments.iter().map(Segment::weight).sum();
        (self.segments.len(), literal, Reverse(self.open))
    }

    /// As it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl Segment {
    fn matches(&self, found: &str) -> bool {
        match self {
            Self::Literal(text) => text == found,
            Self::Any => !found.is_empty(),
        }
    }

    fn weight(&self) -> usize {
        match self {
            Self::Literal(text) => text.len() + 1,
            Self::Any => 0,
        }
    }
}

impl TryFrom<String> for Glob {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let path = text.strip_prefix('/').ok_or("a path starts with /")?;
        let (path, open) = match path.strip_suffix("**") {
            Some("") => ("", true),
            Some(before) => (before.strip_suffix('/').ok_or("** stands alone after the last /")?, true),
            None => (path, false),
        };
        let segments = if open && path.is_empty() {
            Vec::new()
        } else {
            path.split('/').map(segment).collect::<Result<_, _>>()?
        };
        Ok(Self { text, segments, open })
    }
}

fn segment(text: &str) -> Result<Segment, String> {
    match text {
        "*" => Ok(Segment::Any),
        literal if literal.contains(['*', '?', '#']) => Err(format!(
            "{literal:?}: * stands for a whole segment, ** only at the end, and a query can't be matched"
        )),
        literal => Ok(Segment::Literal(literal.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(text: &str) -> Result<Pattern, String> {
        Pattern::try_from(text.to_owned())
    }

    fn glob(text: &str) -> Glob {
        Glob::try_from(text.to_owned()).unwrap()
    }

    #[test]
    fn a_pattern_is_written_anchored() {
        for loose in ["[a-z]+", "^[a-z]+", "[a-z]+$", r"^a\$", "", "^a\n"] {
            assert!(pattern(loose).unwrap_err().contains("anchored"), "{loose:?}");
        }
        assert!(pattern("^[a-z$").unwrap_err().contains("not a regular expression"));
    }

    #[test]
    fn a_pattern_matches_whole_values_only() {
        for (text, good, bad) in [
            ("^[a-z]+$", "acme", "acme\n"),
            ("^[a-z]+$", "acme", "\nacme"),
            ("^(?m)[a-z]+$", "acme", "acme\nevil"),
            ("^a|b$", "a", "ax"),
            ("^a|b$", "b", "xb"),
            ("^a$|^b$", "b", "ab"),
        ] {
            let pattern = pattern(text).unwrap();
            assert!(pattern.matches(good), "{text} {good:?}");
            assert!(!pattern.matches(bad), "{text} {bad:?}");
        }
    }

    #[test]
    fn a_capture_takes_its_group_or_all() {
        let capture = |text: &str| Capture::try_from(text.to_owned()).unwrap();
        assert_eq!(capture("-([a-z0-9]+)$").of("key-us21"), Some("us21"));
        assert_eq!(capture("us[0-9]+").of("key-us21"), Some("us21"));
        assert_eq!(capture("eu").of("key-us21"), None);
    }

    #[test]
    fn globs_match_segment_by_segment() {
        for (text, path, expected) in [
            ("/2/files/upload", "/2/files/upload", true),
            ("/2/files/upload", "/2/files/upload/", false),
            ("/2/files/upload", "/2/files/upload_session/append", false),
            ("/repos/*/*/releases", "/repos/a/b/releases", true),
            ("/repos/*/*/releases", "/repos/a/releases", false),
            ("/repos/*/*/releases", "/repos//b/releases", false),
            ("/files/**", "/files", true),
            ("/files/**", "/files/", true),
            ("/files/**", "/files/a/b", true),
            ("/files/**", "/filesystem", false),
            ("/**", "/", true),
            ("/**", "/a/b", true),
            ("/", "/", true),
            ("/", "/a", false),
            ("/a", "a", false),
        ] {
            assert_eq!(glob(text).matches(path), expected, "{text} {path}");
        }
    }

    #[test]
    fn the_longer_and_more_literal_glob_weighs_more() {
        for (more, less) in [
            ("/a/b", "/a/*"),
            ("/a/b", "/a/**"),
            ("/a/*/c", "/a/**"),
            ("/a/b", "/a/b/**"),
            ("/a/b/**", "/a/**"),
            ("/a/**", "/**"),
            ("/*/b", "/*/*"),
        ] {
            assert!(glob(more).weight() > glob(less).weight(), "{more} over {less}");
        }
    }

    #[test]
    fn globs_of_another_shape_are_refused() {
        for text in ["a/b", "", "/a*", "/a**", "/**/b", "/a?b=c", "/a/***"] {
            assert!(Glob::try_from(text.to_owned()).is_err(), "{text}");
        }
    }
}
