//! Text with `${name}` in it, for URLs, headers, parameters and path variables.
//!
//! One function: `${base64(email + '/token:' + api_token)}`. Filling never encodes anything else: what stands in a
//! host was matched against its field's pattern before, what stands in a path or query is encoded by its writer.

use std::collections::BTreeMap;

use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use serde::Deserialize;

/// Text with placeholders.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Template {
    text: String,
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    Name(String),
    Base64(Vec<Part>),
}

/// A piece of a template's authority.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Piece<'t> {
    /// Stands there as it is.
    Text(&'t str),
    /// A value.
    Name(&'t str),
}

/// Where templates read their values.
pub trait Values {
    /// The value called `name`, if there is one.
    fn value(&self, name: &str) -> Option<&str>;
}

impl Values for BTreeMap<String, String> {
    fn value(&self, name: &str) -> Option<&str> {
        self.get(name).map(String::as_str)
    }
}

/// A value that a template needs and nothing gave.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} has no value")]
pub struct Missing(pub String);

impl Template {
    /// The text with every placeholder filled from `values`.
    pub fn fill(&self, values: &dyn Values) -> Result<String, Missing> {
        let mut filled = String::with_capacity(self.text.len());
        fill(&self.parts, values, &mut filled)?;
        Ok(filled)
    }

    /// The text as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The host and port of an absolute URL with its placeholders, `${subdomain}.zendesk.com`; one placeholder
    /// where it stands for the whole URL.
    #[must_use]
    pub fn authority(&self) -> &str {
        authority(&self.text)
    }

    /// The names the authority reads.
    #[must_use]
    pub fn authority_names(&self) -> Vec<&str> {
        let names = self.authority_pieces().into_iter().filter_map(|piece| match piece {
            Piece::Name(name) => Some(name),
            Piece::Text(_) => None,
        });
        names.collect()
    }

    /// The authority, piece by piece.
    pub(super) fn authority_pieces(&self) -> Vec<Piece<'_>> {
        let mut pieces = Vec::new();
        // A URL that starts with a placeholder starts with its authority, or is nothing else.
        let mut inside = matches!(self.parts.first(), Some(Part::Name(_)));
        for part in &self.parts {
            match part {
                Part::Text(text) => {
                    let text = match text.split_once("://") {
                        Some((_, after)) if !inside => {
                            inside = true;
                            after
                        }
                        _ => text,
                    };
                    let end = text.find(['/', '?', '#']);
                    if inside {
                        pieces.push(Piece::Text(end.and_then(|end| text.get(..end)).unwrap_or(text)));
                    }
                    if end.is_some() {
                        break;
                    }
                }
                other if inside => pieces.extend(other.names().into_iter().map(Piece::Name)),
                _ => {}
            }
        }
        pieces
    }

    /// Every name the template reads, in order, with repetitions.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().flat_map(Part::names)
    }
}

impl Part {
    fn names(&self) -> Vec<&str> {
        match self {
            Self::Text(_) => Vec::new(),
            Self::Name(name) => vec![name],
            Self::Base64(parts) => parts.iter().flat_map(Self::names).collect(),
        }
    }
}

fn fill(parts: &[Part], values: &dyn Values, out: &mut String) -> Result<(), Missing> {
    for part in parts {
        match part {
            Part::Text(text) => out.push_str(text),
            Part::Name(name) => out.push_str(values.value(name).ok_or_else(|| Missing(name.clone()))?),
            Part::Base64(inner) => {
                let mut plain = zeroize::Zeroizing::new(String::new());
                fill(inner, values, &mut plain)?;
                BASE64.encode_string(plain.as_bytes(), out);
            }
        }
    }
    Ok(())
}

/// The host and port of an absolute URL: from `://`, or from the start where a placeholder stands for the whole URL.
fn authority(text: &str) -> &str {
    let after = text.split_once("://").map_or(text, |(_, rest)| rest);
    after.split(['/', '?', '#']).next().unwrap_or(after)
}

impl TryFrom<String> for Template {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut rest = text.as_str();
        while let Some((before, after)) = rest.split_once("${") {
            if !before.is_empty() {
                parts.push(Part::Text(before.to_owned()));
            }
            let (part, behind) = placeholder(after)?;
            parts.push(part);
            rest = behind;
        }
        if !rest.is_empty() {
            parts.push(Part::Text(rest.to_owned()));
        }
        Ok(Self { text, parts })
    }
}

/// One placeholder after its `${`, and what follows its `}`.
fn placeholder(text: &str) -> Result<(Part, &str), String> {
    let (part, rest) = match text.trim_start().strip_prefix("base64(") {
        Some(inner) => {
            let (terms, rest) = terms(inner)?;
            (Part::Base64(terms), rest.strip_prefix(')').ok_or("a base64( without its )")?)
        }
        None => term(text)?,
    };
    Ok((part, rest.trim_start().strip_prefix('}').ok_or("a ${ without its }")?))
}

/// Terms joined by `+`, and what follows the last.
fn terms(mut text: &str) -> Result<(Vec<Part>, &str), String> {
    let mut terms = Vec::new();
    loop {
        let (part, rest) = term(text)?;
        terms.push(part);
        match rest.trim_start().strip_prefix('+') {
            Some(after) => text = after,
            None => return Ok((terms, rest.trim_start())),
        }
    }
}

/// A name, or a text in single quotes, and what follows it.
fn term(text: &str) -> Result<(Part, &str), String> {
    let text = text.trim_start();
    if let Some(quoted) = text.strip_prefix('\'') {
        let (literal, rest) = quoted.split_once('\'').ok_or("a ' without its second")?;
        return Ok((Part::Text(literal.to_owned()), rest));
    }
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    let end = text.find(|c: char| !plain(c)).unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    if name.starts_with(|c: char| c.is_ascii_lowercase()) {
        Ok((Part::Name(name.to_owned()), rest))
    } else {
        Err(format!("at {text:?}: expected a field's name or a text in single quotes"))
    }
}

#[cfg(test)]
mod tests;
