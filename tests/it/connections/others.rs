//! Another node over the same store: each look tells it what was changed, and nothing else does.

use std::{collections::BTreeMap, sync::Arc};

use keyferry::{
    clients::{Clients, OAuthClient},
    clock::Clock,
    connections::{Connection, Connections, CredentialError, Parts},
    keys::{Keys, Rules},
    limits::Limits,
    owners::Owners,
    vault::Secret,
    watch::{Things, Watch},
};

use super::world::{World, bearer, until, with_key};

/// A node beside that of the world, which shares nothing with it but the store.
struct Node {
    connections: Connections,
    clients: Clients,
    watch: Watch,
    clock: Clock,
}

impl Node {
    /// One that has begun to look, and believes what it reads for longer than any test takes.
    async fn beside(world: &World) -> Self {
        let World { settings, parts: Parts { store, vault, clock, .. }, .. } = world;
        let sealed = (store.clone(), vault.clone(), clock.clone());
        let clients = Clients::new(&BTreeMap::new(), sealed, &settings.cache, &settings.store);
        let owners = Owners::new(store.clone(), clock.clone());
        // For renewals it needs the client of the world's settings.
        let parts = Parts { owners, ..world.parts.clone() };
        let connections = Connections::new(parts, settings);
        let within = (clock.clone(), Limits::new(&settings.limits, clock));
        let keys = Keys::new(store.clone(), within, &settings.cache, &settings.store);
        let things = Things { keys, clients: clients.clone(), connections: connections.clone() };
        let watch = Watch::new(store.clone(), clock.clone(), things);
        watch.look().await;
        Self { connections, clients, watch, clock: clock.clone() }
    }

    async fn chosen(&self, world: &World, app: &str) -> Option<Arc<Connection>> {
        let app = world.app(app);
        let chosen = self.connections.choose(world.owner, &app, None, &Rules::default()).await;
        chosen.ok().map(|chosen| chosen.connection)
    }

    async fn token(&self, connection: &Arc<Connection>) -> Result<String, CredentialError> {
        self.connections.credential(connection, self.clock.now()).await.map(|credential| bearer(&credential))
    }
}

async fn world() -> World {
    World::with(|settings| settings.cache.fresh = std::time::Duration::from_hours(24)).await
}

#[tokio::test]
async fn tl_7_a_token_that_another_node_renewed_comes_to_hand() {
    let world = world().await;
    let connection = world.connected().await;
    let node = Node::beside(&world).await;
    let old = node.token(&connection).await.unwrap();
    // The provider's first sign of a new token may be that the old one is refused.
    world.pass(3_500); // due for every id: at the latest 150 s before the end
    world.connections.refresh_due().await;
    let new = world.token(&connection).await;
    assert_ne!(new, old);
    assert_eq!(node.token(&connection).await.unwrap(), old, "nobody has told it");
    node.watch.look().await;
    assert_eq!(node.token(&connection).await.unwrap(), new);
    assert_eq!(world.provider.token_requests(), 2, "it was read, not asked for");
}

#[tokio::test]
async fn ci_5_what_another_node_did_to_a_connection_is_seen_after_the_next_look() {
    let world = world().await;
    let node = Node::beside(&world).await;
    let first = world.create(with_key("sk_test_1")).await.unwrap();
    assert_eq!(node.chosen(&world, "keyed").await.unwrap().id, first.id, "none is not remembered");
    world.pass(1); // of two of the same moment, the smaller id would count as the older
    let second = world.create(with_key("sk_test_2")).await.unwrap();
    world.connections.rename(world.owner, first.id, Some("a name".into())).await.unwrap();
    assert_eq!(node.chosen(&world, "keyed").await.unwrap().name, None, "nobody has told it");
    node.watch.look().await;
    assert_eq!(node.chosen(&world, "keyed").await.unwrap().name.as_deref(), Some("a name"));

    world.connections.delete(world.owner, first.id).await.unwrap();
    assert_eq!(node.chosen(&world, "keyed").await.unwrap().id, first.id);
    node.watch.look().await;
    assert_eq!(node.chosen(&world, "keyed").await.unwrap().id, second.id);
    let gone = Arc::new(first);
    assert!(node.token(&gone).await.is_err(), "nor is its credential at hand");
}

#[tokio::test]
async fn a_client_that_another_node_replaced_is_seen_after_the_next_look() {
    let world = world().await;
    let node = Node::beside(&world).await;
    let client = |id: &str| OAuthClient {
        client_id: id.into(),
        client_secret: Secret::from("secret"),
        extra: BTreeMap::new(),
    };
    let known = async || Some(node.clients.get("google").await.unwrap()?.client_id.clone());
    world.parts.clients.put("google", &client("old")).await.unwrap();
    assert_eq!(known().await.as_deref(), Some("old"), "none is not remembered");
    world.parts.clients.put("google", &client("new")).await.unwrap();
    assert_eq!(known().await.as_deref(), Some("old"), "nobody has told it");
    node.watch.look().await;
    assert_eq!(known().await.as_deref(), Some("new"));
    world.parts.clients.remove("google").await.unwrap();
    node.watch.look().await;
    assert_eq!(known().await, None);
}

#[tokio::test]
async fn pf_7_a_node_that_can_not_look_serves_on_and_catches_up() {
    let world = World::new().await;
    let node = Node::beside(&world).await;
    let connection = world.create(with_key("sk_test_1")).await.unwrap();
    node.chosen(&world, "keyed").await.unwrap();
    world.broken(true).await;
    for _ in 0..60 {
        node.watch.look().await;
        world.pass(4);
        assert_eq!(node.chosen(&world, "keyed").await.unwrap().id, connection.id, "grace");
    }
    world.broken(false).await;
    world.connections.delete(world.owner, connection.id).await.unwrap();
    until("it looks again", async || {
        node.watch.look().await;
        node.chosen(&world, "keyed").await.is_none()
    })
    .await;
}
