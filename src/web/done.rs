//! What came of a flow: a page of its own, reached by a redirect, so that no code or state stays in the address bar.
//!
//! What it shows travels in a short-lived cookie that the vault has sealed; the address is a random word.

use axum::{
    extract::{Path, State},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Redirect, Response},
};
use serde::{Deserialize, Serialize};

use super::{
    Web,
    assets::ASSETS,
    connect::with_cookie,
    inert::inert,
    monogram::Monogram,
    pages::{FailurePage, SuccessPage, gone, show, steps},
};
use crate::{
    connections::{Connection, Finished, UNPROBED},
    net::request_id::RequestId,
    vault::random_text,
};

const LABEL: &str = "web done";

/// What the page shows.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Done {
    /// It worked.
    Connected {
        app: String,
        owner: String,
        account: Option<String>,
        connection_name: Option<String>,
        waiting: bool,
        unprobed: bool,
        typed_in: bool,
    },
    /// It did not.
    Failed { app: String, reason: String, said: Option<String>, retry: String, request_id: String },
    /// The callback belonged to no flow of this browser.
    Refused { request_id: String },
}

impl Done {
    fn connected(finished: &Finished, owner: String) -> Self {
        let connection = &finished.connection;
        let typed_in = finished.app.way(connection.method).is_none_or(|way| way.authorize.is_none());
        Self::Connected {
            app: finished.app.display_name.clone(),
            owner,
            account: account(connection),
            connection_name: connection.name.clone(),
            waiting: connection.awaits_confirmation(),
            unprobed: connection.status_reason.as_deref() == Some(UNPROBED),
            typed_in,
        }
    }

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

    fn show(self, status: StatusCode) -> Response {
        match self {
            Self::Connected { app, owner, account, connection_name, waiting, unprobed, typed_in } => {
                let page = SuccessPage {
                    assets: &ASSETS,
                    steps: steps(Some(app.as_str()).filter(|_| !typed_in), if typed_in { 1 } else { 2 }),
                    app: Monogram::new(&app),
                    owner,
                    account,
                    connection_name,
                    waiting,
                    note: unprobed.then(|| {
                        format!("{app} could not be asked whose account it is; the first call will tell whether it works.")
                    }),
                };
                show(status, &page)
            }
            Self::Failed { app, reason, said, retry, request_id } => {
                let (what, advice) = words(&app, &reason);
                let page = FailurePage {
                    assets: &ASSETS,
                    title: format!("{app} was not connected"),
                    what,
                    said,
                    reason: Some(reason),
                    who: app,
                    advice,
                    retry: Some(retry),
                    request_id,
                };
                show(status, &page)
            }
            Self::Refused { request_id } => show(status, &refused_page(request_id)),
        }
    }
}

fn refused_page(request_id: String) -> FailurePage {
    FailurePage {
        assets: &ASSETS,
        title: "This sign-in can’t be finished here".to_owned(),
        what: "It was begun in another browser, took too long, or was finished already. Nothing was connected just now."
            .to_owned(),
        said: None,
        reason: None,
        who: String::new(),
        advice: "If you pressed Back or Reload after connecting, all is well: close this window. Otherwise open the \
                 connect link again, in this browser, and finish in the same window."
            .to_owned(),
        retry: None,
        request_id,
    }
}

/// What happened and what to do, for the error codes people meet (RFC 6749 4.1.2.1, `OpenID` Connect Core 3.1.2.6).
fn words(app: &str, reason: &str) -> (String, String) {
    let again = "Try again. If it happens again, tell whoever sent you the link.";
    match reason {
        "access_denied" | "user_cancelled" | "consent_required" => (
            format!("{app} was told not to give access, so nothing was connected."),
            format!("If that was a slip, try again and allow the access on {app}’s page."),
        ),
        "invalid_scope"
        | "unauthorized_client"
        | "invalid_client"
        | "invalid_request"
        | "unsupported_response_type" => (
            format!("{app} does not accept how this gateway asks for access."),
            "You can’t mend this yourself: tell whoever sent you the link, with the words above.".to_owned(),
        ),
        "client_misconfigured" | "app_misconfigured" => (
            format!("This gateway isn’t set up rightly for {app}, so the sign-in could not be finished."),
            "You can’t mend this yourself: tell whoever sent you the link, with the request number below."
                .to_owned(),
        ),
        "server_error"
        | "temporarily_unavailable"
        | "provider_unavailable"
        | "provider_rate_limited"
        | "provider_answer_unusable" => (
            format!("{app} had a problem of its own while it was signing you in."),
            "Wait a minute and try again.".to_owned(),
        ),
        "access_refused" => (
            format!("{app} let you sign in, but then refused what it had just granted."),
            format!("Check that your account may use {app}’s API, then try again."),
        ),
        "field_missing" => (
            format!("{app} did not say which of your accounts or sites was meant."),
            "Try again, and choose one where it asks.".to_owned(),
        ),
        _ => (format!("The sign-in at {app} did not succeed, so nothing was connected."), again.to_owned()),
    }
}

fn account(connection: &Connection) -> Option<String> {
    let known = |key: &str| connection.metadata.get(key).and_then(serde_json::Value::as_str).map(inert);
    match (known("email"), known("name").or_else(|| known("account_id"))) {
        (Some(email), Some(name)) if name != email => Some(format!("{name} ({email})")),
        (email, name) => email.or(name),
    }
}

/// The connection is complete: on to where its maker wants the browser, else to the page about it.
pub(super) async fn connected(web: &Web, finished: &Finished) -> Response {
    if let Some(url) = &finished.return_to {
        return Redirect::to(url).into_response();
    }
    let owner = web.0.owners.get(finished.connection.owner).await.ok().flatten().map(|owner| owner.name);
    let done = Done::connected(finished, owner.unwrap_or_else(|| "the owner".to_owned()));
    let (path, cookie) = keep(web, &done);
    with_cookie(Redirect::to(&path).into_response(), cookie)
}

/// The flow failed: programs see it in the status and the body; `Refresh` leads people to the same page at an address
/// without code and state.
pub(super) fn failed(web: &Web, done: Done) -> Response {
    let (path, cookie) = keep(web, &done);
    let mut response = done.show(StatusCode::BAD_REQUEST);
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
pub(super) async fn page(State(web): State<Web>, Path(flow): Path<String>, headers: HeaderMap) -> Response {
    let sealed = web.jar().get(&headers, &cookie_name(&flow));
    let plain = sealed.and_then(|sealed| web.0.vault.open_text(LABEL, &sealed));
    let done = plain.and_then(|plain| serde_json::from_slice::<Done>(&plain).ok());
    done.map_or_else(gone, |done| done.show(StatusCode::OK))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn html(done: Done) -> String {
        let response = done.show(StatusCode::OK);
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
    fn every_refusal_says_what_to_do() {
        for reason in [
            "access_denied",
            "invalid_scope",
            "provider_unavailable",
            "app_misconfigured",
            "field_missing",
            "whatever",
        ] {
            let (what, advice) = words("Desk", reason);
            assert!(what.len() > 20 && advice.len() > 20, "{reason}");
            assert_ne!(what, advice);
        }
    }

    #[test]
    fn what_a_cookie_carries_comes_back_the_same() {
        let done = failed("x", Some("y"));
        let kept = serde_json::to_vec(&done).unwrap();
        assert_eq!(html(serde_json::from_slice(&kept).unwrap()), html(done));
    }

    #[test]
    fn a_waiting_connection_says_that_its_owner_has_to_confirm() {
        let done = |waiting| Done::Connected {
            app: "Desk".into(),
            owner: "Ada".into(),
            account: Some("ada@example.com".into()),
            connection_name: None,
            waiting,
            unprobed: false,
            typed_in: true,
        };
        assert!(html(done(true)).contains("once Ada has confirmed"));
        assert!(!html(done(false)).contains("confirmed"));
        assert!(html(done(false)).contains("ada@example.com"));
    }
}
