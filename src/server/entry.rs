//! Which service a request of a door is for. The plane and the control API don't know of each other; this does.

use std::{future::ready, sync::Arc};

use axum::Router;
use http::{HeaderMap, Request, Response, StatusCode};
use tower::ServiceExt;

use super::Service;
use crate::{
    catalog::RESERVED,
    net::{
        Body,
        body::{boxed, full},
        problem::Problem,
        request_id::RequestId,
    },
    plane::Names,
};

/// The gateway door: `plane` for apps, `control` for the reserved first segments, so that a client with one base URL
/// finds both.
#[must_use]
pub fn gateway_door(names: Names, plane: Service, control: Service) -> Service {
    Arc::new(move |request| {
        if !is_control(&names, &request) {
            plane(request)
        } else if is_navigation(request.headers()) {
            Box::pin(ready(not_for_browsers(&request)))
        } else {
            control(request)
        }
    })
}

/// The control door: the JSON API for the reserved first segments, pages for everything else.
#[must_use]
pub fn control_door(api: Service, pages: Service) -> Service {
    Arc::new(move |request| if is_reserved(request.uri().path()) { api(request) } else { pages(request) })
}

/// An axum router as a service.
#[must_use]
pub fn of_router(router: Router) -> Service {
    Arc::new(move |request| {
        let router = router.clone();
        Box::pin(async move {
            let Ok(response) = router.oneshot(request.map(axum::body::Body::new)).await;
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
    path.split_once('/').map_or(path, |(first, _rest)| first)
}

/// Whether a browser asks for a page, a frame or the like, by `Sec-Fetch-Dest` (Fetch Metadata).
fn is_navigation(headers: &HeaderMap) -> bool {
    headers.get("sec-fetch-dest").is_some_and(|destination| destination != "empty")
}

fn not_for_browsers(request: &Request<Body>) -> Response<Body> {
    let detail = "This address is for programs that send an API key, not for a browser's address bar.";
    Problem::new(StatusCode::FORBIDDEN, "not_for_browsers", detail)
        .into_response(&RequestId::of(request.extensions()))
        .map(full)
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

    #[test]
    fn a_program_in_a_page_is_no_navigation() {
        let headers = |value: &'static str| {
            HeaderMap::from_iter([(http::HeaderName::from_static("sec-fetch-dest"), value.parse().unwrap())])
        };
        assert!(is_navigation(&headers("document")));
        assert!(is_navigation(&headers("iframe")));
        assert!(!is_navigation(&headers("empty")));
        assert!(!is_navigation(&HeaderMap::new()));
    }
}
