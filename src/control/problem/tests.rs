//! Every error as it goes out: what programs act on, and nothing that should stay inside.

use axum::{Router, body::Body, middleware, routing::get};
use serde_json::Value;
use tower::ServiceExt;
use tower_http::catch_panic::CatchPanicLayer;

use super::*;
use crate::{clock::Timestamp, net::body};

const INSIDE: &str = "canary: select * from grants at /var/lib/keyferry";

/// The answer of a handler that fails like this, under the layers of the API.
async fn answer(fail: impl Fn() -> Refusal + Clone + Send + Sync + 'static) -> (Response, Value) {
    let router = Router::new()
        .route("/", get(move || std::future::ready(fail())))
        .layer(CatchPanicLayer::custom(|_| Refusal::internal().into_response()))
        .layer(middleware::from_fn(finish));
    let mut request = Request::new(Body::empty());
    request.extensions_mut().insert(RequestId::new(Timestamp::from_micros(1)));
    let response = router.oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let bytes = body::read(body, 1 << 20).await.unwrap();
    (Response::from_parts(parts, Body::empty()), serde_json::from_slice(&bytes).unwrap())
}

#[tokio::test]
async fn lg_4_faults_inside_show_their_request_id_and_nothing_else() {
    let inside = || INSIDE.to_owned();
    let faults: [(u16, &str, Refusal); 8] = [
        (503, "store_unavailable", Fault::Unavailable(inside()).into()),
        (503, "store_unavailable", KeyError::Unavailable(inside()).into()),
        (503, "store_unavailable", OwnerError::Unavailable(inside()).into()),
        (503, "store_unavailable", ClientError::Unavailable(inside()).into()),
        (500, "internal", Fault::Internal(inside()).into()),
        (500, "internal", KeyError::Internal(inside()).into()),
        (500, "internal", OwnerError::Internal(inside()).into()),
        (500, "internal", ConnectionError::Store(Fault::Internal(inside())).into()),
    ];
    for (status, reason, refusal) in faults {
        let (response, body) = answer(move || refusal.clone()).await;
        assert_eq!((response.status().as_u16(), &body["reason"]), (status, &Value::from(reason)));
        assert_eq!(body["request_id"].as_str().unwrap(), response.headers()["x-request-id"]);
        assert!(!body.to_string().contains("canary"), "{body}");
        assert_eq!(response.headers().contains_key("retry-after"), status == 503);
    }
}

#[tokio::test]
async fn a_panic_is_a_500_of_that_one_request() {
    let (response, body) = answer(|| panic!("canary")).await;
    assert_eq!((response.status().as_u16(), &body["reason"]), (500, &Value::from("internal")));
    assert!(!body.to_string().contains("canary"));
    assert_eq!(response.headers()["keyferry-error"], "internal");
}

#[tokio::test]
async fn what_the_provider_or_the_settings_refuse_is_told_apart() {
    let said = || "Desk refuses these credentials.".to_owned();
    let cases: [(u16, &str, Refusal); 4] = [
        (422, "credentials_rejected", CreateError::Rejected(said()).into()),
        (502, "token_endpoint_failed", CreateError::TokenEndpoint(said()).into()),
        (409, "client_in_settings", ClientError::InSettings("desk".into()).into()),
        (422, "invalid", ClientError::NoId.into()),
    ];
    for (status, reason, refusal) in cases {
        let (response, body) = answer(move || refusal.clone()).await;
        assert_eq!((response.status().as_u16(), &body["reason"]), (status, &Value::from(reason)));
        assert_eq!(response.headers()["cache-control"], "no-store");
    }
}
