//! The admin door: alive, ready, numbers; and none of it where the public comes in.

use http::Method;

use crate::harness::{upstream::Upstream, world::Plan};

#[tokio::test]
async fn the_admin_door_tells_health_and_numbers() {
    let upstream = Upstream::start().await;
    let world = Plan::default().key_app("things", &upstream.url()).start().await;
    world.connect("things", "sk_real").await;
    assert_eq!(world.get("/things/v1/x").await.status, 200);
    let admin = async |method, path: &str| {
        world.http.call(method, &format!("http://{}{path}", world.admin), &[], "").await
    };
    assert_eq!(admin(Method::GET, "/healthz").await.text(), "ok\n");
    assert_eq!(admin(Method::GET, "/readyz").await.text(), "ready\n");
    let metrics = admin(Method::GET, "/metrics").await;
    let counted = |line: &&str| line.contains(r#"app="things""#) && line.contains(r#"class="2xx""#);
    assert!(metrics.text().lines().any(|line| counted(&line) && line.ends_with(" 1")), "{}", metrics.text());
    admin(Method::GET, "/things/v1/x").await.assert_problem(404, "not_found");
    admin(Method::POST, "/healthz").await.assert_problem(405, "method_not_allowed");
}

#[tokio::test]
async fn lg_5_numbers_are_at_no_public_door() {
    let world = Plan::default().start().await;
    for path in ["/metrics", "/readyz"] {
        let reply = world.get(path).await;
        reply.assert_problem(404, "app_unknown");
        let reply = world.http.call(Method::GET, &world.at_control(path), &[], "").await;
        assert_eq!(reply.status, 404, "{path}: {}", reply.text());
    }
}
