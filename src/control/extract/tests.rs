//! Queries and bodies as callers get them wrong.

use std::collections::BTreeMap;

use axum::{body::Body as AxumBody, http::HeaderValue, response::IntoResponse};
use serde::Deserialize;

use super::*;
use crate::{catalog::Method, id::KeyId, vault::Secret};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(dead_code, reason = "only whether it can be read matters")]
struct Wanted {
    app: String,
    method: Option<Method>,
    #[serde(default)]
    fields: BTreeMap<String, String>,
    credentials: Option<BTreeMap<String, Secret>>,
    expires_in: Option<u64>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Asked {
    method: Option<Method>,
    limit: Option<u32>,
    configured: Option<bool>,
}

/// Status, named field and detail of the refusal.
async fn refused(body: impl Into<AxumBody>) -> (u16, Option<String>, String) {
    let request = Request::new(body.into());
    let refusal = Body::<Wanted>::from_request(request, &()).await.unwrap_err();
    let problem = refusal.problem();
    let field = problem.extra.get("field").and_then(Value::as_str).map(str::to_owned);
    (problem.status.as_u16(), field, problem.detail.clone())
}

#[tokio::test]
async fn a_body_that_is_not_json_is_400() {
    for body in ["", "{", "{\"app\":}", "app=stripe", "{\"app\":\"a\"} x", "\u{feff}{}"] {
        assert_eq!(refused(body).await.0, 400, "{body}");
    }
}

#[tokio::test]
async fn whatever_a_body_has_wrong_is_422_and_named() {
    for (body, field) in [
        ("[]", "body"),
        ("\"x\"", "body"),
        ("{}", "app"),
        (r#"{"app":1}"#, "app"),
        (r#"{"app":"a","colour":"red"}"#, "colour"),
        (r#"{"app":"a","method":"MAGIC"}"#, "method"),
        (r#"{"app":"a","fields":{"subdomain":7}}"#, "fields.subdomain"),
        (r#"{"app":"a","credentials":{"api_key":["x"]}}"#, "credentials.api_key"),
        (r#"{"app":"a","expires_in":-1}"#, "expires_in"),
        (r#"{"app":"a","expires_in":1.5}"#, "expires_in"),
    ] {
        let (status, named, detail) = refused(body).await;
        assert_eq!((status, named.as_deref()), (422, Some(field)), "{body}");
        assert!(
            detail.starts_with(&format!("{field}: ")) && detail.ends_with(". Nothing was changed."),
            "{detail}"
        );
    }
}

#[tokio::test]
async fn lg_1_no_value_is_repeated() {
    for body in [
        r#"{"app":{"canary":1},"credentials":"canary"}"#,
        r#"{"app":"a","credentials":"canary"}"#,
        r#"{"app":"a","method":"canary"}"#,
        r#"{"app":"a","expires_in":"canary"}"#,
    ] {
        assert!(!refused(body).await.2.contains("canary"), "{body}");
    }
}

#[tokio::test]
async fn a_body_has_at_most_a_mebibyte() {
    let body = format!("{{\"app\":\"{}\"}}", "x".repeat(LONGEST_BODY));
    assert_eq!(refused(body).await.0, 413);
}

async fn query(query: &str) -> Result<Asked, (u16, String)> {
    let request = Request::builder().uri(format!("/connections?{query}")).body(()).unwrap();
    let (mut parts, ()) = request.into_parts();
    let asked = Query::<Asked>::from_request_parts(&mut parts, &()).await;
    let told = |refusal: Refusal| (refusal.problem().status.as_u16(), refusal.problem().detail.clone());
    asked.map(|Query(asked)| asked).map_err(told)
}

#[tokio::test]
async fn an_unknown_name_or_value_in_a_query_is_400_not_ignored() {
    for (text, said) in [
        ("colour=red", "colour"),
        ("method=MAGIC", "method"),
        ("method=", "method"),
        ("limit=ten", "limit"),
        ("limit=-1", "limit"),
        ("configured=yes", "configured"),
        ("limit=1&limit=2", "limit"),
    ] {
        let (status, detail) = query(text).await.unwrap_err();
        assert_eq!(status, 400, "{text}");
        assert!(detail.contains(said), "{text}: {detail}");
    }
    let asked = query("method=API_KEY&limit=5&configured=true").await.unwrap();
    assert_eq!((asked.method, asked.limit, asked.configured), (Some(Method::ApiKey), Some(5), Some(true)));
    assert!(query("").await.is_ok());
}

fn parts(values: &[&str]) -> Parts {
    let (mut parts, ()) = Request::new(()).into_parts();
    for value in values {
        parts.headers.append(header::AUTHORIZATION, HeaderValue::from_str(value).unwrap());
    }
    parts
}

#[test]
fn ak_1_a_key_is_a_bearer_token_in_any_case() {
    let key = ApiKey::generate();
    for scheme in ["Bearer", "bearer", "BEARER"] {
        assert_eq!(presented(&parts(&[&format!("{scheme} {}", key.reveal())])).unwrap().as_ref(), Some(&key));
    }
}

#[test]
fn ak_1_everything_else_is_401_or_400() {
    let (key, other) = (ApiKey::generate(), ApiKey::generate());
    let (key, other) = (format!("Bearer {}", key.reveal()), format!("Bearer {}", other.reveal()));
    for (values, status, reason) in [
        (&[][..], 401, "key_missing"),
        (&["Bearer"], 401, "key_missing"),
        (&["Basic eDp5"], 401, "key_missing"),
        (&[key.as_str(), other.as_str()], 400, "bad_request"),
    ] {
        let refusal = presented(&parts(values)).unwrap_err();
        assert_eq!(
            (refusal.problem().status.as_u16(), refusal.problem().reason),
            (status, reason),
            "{values:?}"
        );
        let asks = refusal.problem().headers.iter().any(|(name, _)| name == header::WWW_AUTHENTICATE);
        assert_eq!(asks, status == 401);
    }
    assert_eq!(presented(&parts(&["Bearer sk_live_x"])).unwrap(), None);
}

#[tokio::test]
async fn ci_7_what_is_no_id_looks_like_an_unknown_one() {
    let app = axum::Router::new().route("/keys/{id}", axum::routing::get(async |_: Id<KeyId>| ""));
    for id in ["1", "..%2f", "0192", "x'or'1", "%00"] {
        let request = Request::builder().uri(format!("/keys/{id}")).body(AxumBody::empty()).unwrap();
        let response = tower::ServiceExt::oneshot(app.clone(), request).await.unwrap();
        let refusal = response.extensions().get::<Refusal>().unwrap();
        assert_eq!(response.status(), 404, "{id}");
        assert_eq!(refusal.problem().detail, Refusal::unknown("key_unknown", "key").problem().detail);
    }
    assert_eq!(Refusal::internal().into_response().status(), 500);
}
