//! What came of a flow: a page of its own, reached by a redirect, so that no code or state stays in the address bar.
//!
//! What it shows travels in a short-lived cookie that the vault has sealed; the address is a random word.

use axum::{
    extract::{Path, State},
    http::{Extensions, HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};
use serde::{Deserialize, Serialize};

use super::{
    Web,
    connect::with_cookie,
    frame::Frame,
    inert::inert,
    pages::{FailurePage, gone, show},
    success::Success,
    why,
    words::Words,
};
use crate::{connections::Finished, net::request_id::RequestId, vault::random_text};

const LABEL: &str = "web done";

/// What the page shows.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Done {
    /// It worked.
    Connected(Success),
    /// It did not.
    Failed { app: String, reason: String, said: Option<String>, retry: String, request_id: String },
    /// The callback belonged to no flow of this browser.
    Refused { request_id: String },
}

impl Done {
    /// A flow that ended without access.
    pub(super) fn failed(
        app: &str,
        reason: &str,
        said: Option<String>,
        retry: String,
        id: &RequestId,
    ) -> Self {
        let (app, reason, request_id) = (app.to_owned(), inert(reason), id.to_string());
        Self::Failed { app, reason, said, retry, request_id }
    }

    /// A callback that was not answered to.
    pub(super) fn refused(id: &RequestId) -> Self {
        Self::Refused { request_id: id.to_string() }
    }

    fn show(self, frame: Frame, status: StatusCode) -> Response {
        match self {
            Self::Connected(success) => show(status, &success.page(frame)),
            Self::Failed { app, reason, said, retry, request_id } => {
                let kind = why::message(&reason);
                let say = |part: &str| frame.with(&format!("{part}-{kind}"), &[("app", app.as_str())]);
                let page = FailurePage {
                    title: frame.with("failed-title", &[("app", app.as_str())]),
                    what: say("why"),
                    advice: say("todo"),
                    said,
                    reason: Some(reason),
                    who: app,
                    retry: Some(retry),
                    request_id,
                    t: frame,
                };
                show(status, &page)
            }
            Self::Refused { request_id } => show(status, &refused_page(frame, request_id)),
        }
    }
}

fn refused_page(frame: Frame, request_id: String) -> FailurePage {
    FailurePage {
        title: frame.say("elsewhere-title"),
        what: frame.say("elsewhere-what"),
        said: None,
        reason: None,
        who: String::new(),
        advice: frame.say("elsewhere-todo"),
        retry: None,
        request_id,
        t: frame,
    }
}

/// The connection is complete: on to where its maker wants the browser, else to the page about it.
pub(super) async fn connected(web: &Web, finished: &Finished) -> Response {
    if let Some(url) = &finished.return_to {
        return Redirect::to(url).into_response();
    }
    let owner = web.0.owners.get(finished.connection.owner).await.ok().flatten().map(|owner| owner.name);
    let done =
        Done::Connected(Success::of(finished, owner.unwrap_or_else(|| "?".to_owned()), &web.0.control_url));
    let (path, cookie) = keep(web, &done);
    with_cookie(Redirect::to(&path).into_response(), cookie)
}

/// The flow failed: programs see it in the status and the body; `Refresh` leads people to the same page at an address
/// without code and state.
pub(super) fn failed(web: &Web, words: &Words, done: Done) -> Response {
    let (path, cookie) = keep(web, &done);
    let mut response = done.show(Frame::at(words, &path), StatusCode::BAD_REQUEST);
    if cookie.is_some()
        && let Ok(refresh) = HeaderValue::try_from(format!("0; url={path}"))
    {
        response.headers_mut().insert(header::REFRESH, refresh);
    }
    with_cookie(response, cookie)
}

/// The address of the page about `done`, and the cookie it reads.
fn keep(web: &Web, done: &Done) -> (String, Option<HeaderValue>) {
    let flow = random_text();
    let plain = serde_json::to_vec(done).ok();
    let sealed = plain.and_then(|plain| web.0.vault.seal_text(LABEL, &plain).ok());
    let cookie = sealed.and_then(|sealed| web.jar().set(&cookie_name(&flow), &sealed));
    (format!("/done/{flow}"), cookie)
}

fn cookie_name(flow: &str) -> String {
    format!("kf_done_{flow}")
}

/// `GET /done/{flow}`: in the browser that finished it, until the cookie ends.
pub(super) async fn page(
    State(web): State<Web>,
    Path(flow): Path<String>,
    headers: HeaderMap,
    extensions: Extensions,
) -> Response {
    let words = Words::of(&extensions);
    let sealed = web.jar().get(&headers, &cookie_name(&flow));
    let plain = sealed.and_then(|sealed| web.0.vault.open_text(LABEL, &sealed));
    let done = plain.and_then(|plain| serde_json::from_slice::<Done>(&plain).ok());
    done.map_or_else(|| gone(&words), |done| done.show(Frame::new(&words), StatusCode::OK))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn html(done: Done) -> String {
        let response = done.show(Frame::new(&Words::english()), StatusCode::OK);
        let body =
            futures_util::FutureExt::now_or_never(crate::net::body::read(response.into_body(), 1 << 20));
        String::from_utf8(body.unwrap().unwrap().to_vec()).unwrap()
    }

    fn failed(reason: &str, said: Option<&str>) -> Done {
        let id = RequestId::new(crate::clock::Timestamp::from_micros(0));
        Done::failed(
            "Desk",
            reason,
            said.map(str::to_owned),
            "https://c.example/connect?session_token=x".into(),
            &id,
        )
    }

    #[test]
    fn oc_12_the_providers_words_are_shown_as_text() {
        let page = html(failed("access_denied", Some("<script>alert(1)</script>")));
        assert!(page.contains("<p class=\"quote\">&#60;script&#62;alert(1)&#60;/script&#62;</p>"), "{page}");
        assert!(page.contains("access_denied"));
        assert!(page.contains("Try again") && page.contains("Desk was not connected"));
    }

    #[test]
    fn what_a_cookie_carries_comes_back_the_same() {
        let done = failed("x", Some("y"));
        let kept = serde_json::to_vec(&done).unwrap();
        assert_eq!(html(serde_json::from_slice(&kept).unwrap()), html(done));
    }
}
