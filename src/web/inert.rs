//! Other people's words on our pages: shortened, on one line, without characters that steer the reader.
//!
//! askama escapes the markup; this takes what escaping leaves: control characters and bidirectional overrides.

const LONGEST: usize = 300;

/// `text` as it may be shown.
pub(super) fn inert(text: &str) -> String {
    let calm = text.chars().map(|c| if steers(c) { ' ' } else { c }).collect::<String>();
    let words = calm.split_whitespace().collect::<Vec<_>>().join(" ");
    match words.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", words.get(..end).unwrap_or_default()),
        None => words,
    }
}

/// Controls, and the marks that turn text around or hide it (Unicode TR 9 and 36).
fn steers(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{61c}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn oc_12_words_of_others_are_short_and_on_one_line() {
        assert_eq!(inert("a\r\nSet-Cookie: x\t\u{202e}b\u{2028}c"), "a Set-Cookie: x b c");
        assert_eq!(inert(&"x".repeat(10_000)).chars().count(), LONGEST + 1);
        assert_eq!(inert("<script>"), "<script>", "markup is the template's business");
    }
}
