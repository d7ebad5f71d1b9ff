//! A provider or a store that fails in the middle of a renewal: nothing is lost, and what is valid keeps serving.

use keyferry::{
    connections::{CredentialError, Fault as Below, Status},
    keys::Rules,
};
use serde_json::json;

use super::world::{World, bearer};
use crate::harness::provider::Fault;

#[tokio::test]
async fn tl_3_a_store_that_takes_no_writes_keeps_the_provider_from_being_asked() {
    let world = World::new().await;
    let connection = world.connected().await;
    let token = world.token(&connection).await;
    world.read_only(true).await;
    world.pass(3590);
    for _ in 0..20 {
        assert_eq!(world.token(&connection).await, token, "it is still valid");
        world.connections.refresh_due().await;
    }
    world.pass(11);
    let error = world.credential(&connection).await.unwrap_err();
    assert!(matches!(error, CredentialError::Store(Below::Unavailable(_))), "{error:?}");
    assert_eq!(world.provider.token_requests(), 1);
    world.read_only(false).await;
    world.pass(2);
    assert_ne!(world.token(&connection).await, token);
    assert_eq!(world.provider.token_requests(), 2);
}

#[tokio::test]
async fn tl_4_a_new_token_is_given_to_nobody_before_it_is_stored() {
    let world = World::new().await;
    let connection = world.connected().await;
    let before = world.store.grants().find(connection.id).await.unwrap().unwrap();
    world.pass(3601);
    world.provider.hold();
    let mut caller = Box::pin(world.credential(&connection));
    tokio::select! {
        _ = &mut caller => panic!("the provider has not answered"),
        () = world.provider.until("the renewal", |memory| memory.token_requests.len() == 2) => {}
    }
    world.read_only(true).await;
    world.provider.release();
    // Long enough for several attempts to store it; nobody may get it meanwhile.
    let patience = std::time::Duration::from_millis(700);
    assert!(tokio::time::timeout(patience, &mut caller).await.is_err(), "nobody has the new token");
    assert_eq!(world.store.grants().find(connection.id).await.unwrap().unwrap(), before);
    world.read_only(false).await;
    let credential = caller.await.unwrap();
    let stored = world.store.grants().find(connection.id).await.unwrap().unwrap();
    assert_eq!((stored.generation, credential.generation), (before.generation + 1, before.generation + 1));
    assert!(world.provider.takes(&bearer(&credential)));
    assert_eq!(world.provider.token_requests(), 2, "the answer was kept, not asked for again");
}

#[tokio::test]
async fn tl_4_an_answer_goes_in_though_the_kept_token_was_dropped_meanwhile() {
    let world = World::new().await;
    let connection = world.connected().await;
    world.pass(3601);
    world.provider.hold();
    let elsewhere = async {
        world.provider.until("the renewal", |memory| memory.token_requests.len() == 2).await;
        // The generation moves although the refresh token is the same one.
        let row = world.store.grants().find(connection.id).await.unwrap().unwrap();
        assert!(world.store.grants().replace(&row, row.generation).await.unwrap());
        world.provider.release();
    };
    let (credential, ()) = tokio::join!(world.credential(&connection), elsewhere);
    assert_eq!(credential.unwrap().generation, 3);
    assert_eq!(world.provider.token_requests(), 2);
}

#[tokio::test]
async fn tl_8_what_passes_costs_nothing_while_the_token_is_valid() {
    for fault in [
        Fault::Status(500, None),
        Fault::Status(503, None),
        Fault::Html,
        Fault::Error("temporarily_unavailable"),
    ] {
        let world = World::new().await;
        let connection = world.connected().await;
        let token = world.token(&connection).await;
        world.provider.fail_next(fault.clone());
        world.pass(3590);
        world.connections.refresh_due().await;
        assert_eq!(world.provider.token_requests(), 2, "{fault:?}");
        for _ in 0..50 {
            assert_eq!(world.token(&connection).await, token, "{fault:?}");
            world.connections.refresh_due().await;
        }
        assert_eq!(world.provider.token_requests(), 2, "left alone for a moment: {fault:?}");
        world.pass(2);
        world.connections.refresh_due().await;
        assert_ne!(world.token(&connection).await, token, "{fault:?}");
        assert_eq!(world.get(connection.id).await.status, Status::Active);
    }
}

#[tokio::test]
async fn tl_8_retry_after_is_honoured() {
    let world = World::new().await;
    let connection = world.connected().await;
    world.provider.fail_next(Fault::Status(429, Some("30")));
    world.pass(3601);
    let ask = async || world.credential(&connection).await;
    assert!(matches!(ask().await, Err(CredentialError::TokenEndpoint(_))));
    world.pass(29);
    assert!(matches!(ask().await, Err(CredentialError::TokenEndpoint(_))));
    assert_eq!(world.provider.token_requests(), 2);
    world.pass(1);
    assert!(ask().await.is_ok());
    assert_eq!(world.get(connection.id).await.status, Status::Active);
}

#[tokio::test]
async fn tl_8_a_provider_that_is_gone_is_named_only_when_no_valid_token_is_left() {
    let world = World::new().await;
    let connection = world.connected().await;
    let before = world.store.grants().find(connection.id).await.unwrap();
    for _ in 0..3 {
        world.provider.fail_next(Fault::Status(502, None));
    }
    world.pass(3601);
    for _ in 0..3 {
        let error = world.credential(&connection).await.unwrap_err();
        assert!(matches!(&error, CredentialError::TokenEndpoint(_)), "{error:?}");
        assert!(!error.to_string().contains("canary") && !error.to_string().contains("127.0.0.1"), "{error}");
        world.pass(61);
    }
    assert_eq!(
        world.store.grants().find(connection.id).await.unwrap(),
        before,
        "what is stored is untouched"
    );
    assert!(world.credential(&connection).await.is_ok());
}

#[tokio::test]
async fn tl_10_an_answer_without_a_usable_token_changes_nothing() {
    for body in [
        json!({"ok": false, "error": "fatal_error"}),
        json!({"error": "invalid_request"}),
        json!({"access_token": ""}),
        json!({"access_token": "a\r\nb"}),
        json!({"refresh_token": "rt"}),
    ] {
        let world = World::new().await;
        let connection = world.connected().await;
        let before = world.store.grants().find(connection.id).await.unwrap();
        world.provider.fail_next(Fault::Body(body.clone()));
        world.pass(3601);
        let error = world.credential(&connection).await.unwrap_err();
        assert!(matches!(error, CredentialError::TokenEndpoint(_)), "{body}: {error:?}");
        assert_eq!(world.store.grants().find(connection.id).await.unwrap(), before, "{body}");
        assert_eq!(world.get(connection.id).await.status, Status::Active, "{body}");
        world.pass(61);
        assert!(world.credential(&connection).await.is_ok(), "{body}");
    }
}

#[tokio::test]
async fn oc_14_a_token_renewed_while_its_connection_is_deleted_is_ended_at_the_provider() {
    let world = World::new().await;
    let connection = world.connected().await;
    world.pass(3601);
    world.provider.hold();
    let deleted = async {
        world.provider.until("the renewal", |memory| memory.token_requests.len() == 2).await;
        world.connections.delete(world.owner, connection.id).await.unwrap();
        world.provider.release();
    };
    let (credential, ()) = tokio::join!(world.credential(&connection), deleted);
    assert!(matches!(credential, Err(CredentialError::Unusable(_))), "{credential:?}");
    world.provider.until("both revocations", |memory| memory.revocations.len() == 2).await;
    let memory = world.provider.memory();
    let ended: Vec<_> = memory.revocations.iter().map(|sent| sent["token"].as_str()).collect();
    assert!(ended.contains(&"canary-rt-2") && ended.contains(&"canary-rt-3"), "{ended:?}");
}

#[tokio::test]
async fn pf_7_known_good_connections_keep_serving_while_the_store_is_away() {
    let world = World::new().await;
    let (connection, app) = (world.connected().await, world.app("fake"));
    let token = world.token(&connection).await;
    world.connections.choose(world.owner, &app, None, &Rules::default()).await.unwrap();
    world.store.close().await;
    world.pass(60);
    let chosen = world.connections.choose(world.owner, &app, None, &Rules::default()).await.unwrap();
    assert_eq!(world.token(&chosen.connection).await, token);
    world.pass(300);
    assert!(
        world.connections.choose(world.owner, &app, None, &Rules::default()).await.is_err(),
        "grace is over"
    );
}

#[tokio::test]
async fn the_last_uses_are_written_in_batches_and_survive_a_fault() {
    let world = World::new().await;
    let connection = world.connected().await;
    let listed = world.connections.choose(world.owner, &world.app("fake"), None, &Rules::default()).await;
    let credential = world.credential(&listed.unwrap().connection).await.unwrap();
    world.connections.used_by(connection.id, &credential, world.clock.now());
    world.read_only(true).await;
    world.connections.flush_used().await;
    assert_eq!(world.get(connection.id).await.last_used_time, None);
    world.read_only(false).await;
    let used = world.clock.now();
    world.pass(30);
    world.connections.flush_used().await;
    assert_eq!(world.get(connection.id).await.last_used_time, Some(used));
}
