//! Keys: what is taken for one is one, in every place where a caller may put it, and two are never taken for one.

use http::{HeaderMap, HeaderName, HeaderValue, header::AUTHORIZATION};

use crate::{
    plane::authenticate::{Found, find, holds_key},
    vault::token::{ApiKey, LENGTH},
};

/// Two good keys, and `Basic` with the first as user. An input writes them as the bytes 1, 2 and 3, because nobody
/// finds a checksum by chance.
const KEYS: [&str; 3] = [
    "kf_1fJjkkpe9PiTw9KSulA8Ghct30vZz4HpdQ5c5b9cPF12LeLlH",
    "kf_00000000000000000000000000000000000000000010ZE4pW",
    "Basic a2ZfMWZKamtrcGU5UGlUdzlLU3VsQThHaGN0MzB2Wno0SHBkUTVjNWI5Y1BGMTJMZUxsSDo=",
];

/// Each line is the value of a field, in turn `Authorization` and the app's own.
///
/// # Panics
///
/// Where a property does not hold.
pub fn key(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let text = ["\u{1}", "\u{2}", "\u{3}"]
        .iter()
        .zip(KEYS)
        .fold(text.into_owned(), |text, (mark, key)| text.replace(mark, key));
    let own = HeaderName::from_static("x-api-key");
    let mut headers = HeaderMap::new();
    let mut known = Vec::new();
    for (at, line) in text.lines().take(6).enumerate() {
        if let Some(key) = ApiKey::parse(line) {
            assert_eq!((key.reveal(), line.len()), (line, LENGTH));
            assert!(!key.hint().contains(line.get(5..48).unwrap_or(line)));
            assert!(holds_key(&format!("/x/{line}?y")));
            known.push(key.digest());
        }
        if let Ok(value) = HeaderValue::from_str(line) {
            headers.append(if at % 2 == 0 { AUTHORIZATION } else { own.clone() }, value);
        }
    }
    match find(&headers, &[own]) {
        Found::Key(key) => {
            assert!(known.iter().all(|other| *other == key), "two keys are taken for one");
        }
        Found::Several => {
            assert!(text.contains(KEYS[1]) || text.lines().count() > 2, "one key is taken for two");
        }
        Found::Other => assert!(known.is_empty() && !headers.is_empty(), "a key is not seen"),
        Found::Nothing => assert!(headers.values().all(HeaderValue::is_empty)),
    }
}
