//! What was read from the store: believed for some seconds, or as long as somebody tells of every change; asked for by
//! one caller at a time, and kept in use through an outage of the store.
//!
//! Forgetting is immediate: whoever asks after `forget` has returned gets what the store says after that. A load
//! that was under way meanwhile ends in a slot that nobody finds any more.

use std::{
    convert::Infallible,
    hash::Hash,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering},
    },
    time::Duration,
};

use arc_swap::ArcSwapOption;
use foldhash::fast::RandomState;
use quick_cache::{Equivalent, UnitWeighter, sync::DefaultLifecycle};
use tokio::{sync::Mutex, time::timeout};

use crate::clock::{Clock, Seldom, Timestamp};

/// How long a caller for whom there is a known-good value waits for the store.
const PATIENCE: Duration = Duration::from_secs(1);
/// How long the store is left alone after it failed.
const PAUSE: Duration = Duration::from_secs(1);
/// How long a value is believed at most, though nothing was told of it: changes may have been made in ways that
/// nobody tells of.
const LONGEST: Duration = Duration::from_hours(1);
/// Nobody tells of changes.
const UNTOLD: i64 = i64::MIN;

/// Values by key, each loaded when it is first asked for. A clone shares them.
#[derive(Clone)]
pub struct Cache<K, V> {
    slots: Arc<Slots<K, V>>,
    clock: Clock,
    times: Times,
    /// Until when every change was told, in microseconds.
    told: Arc<AtomicI64>,
    swept: Arc<Seldom>,
}

type Slots<K, V> = quick_cache::sync::Cache<K, Arc<Slot<V>>, UnitWeighter, RandomState>;

/// How long a cached value is good for.
#[derive(Clone, Copy, Debug)]
pub struct Times {
    /// Without asking the store, from when it was asked, or from when it last was told what had changed.
    pub fresh: Duration,
    /// While the store can't be asked.
    pub grace: Duration,
}

/// The place of one key: its value, and who is loading it.
struct Slot<V> {
    value: ArcSwapOption<Loaded<V>>,
    loading: Mutex<()>,
    /// Loads that ended without a value.
    fruitless: AtomicU64,
    /// Whether it was asked for since the last [`Cache::sweep`].
    used: AtomicBool,
}

struct Loaded<V> {
    value: V,
    at: Timestamp,
    ask_again: Timestamp,
}

impl<K: Hash + Eq + Send + Sync + Clone + 'static, V: Clone + Send + Sync + 'static> Cache<K, V> {
    /// An empty cache of at most `entries` values; those not asked for go first.
    pub fn new(clock: Clock, times: Times, entries: u64) -> Self {
        let items = usize::try_from(entries).unwrap_or(usize::MAX);
        let (hasher, lifecycle) = (RandomState::default(), DefaultLifecycle::default());
        let slots = Arc::new(Slots::with(items, entries, UnitWeighter, hasher, lifecycle));
        Self { slots, clock, times, told: Arc::new(AtomicI64::new(UNTOLD)), swept: Arc::default() }
    }

    /// The value of `key`, if it is fresh `now`.
    pub fn at_hand<Q: Hash + Equivalent<K>>(&self, key: &Q, now: Timestamp) -> Option<V> {
        let slot = self.slots.get(key)?;
        self.fresh(&slot, now)
    }

    /// The value of `key`: the one at hand if it is fresh, else what `load` gives. If that fails, or takes long,
    /// an older value is still good for the time of grace. That there is none is not remembered.
    pub async fn get<E>(
        &self,
        key: &K,
        load: impl Future<Output = Result<Option<V>, E>>,
    ) -> Result<Option<V>, E> {
        if let Some(value) = self.at_hand(key, self.clock.now()) {
            return Ok(Some(value));
        }
        let slot = self.slot(key);
        let fruitless = slot.fruitless.load(Ordering::Acquire);
        let turn = slot.loading.lock().await;
        if let Some(value) = self.fresh(&slot, self.clock.now()) {
            return Ok(Some(value));
        }
        // Whoever waited for a load in vain doesn't queue for a second one: each wait may be as long as the
        // store's deadline, and a hundred of them in a row would be minutes.
        let _turn = (slot.fruitless.load(Ordering::Acquire) == fruitless).then_some(turn);
        let result = self.load(&slot, load).await;
        if matches!(result, Ok(None)) {
            self.slots.remove(key);
        }
        result
    }

    fn slot(&self, key: &K) -> Arc<Slot<V>> {
        let Ok(slot) = self.slots.get_or_insert_with(key, || Ok::<_, Infallible>(Arc::new(Slot::new())));
        slot
    }

    async fn load<E>(
        &self,
        slot: &Slot<V>,
        load: impl Future<Output = Result<Option<V>, E>>,
    ) -> Result<Option<V>, E> {
        // The age counts from before the question: what changed while it was under way is not older than that.
        let start = self.clock.now();
        let good = slot.value.load_full().filter(|loaded| loaded.at <= start);
        let good = good.map(|loaded| (self.known(&loaded, start), loaded.value.clone()));
        let good = good.filter(|(known, _)| start.since(*known) < self.times.grace);
        let answer = match &good {
            Some(_) => timeout(PATIENCE, load).await.ok(),
            None => Some(load.await),
        };
        match (answer, good) {
            (Some(Ok(Some(value))), _) => {
                slot.put(&value, start, start + self.times.fresh);
                Ok(Some(value))
            }
            (Some(Err(_)) | None, Some((known, value))) => {
                slot.put(&value, known, self.clock.now() + PAUSE.min(self.times.fresh));
                Ok(Some(value))
            }
            (Some(other), _) => {
                slot.value.store(None);
                slot.fruitless.fetch_add(1, Ordering::AcqRel);
                other
            }
            (None, None) => Ok(None),
        }
    }

    /// The value at hand, unless the store has to be asked. A clock that was set back makes nothing fresh for longer.
    fn fresh(&self, slot: &Slot<V>, now: Timestamp) -> Option<V> {
        let value = slot.value.load();
        let loaded = value.as_ref().filter(|loaded| {
            loaded.at <= now
                && (now < loaded.ask_again || (self.is_told(now) && now.since(loaded.at) < LONGEST))
        })?;
        slot.use_it();
        Some(loaded.value.clone())
    }

    fn is_told(&self, now: Timestamp) -> bool {
        let told = Timestamp::from_micros(self.told.load(Ordering::Acquire));
        told <= now && now < told + self.times.fresh
    }

    /// Until when a value was certainly that of the store.
    fn known(&self, loaded: &Loaded<V>, now: Timestamp) -> Timestamp {
        let told = Timestamp::from_micros(self.told.load(Ordering::Acquire));
        if told <= now { loaded.at.max(told) } else { loaded.at }
    }

    /// What had changed in the store at `then` was forgotten here, without a gap since the last [`Self::forget_all`].
    /// Values are believed from then on as if they had been read then. `None`: it is no longer known what changes.
    pub fn told(&self, then: Option<Timestamp>) {
        self.told.store(then.map_or(UNTOLD, Timestamp::as_micros), Ordering::Release);
    }

    /// Drops every value, and what is being loaded.
    pub fn forget_all(&self) {
        self.slots.clear();
    }

    /// Whether there is a value of `key`, fresh or not. Asks nobody.
    pub fn knows(&self, key: &K) -> bool {
        self.slots.get(key).is_some_and(|slot| slot.value.load().is_some())
    }

    /// Drops the value of `key` at once.
    pub fn forget<Q: Hash + Equivalent<K>>(&self, key: &Q) {
        self.slots.remove(key);
    }

    /// Drops every value for which `is_gone`, and those that are being loaded, which might be such.
    pub fn forget_if(&self, is_gone: impl Fn(&V) -> bool) {
        let stays = |loaded: &Arc<Loaded<V>>| !is_gone(&loaded.value);
        self.slots.retain(|_, slot| !slot.is_loading() && slot.value.load().as_ref().is_some_and(stays));
    }

    /// Drops what nobody has asked for in longer than the time of grace. For a job, every minute or so.
    pub fn sweep(&self) {
        if !self.swept.is_due(self.clock.now(), self.times.grace.max(self.times.fresh)) {
            return;
        }
        self.slots.retain(|_, slot| slot.used.swap(false, Ordering::Relaxed) || slot.is_loading());
    }
}

impl<V: Clone> Slot<V> {
    fn new() -> Self {
        Self {
            value: ArcSwapOption::empty(),
            loading: Mutex::new(()),
            fruitless: AtomicU64::new(0),
            used: AtomicBool::new(true),
        }
    }

    /// Writes only where that changes something: this memory is read by every thread.
    fn use_it(&self) {
        if !self.used.load(Ordering::Relaxed) {
            self.used.store(true, Ordering::Relaxed);
        }
    }

    fn is_loading(&self) -> bool {
        self.loading.try_lock().is_err()
    }

    fn put(&self, value: &V, at: Timestamp, ask_again: Timestamp) {
        self.value.store(Some(Arc::new(Loaded { value: value.clone(), at, ask_again })));
    }
}

impl<K, V> std::fmt::Debug for Cache<K, V> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cache").field("times", &self.times).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
