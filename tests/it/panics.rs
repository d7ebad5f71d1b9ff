//! PF-8: a bug in one request is a 500 for that request and a number, and nothing else.

use std::{future::Future, io, net::SocketAddr, panic, pin::Pin, sync::Arc};

use http::Method;
use keyferry::{net::guard::Resolve, telemetry::logs};
use serde_json::json;

use crate::harness::{
    resolver::Names,
    upstream::Upstream,
    world::{Plan, World},
};

/// A resolver with a bug: it can't bear one of the names.
#[derive(Default)]
struct Buggy(Names);

impl Resolve for Buggy {
    fn resolve(&self, host: String) -> Pin<Box<dyn Future<Output = io::Result<Vec<SocketAddr>>> + Send>> {
        assert!(host != "bug.test", "a test's own bug");
        self.0.resolve(host)
    }
}

/// Counts into `world`'s numbers as `serve` does; what other tests have to say when they fail is still printed.
fn count_panics(world: &World) {
    let before = panic::take_hook();
    logs::report_panics(&world.metrics);
    let counts = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        counts(panic);
        before(panic);
    }));
}

fn panics(world: &World) -> u32 {
    let text = world.metrics.render();
    let line = text.lines().find_map(|line| line.strip_prefix("keyferry_panics_total "));
    line.unwrap().parse().unwrap()
}

#[tokio::test]
async fn pf_8_a_panic_is_a_500_for_one_request_on_either_plane_and_counted() {
    let upstream = Upstream::start().await;
    let probed = format!(
        r#"
        name = "probed"
        display_name = "Probed"
        base = "http://bug.test:{}"
        [[auth]]
        method = "API_KEY"
        fields = [{{ name = "api_key", label = "Key", secret = true }}]
        inject = [{{ header = "Authorization", value = "Bearer ${{api_key}}" }}]
        [probe]
        get = "/me"
        id = "id"
        label = "id"
        "#,
        upstream.address.port()
    );
    let mut plan = Plan::default()
        .key_app("good", &format!("http://good.test:{}", upstream.address.port()))
        .key_app("bad", &format!("http://bug.test:{}", upstream.address.port()))
        .app("probed", probed);
    plan.resolver = Arc::new(Buggy::default());
    let world = plan.start().await;
    count_panics(&world);
    world.connect("good", "sk_good").await;
    world.connect("bad", "sk_bad").await;
    for round in 1..=3 {
        let reply = world.call(Method::POST, "/bad/x", &[], "body").await;
        let body = reply.assert_problem(500, "internal");
        assert_eq!(body["request_id"].as_str(), reply.header("x-request-id"));
        let new = json!({"app": "probed", "method": "API_KEY", "credentials": {"api_key": "sk_secret"}});
        let reply = world.api(&world.key, Method::POST, "/connections", Some(new)).await;
        let body = reply.assert_problem(500, "internal");
        assert!(!body.to_string().contains("sk_secret") && !body.to_string().contains("own bug"));
        assert!(panics(&world) >= 2 * round, "each is counted");
        assert_eq!(world.get("/good/x").await.status, 200, "everybody else is served");
    }
    world.stop().await;
}
