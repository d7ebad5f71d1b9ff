//! One call, end to end.

use http::Method;

use crate::harness::{upstream::Upstream, world::Plan};

#[tokio::test]
async fn a_call_arrives_with_the_owners_credential_and_without_the_callers() {
    let upstream = Upstream::start().await;
    let world = Plan::default().key_app("things", &upstream.url()).start().await;
    let id = world.connect("things", "sk_real").await;
    let reply = world.call(Method::POST, "/things/v1/x%2Fy?a=1&a=2", &[("x-mine", "1")], "a=b").await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    assert_eq!(reply.text(), r#"{"ok":true}"#);
    assert_eq!(reply.header("maton-connection"), Some(id.as_str()));
    let seen = upstream.only();
    assert_eq!((seen.method(), seen.target()), ("POST", "/v1/x%2Fy?a=1&a=2"));
    assert_eq!(seen.header("authorization"), Some("Bearer sk_real"));
    assert_eq!(seen.header("x-mine"), Some("1"));
    assert_eq!(seen.header("host"), Some(upstream.address.to_string().as_str()));
    assert_eq!(seen.body, b"a=b");
    assert!(!seen.head.contains(&world.key));
    world.stop().await;
}

#[tokio::test]
async fn a_call_without_a_connection_says_how_to_make_one() {
    let upstream = Upstream::start().await;
    let world = Plan::default().key_app("things", &upstream.url()).start().await;
    let body = world.get("/things/v1/x").await.assert_problem(400, "connection_required");
    assert_eq!(body["app"], "things");
    upstream.assert_untouched();
}
