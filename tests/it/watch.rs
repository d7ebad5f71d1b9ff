//! Two nodes over one store: what is changed at one is so at the other a moment later, and what is not changed is
//! not asked for again.

use std::time::Duration;

use http::Method;
use keyferry::{
    config::Settings,
    id::{KeyId, OwnerId},
    keys::{KeyChange, Keys, Rules},
    limits::Limits,
    store::Store,
};
use serde_json::{Value, json};
use sqlx::AssertSqlSafe;

use crate::{
    connections::world::until,
    harness::{
        browser::Browser,
        postgres::database,
        upstream::Upstream,
        world::{Plan, World},
    },
};

/// Calls go `here`, changes are made `there`.
struct Nodes {
    here: World,
    there: World,
    upstream: Upstream,
}

impl Nodes {
    /// Believes for half an hour whatever nobody tells it of.
    async fn start(store: Option<String>) -> Self {
        let upstream = Upstream::start().await;
        let plan = || {
            let plan = Plan::default().key_app("things", &upstream.url());
            plan.set(|settings| settings.cache.fresh = Duration::from_mins(30))
        };
        let mut first = plan();
        first.store = store;
        let there = first.start().await;
        let here = plan().beside(&there).start().await;
        Self { here, there, upstream }
    }

    /// Connects at the one node, and calls at the other until it remembers all of it.
    async fn connected(&self) -> String {
        self.begun().await;
        let id = self.there.connect("things", "sk_old").await;
        assert_eq!(self.here.get("/things/x").await.status, 200);
        assert_eq!(self.carried().as_deref(), Some("Bearer sk_old"));
        id
    }

    /// Waits until the one node sees what the other changes: what it forgot when it began to look shows nothing.
    async fn begun(&self) {
        let made = self.change(Method::POST, "/keys", Some(json!({"name": "first"}))).await;
        let (id, key) = (made["id"].as_str().unwrap(), made["key"].as_str().unwrap());
        let status = async || self.here.api(key, Method::GET, "/keys", None).await.status.as_u16();
        assert_eq!(status().await, 200);
        let rules = json!({"rules": {"control": false}});
        self.change(Method::PATCH, &format!("/keys/{id}"), Some(rules)).await;
        until("it has begun to look", async || status().await == 403).await;
    }

    /// The credential of the last call.
    fn carried(&self) -> Option<String> {
        self.upstream.seen().pop()?.header("authorization").map(str::to_owned)
    }

    async fn change(&self, method: Method, path: &str, body: Option<Value>) -> Value {
        let reply = self.there.api(&self.there.admin_key, method, path, body).await;
        assert_eq!(reply.status, 200, "{}", reply.text());
        reply.json()
    }

    async fn user(&self) -> Value {
        self.there.api(&self.there.key, Method::GET, "/user", None).await.json()
    }

    async fn until(&self, status: u16, method: Method) {
        let path = "/things/x";
        until("the change is seen", async || {
            self.here.call(method.clone(), path, &[], "").await.status.as_u16() == status
        })
        .await;
    }
}

async fn ak_3_a_key_revoked_at_another_node(nodes: Nodes) {
    nodes.connected().await;
    let user = nodes.user().await;
    let (owner, key) = (user["id"].as_str().unwrap(), user["key"]["id"].as_str().unwrap());
    nodes.change(Method::DELETE, &format!("/keys/{key}?owner={owner}"), None).await;
    nodes.until(401, Method::GET).await;
}

async fn ak_5_rules_given_at_another_node(nodes: Nodes) {
    nodes.connected().await;
    assert_eq!(nodes.here.call(Method::POST, "/things/x", &[], "").await.status, 200);
    let user = nodes.user().await;
    let (owner, key) = (user["id"].as_str().unwrap(), user["key"]["id"].as_str().unwrap());
    let rules = json!({"rules": {"read_only": true}});
    nodes.change(Method::PATCH, &format!("/keys/{key}?owner={owner}"), Some(rules)).await;
    nodes.until(403, Method::POST).await;
    assert_eq!(nodes.here.get("/things/x").await.status, 200);
}

async fn ci_5_a_connection_deleted_at_another_node(nodes: Nodes) {
    let id = nodes.connected().await;
    let gone = nodes.there.api(&nodes.there.key, Method::DELETE, &format!("/connections/{id}"), None).await;
    assert_eq!(gone.status, 200);
    nodes.until(400, Method::GET).await;
    nodes.here.get("/things/x").await.assert_problem(400, "connection_required");
}

async fn ci_5_an_owner_deleted_at_another_node(nodes: Nodes) {
    nodes.connected().await;
    let owner = nodes.user().await["id"].as_str().unwrap().to_owned();
    nodes.change(Method::DELETE, &format!("/owners/{owner}"), None).await;
    nodes.until(401, Method::GET).await;
}

async fn ci_5_a_reconnect_at_another_node(nodes: Nodes) {
    let id = nodes.connected().await;
    let path = format!("/connections/{id}/reconnect");
    let link = nodes.there.api(&nodes.there.key, Method::POST, &path, None).await.json();
    let browser = Browser::new(&nodes.there);
    let page = browser.open_link(&link).await;
    let done = browser.press(&page, &[("api_key", "sk_new")]).await;
    assert!(done.status.is_success() || done.status.is_redirection(), "{}", done.text());
    until("the new credential goes out", async || {
        nodes.here.get("/things/x").await;
        nodes.carried().as_deref() == Some("Bearer sk_new")
    })
    .await;
}

/// Rows that go in a way that nobody tells of are served on: nothing of a warm call is asked for.
async fn a_warm_call_asks_the_store_for_nothing(store: Option<String>) {
    let upstream = Upstream::start().await;
    let fresh = Duration::from_millis(100);
    let mut plan = Plan::default().standing_clock().key_app("things", &upstream.url());
    (plan.store, plan.settings.cache.fresh) = (store, fresh);
    let world = plan.start().await;
    world.connect("things", "sk_real").await;
    let marker = Marker::new(&world).await;
    // The first look is over when a change is seen; what is read from then on is watched.
    marker.told(&world).await;
    assert_eq!(world.get("/things/x").await.status, 200);
    marker.forget_everything().await;
    for _ in 0..20 {
        marker.told(&world).await;
        world.clock.advance(fresh * 9 / 10);
        assert_eq!(world.get("/things/x").await.status, 200);
    }
    marker.run("insert into changes (kind, digest) select 'key', digest from gone".to_owned()).await;
    until("it is told at last", async || world.get("/things/x").await.status == 401).await;
}

/// Changes made beside the gateway, as the command line does.
struct Marker {
    store: Store,
    keys: Keys,
    owner: OwnerId,
    id: KeyId,
    key: String,
}

impl Marker {
    async fn new(world: &World) -> Self {
        let made = world.api(&world.admin_key, Method::POST, "/keys", Some(json!({"name": "marker"}))).await;
        let (made, text) = (made.json(), |value: &Value| value.as_str().unwrap().to_owned());
        let store = Store::open(&world.store).await.unwrap();
        let (settings, clock) = (Settings::default(), world.clock.clone());
        let within = (clock.clone(), Limits::new(&settings.limits, &clock));
        let keys = Keys::new(store.clone(), within, &settings.cache, &settings.store);
        let (owner, id) = (text(&made["owner"]).parse().unwrap(), text(&made["id"]).parse().unwrap());
        Self { store, keys, owner, id, key: text(&made["key"]) }
    }

    /// Changes what the key may do there and back again, and waits until the gateway knows.
    async fn told(&self, world: &World) {
        for control in [false, true] {
            let rules = Some(Rules { control, ..Rules::default() });
            let change = KeyChange { rules, ..KeyChange::default() };
            self.keys.change(self.owner, self.id, change).await.unwrap().unwrap();
            let status = if control { 200 } else { 403 };
            let is_so = async || world.api(&self.key, Method::GET, "/keys", None).await.status == status;
            until("a change is seen", is_so).await;
        }
    }

    /// Takes the rows of all calls but the marker's away, untold.
    async fn forget_everything(&self) {
        let tables = ["grants", "connections", "keys"];
        for table in tables {
            self.run(match self.store {
                Store::Sqlite { .. } => format!("drop trigger {table}_deleted"),
                Store::Postgres(_) => format!("alter table {table} disable trigger {table}_deleted"),
            })
            .await;
        }
        self.run("create table gone as select digest from keys where name = 'sam''s'".to_owned()).await;
        self.run("delete from keys where name = 'sam''s'".to_owned()).await;
        self.run("delete from connections".to_owned()).await;
        assert_eq!(self.store.keys().list(self.owner).await.unwrap().len(), 2, "the admin's are left");
    }

    async fn run(&self, sql: String) {
        match &self.store {
            Store::Sqlite { writer, .. } => sqlx::query(AssertSqlSafe(sql)).execute(writer).await.map(drop),
            Store::Postgres(pool) => sqlx::query(AssertSqlSafe(sql)).execute(pool).await.map(drop),
        }
        .unwrap();
    }
}

macro_rules! on_both {
    ($($name:ident),+ $(,)?) => {
        mod sqlite {
            $(#[tokio::test] async fn $name() { super::$name(super::Nodes::start(None).await).await; })+

            #[tokio::test]
            async fn a_warm_call_asks_the_store_for_nothing() {
                super::a_warm_call_asks_the_store_for_nothing(None).await;
            }
        }
        mod postgres {
            use super::database;
            $(#[tokio::test] async fn $name() {
                super::$name(super::Nodes::start(Some(database().await)).await).await;
            })+

            #[tokio::test]
            async fn a_warm_call_asks_the_store_for_nothing() {
                super::a_warm_call_asks_the_store_for_nothing(Some(database().await)).await;
            }
        }
    };
}

on_both! {
    ak_3_a_key_revoked_at_another_node,
    ak_5_rules_given_at_another_node,
    ci_5_a_connection_deleted_at_another_node,
    ci_5_an_owner_deleted_at_another_node,
    ci_5_a_reconnect_at_another_node,
}
