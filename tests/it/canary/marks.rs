//! Marks, and the disguises in which one is still found.

use std::collections::BTreeSet;

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD},
};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// How much of a secret's beginning counts as the secret.
const BEGINNING: usize = 12;
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// All marks of a story.
#[derive(Debug, Default)]
pub(super) struct Marks(BTreeSet<(&'static str, String)>);

impl Marks {
    /// From now on `text` is a secret.
    pub(super) fn add(&mut self, kind: &'static str, text: impl Into<String>) {
        let text = text.into();
        assert!(text.len() > BEGINNING, "{kind} is too short to be found: {text}");
        self.0.insert((kind, text));
    }

    /// Asserts that the story had a secret of each of these kinds.
    pub(super) fn assert_told(&self, kinds: &[&str]) {
        for kind in kinds {
            assert!(self.0.iter().any(|(known, _)| known == kind), "no {kind}");
        }
    }

    /// Asserts that no mark stands in `text`.
    pub(super) fn assert_absent(&self, place: &str, text: &str) {
        let found = self.found_in(text);
        assert!(found.is_empty(), "found in {place}:\n{}", found.join("\n"));
    }

    /// Which marks stand in `text`, in which disguise and on which line.
    pub(super) fn found_in(&self, text: &str) -> Vec<String> {
        let mut found = Vec::new();
        for (kind, mark) in &self.0 {
            for disguise in disguises(mark).into_iter().chain(disguises(&mark[..BEGINNING])) {
                found.extend(
                    text.find(&disguise).map(|at| format!("{kind} as {disguise}: {}", line(text, at))),
                );
            }
        }
        found
    }
}

/// The line around a place.
fn line(text: &str, at: usize) -> &str {
    let start = text[..at].rfind('\n').map_or(0, |at| at + 1);
    text[start..].lines().next().unwrap_or_default()
}

/// The text itself, percent-encoded, in hexadecimal digits, and in Base64 behind any number of other bytes.
fn disguises(text: &str) -> BTreeSet<String> {
    let mut all = BTreeSet::from([text.to_owned()]);
    for set in [NON_ALPHANUMERIC, RESERVED] {
        all.insert(utf8_percent_encode(text, set).to_string());
    }
    let lower: Vec<String> = all.iter().map(|text| lower_escapes(text)).collect();
    all.extend(lower);
    let hexadecimal: Vec<String> = text.bytes().map(|byte| format!("{byte:02x}")).collect();
    all.insert(hexadecimal.concat());
    for before in 0..3 {
        let bytes = [&[0; 2][..before], text.as_bytes()].concat();
        // Only the characters that stand for nothing but the text.
        let (start, end) = ((before * 8).div_ceil(6), bytes.len() * 8 / 6);
        all.insert(STANDARD_NO_PAD.encode(&bytes)[start..end].to_owned());
        all.insert(URL_SAFE_NO_PAD.encode(&bytes)[start..end].to_owned());
    }
    all
}

/// The same percent-encoding, with small letters.
fn lower_escapes(text: &str) -> String {
    let mut parts = text.split('%');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| {
        let (digits, rest) = part.split_at(2);
        format!("{text}%{}{rest}", digits.to_lowercase())
    })
}
