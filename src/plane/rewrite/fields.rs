//! The header fields that go out: which of the caller's pass, and in which spellings the others are known. Pure.
//!
//! Upstreams that hand fields on as variables (CGI and its heirs) can't tell `x_api_key` from `x-api-key`; so any
//! character but a letter or a digit counts as `-` when a name is compared with one that must not pass.

use http::{HeaderMap, HeaderName, HeaderValue, header::HOST};

use crate::{
    net::headers::{hop_by_hop, may_trail},
    vault::token,
};

/// Whether nothing of the caller's has to go but what is overwritten: the host, and the fields in `written`. Then there
/// is no word to this hop either, because each of those would have to go.
pub(in crate::plane) fn all_pass(
    fields: &HeaderMap,
    credential: &[HeaderName],
    written: &[(HeaderName, HeaderValue)],
) -> bool {
    let overwritten = |name: &HeaderName| *name == HOST || written.iter().any(|(other, _)| other == name);
    fields.iter().all(|(name, value)| overwritten(name) || passes(name, value, credential, &[]))
}

/// The caller's fields that pass, in their order. Built anew, because to remove a field would move another to its place.
pub(in crate::plane) fn passing(
    fields: HeaderMap,
    credential: &[HeaderName],
    nominated: &[HeaderName],
) -> HeaderMap {
    let mut out = HeaderMap::with_capacity(fields.len() + 4);
    let mut current = None;
    for (name, value) in fields {
        current = name.or(current);
        if let Some(name) = &current
            && passes(name, &value, credential, nominated)
        {
            out.append(name.clone(), value);
        }
    }
    out
}

/// Whether the caller's field passes.
pub(in crate::plane) fn passes(
    name: &HeaderName,
    value: &HeaderValue,
    credential: &[HeaderName],
    nominated: &[HeaderName],
) -> bool {
    !withheld_in_any_spelling(name)
        && !credential.iter().any(|other| same_spelling(name.as_str(), other.as_str()))
        && !nominated.contains(name)
        && !ends_in_a_key(value)
}

/// Whether the caller's field passes behind the body.
pub(in crate::plane) fn trails(
    name: &HeaderName,
    value: &HeaderValue,
    credential: &[HeaderName],
    nominated: &[HeaderName],
) -> bool {
    let canonical = || HeaderName::try_from(spelling(name.as_str()).map(char::from).collect::<String>());
    passes(name, value, credential, nominated) && canonical().is_ok_and(|name| may_trail(&name))
}

fn withheld_in_any_spelling(name: &HeaderName) -> bool {
    if withheld(name.as_str()) || hop_by_hop(name) {
        return true;
    }
    let text = name.as_str();
    if is_canonical(text) {
        return false;
    }
    // A quotation mark stands in no name; trailers of HTTP/2 bring it past the server.
    if text.contains('"') {
        return true;
    }
    let canonical: String = spelling(text).map(char::from).collect();
    withheld(&canonical) || HeaderName::try_from(canonical).is_ok_and(|name| hop_by_hop(&name))
}

/// Fields that the contract keeps from upstreams, beside hop-by-hop fields and the credential's own. `Expect` is met
/// here: the server asks for the body when it is read.
fn withheld(name: &str) -> bool {
    let families: &[&str] = match name.as_bytes() {
        b"host" | b"authorization" | b"cookie" | b"cookie2" | b"expect" | b"forwarded" | b"via"
        | b"x-real-ip" | b"x-original-url" | b"x-rewrite-url" | b"x-forwarded" => return true,
        [b'x', ..] => &["x-forwarded-", "x-maton-"],
        [b'm', ..] => &["maton-"],
        [b'k', ..] => &["keyferry-"],
        _ => return false,
    };
    families.iter().any(|family| name.starts_with(family))
}

fn spelling(name: &str) -> impl Iterator<Item = u8> + '_ {
    let edges = |c: char| !c.is_ascii_alphanumeric();
    name.trim_matches(edges).bytes().map(|byte| match byte {
        b'a'..=b'z' | b'0'..=b'9' => byte,
        b'A'..=b'Z' => byte.to_ascii_lowercase(),
        _ => b'-',
    })
}

/// Whether a name is already written as [`spelling`] would write it. Nearly all are.
fn is_canonical(name: &str) -> bool {
    name.as_bytes().iter().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-')) && !has_edges(name)
}

/// Whether something stands before the first letter or digit of a name, or behind the last.
fn has_edges(name: &str) -> bool {
    let odd = |byte: Option<&u8>| byte.is_some_and(|byte| !byte.is_ascii_alphanumeric());
    odd(name.as_bytes().first()) || odd(name.as_bytes().last())
}

fn same_spelling(one: &str, other: &str) -> bool {
    let letter = |byte: u8| if byte.is_ascii_alphanumeric() { byte } else { b'-' };
    // Header names are in lower case; so this is all there is to compare, unless edges are to be trimmed.
    if one.len() == other.len() {
        return one.bytes().map(letter).eq(other.bytes().map(letter));
    }
    (has_edges(one) || has_edges(other)) && spelling(one).eq(spelling(other))
}

/// A key that stands where nobody looks for one still must not go upstream.
fn ends_in_a_key(value: &HeaderValue) -> bool {
    let Some(start) = value.len().checked_sub(token::LENGTH) else { return false };
    let end = value.as_bytes().get(start..).unwrap_or_default();
    end.starts_with(token::PREFIX.as_bytes()) && std::str::from_utf8(end).is_ok_and(token::is_key)
}

#[cfg(test)]
mod tests;
