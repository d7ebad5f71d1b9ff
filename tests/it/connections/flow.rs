//! Consent in the browser, as it should go (OC).

use std::{sync::Arc, time::Duration};

use keyferry::{
    catalog::Method,
    connections::{Begun, ConnectionError, LinkError, Outcome, Status},
};
use serde_json::json;
use url::Url;

use super::world::{CONTROL, RETURN, World, new, typed};
use crate::harness::provider::Fault;

#[tokio::test]
async fn a_link_leads_through_consent_to_an_active_connection() {
    let world = World::new().await;
    let pending = world.pending("fake").await;
    assert_eq!((pending.status, pending.method, pending.generation), (Status::Pending, Method::Oauth2, 1));
    assert_eq!(pending.scopes, ["read", "write"]);
    let offer = world.connections.open(&world.link(&pending)).await.unwrap();
    assert_eq!((offer.owner_name.as_str(), offer.app.name.as_str(), offer.reconnect), ("Ada", "fake", false));
    assert_eq!(
        (offer.ways[0].leaves, offer.ways[0].scopes.as_slice()),
        (true, ["read", "write"].map(String::from).as_slice())
    );
    let Outcome::Connected(finished) = world.consent(&pending).await else { panic!("not connected") };
    let connection = finished.connection;
    assert_eq!((connection.status, connection.status_reason.as_deref()), (Status::Active, None));
    assert_eq!(connection.generation, 2);
    let expected = json!({"account_id": "ada", "name": "Ada", "email": "ada@example.com", "tenant": "acme"});
    assert_eq!(serde_json::Value::Object(connection.metadata.clone()), expected);
    assert!(world.provider.takes(&world.token(&connection).await));
    assert_eq!(finished.return_to, None);
}

#[tokio::test]
async fn oc_1_a_link_dies_with_time_completion_reconnect_and_deletion_and_all_look_alike() {
    let world = World::new().await;
    let pending = world.pending("fake").await;
    let links = [world.link(&pending), world.link(&pending)];
    world.pass(15 * 60 - 1);
    assert!(world.connections.open(&links[0]).await.is_ok());
    world.pass(1);
    let dead = async |link: &str| {
        let error = world.connections.open(link).await.unwrap_err();
        assert!(matches!(error, LinkError::Dead));
        let begun = world.connections.begin(link, None, &typed(&[])).await.unwrap_err();
        assert_eq!(
            (error.to_string(), begun.to_string()),
            ("this link is no longer valid".into(), error.to_string())
        );
    };
    dead(&links[0]).await;
    dead("forged").await;
    let before_completion = world.link(&pending);
    world.consent(&pending).await;
    dead(&before_completion).await;
    let connected = world.get(pending.id).await;
    let before_reconnect = world.link(&connected);
    let again = world.connections.reconnect(world.owner, pending.id).await.unwrap();
    dead(&before_reconnect).await;
    let before_deletion = world.link(&again);
    assert!(world.connections.open(&before_deletion).await.unwrap().reconnect);
    world.connections.delete(world.owner, pending.id).await.unwrap();
    dead(&before_deletion).await;
}

#[tokio::test]
async fn oc_2_opening_a_link_changes_nothing() {
    let world = World::new().await;
    let pending = world.pending("fake").await;
    let (link, before) =
        (world.link(&pending), world.store.connections().find_by_id(pending.id).await.unwrap());
    world.read_only(true).await; // a write would fail
    for _ in 0..10 {
        world.connections.open(&link).await.unwrap();
    }
    world.read_only(false).await;
    assert_eq!(world.store.connections().find_by_id(pending.id).await.unwrap(), before);
    assert_eq!(world.provider.token_requests(), 0);
    world.consent(&pending).await;
    assert_eq!(world.get(pending.id).await.status, Status::Active);
}

#[tokio::test]
async fn oc_9_and_oc_10_the_consent_url_has_a_challenge_and_the_configured_redirect_uri() {
    let world = World::new().await;
    let journey = world.leave(&world.pending("fake").await, &[]).await;
    let url = Url::parse(&journey.url).unwrap();
    let value = |name: &str| url.query_pairs().find(|(known, _)| known == name).unwrap().1.into_owned();
    assert_eq!(value("redirect_uri"), format!("{CONTROL}/callback/fake"));
    assert_eq!(value("code_challenge_method"), "S256");
    assert_eq!(value("scope"), "read write");
    assert!(value("state").len() >= 43 && journey.cookie.len() >= 43);
    let query = world.provider.consent(&journey.url);
    world.come_back("fake", &journey, &query).await.unwrap();
    let sent = world.provider.memory().token_requests[0].clone();
    assert!(!journey.url.contains(&sent["code_verifier"]), "the proof key never left before");
    assert_eq!(sent["redirect_uri"], value("redirect_uri"));
}

#[tokio::test]
async fn sc_1_nothing_of_a_flow_or_grant_is_stored_in_the_clear() {
    let world = World::new().await;
    let journey = world.leave(&world.pending("fake").await, &[]).await;
    let state = Url::parse(&journey.url)
        .unwrap()
        .query_pairs()
        .find(|(name, _)| name == "state")
        .unwrap()
        .1
        .into_owned();
    let connection = world.connected().await;
    let verifier = world.provider.memory().token_requests[0]["code_verifier"].clone();
    let bytes = world.database().await;
    let holds = |text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(holds(&connection.metadata["email"].as_str().unwrap()[..3]), "the search finds what is there");
    for secret in [&state, &journey.cookie, &verifier, "canary", &world.link(&connection)] {
        assert!(!holds(secret), "{secret}");
    }
}

#[tokio::test]
async fn tenant_callback_and_requested_fields_come_together() {
    let world = World::new().await;
    world.provider.memory().tenants = json!([{"key": "other", "main": false}, {"key": "main", "main": true}]);
    let pending = world.pending("tenanted").await;
    let offer = world.connections.open(&world.link(&pending)).await.unwrap();
    let asked: Vec<_> = offer.ways[0].fields.iter().map(|asked| asked.name.as_str()).collect();
    assert_eq!(asked, ["site"]);
    let journey = world.leave(&pending, &[("site", " acme "), ("csrf", "x")]).await;
    assert!(journey.url.contains("?site=acme&response_type=code"));
    let mut query = world.provider.consent(&journey.url);
    query.push(("realmId".into(), "4711".into()));
    let Outcome::Connected(finished) = world.come_back("tenanted", &journey, &query).await.unwrap() else {
        panic!("not connected")
    };
    assert_eq!(finished.connection.fields, typed(&[("site", "acme"), ("realm", "4711"), ("cloud", "main")]));
    assert_eq!(world.provider.memory().token_requests[0]["realm"], "4711");
    let credential = world.credential(&finished.connection).await.unwrap();
    assert_eq!(
        (credential.base.prefix.as_str(), credential.headers[1].1.to_str().unwrap()),
        ("/acme", "main")
    );
}

#[tokio::test]
async fn a_return_url_gets_the_connection_and_its_status() {
    let world = World::new().await;
    let new = keyferry::connections::NewConnection { return_url: Some(RETURN.into()), ..new("fake") };
    let pending = world.create(new).await.unwrap();
    let Outcome::Connected(finished) = world.consent(&pending).await else { panic!("not connected") };
    let expected = format!("{RETURN}&connection_id={}&status=ACTIVE", pending.id);
    assert_eq!(finished.return_to.as_deref(), Some(expected.as_str()));
}

#[tokio::test]
async fn a_probe_that_fails_leaves_the_connection_active_and_says_so() {
    let world = World::new().await;
    world.provider.memory().probe_status = 503;
    let Outcome::Connected(finished) = world.consent(&world.pending("fake").await).await else {
        panic!("not connected")
    };
    assert_eq!(finished.connection.status_reason.as_deref(), Some("unprobed"));
    assert_eq!(finished.connection.status, Status::Active);
}

#[tokio::test]
async fn oc_15_another_account_on_reconnect_waits_for_its_owners_word() {
    let world = World::new().await;
    let connection = world.connected().await;
    let again = world.connections.reconnect(world.owner, connection.id).await.unwrap();
    world.provider.memory().account = "mallory".into();
    let mut now = Arc::new(again);
    for round in ["first", "second"] {
        world.consent(&now).await;
        now = Arc::new(world.get(connection.id).await);
        let state = (now.status, now.status_reason.as_deref());
        assert_eq!(state, (Status::Pending, Some("awaiting_confirmation")), "{round}");
        assert_eq!(now.metadata["account_id"], "mallory");
    }
    assert!(world.credential(&now).await.is_err(), "nothing goes through it");
    let confirmed = world.connections.confirm(world.owner, connection.id).await.unwrap();
    assert_eq!((confirmed.status, confirmed.status_reason), (Status::Active, None));
    assert!(world.provider.takes(&world.token(&now).await));
}

#[tokio::test]
async fn oc_15_the_same_account_on_reconnect_needs_no_word() {
    let world = World::new().await;
    let connection = world.connected().await;
    let again = world.connections.reconnect(world.owner, connection.id).await.unwrap();
    world.consent(&again).await;
    assert_eq!(world.get(connection.id).await.status, Status::Active);
}

#[tokio::test]
async fn oc_16_with_confirmation_nothing_serves_before_the_owner_agrees() {
    let world = World::with(|settings| settings.connections.confirm = true).await;
    let connection = world.connected().await;
    assert_eq!(connection.status_reason.as_deref(), Some("awaiting_confirmation"));
    assert!(world.credential(&connection).await.is_err());
    let confirm = async |owner| world.connections.confirm(owner, connection.id).await;
    assert!(matches!(confirm(world.other).await, Err(ConnectionError::Unknown)));
    assert_eq!(confirm(world.owner).await.unwrap().status, Status::Active);
    assert!(confirm(world.owner).await.is_ok(), "twice is fine");
    assert!(world.credential(&connection).await.is_ok());
    let pending = world.pending("fake").await;
    let early = world.connections.confirm(world.owner, pending.id).await;
    assert!(matches!(early, Err(ConnectionError::NothingToConfirm)));
}

#[tokio::test]
async fn a_browser_that_leaves_during_the_exchange_loses_nothing() {
    let world = World::new().await;
    let pending = world.pending("fake").await;
    let journey = world.leave(&pending, &[]).await;
    let query = world.provider.consent(&journey.url);
    world.provider.hold();
    tokio::select! {
        _ = world.come_back("fake", &journey, &query) => panic!("the provider has not answered"),
        () = world.provider.until("the exchange", |memory| memory.token_requests.len() == 1) => {}
    }
    world.provider.release();
    super::world::until("the connection", async || world.get(pending.id).await.status == Status::Active)
        .await;
}

#[tokio::test]
async fn a_grant_that_a_provider_has_given_waits_for_the_store() {
    let world = World::new().await;
    let pending = world.pending("fake").await;
    let journey = world.leave(&pending, &[]).await;
    let query = world.provider.consent(&journey.url);
    world.provider.hold();
    let mut back = Box::pin(world.come_back("fake", &journey, &query));
    tokio::select! {
        _ = &mut back => panic!("the provider has not answered"),
        () = world.provider.until("the exchange", |memory| memory.token_requests.len() == 1) => {}
    }
    world.read_only(true).await;
    world.provider.release();
    // Long enough for several attempts to store it.
    let early = tokio::time::timeout(Duration::from_millis(700), &mut back).await;
    assert!(early.is_err(), "{early:?}");
    world.read_only(false).await;
    assert!(matches!(back.await, Ok(Outcome::Connected(_))));
    let now = Arc::new(world.get(pending.id).await);
    assert!(world.provider.takes(&world.token(&now).await));
    assert!(world.provider.memory().revocations.is_empty());
}

#[tokio::test]
async fn a_failed_reconnect_leaves_the_working_grant() {
    let world = World::new().await;
    let connection = world.connected().await;
    let token = world.token(&connection).await;
    let again = world.connections.reconnect(world.owner, connection.id).await.unwrap();
    world.provider.fail_next(Fault::Error("invalid_grant"));
    assert!(matches!(world.consent(&again).await, Outcome::Failed { .. }));
    let now = Arc::new(world.get(connection.id).await);
    assert_eq!((now.status, now.status_reason.as_deref()), (Status::Active, None));
    assert_eq!(world.token(&now).await, token);
}

#[tokio::test]
async fn unfinished_flows_are_swept() {
    let world = World::new().await;
    let journey = world.leave(&world.pending("fake").await, &[]).await;
    let query = world.provider.consent(&journey.url);
    world.clock.advance(Duration::from_mins(10));
    world.connections.sweep().await;
    assert!(world.come_back("fake", &journey, &query).await.is_err());
    let before = world.pending("fake").await;
    assert!(matches!(
        world.connections.begin(&world.link(&before), None, &typed(&[])).await,
        Ok(Begun::Redirect { .. })
    ));
}
