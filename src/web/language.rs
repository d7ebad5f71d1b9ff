//! Which language a request gets: the one its address names, the one this browser chose, else the first it accepts.
//!
//! Choosing is a link with `lang` in its query. The choice is kept in a cookie of ten minutes that holds two letters
//! and nothing of the person: a browser that refuses it reads the language it asks for.

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, header},
    middleware::Next,
    response::Response,
};

use super::{Web, connect::with_cookie, cookie::Jar, words::Words};

const COOKIE: &str = "kf_lang";

/// Notes the language of the request and says it in the answer.
pub(super) async fn choose(State(web): State<Web>, mut request: Request, next: Next) -> Response {
    let jar = web.jar();
    let chosen = chosen(jar, request.uri().query().unwrap_or_default(), request.headers());
    let words = chosen.or_else(|| accepted(request.headers())).cloned().unwrap_or_else(Words::english);
    let tag = words.tag;
    request.extensions_mut().insert(words);
    let mut response = next.run(request).await;
    response.headers_mut().insert(header::CONTENT_LANGUAGE, HeaderValue::from_static(tag));
    with_cookie(response, chosen.and_then(|words| jar.set(COOKIE, words.tag)))
}

fn chosen(jar: Jar, query: &str, headers: &HeaderMap) -> Option<&'static Words> {
    let named = form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "lang");
    let named = named.and_then(|(_, tag)| Words::tagged(&tag));
    named.or_else(|| jar.get(headers, COOKIE).as_deref().and_then(Words::tagged))
}

/// The best of `Accept-Language` (RFC 9110 12.5.4) that there is.
fn accepted(headers: &HeaderMap) -> Option<&'static Words> {
    let line = headers.get(header::ACCEPT_LANGUAGE)?.to_str().ok()?;
    let ranges = line.split(',').take(32).filter_map(|range| {
        let (tag, weight) = range.split_once(';').map_or((range, None), |(tag, q)| (tag, Some(q)));
        let weight =
            weight.and_then(|q| q.trim().strip_prefix("q=")).map_or(Some(1.0), |q| q.parse().ok())?;
        Some((Words::tagged(tag.trim())?, weight)).filter(|(_, weight): &(_, f32)| *weight > 0.0)
    });
    // The first of the heaviest: `max_by` would take the last.
    ranges.reduce(|best, next| if next.1 > best.1 { next } else { best }).map(|(words, _)| words)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(query: &str, cookie: &str, accept: &str) -> &'static str {
        let line = |name, value: &str| (name, HeaderValue::from_str(value).unwrap());
        let headers =
            HeaderMap::from_iter([line(header::COOKIE, cookie), line(header::ACCEPT_LANGUAGE, accept)]);
        let chosen = chosen(Jar { secure: false }, query, &headers).or_else(|| accepted(&headers));
        chosen.map_or("none", |words| words.tag)
    }

    #[test]
    fn the_address_wins_over_the_choice_and_the_choice_over_what_the_browser_accepts() {
        assert_eq!(of("lang=de", "kf_lang=es", "ja"), "de");
        assert_eq!(of("lang=xx", "kf_lang=es", "ja"), "es");
        assert_eq!(of("", "kf_lang=xx", "ja"), "ja");
        assert_eq!(of("", "", ""), "none");
    }

    #[test]
    fn the_heaviest_language_there_is_is_taken_and_a_region_does_not_matter() {
        for (accept, tag) in [
            ("de-AT,de;q=0.9,en;q=0.8", "de"),
            ("fr-FR,fr;q=0.9,es;q=0.5,en;q=0.7", "en"),
            ("zh-Hant-TW", "zh"),
            ("ja;q=0, en;q=0.1", "en"),
            ("en, de", "en"),
            ("fr", "none"),
            ("*", "none"),
            ("de;q=x, es;q=0.1", "es"),
            (";;;,,,=", "none"),
        ] {
            assert_eq!(of("", "", accept), tag, "{accept}");
        }
    }
}
