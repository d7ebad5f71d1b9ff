//! Which service a request of a door is for. The plane and the control API don't know of each other; this does.

use std::{future::ready, sync::Arc, time::Duration};

use axum::Router;
use http::{Request, Response, StatusCode, Version};
use tower::ServiceExt;

use super::{Service, arrival::is_navigation};
use crate::{
    catalog::RESERVED,
    net::{
        Body,
        body::{boxed, full},
        problem::Problem,
        punctual::Punctual,
        request_id::RequestId,
    },
    plane::Names,
};

/// Within this time a body has to come that is not streamed on.
const BODY_TIME: Duration = Duration::from_secs(30);

/// The gateway door: `plane` for apps, `control` for the reserved first segments, so that a client with one base URL
/// finds both.
#[must_use]
pub fn gateway_door(names: Names, plane: Service, control: Service) -> Service {
    Arc::new(move |request| {
        if is_navigation(request.headers()) {
            Box::pin(ready(not_for_browsers(&request)))
        } else if is_foreign(&names, &request) {
            Box::pin(ready(misdirected(&request)))
        } else if is_control(&names, &request) {
            control(request)
        } else {
            plane(request)
        }
    })
}

/// The control door: the JSON API for the reserved first segments, pages for everything else.
#[must_use]
pub fn control_door(api: Service, pages: Service) -> Service {
    Arc::new(move |request| if is_reserved(request.uri().path()) { api(request) } else { pages(request) })
}

/// An axum router as a service. Its bodies are small and read whole.
#[must_use]
pub fn of_router(router: Router) -> Service {
    Arc::new(move |request| {
        let router = router.clone();
        Box::pin(async move {
            let body = |body| axum::body::Body::new(Punctual::new(body, BODY_TIME));
            let Ok(response) = router.oneshot(request.map(body)).await;
            response.map(boxed)
        })
    })
}

/// Sealed links (`~`) are reserved too, but it is the plane that serves them.
fn is_control(names: &Names, request: &Request<Body>) -> bool {
    let path = request.uri().path();
    is_reserved(path) && first_segment(path) != "~" && names.label(request).is_none()
}

fn is_reserved(path: &str) -> bool {
    RESERVED.contains(&first_segment(path))
}

fn first_segment(path: &str) -> &str {
    let path = path.strip_prefix('/').unwrap_or(path);
    let end = path.bytes().position(|byte| byte == b'/').unwrap_or(path.len());
    path.get(..end).unwrap_or(path)
}

/// Whether a request came as to a proxy, for a host that is not this gateway.
fn is_foreign(names: &Names, request: &Request<Body>) -> bool {
    let absolute = request.version() != Version::HTTP_2;
    absolute && request.uri().host().is_some_and(|host| !names.are_of(host))
}

fn misdirected(request: &Request<Body>) -> Response<Body> {
    let detail = "This is no proxy. Call this gateway by its own name, with a path as the request target.";
    answer(request, Problem::new(StatusCode::MISDIRECTED_REQUEST, "misdirected", detail))
}

fn answer(request: &Request<Body>, problem: Problem) -> Response<Body> {
    problem.into_response(&RequestId::of(request.extensions())).map(full)
}

fn not_for_browsers(request: &Request<Body>) -> Response<Body> {
    let detail = "This address is for programs that send an API key, not for a browser's address bar.";
    answer(request, Problem::new(StatusCode::FORBIDDEN, "not_for_browsers", detail))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rt_6_only_the_exact_first_segment_is_the_control_apis() {
        for path in ["/connections", "/connections/", "/connections/x", "/keys", "/openapi.json"] {
            assert!(is_reserved(path), "{path}");
        }
        for path in
            ["//connections", "/CONNECTIONS", "/connections;x", "/connectionsx", "/%63onnections", "/"]
        {
            assert!(!is_reserved(path), "{path}");
        }
    }
}
