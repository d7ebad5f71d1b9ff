//! Pages about what went wrong, in the words of the person in front of the screen.

use axum::{
    body::Body,
    extract::{Request, State},
    http::{Extensions, HeaderMap, HeaderValue, StatusCode, header},
    middleware::Next,
    response::Response,
};

use super::{
    Web,
    frame::Frame,
    pages::{FailurePage, show},
    words::Words,
};
use crate::{
    connections::Fault,
    net::{arrival::Arrival, problem::Problem, request_id::RequestId},
};

/// The form didn't come from its own page, or not from the browser that was shown it: 403.
pub(super) fn forged(extensions: &Extensions) -> Response {
    let words = Words::of(extensions);
    show(StatusCode::FORBIDDEN, &page(Frame::once(&words), "forged", extensions))
}

/// The gateway can't reach its own store: 503.
pub(super) fn fault(fault: &Fault, extensions: &Extensions) -> Response {
    let words = Words::of(extensions);
    tracing::error!(error = %fault, request_id = %RequestId::of(extensions), "a page could not be served");
    let (status, wait) = match fault {
        Fault::Unavailable(_) => (StatusCode::SERVICE_UNAVAILABLE, true),
        Fault::Internal(_) => (StatusCode::INTERNAL_SERVER_ERROR, false),
    };
    let mut response = show(status, &page(Frame::once(&words), "fault", extensions));
    if wait {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
    }
    response
}

/// Counts the request by its address; too many: 429.
pub(super) async fn limit(State(web): State<Web>, request: Request, next: Next) -> Response {
    let address = Arrival::address(request.extensions());
    match address.map_or(Ok(()), |address| web.0.limits.visit(address)) {
        Ok(()) => next.run(request).await,
        Err(limited) => {
            let words = Words::of(request.extensions());
            let page = page(Frame::once(&words), "limit", request.extensions());
            let mut response = show(StatusCode::TOO_MANY_REQUESTS, &page);
            let wait = HeaderValue::from(limited.retry_after_seconds());
            response.headers_mut().insert(header::RETRY_AFTER, wait);
            response
        }
    }
}

/// The app has no way in that works yet: 400.
pub(super) fn not_set_up(app: &str, extensions: &Extensions) -> Response {
    let words = Words::of(extensions);
    let with = |key| words.with(key, &[("app", app)]);
    let page = FailurePage {
        title: with("closed-title"),
        what: with("closed-what"),
        advice: with("closed-todo"),
        ..page(Frame::once(&words), "closed", extensions)
    };
    show(StatusCode::BAD_REQUEST, &page)
}

/// No page of this name: 404, as a page for people and as a problem for programs.
pub(super) async fn nowhere(headers: HeaderMap, extensions: Extensions) -> Response {
    if !wants_page(&headers) {
        let detail = "There is nothing here. GET /openapi.json describes what is.";
        let problem = Problem::new(StatusCode::NOT_FOUND, "not_found", detail);
        return problem.into_response(&RequestId::of(&extensions)).map(Body::from);
    }
    let words = Words::of(&extensions);
    show(StatusCode::NOT_FOUND, &page(Frame::new(&words), "nowhere", &extensions))
}

/// A page, but not for this method: 405. `Allow` is the router's.
pub(super) async fn no_method(extensions: Extensions) -> Response {
    let id = RequestId::of(&extensions);
    Problem::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "method_not_allowed",
        "This page takes no such method. Open the connect link in a browser.",
    )
    .into_response(&id)
    .map(Body::from)
}

/// Whether it is a browser that asks, for a person.
fn wants_page(headers: &HeaderMap) -> bool {
    let accepted = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
    accepted.is_some_and(|accepted| accepted.contains("text/html"))
}

/// The page of three messages whose keys begin with `kind`.
fn page(frame: Frame, kind: &str, extensions: &Extensions) -> FailurePage {
    let say = |part: &str| frame.say(&format!("{kind}-{part}"));
    FailurePage {
        title: say("title"),
        what: say("what"),
        said: None,
        reason: None,
        who: String::new(),
        advice: say("todo"),
        retry: None,
        request_id: RequestId::of(extensions).to_string(),
        t: frame,
    }
}
