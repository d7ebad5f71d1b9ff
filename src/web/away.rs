//! The way from a posted form to another origin.
//!
//! Browsers hold every redirect that follows a form against the page's `form-action`, also those of the provider: one
//! that sends people on to another of its hosts would be blocked. So a browser gets a page that leads on by itself,
//! which ends the form's navigation; everything else gets the redirect.

use axum::{
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};

use super::{
    pages::{self, show},
    words::Words,
};

/// Leads to `url`, which people know as `place`.
pub(super) fn to(words: &Words, headers: &HeaderMap, url: &str, place: &str) -> Response {
    let navigates = headers.get("sec-fetch-mode").is_some_and(|mode| mode == "navigate");
    match HeaderValue::try_from(format!("0; url={url}")) {
        Ok(refresh) if navigates => {
            let mut response = show(StatusCode::OK, &pages::away(words, place, url));
            response.headers_mut().insert(header::REFRESH, refresh);
            response
        }
        _ => Redirect::to(url).into_response(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_gets_a_page_that_leads_on_and_a_program_a_redirect() {
        let url = "https://accounts.example/o?a=1&b=2";
        let program = to(&Words::english(), &HeaderMap::new(), url, "Desk");
        assert_eq!(
            (program.status().as_u16(), &program.headers()["location"]),
            (303, &HeaderValue::from_static(url))
        );
        let headers =
            HeaderMap::from_iter([("sec-fetch-mode".parse().unwrap(), HeaderValue::from_static("navigate"))]);
        let browser = to(&Words::english(), &headers, url, "Desk");
        assert_eq!(browser.status(), 200);
        assert_eq!(browser.headers()["refresh"], "0; url=https://accounts.example/o?a=1&b=2");
        assert!(!browser.headers().contains_key("location"));
    }
}
