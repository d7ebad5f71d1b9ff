//! The texts are whole: every message in every language with the same values, none unused, none missing.

use std::{collections::BTreeSet, fs, path::Path};

use super::*;

impl Words {
    /// English between marks, so that a test sees which words of a page are not a message's.
    pub(in crate::web) fn marked() -> Self {
        let mut bundle = FluentBundle::new_concurrent(vec!["en".parse().unwrap()]);
        bundle.set_transform(Some(|text| format!("⟦{text}⟧").into()));
        bundle.add_resource(FluentResource::try_new(FILES[0].2.to_owned()).unwrap()).unwrap();
        Self { tag: "en", name: "English", bundle: Arc::new(bundle) }
    }
}

/// The messages of a file: key and text.
fn messages(file: &str) -> Vec<(&str, &str)> {
    file.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once(" = ")).collect()
}

/// The names of the values in a text.
fn values(text: &str) -> BTreeSet<&str> {
    text.split("{ $").skip(1).map(|rest| rest.split_once(" }").unwrap().0).collect()
}

#[test]
fn every_message_is_there_in_every_language_with_the_same_values() {
    let english = messages(FILES[0].2);
    assert!(english.len() > 100, "{}", english.len());
    for (tag, _, file) in FILES {
        if let Err((_, errors)) = FluentResource::try_new(file.to_owned()) {
            panic!("{tag}: {errors:?}");
        }
        let own = messages(file);
        let keys =
            |messages: &[(&str, &str)]| messages.iter().map(|(key, _)| (*key).to_owned()).collect::<Vec<_>>();
        assert_eq!(keys(&own), keys(&english), "{tag} has the same messages in the same order");
        for ((key, text), (_, first)) in own.iter().zip(&english) {
            assert_eq!(values(text), values(first), "{tag} {key}");
            assert!(Words::tagged(tag).unwrap().known(key).is_some(), "{tag} {key}");
            let may_be_alike = key.starts_with("label-");
            assert!(tag == "en" || may_be_alike || text != first, "{tag} {key} is still English");
            assert!(!text.contains('<') && !text.contains('"'), "{tag} {key}: plain text with real quotes");
        }
    }
}

/// Everything quoted in the sources and templates of this room, tests left out.
fn quoted() -> BTreeSet<String> {
    let room = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/web");
    let files = [room.clone(), room.join("templates")];
    let paths =
        files.iter().flat_map(|folder| fs::read_dir(folder).unwrap()).map(|entry| entry.unwrap().path());
    let mut found = BTreeSet::new();
    for path in paths.filter(|path| path.is_file()) {
        let text = fs::read_to_string(path).unwrap();
        let code = text.split("#[cfg(test)]").next().unwrap();
        found.extend(code.split('"').map(str::to_owned));
    }
    found
}

#[test]
fn every_message_is_used_and_every_one_used_exists() {
    let (quoted, english) = (quoted(), messages(FILES[0].2));
    let made = |key: &str| {
        let (family, rest) = key.split_once('-').unwrap_or((key, ""));
        let of_kind = matches!(rest, "title" | "what" | "todo") && quoted.contains(family);
        let why = matches!(family, "why" | "todo") && (quoted.contains(rest) || rest == "other");
        matches!(family, "label" | "scope") || of_kind || why
    };
    for (key, _) in &english {
        assert!(quoted.contains(*key) || made(key), "nothing says {key}");
    }
    let room = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/web");
    for folder in [room.clone(), room.join("templates")] {
        for path in
            fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_file())
        {
            let text = fs::read_to_string(&path).unwrap();
            let calls = [".say(\"", ".with(\"", ".parts(\"", ".count(\""];
            for key in calls
                .iter()
                .flat_map(|call| text.split(call).skip(1))
                .map(|rest| rest.split('"').next().unwrap())
            {
                assert!(english.iter().any(|(known, _)| *known == key), "{}: {key}", path.display());
            }
        }
    }
}

#[test]
fn no_template_has_words_of_its_own() {
    let templates = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/web/templates");
    let mut seen = 0;
    for path in fs::read_dir(templates).unwrap().map(|entry| entry.unwrap().path()) {
        let text = fs::read_to_string(&path).unwrap();
        for attribute in ["aria-label=\"", " title=\"", " alt=\"", "placeholder=\""] {
            for value in text.split(attribute).skip(1).map(|rest| rest.split('"').next().unwrap()) {
                assert!(
                    value.is_empty() || value.starts_with("{{"),
                    "{}: {attribute}{value}",
                    path.display()
                );
            }
        }
        let left = strip(&strip(&strip(&text, "{{", "}}"), "{%", "%}"), "<", ">");
        let words: Vec<_> =
            left.split_whitespace().filter(|word| word.contains(char::is_alphabetic)).collect();
        assert!(
            words.iter().all(|word| ["keyferry", "/openapi.json"].contains(word)),
            "{}: {words:?}",
            path.display()
        );
        seen += 1;
    }
    assert!(seen >= 8, "{seen}");
}

/// `text` without what stands between these marks.
pub(in crate::web) fn strip(text: &str, open: &str, close: &str) -> String {
    let mut pieces = text.split(open);
    let first = pieces.next().unwrap().to_owned();
    pieces.fold(first, |text, piece| text + " " + piece.split_once(close).map_or("", |(_, rest)| rest))
}

#[test]
fn what_is_put_in_is_set_off_and_cannot_set_itself_off() {
    let words = Words::english();
    let owner = "A\u{2069} b \u{2068}c";
    let parts = words.parts("done-works", &[("owner", owner)]);
    let given: Vec<_> = parts.iter().filter(|part| part.given).map(|part| part.text.as_str()).collect();
    assert_eq!(given, ["A b c"]);
    let whole: String = parts.iter().map(|part| part.text.as_str()).collect();
    assert_eq!(whole, words.with("done-works", &[("owner", owner)]));
    assert_eq!(words.say("no-such-message"), "no-such-message");
    assert_eq!(words.count("access-all", 12), "All 12");
    assert_eq!(
        words.with("connect-title", &[("app", "{ $x }<b>")]),
        "Connect { $x }<b>",
        "a value is no message"
    );
}

#[test]
fn a_language_is_known_by_its_tag_in_any_spelling() {
    for (tag, found) in
        [("de", Some("de")), ("DE-at", Some("de")), ("zh_Hans", Some("zh")), ("fr", None), ("", None)]
    {
        assert_eq!(Words::tagged(tag).map(|words| words.tag), found, "{tag}");
    }
}
