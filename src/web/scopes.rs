//! Scopes in words, where the app's file or a standard says what they mean; else as the provider writes them.
//!
//! No guessing: a wrong sentence about access is worse than a technical name.

use std::collections::BTreeMap;

/// One line of the list of access asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ScopeLine {
    /// What people read first.
    pub(super) words: String,
    /// The scope as the provider writes it, where the words are ours.
    pub(super) code: Option<String>,
}

impl ScopeLine {
    /// The line for `scope`, where `known` are the words of the app's file.
    pub(super) fn new(scope: &str, known: &BTreeMap<String, String>) -> Self {
        if let Some(words) = known.get(scope) {
            return Self { words: words.clone(), code: Some(scope.to_owned()) };
        }
        let words = match scope {
            "openid" => "Know that it is you".to_owned(),
            "email" => "See your e-mail address".to_owned(),
            "profile" => "See your name and picture".to_owned(),
            "offline_access" => "Keep working when you are away, until you end it".to_owned(),
            _ => return Self::by_name(scope),
        };
        Self { words, code: Some(scope.to_owned()) }
    }

    /// Scopes that are URLs are long and alike: their last part first, the whole below.
    fn by_name(scope: &str) -> Self {
        let last =
            scope.starts_with("https://").then(|| scope.trim_end_matches('/').rsplit('/').next()).flatten();
        match last {
            Some(last) if !last.is_empty() => Self { words: last.to_owned(), code: Some(scope.to_owned()) },
            _ => Self { words: scope.to_owned(), code: None },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn standard_scopes_get_words_and_others_keep_their_names() {
        let known = BTreeMap::from([("crm.write".to_owned(), "Change your contacts".to_owned())]);
        let line = |scope| ScopeLine::new(scope, &known);
        assert_eq!(line("email").words, "See your e-mail address");
        assert_eq!(line("email").code.as_deref(), Some("email"));
        assert_eq!(line("crm.write").words, "Change your contacts");
        assert_eq!(line("crm.read"), ScopeLine { words: "crm.read".into(), code: None });
        let url = "https://www.googleapis.com/auth/gmail.readonly";
        assert_eq!(line(url), ScopeLine { words: "gmail.readonly".into(), code: Some(url.into()) });
        assert_eq!(line("https://mail.google.com/").words, "mail.google.com");
    }
}
