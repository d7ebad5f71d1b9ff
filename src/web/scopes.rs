//! Scopes in words, where the app's file or a standard says what they mean; else as the provider writes them.
//!
//! No guessing: a wrong sentence about access is worse than a technical name.

use std::collections::BTreeMap;

use super::words::Words;

/// The scopes that mean the same everywhere: the texts have words for them.
const STANDARD: [&str; 4] = ["openid", "email", "profile", "offline_access"];

/// One line of the list of access asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ScopeLine {
    /// What people read first.
    pub(super) words: String,
    /// The language of the words: an app's file is in English.
    pub(super) lang: &'static str,
    /// The scope as the provider writes it, where the words are ours.
    pub(super) code: Option<String>,
}

impl ScopeLine {
    /// The line for `scope`, where `known` are the words of the app's file.
    pub(super) fn new(words: &Words, scope: &str, known: &BTreeMap<String, String>) -> Self {
        let code = Some(scope.to_owned());
        match known.get(scope) {
            Some(words) => Self { words: words.clone(), lang: "en", code },
            None if STANDARD.contains(&scope) => {
                Self { words: words.say(&format!("scope-{scope}")), lang: words.tag, code }
            }
            None => Self::by_name(scope),
        }
    }

    /// Scopes that are URLs are long and alike: their last part first, the whole below.
    fn by_name(scope: &str) -> Self {
        let last =
            scope.starts_with("https://").then(|| scope.trim_end_matches('/').rsplit('/').next()).flatten();
        match last {
            Some(last) if !last.is_empty() => {
                Self { words: last.to_owned(), lang: "en", code: Some(scope.to_owned()) }
            }
            _ => Self { words: scope.to_owned(), lang: "en", code: None },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn standard_scopes_get_words_and_others_keep_their_names() {
        let known = BTreeMap::from([("crm.write".to_owned(), "Change your contacts".to_owned())]);
        let english = Words::english();
        let line = |scope| ScopeLine::new(&english, scope, &known);
        assert_eq!(line("email").words, "See your e-mail address");
        assert_eq!(line("email").code.as_deref(), Some("email"));
        assert_eq!(line("crm.write").words, "Change your contacts");
        assert_eq!(line("crm.read"), ScopeLine { words: "crm.read".into(), lang: "en", code: None });
        let url = "https://www.googleapis.com/auth/gmail.readonly";
        assert_eq!(line(url).words, "gmail.readonly");
        assert_eq!(line(url).code.as_deref(), Some(url));
        assert_eq!(line("https://mail.google.com/").words, "mail.google.com");
    }
}
