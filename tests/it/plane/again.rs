//! A token that ended before its time: the upstream's 401 renews it, and the call goes out once more, if it may (TL-13).

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use http::Method;
use serde_json::json;

use crate::harness::{
    http::Reply,
    provider::{CLIENT, FakeProvider},
    upstream::{Answer, Seen, Upstream},
    world::{Plan, World},
};

/// Tokens of this provider say nothing of their end; its API takes those that it knows.
struct Stage {
    provider: Arc<FakeProvider>,
    upstream: Upstream,
    world: World,
    refuses_all: Arc<AtomicBool>,
}

impl Stage {
    async fn new() -> Self {
        let provider = Arc::new(FakeProvider::start().await);
        provider.memory().expires_in = json!(null);
        let refuses_all = Arc::<AtomicBool>::default();
        let (issuer, refuses) = (Arc::clone(&provider), Arc::clone(&refuses_all));
        let upstream = Upstream::answering(move |seen| {
            if !refuses.load(Ordering::Relaxed) && issuer.takes(bearer(seen)) {
                return Answer::ok("served");
            }
            Answer::with("401 Unauthorized", "www-authenticate: Bearer\r\n", "refused")
        })
        .await;
        let file = format!(
            r#"
            name = "things"
            display_name = "Things"
            base = "{upstream}"
            no_probe = "a test's upstream"
            headers = {{ Version = "7" }}
            [[auth]]
            method = "CLIENT_CREDENTIALS"
            fields = [{{ name = "client_id", label = "Id" }}, {{ name = "client_secret", label = "Secret", secret = true }}]
            token = {{ url = "{provider}/token" }}
            inject = [{{ header = "Authorization", value = "Bearer ${{access_token}}" }}, {{ query = "key", value = "${{access_token}}" }}]
            "#,
            upstream = upstream.url(),
            provider = provider.url,
        );
        let world = Plan::default().app("things", file).standing_clock().start().await;
        let credentials = json!({"client_id": CLIENT.0, "client_secret": CLIENT.1});
        let body = json!({"app": "things", "method": "CLIENT_CREDENTIALS", "credentials": credentials});
        let reply = world.api(&world.key, Method::POST, "/connections", Some(body)).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        let stage = Self { provider, upstream, world, refuses_all };
        assert_eq!(stage.send(Method::GET, "").await.text(), "served");
        stage.upstream.take();
        stage
    }

    /// The token ends, after more than the shortest time between two renewals.
    fn end_token(&self) {
        self.provider.end_all_grants();
        self.world.clock.advance(Duration::from_secs(61));
    }

    async fn send(&self, method: Method, body: &str) -> Reply {
        let fields = [("x-mine", "1"), ("x-mine", "2"), ("accept", "a/b")];
        self.world.call(method, "/things/a%2Fb?c=%20d", &fields, body).await
    }
}

fn bearer(seen: &Seen) -> &str {
    seen.header("authorization").unwrap().strip_prefix("Bearer ").unwrap()
}

/// Everything of a request but the token.
fn without_token(seen: &Seen) -> String {
    seen.head.replace(bearer(seen), "TOKEN")
}

#[tokio::test]
async fn tl_13_a_401_renews_the_token_and_the_caller_sees_nothing_of_it() {
    let stage = Stage::new().await;
    for (round, method) in
        [Method::GET, Method::HEAD, Method::DELETE, Method::PUT, Method::OPTIONS].into_iter().enumerate()
    {
        stage.end_token();
        let reply = stage.send(method.clone(), "").await;
        assert_eq!(reply.status, 200, "{method}");
        assert_eq!(reply.header("keyferry-error"), None);
        let seen = stage.upstream.take();
        let [refused, served] = seen.as_slice() else { panic!("{seen:#?}") };
        assert_ne!(bearer(refused), bearer(served));
        assert_eq!(without_token(refused), without_token(served), "the same call but for the token");
        assert_eq!(served.all("x-mine"), ["1", "2"]);
        assert_eq!(served.all("version"), ["7"]);
        assert_eq!(stage.provider.token_requests(), round + 2, "one renewal for each token");
    }
}

#[tokio::test]
async fn tl_13_a_call_that_can_not_be_sent_twice_gets_the_401_and_the_next_one_a_new_token() {
    for (method, body) in [(Method::POST, ""), (Method::POST, "x"), (Method::PUT, "x"), (Method::PATCH, "x")]
    {
        let stage = Stage::new().await;
        stage.end_token();
        let reply = stage.send(method.clone(), body).await;
        assert_eq!((reply.status.as_u16(), reply.text()), (401, "refused"), "{method} {body:?}");
        assert_eq!(reply.header("keyferry-error"), None, "it is the upstream's own");
        assert_eq!(stage.upstream.take().len(), 1, "{method} {body:?}");
        stage.provider.until("the renewal", |memory| memory.token_requests.len() == 2).await;
        assert_eq!(stage.send(Method::GET, "").await.text(), "served");
        assert_eq!(stage.provider.token_requests(), 2);
    }
}

#[tokio::test]
async fn tl_13_an_upstream_that_always_says_401_gets_each_call_once_and_forces_one_renewal() {
    let stage = Stage::new().await;
    stage.end_token();
    stage.refuses_all.store(true, Ordering::Relaxed);
    for _ in 0..1000 {
        let reply = stage.send(Method::GET, "").await;
        assert_eq!((reply.status.as_u16(), reply.text()), (401, "refused"));
    }
    assert_eq!(stage.provider.token_requests(), 2);
    assert_eq!(stage.upstream.take().len(), 1001, "only the call that forced the renewal went out twice");
}

#[tokio::test]
async fn tl_13_a_token_endpoint_that_fails_leaves_the_401_as_it_is() {
    let stage = Stage::new().await;
    stage.end_token();
    stage.provider.fail_next(crate::harness::provider::Fault::Status(503, None));
    let reply = stage.send(Method::GET, "").await;
    assert_eq!((reply.status.as_u16(), reply.text()), (401, "refused"));
    assert_eq!(reply.header("www-authenticate"), Some("Bearer"));
    assert_eq!(stage.upstream.take().len(), 1);
}
