//! An orderly stop of the whole gateway: what a provider has been asked for is still stored.

use std::time::Duration;

use http::Method;
use keyferry::{id::ConnectionId, store::Store};
use serde_json::json;
use tokio::time::timeout;

use crate::harness::{
    browser::Browser,
    provider::{CLIENT, FakeProvider},
    world::{Plan, World},
};

/// An app whose provider is the fake one, and which looks for due renewals all the time.
fn plan(provider: &FakeProvider) -> Plan {
    let file = r#"
        name = "fake"
        display_name = "Fake"
        base = "@"
        no_probe = "a test's provider"
        [[auth]]
        method = "OAUTH2"
        client = "fake"
        authorize = { url = "@/authorize" }
        token = { url = "@/token" }
        inject = [{ header = "Authorization", value = "Bearer ${access_token}" }]
    "#;
    let often = Duration::from_millis(20);
    let plan = Plan::default().standing_clock().app("fake", file.replace('@', &provider.url));
    plan.set(|settings| settings.refresh.every = often)
}

/// A connection that the provider has granted.
async fn connected(world: &World, provider: &FakeProvider) -> ConnectionId {
    let client = json!({"client_id": CLIENT.0, "client_secret": CLIENT.1});
    let put = world.api(&world.admin_key, Method::PUT, "/apps/fake/client", Some(client)).await;
    assert_eq!(put.status, 200, "{}", put.text());
    let made = world.api(&world.key, Method::POST, "/connections", Some(json!({"app": "fake"}))).await.json();
    let browser = Browser::new(world);
    let consent = browser.leave(&made).await;
    let given = provider.consent(&consent);
    let code = given.iter().find(|(name, _)| name == "code").unwrap();
    let page = browser.come_back("fake", &consent, &[("code", &code.1)]).await;
    assert_eq!(page.reply.status, 200, "{}", page.text());
    made["connection_id"].as_str().unwrap().parse().unwrap()
}

#[tokio::test]
async fn tl_2_a_stop_waits_for_the_answer_of_a_renewal_and_stores_it() {
    let provider = FakeProvider::start().await;
    let world = plan(&provider).start().await;
    let id = connected(&world, &provider).await;
    provider.hold();
    world.clock.advance(Duration::from_secs(3590));
    provider.until("the renewal", |memory| memory.token_requests.len() == 2).await;
    let mut stopped = Box::pin(world.stop());
    // Longer than the doors' grace: a stop that forgets the renewal has ended by then.
    let early = timeout(Duration::from_secs(3), &mut stopped).await;
    assert!(early.is_err(), "the provider has not answered yet");
    provider.release();
    let dir = stopped.await;
    let store = Store::open(&format!("sqlite:{}", dir.path().join("keyferry.db").display())).await.unwrap();
    let grant = store.grants().find(id).await.unwrap().unwrap();
    assert_eq!(grant.generation, 2, "the rotated refresh token is in");
    assert_eq!(provider.token_requests(), 2);
}
