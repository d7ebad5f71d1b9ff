//! A field's pattern as an HTML `pattern` attribute, so that browsers check while people type.
//!
//! App files hold Rust expressions, browsers read ECMAScript ones with the `v` flag, where some characters in a class
//! have to be escaped. What can't be said there gives none: the server checks every value anyway.

/// Spellings that browsers read differently or not at all.
const FOREIGN: [&str; 9] = ["(?", r"\A", r"\z", r"\p", r"\P", r"\x{", "&&", "~~", "--"];

/// `pattern` for a browser, where it means the same there.
pub(super) fn html_pattern(rust: &str) -> Option<String> {
    let inner = rust.strip_prefix('^').unwrap_or(rust);
    let inner = inner.strip_suffix('$').unwrap_or(inner);
    if FOREIGN.iter().any(|sign| inner.contains(sign)) { None } else { translate(inner) }
}

/// Puts a backslash before what the `v` flag reserves inside `[…]`. None for an anchor or a class within a class.
fn translate(pattern: &str) -> Option<String> {
    let mut out = String::with_capacity(pattern.len() + 4);
    let mut chars = pattern.chars().peekable();
    let (mut inside, mut first) = (false, false);
    while let Some(c) = chars.next() {
        let opens = !inside && c == '[';
        match c {
            '\\' => {
                out.push(c);
                out.extend(chars.next());
                first = false;
                continue;
            }
            '[' if inside => return None,
            '^' | '$' if !inside => return None,
            '[' => inside = true,
            ']' if inside => inside = false,
            '-' if inside && (first || chars.peek() == Some(&']')) => out.push('\\'),
            '(' | ')' | '{' | '}' | '/' | '|' if inside => out.push('\\'),
            _ => {}
        }
        out.push(c);
        first = opens || (first && c == '^');
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_patterns_lose_their_anchors_and_keep_their_meaning() {
        for (rust, html) in [
            ("^[a-z0-9][a-z0-9-]*$", Some(r"[a-z0-9][a-z0-9\-]*")),
            ("^[-a-z]+$", Some(r"[\-a-z]+")),
            ("^[^-/]+$", Some(r"[^\-\/]+")),
            (r"^[\w.-]+$", Some(r"[\w.\-]+")),
            ("^(us|eu)[0-9]{1,3}$", Some("(us|eu)[0-9]{1,3}")),
            ("^[a-z(){}|]+$", Some(r"[a-z\(\)\{\}\|]+")),
        ] {
            assert_eq!(html_pattern(rust).as_deref(), html, "{rust}");
        }
    }

    #[test]
    fn what_browsers_would_read_differently_is_left_to_the_server() {
        for rust in ["^(?i)[a-z]+$", r"^\p{L}+$", "^[[:alpha:]]+$", "^[a-z&&[^b]]$", r"^\x{41}$", "^a$|^b$"] {
            assert_eq!(html_pattern(rust), None, "{rust}");
        }
    }
}
