//! Where a key stands in the text of its file: from `auth[0].token.url` to a line.

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::load::line_at;

/// The line of the key at `path`, or of the deepest table on the way to it that exists.
pub(super) fn line_of(text: &str, path: &str) -> Option<usize> {
    let table = DeTable::parse(text).ok()?;
    let (at, _) = find(table.get_ref(), path);
    Some(line_at(text, at))
}

/// Whether the file has a key at `path`.
pub(super) fn exists(text: &str, path: &str) -> bool {
    DeTable::parse(text).is_ok_and(|table| find(table.get_ref(), path).1)
}

/// The byte where the key at `path` starts, and whether it was found to its end.
fn find(table: &DeTable<'_>, path: &str) -> (usize, bool) {
    let mut at = 0;
    let mut here: Option<&Spanned<DeValue<'_>>> = None;
    for step in steps(path) {
        let members = here.map_or(Some(table), |value| value.get_ref().as_table());
        let next = match step {
            Step::Key(key) => members.and_then(|members| members.get_key_value(key)).map(|(key, value)| {
                at = key.span().start;
                value
            }),
            Step::Index(index) => here.and_then(|value| value.get_ref().get(index)).inspect(|value| {
                at = value.span().start;
            }),
        };
        if next.is_none() {
            return (at, false);
        }
        here = next;
    }
    (at, true)
}

enum Step<'p> {
    Key(&'p str),
    Index(usize),
}

fn steps(path: &str) -> impl Iterator<Item = Step<'_>> {
    path.split('.').flat_map(|part| {
        let (key, rest) = part.split_once('[').unwrap_or((part, ""));
        let indices = rest.split(['[', ']']).filter_map(|index| index.parse().ok()).map(Step::Index);
        std::iter::once(Step::Key(key)).chain(indices)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "name = 'x'\n\n[[auth]]\nmethod = 'A'\n\n[[auth]]\nmethod = 'B'\ntoken = { url = 'u' }\n\n[auth.params]\na = 1\n";

    #[test]
    fn a_key_leads_to_its_line() {
        for (path, line) in [
            ("name", 1),
            ("auth[0].method", 4),
            ("auth[1]", 6),
            ("auth[1].token.url", 8),
            ("auth[1].params.a", 11),
            ("auth[1].token.missing", 8),
            ("missing", 1),
        ] {
            assert_eq!(line_of(TEXT, path), Some(line), "{path}");
        }
    }

    #[test]
    fn only_what_is_there_exists() {
        assert!(exists(TEXT, "auth[1].token.url"));
        for path in ["auth[2]", "auth[1].token.missing", "name.x", ""] {
            assert!(!exists(TEXT, path), "{path}");
        }
    }
}
