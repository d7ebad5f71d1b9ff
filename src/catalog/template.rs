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

    /// The host and port of an absolute URL with its placeholders, `${subdomain}.zendesk.com`; all of it where a
    /// single placeholder stands for the whole URL.
    #[must_use]
    pub fn authority(&self) -> &str {
        let after = self.text.split_once("://").map_or(self.text.as_str(), |(_, rest)| rest);
        after.split(['/', '?', '#']).next().unwrap_or(after)
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

impl TryFrom<String> for Template {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let mut parts = Vec::new();
        let mut rest = text.as_str();
        while let Some((before, after)) = rest.split_once("${") {
            let (inside, behind) = after.split_once('}').ok_or("a ${ without its }")?;
            if !before.is_empty() {
                parts.push(Part::Text(before.to_owned()));
            }
            parts.push(expression(inside.trim())?);
            rest = behind;
        }
        if !rest.is_empty() {
            parts.push(Part::Text(rest.to_owned()));
        }
        Ok(Self { text, parts })
    }
}

fn expression(text: &str) -> Result<Part, String> {
    match text.strip_prefix("base64(").and_then(|inner| inner.strip_suffix(')')) {
        Some(inner) => {
            inner.split('+').map(|term| term_of(term.trim())).collect::<Result<_, _>>().map(Part::Base64)
        }
        None => term_of(text),
    }
}

fn term_of(text: &str) -> Result<Part, String> {
    if let Some(literal) = text.strip_prefix('\'').and_then(|text| text.strip_suffix('\'')) {
        return Ok(Part::Text(literal.to_owned()));
    }
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if text.starts_with(|c: char| c.is_ascii_lowercase()) && text.chars().all(plain) {
        Ok(Part::Name(text.to_owned()))
    } else {
        Err(format!("{text:?} is neither a field's name nor a text in single quotes"))
    }
}
