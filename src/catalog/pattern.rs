//! Anchored patterns for fields and path globs for routes; both compiled once, when the file is read.

use serde::Deserialize;

/// A regular expression that has to match the whole value.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "String")]
pub struct Pattern(regex::Regex);

impl Pattern {
    /// Whether all of `value` matches.
    #[must_use]
    pub fn matches(&self, value: &str) -> bool {
        self.0.is_match(value)
    }

    /// The first capture group of the first match, or the whole match where there is no group.
    #[must_use]
    pub fn capture<'v>(&self, value: &'v str) -> Option<&'v str> {
        let captures = self.0.captures(value)?;
        captures.get(1).or_else(|| captures.get(0)).map(|found| found.as_str())
    }

    /// The expression as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl TryFrom<String> for Pattern {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        regex::Regex::new(&text).map(Self).map_err(|error| format!("not a regular expression: {error}"))
    }
}

/// A path with `*` for one segment and a final `**` for any rest.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "String")]
pub struct Glob {
    text: String,
}

impl Glob {
    /// As it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl TryFrom<String> for Glob {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if text.starts_with('/') { Ok(Self { text }) } else { Err("a path starts with /".to_owned()) }
    }
}
