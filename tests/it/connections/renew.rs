//! Renewing tokens: once, ahead of time, and without losing one (TL).

use std::{collections::BTreeSet, sync::Arc};

use keyferry::connections::{CredentialError, Status};
use serde_json::json;

use super::world::{World, bearer, until};
use crate::harness::provider::Fault;

#[tokio::test]
async fn a_fresh_token_is_used_as_it_is() {
    let world = World::new().await;
    let connection = world.connected().await;
    let token = world.token(&connection).await;
    assert!(world.provider.takes(&token));
    world.pass(3000);
    assert_eq!(world.token(&connection).await, token);
    assert_eq!(world.provider.token_requests(), 1, "only the code was exchanged");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn tl_1_400_callers_at_the_end_of_a_token_make_one_token_call() {
    let world = Arc::new(World::new().await);
    let connection = world.connected().await;
    let old = world.token(&connection).await;
    world.pass(3601);
    world.provider.hold();
    let callers: Vec<_> = (0..400)
        .map(|_| {
            let (world, connection) = (Arc::clone(&world), Arc::clone(&connection));
            tokio::spawn(async move { world.token(&connection).await })
        })
        .collect();
    world.provider.until("the renewal", |memory| memory.token_requests.len() == 2).await;
    world.provider.release();
    let mut tokens = BTreeSet::new();
    for caller in callers {
        tokens.insert(caller.await.unwrap());
    }
    assert_eq!(world.provider.token_requests(), 2);
    assert_eq!(tokens.len(), 1);
    assert!(!tokens.contains(&old));
}

#[tokio::test]
async fn a_token_is_renewed_ahead_while_the_old_one_serves() {
    let world = World::new().await;
    let connection = world.connected().await;
    let old = world.token(&connection).await;
    world.pass(3590);
    assert_eq!(world.token(&connection).await, old, "nobody waits while it is valid");
    until("the renewed token", async || world.token(&connection).await != old).await;
    assert_eq!(world.provider.token_requests(), 2);
    assert_eq!(world.provider.memory().token_requests[1]["grant_type"], "refresh_token");
}

#[tokio::test]
async fn the_job_renews_what_ends_soon_and_nothing_else() {
    let world = World::new().await;
    let connection = world.connected().await;
    world.connections.refresh_due().await;
    world.pass(3000);
    world.connections.refresh_due().await;
    assert_eq!(world.provider.token_requests(), 1);
    world.pass(590);
    world.connections.refresh_due().await;
    assert_eq!(world.provider.token_requests(), 2);
    world.connections.refresh_due().await;
    assert_eq!(world.provider.token_requests(), 2);
    assert!(world.provider.takes(&world.token(&connection).await));
}

#[tokio::test]
async fn tl_2_a_renewal_outlives_the_caller_who_began_it() {
    let world = World::new().await;
    let connection = world.connected().await;
    let old = world.token(&connection).await;
    world.pass(3601);
    world.provider.hold();
    let caller = world.credential(&connection);
    let seen = world.provider.until("the renewal", |memory| memory.token_requests.len() == 2);
    tokio::select! {
        _ = caller => panic!("the provider has not answered"),
        () = seen => {} // and with this the caller is dropped
    }
    world.provider.release();
    let token = world.token(&connection).await;
    assert_ne!(token, old);
    assert_eq!(world.provider.token_requests(), 2, "the one renewal was enough");
}

#[tokio::test]
async fn tl_7_a_dead_grant_is_given_up_once_and_its_token_is_never_sent_again() {
    let world = World::new().await;
    let connection = world.connected().await;
    world.provider.end_all_grants();
    world.pass(3601);
    let error = world.credential(&connection).await.unwrap_err();
    assert!(
        matches!(&error, CredentialError::Reauthorize { url } if url.contains("/connect?session_token="))
    );
    let now = world.get(connection.id).await;
    assert_eq!(
        (now.status, now.status_reason.as_deref()),
        (Status::Failed, Some("reauthorization_required"))
    );
    for _ in 0..5 {
        assert!(matches!(world.credential(&connection).await, Err(CredentialError::Reauthorize { .. })));
        world.connections.refresh_due().await;
        world.pass(120);
    }
    assert_eq!(world.provider.token_requests(), 2);
}

#[tokio::test]
async fn tl_7_a_grant_that_another_node_renewed_is_used_instead() {
    let world = World::new().await;
    let connection = world.connected().await;
    world.pass(3601);
    world.provider.fail_next(Fault::Error("invalid_grant"));
    world.provider.hold();
    let caller = world.credential(&connection);
    let elsewhere = async {
        world.provider.until("the renewal", |memory| memory.token_requests.len() == 2).await;
        // What another node's renewal does to the row: a new end, and the next generation.
        let mut row = world.store.grants().find(connection.id).await.unwrap().unwrap();
        row.expires_time = Some(world.clock.now() + std::time::Duration::from_hours(1));
        assert!(world.store.grants().replace(&row, row.generation).await.unwrap());
        world.provider.release();
    };
    let (credential, ()) = tokio::join!(caller, elsewhere);
    assert_eq!(credential.unwrap().generation, 2);
    assert_eq!(world.get(connection.id).await.status, Status::Active);
    assert_eq!(world.provider.token_requests(), 2);
}

#[tokio::test]
async fn tl_9_the_old_refresh_token_stays_good_where_no_new_one_comes() {
    let world = World::new().await;
    world.provider.memory().keeps_refresh_tokens = true;
    let connection = world.connected().await;
    for round in 2..5 {
        world.pass(3601);
        assert!(world.provider.takes(&world.token(&connection).await));
        assert_eq!(world.provider.token_requests(), round);
    }
    let memory = world.provider.memory();
    let sent: BTreeSet<_> = memory.token_requests[1..].iter().map(|sent| &sent["refresh_token"]).collect();
    assert_eq!(sent.len(), 1);
}

#[tokio::test]
async fn tl_9_a_rotated_refresh_token_replaces_the_old_one_which_is_kept_until_the_new_token_has_worked() {
    let world = World::new().await;
    let connection = world.connected().await;
    for round in 1..4 {
        world.pass(3601);
        let credential = world.credential(&connection).await.unwrap();
        assert!(world.provider.takes(&bearer(&credential)), "round {round}");
        let kept = world.store.grants().find(connection.id).await.unwrap().unwrap();
        world.connections.worked(&connection, &credential);
        until("the old token to go", async || {
            let now = world.store.grants().find(connection.id).await.unwrap().unwrap();
            now.generation == kept.generation + 1 && now.sealed.len() < kept.sealed.len()
        })
        .await;
        assert_eq!(world.token(&connection).await, bearer(&credential));
    }
    // A strict provider: had any token been sent twice, the family would be dead.
    assert_eq!(world.provider.token_requests(), 4);
}

#[tokio::test]
async fn tl_9_a_kept_refresh_token_is_tried_before_the_grant_is_given_up() {
    let world = World::new().await;
    let connection = world.connected().await;
    world.pass(3601);
    // The provider forgets the rotation: the successor is unknown to it, the one before is good.
    world.provider.fail_next(Fault::With(json!({"refresh_token": "canary-rt-lost"})));
    world.provider.memory().keeps_refresh_tokens = true;
    world.credential(&connection).await.unwrap();
    world.pass(3601);
    assert!(world.provider.takes(&world.token(&connection).await));
    let sent: Vec<_> = world.provider.memory().token_requests[1..]
        .iter()
        .map(|sent| sent["refresh_token"].clone())
        .collect();
    assert_eq!(sent.len(), 3);
    assert_eq!((sent[1].as_str(), &sent[2]), ("canary-rt-lost", &sent[0]));
    world.pass(3601);
    assert!(world.provider.takes(&world.token(&connection).await));
    let last = world.provider.memory().token_requests.last().unwrap()["refresh_token"].clone();
    assert_eq!(last, sent[0], "the lost one is not sent again");
}

#[tokio::test]
async fn tl_11_no_more_than_one_renewal_a_minute_whatever_the_provider_says() {
    for odd in [json!(1), json!("5"), json!(0.2), json!(59)] {
        let world = World::new().await;
        world.provider.memory().expires_in = odd.clone();
        let connection = world.connected().await;
        for _ in 0..12 {
            world.pass(10);
            world.credential(&connection).await.unwrap();
            world.connections.refresh_due().await;
        }
        assert_eq!(world.provider.token_requests(), 3, "two minutes with {odd}");
    }
}

#[tokio::test]
async fn tl_11_a_lifetime_that_says_nothing_never_ends_by_itself() {
    for odd in [json!(null), json!(0), json!(-3600), json!("soon")] {
        let world = World::new().await;
        world.provider.memory().expires_in = odd.clone();
        let connection = world.connected().await;
        world.pass(100 * 24 * 3600);
        world.connections.refresh_due().await;
        assert_eq!(world.credential(&connection).await.unwrap().expires, None, "{odd}");
        assert_eq!(world.provider.token_requests(), 1);
    }
}

#[tokio::test]
async fn tl_13_an_upstream_that_says_401_forces_one_renewal_per_token_and_minute() {
    let world = World::new().await;
    world.provider.memory().expires_in = json!(null); // as with providers for whom only a 401 tells
    let connection = world.connected().await;
    let credential = world.credential(&connection).await.unwrap();
    assert!(world.connections.refused(&connection, &credential).await.is_none(), "it is seconds old");
    world.pass(61);
    let newer = world.connections.refused(&connection, &credential).await.unwrap();
    assert_ne!(bearer(&newer), bearer(&credential));
    for _ in 0..1000 {
        let next = world.connections.refused(&connection, &credential).await.unwrap();
        assert_eq!(bearer(&next), bearer(&newer), "who comes late gets the newer one");
        assert!(world.connections.refused(&connection, &newer).await.is_none());
    }
    assert_eq!(world.provider.token_requests(), 2);
}

#[tokio::test]
async fn tl_13_a_forced_renewal_that_fails_is_tried_again_a_minute_later() {
    let world = World::new().await;
    let connection = world.connected().await;
    let credential = world.credential(&connection).await.unwrap();
    world.pass(61);
    world.provider.fail_next(Fault::Status(503, None));
    for _ in 0..10 {
        assert!(world.connections.refused(&connection, &credential).await.is_none());
    }
    assert_eq!(world.provider.token_requests(), 2);
    world.pass(61);
    assert!(world.connections.refused(&connection, &credential).await.is_some());
}

#[tokio::test]
async fn tl_13_a_grant_whose_end_only_a_401_tells_is_given_up_then() {
    let world = World::new().await;
    world.provider.memory().expires_in = json!(null);
    let connection = world.connected().await;
    let credential = world.credential(&connection).await.unwrap();
    world.provider.end_all_grants();
    world.pass(61);
    world.connections.unauthorized(&connection, &credential);
    until("the end", async || {
        matches!(world.credential(&connection).await, Err(CredentialError::Reauthorize { .. }))
    })
    .await;
    assert_eq!(world.get(connection.id).await.status, Status::Failed);
    assert_eq!(world.provider.token_requests(), 2);
}

#[tokio::test]
async fn a_token_without_successor_serves_to_its_end_and_then_says_so() {
    let world = World::new().await;
    world.provider.fail_next(Fault::With(json!({"refresh_token": null})));
    let connection = world.connected().await;
    world.pass(3599);
    world.credential(&connection).await.unwrap();
    world.pass(2);
    assert!(matches!(world.credential(&connection).await, Err(CredentialError::Reauthorize { .. })));
    let now = world.get(connection.id).await;
    assert_eq!((now.status, now.status_reason.as_deref()), (Status::Failed, Some("token_expired")));
    assert_eq!(world.provider.token_requests(), 1);
}

#[tokio::test]
async fn a_reconnect_replaces_the_token_at_once() {
    let world = World::new().await;
    let connection = world.connected().await;
    let old = world.token(&connection).await;
    let again = world.connections.reconnect(world.owner, connection.id).await.unwrap();
    assert_eq!(world.token(&connection).await, old, "it keeps serving");
    world.consent(&again).await;
    let now = Arc::new(world.get(connection.id).await);
    assert_ne!(world.token(&now).await, old);
}
