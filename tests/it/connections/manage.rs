//! Listing, naming and deleting connections.

use keyferry::{
    catalog::Method,
    connections::{ChooseError, ConnectionError, CredentialError, Filter, Status},
    id::ConnectionId,
    keys::Rules,
};

use super::world::{START, World, with_key};

fn limited(limit: u32) -> Filter {
    Filter { limit, ..Filter::default() }
}

#[tokio::test]
async fn pages_follow_each_other_oldest_first() {
    let world = World::new().await;
    let mut made = Vec::new();
    for number in 0..5 {
        made.push(world.create(with_key(&format!("sk_test_{number}"))).await.unwrap().id);
        world.pass(1);
    }
    let (mut seen, mut cursor) = (Vec::new(), None);
    loop {
        let filter = Filter { cursor, ..limited(2) };
        let page = world.connections.list(world.owner, filter).await.unwrap();
        assert!(page.connections.len() <= 2);
        seen.extend(page.connections.iter().map(|connection| connection.id));
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    assert_eq!(seen, made);
    let exact = world.connections.list(world.owner, limited(5)).await.unwrap();
    assert_eq!((exact.connections.len(), exact.next_cursor), (5, None));
}

#[tokio::test]
async fn an_impossible_row_hides_only_itself() {
    let world = World::new().await;
    let mut made = Vec::new();
    for number in 0..3 {
        made.push(world.create(with_key(&format!("sk_test_{number}"))).await.unwrap());
        world.pass(1);
    }
    let (first, odd, last) = (made[0].id, &made[1], made[2].id);
    let now = world.clock.now();
    assert!(
        world.store.connections().set_status(odd.id, odd.generation, "ASLEEP", None, now).await.unwrap(),
        "the row is there"
    );
    let shown = async |filter| {
        let page = world.connections.list(world.owner, filter).await.unwrap();
        (page.connections.iter().map(|connection| connection.id).collect::<Vec<_>>(), page.next_cursor)
    };
    assert_eq!(shown(limited(9)).await, (vec![first, last], None));
    let (page, cursor) = shown(limited(2)).await;
    assert_eq!((page, cursor.is_some()), (vec![first], true));
    assert_eq!(shown(Filter { cursor, ..limited(2) }).await, (vec![last], None));
}

#[tokio::test]
async fn a_list_is_narrowed_and_holds_nobody_elses() {
    let world = World::new().await;
    world.create(with_key("sk_test_1")).await.unwrap();
    world.pending("fake").await;
    world.connections.create(world.other, with_key("sk_test_2")).await.unwrap();
    let count = async |filter| world.connections.list(world.owner, filter).await.unwrap().connections.len();
    assert_eq!(count(limited(9)).await, 2);
    assert_eq!(count(Filter { app: Some("fake".into()), ..limited(9) }).await, 1);
    assert_eq!(count(Filter { app: Some("nobody".into()), ..limited(9) }).await, 0);
    assert_eq!(count(Filter { status: Some(Status::Active), ..limited(9) }).await, 1);
    assert_eq!(count(Filter { method: Some(Method::Oauth2), ..limited(9) }).await, 1);
    for cursor in ["", "x", "AAAA", &"A".repeat(33)] {
        let filter = Filter { cursor: Some(cursor.into()), ..limited(9) };
        assert!(
            matches!(world.connections.list(world.owner, filter).await, Err(ConnectionError::Cursor)),
            "{cursor}"
        );
    }
}

#[tokio::test]
async fn ci_7_another_owners_connection_can_not_be_read_or_changed() {
    let world = World::new().await;
    let foreign = world.connections.create(world.other, with_key("sk_test_1")).await.unwrap().id;
    let (own, unknown) = (&world.connections, ConnectionId::new(START));
    for id in [foreign, unknown] {
        assert!(matches!(own.get(world.owner, id).await, Err(ConnectionError::Unknown)));
        assert!(matches!(own.rename(world.owner, id, Some("x".into())).await, Err(ConnectionError::Unknown)));
        assert!(matches!(own.confirm(world.owner, id).await, Err(ConnectionError::Unknown)));
        assert!(matches!(own.reconnect(world.owner, id).await, Err(ConnectionError::Unknown)));
        assert!(matches!(own.delete(world.owner, id).await, Err(ConnectionError::Unknown)));
    }
    assert_eq!(own.get(world.other, foreign).await.unwrap().name, None);
}

#[tokio::test]
async fn a_label_can_be_given_and_taken_away() {
    let world = World::new().await;
    let id = world.create(with_key("sk_test_1")).await.unwrap().id;
    let rename = async |name: &str| world.connections.rename(world.owner, id, Some(name.into())).await;
    assert_eq!(rename(" Büro ").await.unwrap().name.as_deref(), Some("Büro"));
    let chosen = world
        .connections
        .choose(world.owner, &world.app("keyed"), Some(id), &Rules::default())
        .await
        .unwrap();
    assert_eq!(chosen.connection.label(), Some("Büro"));
    assert_eq!(rename("").await.unwrap().name, None);
    for bad in ["a\nb", "a\u{1b}[31m", &"x".repeat(201)] {
        assert!(matches!(rename(bad).await, Err(ConnectionError::Invalid { .. })), "{bad:?}");
    }
}

#[tokio::test]
async fn ci_5_a_deleted_connection_is_refused_at_once_and_ended_at_its_provider() {
    let world = World::new().await;
    let (connection, app) = (world.connected().await, world.app("fake"));
    world.connections.choose(world.owner, &app, None, &Rules::default()).await.unwrap();
    world.credential(&connection).await.unwrap();
    world.connections.delete(world.owner, connection.id).await.unwrap();
    let chosen = world.connections.choose(world.owner, &app, None, &Rules::default()).await;
    assert!(matches!(chosen, Err(ChooseError::None { .. })));
    let named = world.connections.choose(world.owner, &app, Some(connection.id), &Rules::default()).await;
    assert!(matches!(named, Err(ChooseError::Unknown { .. })));
    assert!(matches!(world.credential(&connection).await, Err(CredentialError::Unusable(_))));
    assert!(world.store.grants().find(connection.id).await.unwrap().is_none());
    world.provider.until("the revocation", |memory| memory.revocations.len() == 1).await;
    let sent = world.provider.memory().revocations[0].clone();
    assert_eq!((sent["token"].as_str(), sent["token_type_hint"].as_str()), ("canary-rt-2", "refresh_token"));
    let again = world.connections.delete(world.owner, connection.id).await;
    assert!(matches!(again, Err(ConnectionError::Unknown)));
}
