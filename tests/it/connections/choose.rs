//! Which connection a call uses (CI).

use std::sync::Arc;

use keyferry::{
    connections::{ChooseError, Connection},
    id::ConnectionId,
    keys::Rules,
};

use super::world::{START, World, with_key};

async fn choose(
    world: &World,
    app: &str,
    wanted: Option<ConnectionId>,
) -> Result<Arc<Connection>, ChooseError> {
    Ok(world.connections.choose(world.owner, &world.app(app), wanted, &Rules::default()).await?.connection)
}

async fn hint(world: &World, app: &str) -> Option<String> {
    world.connections.choose(world.owner, &world.app(app), None, &Rules::default()).await.unwrap().hint
}

#[tokio::test]
async fn ci_3_the_oldest_active_one_is_used_and_several_are_hinted_at() {
    let world = World::new().await;
    let pending = world.pending("keyed").await;
    world.pass(1);
    let first = world.create(with_key("sk_test_1")).await.unwrap();
    assert_eq!(choose(&world, "keyed", None).await.unwrap().id, first.id);
    assert_eq!(hint(&world, "keyed").await, None);
    world.pass(1);
    let second = world.create(with_key("sk_test_2")).await.unwrap();
    assert_eq!(choose(&world, "keyed", None).await.unwrap().id, first.id);
    let said = hint(&world, "keyed").await.unwrap();
    assert!(
        said.is_ascii() && said.contains("2 connections") && said.contains(&first.id.to_string()),
        "{said}"
    );
    let named = world
        .connections
        .choose(world.owner, &world.app("keyed"), Some(second.id), &Rules::default())
        .await
        .unwrap();
    assert_eq!((named.connection.id, named.hint), (second.id, None));
    world.connections.delete(world.owner, first.id).await.unwrap();
    assert_eq!(choose(&world, "keyed", None).await.unwrap().id, second.id, "at once");
    world.connections.delete(world.owner, second.id).await.unwrap();
    let Err(ChooseError::None { pending: left }) = choose(&world, "keyed", None).await else {
        panic!("one is used")
    };
    assert_eq!(left.len(), 1);
    assert_eq!(left[0].connection_id, pending.id);
    let token = left[0].url.split_once("session_token=").unwrap().1;
    assert!(world.connections.open(token).await.is_ok());
}

#[tokio::test]
async fn ci_3_ties_are_broken_by_id() {
    let world = World::new().await;
    let mut ids = Vec::new();
    for number in 0..5 {
        ids.push(world.create(with_key(&format!("sk_test_{number}"))).await.unwrap().id);
    }
    ids.sort();
    assert_eq!(choose(&world, "keyed", None).await.unwrap().id, ids[0]);
}

#[tokio::test]
async fn ci_1_foreign_unknown_and_deleted_look_alike() {
    let world = World::new().await;
    let mine = world.create(with_key("sk_test_1")).await.unwrap();
    let gone = world.create(with_key("sk_test_2")).await.unwrap();
    world.connections.delete(world.owner, gone.id).await.unwrap();
    let foreign = world.connections.create(world.other, with_key("sk_test_3")).await.unwrap();
    let unknown = ConnectionId::new(START);
    for id in [foreign.id, unknown, gone.id] {
        let Err(ChooseError::Unknown { active }) = choose(&world, "keyed", Some(id)).await else {
            panic!("{id}")
        };
        assert_eq!(active.len(), 1);
        assert_eq!((active[0].connection_id, active[0].label.as_deref()), (mine.id, Some("ada@example.com")));
    }
}

#[tokio::test]
async fn ci_2_a_connection_of_another_app_is_not_used() {
    let world = World::new().await;
    let keyed = world.create(with_key("sk_test_1")).await.unwrap();
    let Err(ChooseError::Unusable { detail, url }) = choose(&world, "fake", Some(keyed.id)).await else {
        panic!("it was used")
    };
    assert!(detail.contains("keyed") && url.is_none(), "{detail}");
}

#[tokio::test]
async fn an_unfinished_one_is_unusable_and_says_where_to_finish_it() {
    let world = World::new().await;
    let pending = world.pending("fake").await;
    let Err(ChooseError::Unusable { url: Some(url), .. }) = choose(&world, "fake", Some(pending.id)).await
    else {
        panic!("it was used")
    };
    assert!(world.connections.open(url.split_once("session_token=").unwrap().1).await.is_ok());
}

#[tokio::test]
async fn one_that_awaits_confirmation_says_so() {
    let world = World::with(|settings| settings.connections.confirm = true).await;
    let connection = world.connected().await;
    for wanted in [None, Some(connection.id)] {
        let Err(ChooseError::Unusable { detail, .. }) = choose(&world, "fake", wanted).await else {
            panic!("used")
        };
        assert!(detail.contains("/confirm"), "{detail}");
    }
}

#[tokio::test]
async fn an_app_that_nobody_can_connect_says_which_client_is_missing() {
    let world = World::new().await;
    let Err(ChooseError::NotConfigured { client, redirect_uri }) = choose(&world, "closed", None).await
    else {
        panic!("it was used")
    };
    assert_eq!(client, "nobody");
    assert!(redirect_uri.ends_with("/callback/closed"));
    assert!(
        matches!(choose(&world, "fake", None).await, Err(ChooseError::None { pending }) if pending.is_empty())
    );
}

/// Two connections of `fake`, the older one ended by its provider.
async fn one_ended(world: &World) -> (Arc<Connection>, Arc<Connection>) {
    let older = world.connected().await;
    world.provider.end_all_grants();
    world.pass(3601);
    assert!(world.credential(&older).await.is_err());
    (older, world.connected().await)
}

#[tokio::test]
async fn an_older_one_that_was_ended_is_hinted_at_on_every_call() {
    let world = World::new().await;
    let (older, newer) = one_ended(&world).await;
    assert_eq!(choose(&world, "fake", None).await.unwrap().id, newer.id);
    let said = hint(&world, "fake").await.unwrap();
    assert!(said.contains(&format!("/connections/{}/reconnect", older.id)), "{said}");
    let named = choose(&world, "fake", Some(older.id)).await;
    assert!(matches!(named, Err(ChooseError::Reauthorize { connection, .. }) if connection.id == older.id));
}

#[tokio::test]
async fn with_strict_selection_no_call_moves_to_another_account() {
    let world = World::with(|settings| settings.selection.strict = true).await;
    let (older, _) = one_ended(&world).await;
    let chosen = choose(&world, "fake", None).await;
    assert!(matches!(chosen, Err(ChooseError::Reauthorize { connection, .. }) if connection.id == older.id));
}

#[tokio::test]
async fn an_ended_one_alone_asks_for_a_reconnect() {
    let world = World::new().await;
    let older = world.connected().await;
    world.provider.end_all_grants();
    world.pass(3601);
    assert!(world.credential(&older).await.is_err());
    let Err(ChooseError::Reauthorize { url, .. }) = choose(&world, "fake", None).await else {
        panic!("used")
    };
    let offer = world.connections.open(url.split_once("session_token=").unwrap().1).await.unwrap();
    assert!(offer.reconnect);
}
