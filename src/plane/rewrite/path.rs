//! The path that goes out: the caller's, byte for byte, with placeholders filled from the connection. Pure.
//!
//! A placeholder counts wherever it stands, also inside a segment (`/bot:token/getMe`), unless a letter, a digit or
//! `_` follows: `:id` is not found in `:ident`. Percent-encoded it is the same one: most clients write `{id}` as
//! `%7Bid%7D`, whatever their user wrote.

use std::borrow::Cow;

use percent_encoding::{AsciiSet, utf8_percent_encode};

use super::query::ENCODED;
use crate::vault::Secret;

/// What stands in a segment as it is: some providers know their own tokens (`bot123:abc`) in no other spelling.
const SEGMENT: &AsciiSet = &ENCODED.remove(b':').remove(b'@');

/// A placeholder of the app that has no value in this connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::plane) struct Unfilled(pub(in crate::plane) String);

/// `path` with every placeholder of `known` replaced by its value in `values`.
pub(in crate::plane) fn fill<'p>(
    path: &'p str,
    known: &[&str],
    values: &[(String, Secret)],
) -> Result<Cow<'p, str>, Unfilled> {
    let mut filled = Cow::Borrowed(path);
    for token in known {
        for spelling in [Cow::Borrowed(*token), Cow::from(utf8_percent_encode(token, ENCODED))] {
            if occurrences(&filled, &spelling).next().is_none() {
                continue;
            }
            let value = values.iter().find(|(name, _)| name == token);
            let (_, value) = value.ok_or_else(|| Unfilled((*token).to_owned()))?;
            let encoded = utf8_percent_encode(value.expose(), SEGMENT).to_string();
            filled = Cow::Owned(replace(&filled, &spelling, &encoded));
        }
    }
    Ok(filled)
}

/// The other way round: `path` with the values of the connection replaced by their placeholders. Values too short to
/// be told from other text stay.
pub(in crate::plane) fn unfill(path: &str, values: &[(String, Secret)]) -> String {
    let long = values.iter().filter(|(_, value)| value.expose().len() >= 8);
    long.fold(path.to_owned(), |path, (token, value)| {
        let encoded = |set| utf8_percent_encode(value.expose(), set).to_string();
        let spellings = [encoded(ENCODED), encoded(SEGMENT), value.expose().to_owned()];
        spellings.iter().fold(path, |path, spelling| replace(&path, spelling, token))
    })
}

/// Where `token` stands in `path`.
fn occurrences<'p>(path: &'p str, token: &'p str) -> impl Iterator<Item = usize> + 'p {
    let ends = move |at: &usize| {
        let next = path.as_bytes().get(at + token.len());
        !next.is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
    };
    path.match_indices(token).map(|(at, _)| at).filter(ends)
}

fn replace(path: &str, token: &str, by: &str) -> String {
    let mut replaced = String::with_capacity(path.len() + by.len());
    let mut end = 0;
    for at in occurrences(path, token) {
        replaced.push_str(path.get(end..at).unwrap_or_default());
        replaced.push_str(by);
        end = at + token.len();
    }
    replaced.push_str(path.get(end..).unwrap_or_default());
    replaced
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn values() -> Vec<(String, Secret)> {
        [(":realmId", "9130 35/7"), (":token", "12:AAbb-cc_DD"), (":id", "7"), ("{cloud}", "c-1")]
            .map(|(token, value)| (token.to_owned(), Secret::from(value)))
            .into()
    }

    const KNOWN: &[&str] = &[":realmId", ":token", ":id", "{cloud}", ":empty"];

    #[test]
    fn placeholders_are_filled_wherever_they_stand() {
        for (path, filled) in [
            ("/v3/company/:realmId/query", "/v3/company/9130%2035%2F7/query"),
            ("/:realmId/companyinfo/:realmId", "/9130%2035%2F7/companyinfo/9130%2035%2F7"),
            ("/bot:token/getMe", "/bot12:AAbb-cc_DD/getMe"),
            ("/a/:ident/:id_x/:id9", "/a/:ident/:id_x/:id9"),
            ("/a/:id", "/a/7"),
            ("/a/:id.json", "/a/7.json"),
            ("/a/%3Aid/{cloud}/%7Bcloud%7D/%3Aident", "/a/7/c-1/c-1/%3Aident"),
            ("/v1/models/x:predict", "/v1/models/x:predict"),
            ("/a%2Fb//c", "/a%2Fb//c"),
        ] {
            assert_eq!(fill(path, KNOWN, &values()).unwrap(), filled);
        }
    }

    #[test]
    fn a_placeholder_without_a_value_is_named() {
        assert_eq!(fill("/a/:empty", KNOWN, &values()), Err(Unfilled(":empty".to_owned())));
    }

    #[test]
    fn lg_1_values_become_placeholders_again() {
        assert_eq!(unfill("/file/bot12%3AAAbb-cc_DD/x/7", &values()), "/file/bot:token/x/7");
        assert_eq!(unfill("/file/bot12:AAbb-cc_DD/x", &values()), "/file/bot:token/x");
    }

    proptest! {
        #[test]
        fn filling_undoes_unfilling(path in "(/[a-z]{0,3}(:realmId|:token|x|%2F)?){0,5}") {
            let filled = fill(&path, KNOWN, &values()).unwrap().into_owned();
            let back = unfill(&filled, &values());
            prop_assert_eq!(fill(&back, KNOWN, &values()).unwrap().into_owned(), filled);
        }
    }
}
