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
    pub(super) fn authority_names(&self) -> Vec<&str> {
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
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn template(text: &str) -> Result<Template, String> {
        Template::try_from(text.to_owned())
    }

    fn values() -> BTreeMap<String, String> {
        let pairs =
            [("subdomain", "acme"), ("email", "ada@acme.test"), ("api_token", "t0k"), ("n1", "${email}")];
        pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).into()
    }

    #[test]
    fn placeholders_are_filled() {
        for (text, expected) in [
            ("", ""),
            ("plain", "plain"),
            ("https://${subdomain}.zendesk.com", "https://acme.zendesk.com"),
            ("${ subdomain }${subdomain}", "acmeacme"),
            ("Basic ${base64(email + '/token:' + api_token)}", "Basic YWRhQGFjbWUudGVzdC90b2tlbjp0MGs="),
            ("${base64('a+b}')}", "YStifQ=="),
            ("${'literal'}", "literal"),
            ("costs $5 {a} }", "costs $5 {a} }"),
            ("${n1}", "${email}"),
        ] {
            assert_eq!(template(text).unwrap().fill(&values()).unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn a_value_that_is_missing_is_named() {
        let missing = template("${subdomain}-${region}").unwrap().fill(&values()).unwrap_err();
        assert_eq!(missing, Missing("region".to_owned()));
        assert!(template("${base64(region)}").unwrap().fill(&values()).is_err());
    }

    #[test]
    fn what_is_no_template_is_refused() {
        for text in [
            "${",
            "${subdomain",
            "${}",
            "${Sub}",
            "${a b}",
            "${a+b}",
            "${a:b}",
            "${base64(a}",
            "${base64(a+)}",
            "${'a}",
            "${1a}",
            "${base64()}",
            "${base64(a))}",
        ] {
            assert!(template(text).is_err(), "{text}");
        }
    }

    #[test]
    fn names_come_in_order() {
        let template = template("${a}/${base64(b + ':' + c)}?${a}").unwrap();
        assert_eq!(template.names().collect::<Vec<_>>(), ["a", "b", "c", "a"]);
    }

    #[test]
    fn the_authority_is_told_with_its_placeholders() {
        for (text, expected) in [
            ("https://api.test", "api.test"),
            ("https://${a}.test:8443/x/${b}?c=${d}", "${a}.test:8443"),
            ("${instance_url}", "${instance_url}"),
            ("${instance_url}/x", "${instance_url}"),
            ("https://api.test#f", "api.test"),
        ] {
            assert_eq!(template(text).unwrap().authority(), expected);
        }
    }

    #[test]
    fn the_authority_comes_in_pieces() {
        use Piece::{Name, Text};
        for (text, expected) in [
            ("https://${a}.test/${b}", vec![Text(""), Name("a"), Text(".test")]),
            ("https://x.${a}?${b}", vec![Text("x."), Name("a"), Text("")]),
            ("${a}/x/${b}", vec![Name("a"), Text("")]),
            ("/path/${a}", vec![]),
            ("https://x.test/?u=https://${a}", vec![Text("x.test")]),
        ] {
            assert_eq!(template(text).unwrap().authority_pieces(), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in ".{0,40}") {
            let _ = template(&text);
        }

        #[test]
        fn text_without_placeholders_stays(text in "[^$]{0,40}") {
            prop_assert_eq!(template(&text).unwrap().fill(&values()).unwrap(), text);
        }

        #[test]
        fn values_go_in_as_they_are(value in ".{0,40}", before in "[a-z/:]{0,8}", after in "[a-z/:]{0,8}") {
            let filled = template(&format!("{before}${{x}}{after}")).unwrap();
            let values = BTreeMap::from([("x".to_owned(), value.clone())]);
            prop_assert_eq!(filled.fill(&values).unwrap(), format!("{before}{value}{after}"));
        }
    }
}
