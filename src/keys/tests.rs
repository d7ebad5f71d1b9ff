use serde_json::json;

use super::*;
use crate::{config::Settings, owners::Owners};

struct World {
    store: Store,
    clock: Clock,
    keys: Keys,
    owner: OwnerId,
}

async fn world() -> World {
    let clock = Clock::test(Timestamp::from_micros(1_700_000_000_000_000));
    let store = Store::in_memory().await.unwrap();
    let owner = Owners::new(store.clone(), clock.clone()).create("Ada", None).await.unwrap().id;
    let keys = keys_of(&store, &clock);
    World { store, clock, keys, owner }
}

fn keys_of(store: &Store, clock: &Clock) -> Keys {
    let settings = Settings::default();
    let within = (clock.clone(), Limits::new(&settings.limits, clock));
    Keys::new(store.clone(), within, &settings.cache, &settings.store)
}

fn new(name: &str) -> NewKey {
    NewKey { name: name.to_owned(), admin: false, expires_in: None, rules: Rules::default() }
}

impl World {
    /// Another node: the same store, a cache of its own.
    fn another_node(&self) -> Keys {
        keys_of(&self.store, &self.clock)
    }
}

#[tokio::test]
async fn an_issued_key_tells_who_calls() {
    let World { keys, owner, clock, .. } = world().await;
    let wanted = NewKey {
        admin: true,
        expires_in: Some(Duration::from_mins(1)),
        rules: Rules { apps: Some(vec!["x".to_owned()]), ..Rules::default() },
        ..new("ci")
    };
    let (shown, key) = keys.issue(owner, wanted).await.unwrap();
    let caller = keys.verify(&key.digest()).await.unwrap();
    assert_eq!((caller.owner, caller.key, caller.admin), (owner, shown.id, true));
    assert_eq!(caller.rules, Rules { apps: Some(vec!["x".to_owned()]), ..Rules::default() });
    assert_eq!(caller.expires, Some(clock.now() + Duration::from_mins(1)));
    assert_eq!(shown.hint, key.hint());
    assert_eq!(keys.verify(&ApiKey::generate().digest()).await.unwrap_err(), KeyError::Invalid);
}

#[tokio::test]
async fn a_key_has_a_sensible_life_and_label() {
    let World { keys, owner, .. } = world().await;
    let lasting = |span| NewKey { expires_in: Some(span), ..new("ci") };
    let years = |count: u64| Duration::from_hours(count * 366 * 24);
    let (kept, _) = keys.issue(owner, lasting(years(100))).await.unwrap();
    for span in [Duration::ZERO, Duration::from_millis(999), years(101), Duration::MAX] {
        assert_eq!(keys.issue(owner, lasting(span)).await.unwrap_err(), KeyError::BadLifetime, "{span:?}");
        let change = KeyChange { expires_in: Some(Some(span)), ..KeyChange::default() };
        assert_eq!(keys.change(owner, kept.id, change).await, Err(KeyError::BadLifetime), "{span:?}");
    }
    for name in ["", " ", "two\nlines", &"x".repeat(201)] {
        assert_eq!(keys.issue(owner, new(name)).await.unwrap_err(), KeyError::BadName, "{name:?}");
        let change = KeyChange { name: Some(name.to_owned()), ..KeyChange::default() };
        assert_eq!(keys.change(owner, kept.id, change).await, Err(KeyError::BadName), "{name:?}");
    }
    assert_eq!(keys.issue(owner, new(" ci ")).await.unwrap().0.name, "ci");
    let listed = keys.list(owner).await.unwrap();
    assert_eq!(listed.len(), 2, "nothing refused is stored");
    assert!(listed.contains(&kept), "nor changes anything");
}

#[tokio::test]
async fn ak_2_only_the_digest_of_a_key_is_stored() {
    let World { store, keys, owner, .. } = world().await;
    let (shown, key) = keys.issue(owner, new("ci")).await.unwrap();
    let row = store.keys().find(owner, shown.id).await.unwrap().unwrap();
    assert_eq!(row.digest, crate::vault::sha256(key.reveal().as_bytes()));
    let stored = format!("{row:?}") + &serde_json::to_string(&shown).unwrap();
    assert!(!stored.contains(&key.reveal()[5..48]), "neither stored nor shown again");
}

#[tokio::test]
async fn a_key_ends_when_it_expires_even_while_it_is_cached() {
    let World { keys, owner, clock, .. } = world().await;
    let (_, key) =
        keys.issue(owner, NewKey { expires_in: Some(Duration::from_secs(2)), ..new("ci") }).await.unwrap();
    clock.advance(Duration::from_millis(1_999));
    assert!(keys.verify(&key.digest()).await.is_ok());
    clock.advance(Duration::from_millis(1));
    assert_eq!(keys.verify(&key.digest()).await.unwrap_err(), KeyError::Expired);
}

#[tokio::test]
async fn ak_3_a_revoked_key_is_refused_at_once_here_and_soon_elsewhere() {
    let world = world().await;
    let (shown, key) = world.keys.issue(world.owner, new("ci")).await.unwrap();
    let other = world.another_node();
    world.keys.verify(&key.digest()).await.unwrap();
    other.verify(&key.digest()).await.unwrap();
    assert!(world.keys.revoke(world.owner, shown.id).await.unwrap());
    assert_eq!(world.keys.verify(&key.digest()).await.unwrap_err(), KeyError::Invalid);
    world.clock.advance(Duration::from_secs(5));
    assert_eq!(other.verify(&key.digest()).await.unwrap_err(), KeyError::Invalid);
    assert!(!world.keys.revoke(world.owner, shown.id).await.unwrap());
}

#[tokio::test]
async fn a_rotated_key_keeps_everything_but_itself() {
    let World { keys, owner, .. } = world().await;
    let (before, old) = keys.issue(owner, new("ci")).await.unwrap();
    keys.verify(&old.digest()).await.unwrap();
    let (after, fresh) = keys.rotate(owner, before.id).await.unwrap().unwrap();
    assert_eq!(keys.verify(&old.digest()).await.unwrap_err(), KeyError::Invalid);
    assert_eq!(keys.verify(&fresh.digest()).await.unwrap().key, before.id);
    assert_eq!(after, Key { hint: fresh.hint(), last_used_time: after.last_used_time, ..before });
}

#[tokio::test]
async fn a_changed_key_is_seen_changed_at_once() {
    let World { keys, owner, clock, .. } = world().await;
    let (shown, key) = keys.issue(owner, new("ci")).await.unwrap();
    keys.verify(&key.digest()).await.unwrap();
    let change = KeyChange {
        name: Some("cd".to_owned()),
        rules: Some(Rules { read_only: true, ..Rules::default() }),
        expires_in: Some(Some(Duration::from_secs(9))),
    };
    let changed = keys.change(owner, shown.id, change).await.unwrap().unwrap();
    let caller = keys.verify(&key.digest()).await.unwrap();
    assert_eq!(caller.rules.first(), Some(Rule::ReadOnly));
    assert_eq!(changed.rules, json!({"read_only": true}));
    assert_eq!(
        (caller.expires, changed.expires_time),
        (Some(clock.now() + Duration::from_secs(9)), caller.expires)
    );
    let change = KeyChange { expires_in: Some(None), ..KeyChange::default() };
    assert_eq!(keys.change(owner, shown.id, change).await.unwrap().unwrap().expires_time, None);
}

#[tokio::test]
async fn an_owner_sees_and_touches_only_its_own_keys() {
    let World { store, clock, keys, owner } = world().await;
    let grace = Owners::new(store, clock).create("Grace", None).await.unwrap().id;
    let (shown, key) = keys.issue(owner, new("ci")).await.unwrap();
    assert!(keys.list(grace).await.unwrap().is_empty());
    assert_eq!(keys.get(grace, shown.id).await.unwrap(), None);
    assert_eq!(keys.change(grace, shown.id, KeyChange::default()).await.unwrap(), None);
    assert!(keys.rotate(grace, shown.id).await.unwrap().is_none());
    assert!(!keys.revoke(grace, shown.id).await.unwrap());
    assert!(keys.verify(&key.digest()).await.is_ok());
    assert_eq!(keys.list(owner).await.unwrap(), [shown]);
}

#[tokio::test]
async fn the_keys_of_a_deleted_owner_end_at_once() {
    let World { store, clock, keys, owner } = world().await;
    let owners = Owners::new(store, clock);
    let listener = keys.clone();
    owners.on_change(move |id| listener.forget_owner(id));
    let (_, key) = keys.issue(owner, new("ci")).await.unwrap();
    keys.verify(&key.digest()).await.unwrap();
    owners.delete(owner).await.unwrap();
    assert_eq!(keys.verify(&key.digest()).await.unwrap_err(), KeyError::Invalid);
    assert_eq!(keys.issue(owner, new("ci")).await.unwrap_err(), KeyError::NoOwner);
}

#[tokio::test]
async fn known_good_keys_serve_while_the_store_is_down_for_the_time_of_grace() {
    let World { store, keys, owner, clock, .. } = world().await;
    let (_, key) = keys.issue(owner, new("ci")).await.unwrap();
    keys.verify(&key.digest()).await.unwrap();
    store.close().await;
    clock.advance(Duration::from_secs(299));
    assert!(keys.verify(&key.digest()).await.is_ok());
    assert!(matches!(keys.verify(&ApiKey::generate().digest()).await, Err(KeyError::Unavailable(_))));
    clock.advance(Duration::from_secs(2));
    assert!(matches!(keys.verify(&key.digest()).await, Err(KeyError::Unavailable(_))));
}

#[tokio::test]
async fn uses_are_written_down_in_batches_and_survive_a_failed_write() {
    let World { store, keys, owner, clock, .. } = world().await;
    let (shown, key) = keys.issue(owner, new("ci")).await.unwrap();
    keys.verify(&key.digest()).await.unwrap();
    clock.advance(NOTE);
    keys.verify(&key.digest()).await.unwrap();
    assert_eq!(keys.get(owner, shown.id).await.unwrap().unwrap().last_used_time, None);
    keys.flush_used().await.unwrap();
    assert_eq!(keys.get(owner, shown.id).await.unwrap().unwrap().last_used_time, Some(clock.now()));
    keys.verify(&key.digest()).await.unwrap();
    assert!(keys.uses.take().is_empty(), "noted a moment ago");
    clock.advance(NOTE);
    keys.verify(&key.digest()).await.unwrap();
    store.close().await;
    assert!(keys.flush_used().await.is_err());
    assert_eq!(keys.uses.take(), [(shown.id, clock.now())]);
    assert_eq!(keys.flush_used().await, Ok(()), "nothing to write needs no store");
}
