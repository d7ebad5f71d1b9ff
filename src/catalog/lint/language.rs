//! What a field's pattern lets through, told from the pattern itself rather than by trying values.

use regex_syntax::{
    Parser,
    hir::{
        Class, Hir, HirKind,
        literal::{ExtractKind, Extractor, Literal},
    },
};

/// A character that values matching `pattern` may hold and that is not `allowed`.
pub(super) fn stray(pattern: &str, allowed: fn(char) -> bool) -> Result<Option<char>, String> {
    let parsed = Parser::new().parse(pattern).map_err(|error| error.to_string())?;
    Ok(first_stray(&parsed, allowed))
}

fn first_stray(hir: &Hir, allowed: fn(char) -> bool) -> Option<char> {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => None,
        HirKind::Literal(literal) => String::from_utf8_lossy(&literal.0).chars().find(|c| !allowed(*c)),
        HirKind::Class(class) => first_stray_of_class(class, allowed),
        HirKind::Repetition(repetition) => first_stray(&repetition.sub, allowed),
        HirKind::Capture(capture) => first_stray(&capture.sub, allowed),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => {
            parts.iter().find_map(|part| first_stray(part, allowed))
        }
    }
}

fn first_stray_of_class(class: &Class, allowed: fn(char) -> bool) -> Option<char> {
    match class {
        // A range holds few allowed characters, so the search ends soon.
        Class::Unicode(class) => {
            class.iter().find_map(|range| (range.start()..=range.end()).find(|c| !allowed(*c)))
        }
        Class::Bytes(class) => class
            .iter()
            .find_map(|range| (range.start()..=range.end()).map(char::from).find(|c| !allowed(*c))),
    }
}

/// Whether every host that matches `pattern` lies under a domain the pattern itself names.
pub(super) fn pinned(pattern: &str) -> bool {
    let Ok(parsed) = Parser::new().parse(pattern) else { return false };
    let endings = Extractor::new().kind(ExtractKind::Suffix).limit_literal_len(255).extract(&parsed);
    endings.literals().is_some_and(|endings| !endings.is_empty() && endings.iter().all(names_a_domain))
}

/// `api.example.com` whole, or anything below `.example.com`; not what merely ends in `example.com`, and not what a
/// registry sells names below, as `.co.uk`.
fn names_a_domain(ending: &Literal) -> bool {
    let host = ending.as_bytes().split(|byte| *byte == b':').next().unwrap_or_default();
    let labels = host.split(|byte| *byte == b'.').count();
    let written = if ending.is_exact() { Some(host) } else { host.splitn(2, |byte| *byte == b'.').nth(1) };
    labels >= if ending.is_exact() { 2 } else { 3 } && written.is_some_and(|host| !is_registrys(host))
}

/// Whether a registry sells names below it (the public suffix list, its part that registries made).
fn is_registrys(host: &[u8]) -> bool {
    psl::suffix(host)
        .is_some_and(|suffix| suffix.as_bytes() == host && suffix.typ() == Some(psl::Type::Icann))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stray_character_is_found_wherever_it_hides() {
        let host = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
        for good in ["[a-z0-9-]+", "(login|test)\\.acme\\.test", "[A-Za-z]{2}(-[0-9]+)?", "eu|us", ""] {
            assert_eq!(stray(good, host), Ok(None), "{good}");
        }
        for bad in [
            ".+",
            "[^/]+",
            "a|b/c",
            "\\d+",
            "\\w+",
            "\\S+",
            "[a-z:]+",
            "(a(b@c)?)*",
            "[%-z]",
            "é",
            "a b",
            "\\t",
        ] {
            assert!(stray(bad, host).unwrap().is_some(), "{bad}");
        }
        assert!(stray("(", host).is_err());
    }

    #[test]
    fn a_pinned_host_ends_in_a_domain_that_is_written_out() {
        for good in [
            "api\\.acme\\.test",
            "[a-z]+\\.acme\\.test",
            "(login|test)\\.acme\\.test|[a-z]+\\.my\\.acme\\.test",
            "accounts\\.acme\\.(?:com|eu|com\\.au)",
            "[a-z]+\\.acme\\.test:8443",
        ] {
            assert!(pinned(good), "{good}");
        }
        for bad in [
            "[a-z.]+",
            "api\\.acme\\.[a-z.]+",
            "[a-z]+acme\\.test",
            "[a-z]+\\.co\\.uk",
            "[a-z]+\\.com\\.au",
            "[a-z]+\\.test",
            "[a-z]+\\.acme\\.test|[a-z]+",
            "acme",
            "[a-z]+(\\.acme\\.test)?",
            "",
        ] {
            assert!(!pinned(bad), "{bad}");
        }
    }
}
