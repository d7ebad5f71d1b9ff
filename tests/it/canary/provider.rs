//! A provider that repeats whatever it is told in every error, and secrets of its own in every answer.

use std::sync::{Arc, Mutex};

use crate::harness::upstream::{Answer, Seen};

pub(super) const ACCESS_TOKENS: [&str; 2] = ["at-Fv3/+q~first-access-token", "at-Qk9/+w~second-access-token"];
pub(super) const REFRESH_TOKENS: [&str; 2] =
    ["rt-Jd5/+e~first-refresh-token", "rt-Zu2/+x~second-refresh-token"];
/// What no answer of the gateway's own may quote.
pub(super) const WORDS: &str = "wd-Ht7/+b~words-of-the-upstream";

/// How the token endpoint answers next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mood {
    /// With tokens.
    Kind,
    /// With 500.
    Broken,
    /// With an error inside a 400.
    Strict,
    /// With an error that ends the grant.
    Done,
}

/// The provider's answers in a mood that can be changed.
pub(super) fn answers(mood: Arc<Mutex<Mood>>) -> impl Fn(&Seen) -> Answer + Send + Sync + 'static {
    move |seen| {
        let path = seen.target().split('?').next().unwrap();
        // Everything it knows: its request, head and body.
        let echo = format!("{WORDS} {}{}", seen.head.escape_default(), String::from_utf8_lossy(&seen.body));
        let error = |code: &str| serde_json::json!({"error": code, "error_description": echo}).to_string();
        match path.rsplit('/').next().unwrap() {
            "token" => match *mood.lock().unwrap() {
                Mood::Kind => Answer::ok(&tokens(seen)),
                Mood::Broken => Answer::with("500 Internal Server Error", "", &error("server_error")),
                Mood::Strict => Answer::with("400 Bad Request", "", &error("invalid_request")),
                Mood::Done => Answer::with("400 Bad Request", "", &error("invalid_grant")),
            },
            "revoke" => Answer::with("503 Service Unavailable", "", &error("temporarily_unavailable")),
            "me" if seen.head.contains("refused") => Answer::with("401 Unauthorized", "", &error("no")),
            "me" => Answer::ok(r#"{"id":"u-1","name":"Ada"}"#),
            "garbled" => Answer::Close(format!("HTTP/1.1 200 OK\r\n{WORDS}\0: {echo}\r\n\r\n").into()),
            "cut" => Answer::Close(format!("HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n{echo}").into()),
            "away" => Answer::with(
                "302 Found",
                &format!("location: https://cdn.example.com/f?sig={WORDS}\r\nset-cookie: s={WORDS}\r\n"),
                "",
            ),
            _ => Answer::ok("{}"),
        }
    }
}

fn tokens(seen: &Seen) -> String {
    let renewed = String::from_utf8_lossy(&seen.body).contains("grant_type=refresh_token");
    let at = usize::from(renewed);
    serde_json::json!({
        "access_token": ACCESS_TOKENS[at], "refresh_token": REFRESH_TOKENS[at], "expires_in": 1,
    })
    .to_string()
}
