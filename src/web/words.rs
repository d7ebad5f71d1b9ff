//! The pages' words in five languages: Fluent files under `src/web/texts`, one for each language, `en.ftl` the first.
//!
//! A message is text, never markup, and what is put into one stays apart from it: FSI and PDI stand around a value, by
//! which [`Words::parts`] finds it. What a program reads (problems, `status_reason`) stays English.

use std::{
    fmt,
    sync::{Arc, LazyLock},
};

use axum::http::Extensions;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue, concurrent::FluentBundle};

/// Around a value (Unicode TR 9, 2.4.2), so that a name written from right to left turns nothing else around.
const OPEN: char = '\u{2068}';
const CLOSE: char = '\u{2069}';

/// A language as its speakers call it, and its file.
const FILES: [(&str, &str, &str); 5] = [
    ("en", "English", include_str!("texts/en.ftl")),
    ("zh", "中文", include_str!("texts/zh.ftl")),
    ("es", "Español", include_str!("texts/es.ftl")),
    ("de", "Deutsch", include_str!("texts/de.ftl")),
    ("ja", "日本語", include_str!("texts/ja.ftl")),
];

static ALL: LazyLock<Vec<Words>> = LazyLock::new(|| FILES.map(Words::read).to_vec());

/// One language's words. A clone is the same.
#[derive(Clone)]
pub(super) struct Words {
    /// The language's tag, for `lang` and `hreflang`.
    pub(super) tag: &'static str,
    /// What its speakers call it.
    pub(super) name: &'static str,
    bundle: Arc<FluentBundle<FluentResource>>,
}

/// A stretch of a message.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) text: String,
    /// It was put in; the rest is the message's own.
    pub(super) given: bool,
}

impl Words {
    /// Every language, English first.
    pub(super) fn all() -> &'static [Self] {
        &ALL
    }

    /// The language of this tag; a region or script behind it doesn't matter.
    pub(super) fn tagged(tag: &str) -> Option<&'static Self> {
        let primary = tag.split(['-', '_']).next().unwrap_or(tag);
        ALL.iter().find(|words| words.tag.eq_ignore_ascii_case(primary))
    }

    /// The language that [`super::language`] has noted for this request; English where it was not asked.
    pub(super) fn of(extensions: &Extensions) -> Self {
        extensions.get::<Self>().cloned().unwrap_or_else(Self::english)
    }

    /// English.
    pub(super) fn english() -> Self {
        ALL.first().cloned().unwrap_or_else(|| Self::read(("en", "English", "")))
    }

    fn read((tag, name, file): (&'static str, &'static str, &str)) -> Self {
        let mut bundle = FluentBundle::new_concurrent(tag.parse().into_iter().collect());
        // A file with a fault is one that a test refuses; what can be read of it serves.
        let file = FluentResource::try_new(file.to_owned()).unwrap_or_else(|(readable, _)| readable);
        bundle.add_resource_overriding(file);
        Self { tag, name, bundle: Arc::new(bundle) }
    }

    /// A message without values.
    pub(super) fn say(&self, key: &str) -> String {
        self.with(key, &[])
    }

    /// A message that need not exist.
    pub(super) fn known(&self, key: &str) -> Option<String> {
        self.bundle.has_message(key).then(|| self.say(key))
    }

    /// A message with values in it.
    pub(super) fn with(&self, key: &str, values: &[(&str, &str)]) -> String {
        let text = self.format(key, values.iter().map(|(name, value)| (*name, clean(value))));
        text.replace([OPEN, CLOSE], "")
    }

    /// A message that counts something.
    pub(super) fn count(&self, key: &str, count: usize) -> String {
        self.format(key, std::iter::once(("count", FluentValue::from(count)))).replace([OPEN, CLOSE], "")
    }

    /// A message in parts, so that a template can set off what was put in.
    pub(super) fn parts(&self, key: &str, values: &[(&str, &str)]) -> Vec<Part> {
        let text = self.format(key, values.iter().map(|(name, value)| (*name, clean(value))));
        let mut parts = Vec::new();
        for stretch in text.split(OPEN) {
            let (given, rest) = stretch.split_once(CLOSE).unwrap_or(("", stretch));
            parts.extend([(given, true), (rest, false)]);
        }
        let said = parts.into_iter().filter(|(text, _)| !text.is_empty());
        said.map(|(text, given)| Part { text: text.to_owned(), given }).collect()
    }

    fn format<'v>(&self, key: &str, values: impl Iterator<Item = (&'v str, FluentValue<'v>)>) -> String {
        let args: FluentArgs<'_> = values.collect();
        let Some(pattern) = self.bundle.get_message(key).and_then(|message| message.value()) else {
            return key.to_owned();
        };
        self.bundle.format_pattern(pattern, Some(&args), &mut Vec::new()).into_owned()
    }
}

/// A value that can't end itself.
fn clean(value: &str) -> FluentValue<'_> {
    if value.contains([OPEN, CLOSE]) { value.replace([OPEN, CLOSE], "").into() } else { value.into() }
}

impl fmt::Debug for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Words").field(&self.tag).finish()
    }
}

#[cfg(test)]
pub(super) mod tests;
