//! The query that goes out: the caller's, without any spelling of the credential's parameters, then defaults, then
//! the credential. What is not removed keeps its bytes and its order. Pure.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// Everything but unreserved characters (RFC 3986 2.3).
pub(in crate::plane) const ENCODED: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// `query` without the parameters called as one of `names`, in any spelling.
pub(in crate::plane) fn without<'q>(query: &'q str, names: &[String]) -> Cow<'q, str> {
    let goes = |pair: &str| names.iter().any(|name| is_called(pair, name));
    if !query.split(['&', ';']).any(goes) {
        return Cow::Borrowed(query);
    }
    // Some servers read `;` as `&`: a parameter is removed up to either, and keeps the separator it came with.
    let mut kept = String::with_capacity(query.len());
    for piece in query.split_inclusive(['&', ';']) {
        if !goes(piece.trim_end_matches(['&', ';'])) {
            kept.push_str(piece);
        }
    }
    let ended = query.ends_with(['&', ';']);
    if !ended && kept.ends_with(['&', ';']) {
        kept.pop();
    }
    Cow::Owned(kept)
}

/// Adds `name=value`, percent-encoded.
pub(in crate::plane) fn add(query: &mut String, name: &str, value: &str) {
    if !query.is_empty() && !query.ends_with('&') {
        query.push('&');
    }
    query.extend(utf8_percent_encode(name, ENCODED));
    query.push('=');
    query.extend(utf8_percent_encode(value, ENCODED));
}

/// Whether `query` has a parameter of exactly this name.
pub(in crate::plane) fn has(query: &str, name: &str) -> bool {
    query.split('&').any(|pair| decoded(pair.split('=').next().unwrap_or(pair)) == name)
}

/// Whether a pair is a spelling of the parameter `name`: encoded, in another case, or as an array's element.
fn is_called(pair: &str, name: &str) -> bool {
    let raw = pair.split('=').next().unwrap_or(pair);
    let found = decoded(raw);
    let bare = found.split('[').next().unwrap_or(&found).trim();
    bare.eq_ignore_ascii_case(name.split('[').next().unwrap_or(name))
}

fn decoded(text: &str) -> Cow<'_, str> {
    if text.contains(['%', '+']) {
        let spaced = text.replace('+', " ");
        Cow::Owned(percent_decode_str(&spaced).decode_utf8_lossy().into_owned())
    } else {
        Cow::Borrowed(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn names() -> Vec<String> {
        vec!["api_key".to_owned()]
    }

    #[test]
    fn hd_6_every_spelling_of_the_credentials_parameter_is_removed() {
        for (query, rest) in [
            ("api_key=x", ""),
            ("a=1&api_key=x&b=2", "a=1&b=2"),
            ("api_key=x&a=1", "a=1"),
            ("a=1&api_key=x", "a=1"),
            ("a=1&API_KEY=x", "a=1"),
            ("a=1&%61pi%5Fkey=x", "a=1"),
            ("a=1&api_key", "a=1"),
            ("a=1&api_key[]=x", "a=1"),
            ("a=1&api_key%5B0%5D=x", "a=1"),
            ("a=1&+api_key=x", "a=1"),
            ("a=1;api_key=x", "a=1"),
            ("a=1;api_key=x;b=2&c=3", "a=1;b=2&c=3"),
            ("api_key=x&api_key=y", ""),
        ] {
            assert_eq!(without(query, &names()), rest, "{query}");
        }
    }

    #[test]
    fn other_parameters_keep_their_bytes() {
        for query in
            ["", "a=1&&b=%zz&", "my_api_key=1", "x=api_key", "a;b=c", "%", "a=1&a=2&a=1", "api-key=1"]
        {
            assert_eq!(without(query, &names()), query);
        }
    }

    #[test]
    fn values_are_encoded_when_they_are_added() {
        let mut query = String::new();
        add(&mut query, "key", "a b&c=d+e/é");
        assert_eq!(query, "key=a%20b%26c%3Dd%2Be%2F%C3%A9");
        add(&mut query, "v", "2");
        assert!(query.ends_with("&v=2"));
    }

    #[test]
    fn a_parameter_is_found_by_its_decoded_name() {
        assert!(has("a=1&%76=2", "v") && has("v", "v") && !has("va=1", "v") && !has("", "v"));
    }

    proptest! {
        #[test]
        fn hd_6_after_the_removal_no_spelling_is_left(query in "[aApPiI_kKeEyY%5F6170&;=+\\[\\]]{0,60}") {
            let rest = without(&query, &names()).into_owned();
            prop_assert!(!rest.split(['&', ';']).any(|pair| is_called(pair, "api_key")), "{}", rest);
        }
    }
}
