//! Who may post a form: only a page of this origin, in the browser that was shown it.
//!
//! Two independent checks. The browser says where a request comes from (`Sec-Fetch-Site`, `Origin`), and the form
//! repeats what only this browser's cookie and this link give together. Knowing the link is not enough: whoever made
//! the connection knows it, and must not be able to press the button for somebody else.

use axum::http::{HeaderMap, HeaderValue, header};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::vault::sha256;

/// What the form of `session_token` carries in the browser whose cookie is `nonce`.
pub(super) fn token(nonce: &str, session_token: &str) -> String {
    let text = format!("keyferry csrf\0{nonce}\0{session_token}");
    URL_SAFE_NO_PAD.encode(sha256(text.as_bytes()))
}

/// Whether the browser says that the request comes from a page of `own` (an origin, `https://host:port`).
pub(super) fn from_own_page(headers: &HeaderMap, own: &str) -> bool {
    let site = headers.get("sec-fetch-site").map(|value| value.as_bytes() == b"same-origin");
    match (headers.get(header::ORIGIN).map(HeaderValue::as_bytes), site) {
        (_, Some(false)) => false,
        (None, _) => true,
        // Pages that send no referrer make browsers say `null` here, even to their own origin (Fetch, 3.2). Browsers
        // say the site too, except over plain http: there the token has to be enough.
        (Some(b"null"), site) => site == Some(true) || own.starts_with("http://"),
        (Some(origin), _) => origin.eq_ignore_ascii_case(own.as_bytes()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allowed(own: &str, sent: &[(&'static str, &'static str)]) -> bool {
        from_own_page(&sent.iter().map(|(k, v)| (k.parse().unwrap(), v.parse().unwrap())).collect(), own)
    }

    #[test]
    fn oc_3_a_post_from_another_origin_is_refused() {
        let own = "https://connect.example.com";
        for (sent, expected) in [
            (&[][..], true),
            (&[("origin", "https://connect.example.com")], true),
            (&[("origin", "null"), ("sec-fetch-site", "same-origin")], true),
            (&[("origin", "null")], false),
            (&[("origin", "https://evil.example")], false),
            (&[("origin", "https://connect.example.com.evil.example")], false),
            (&[("origin", "http://connect.example.com")], false),
            (&[("sec-fetch-site", "cross-site")], false),
            (&[("sec-fetch-site", "same-site")], false),
            (&[("origin", "https://connect.example.com"), ("sec-fetch-site", "cross-site")], false),
        ] {
            assert_eq!(allowed(own, sent), expected, "{sent:?}");
        }
        assert!(allowed("http://10.0.0.1:8081", &[("origin", "null")]));
        assert!(!allowed("http://10.0.0.1:8081", &[("origin", "http://evil.example")]));
    }

    #[test]
    fn the_token_depends_on_the_browser_and_on_the_link() {
        assert_eq!(token("n", "s"), token("n", "s"));
        assert_ne!(token("n", "s"), token("m", "s"));
        assert_ne!(token("n", "s"), token("n", "t"));
        assert_eq!(token("n", "s").len(), 43);
    }
}
