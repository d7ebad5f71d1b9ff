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
    assets::ASSETS,
    pages::{FailurePage, show},
};
use crate::{
    connections::Fault,
    net::{arrival::Arrival, problem::Problem, request_id::RequestId},
};

/// The form didn't come from its own page, or not from the browser that was shown it: 403.
pub(super) fn forged(request_id: &RequestId) -> Response {
    let page = plain(
        "Please open the link again",
        "For your safety this step works only in the browser and the window where you opened the link.",
        "Open the connect link once more and press the button there. This site needs cookies for that.",
        request_id,
    );
    show(StatusCode::FORBIDDEN, &page)
}

/// The gateway can't reach its own store: 503.
pub(super) fn fault(fault: &Fault, request_id: &RequestId) -> Response {
    tracing::error!(error = %fault, %request_id, "a page could not be served");
    let page = plain(
        "Something is out of order here",
        "The gateway can’t look up your link right now. Nothing was changed.",
        "Wait a minute and reload this page.",
        request_id,
    );
    let (status, wait) = match fault {
        Fault::Unavailable(_) => (StatusCode::SERVICE_UNAVAILABLE, true),
        Fault::Internal(_) => (StatusCode::INTERNAL_SERVER_ERROR, false),
    };
    let mut response = show(status, &page);
    if wait {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
    }
    response
}

/// Counts the request by its address; too many: 429.
pub(super) async fn limit(State(web): State<Web>, request: Request, next: Next) -> Response {
    let id = RequestId::of(request.extensions());
    let address = Arrival::address(request.extensions());
    match address.map_or(Ok(()), |address| web.0.limits.visit(address)) {
        Ok(()) => next.run(request).await,
        Err(limited) => {
            let page = plain(
                "Too many requests",
                "More pages were asked for from your network than this site gives out at a time.",
                "Wait a minute and reload this page.",
                &id,
            );
            let mut response = show(StatusCode::TOO_MANY_REQUESTS, &page);
            let wait = HeaderValue::from(limited.retry_after_seconds());
            response.headers_mut().insert(header::RETRY_AFTER, wait);
            response
        }
    }
}

/// The app has no way in that works yet: 400.
pub(super) fn not_set_up(app: &str, request_id: &RequestId) -> Response {
    let page = plain(
        &format!("{app} isn’t set up yet"),
        &format!("This gateway has not been registered at {app}, so it can’t send you there to sign in."),
        "Tell whoever sent you the link. Once the gateway is set up, the same kind of link will work.",
        request_id,
    );
    show(StatusCode::BAD_REQUEST, &page)
}

/// No page of this name: 404, as a page for people and as a problem for programs.
pub(super) async fn nowhere(headers: HeaderMap, extensions: Extensions) -> Response {
    let id = RequestId::of(&extensions);
    if !wants_page(&headers) {
        let detail = "There is nothing here. GET /openapi.json describes what is.";
        return Problem::new(StatusCode::NOT_FOUND, "not_found", detail).into_response(&id).map(Body::from);
    }
    let page = plain(
        "There is nothing here",
        "This address leads to no page of the gateway.",
        "Check that you copied all of the link you were sent, and open it again.",
        &id,
    );
    show(StatusCode::NOT_FOUND, &page)
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

fn plain(title: &str, what: &str, advice: &str, request_id: &RequestId) -> FailurePage {
    FailurePage {
        assets: &ASSETS,
        title: title.to_owned(),
        what: what.to_owned(),
        said: None,
        reason: None,
        who: String::new(),
        advice: advice.to_owned(),
        retry: None,
        request_id: request_id.to_string(),
    }
}
