//! What every page has around its content: the language it is in, the ways to the others, and the style sheet.

use std::ops::Deref;

use super::{
    assets::{ASSETS, Assets},
    words::Words,
};

/// A link to the same page in another language.
#[derive(Debug)]
pub(super) struct Switch {
    pub(super) href: String,
    pub(super) tag: &'static str,
    pub(super) name: &'static str,
    pub(super) now: bool,
}

/// The frame of one page. It speaks the page's language: templates call it `t`.
#[derive(Debug)]
pub(super) struct Frame {
    pub(super) assets: &'static Assets,
    /// Empty where the page can't be asked for again.
    pub(super) switches: Vec<Switch>,
    words: Words,
}

impl Frame {
    /// The frame of a page that its own address shows again.
    pub(super) fn new(words: &Words) -> Self {
        Self::at(words, "")
    }

    /// The frame of a page that `path` shows again; a query may stand in it.
    pub(super) fn at(words: &Words, path: &str) -> Self {
        let joint = if path.contains('?') { '&' } else { '?' };
        let switch = |other: &Words| Switch {
            href: format!("{path}{joint}lang={}", other.tag),
            tag: other.tag,
            name: other.name,
            now: other.tag == words.tag,
        };
        Self { assets: &ASSETS, switches: Words::all().iter().map(switch).collect(), words: words.clone() }
    }

    /// The frame of a page that no address shows again.
    pub(super) fn once(words: &Words) -> Self {
        Self { switches: Vec::new(), ..Self::new(words) }
    }

    /// The same with other assets.
    #[cfg(test)]
    pub(super) fn dressed(self, assets: &'static Assets) -> Self {
        Self { assets, ..self }
    }
}

impl Deref for Frame {
    type Target = Words;

    fn deref(&self) -> &Words {
        &self.words
    }
}
