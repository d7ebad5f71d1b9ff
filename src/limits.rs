//! How much one owner, key or address may ask for. An owner has a rate with a burst (the generic cell rate
//! algorithm), a key has a number of calls in flight, and an address has a rate of refused credentials, of keys nobody
//! knows yet, and of requests to pages and control API.
//!
//! The counts are this node's own. Nothing here waits: a call is admitted or refused at once.

mod rate;
#[cfg(test)]
mod tests;
mod ticks;

use std::{
    net::{IpAddr, Ipv6Addr},
    num::NonZeroU32,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use dashmap::DashMap;
use governor::{
    NotUntil, Quota, RateLimiter,
    clock::Clock as _,
    middleware::NoOpMiddleware,
    state::{InMemoryState, NotKeyed, keyed::DashMapStateStore},
};

pub use self::rate::Rate;
use self::ticks::Ticks;
use crate::{
    clock::Clock,
    config,
    id::{KeyId, OwnerId},
};

/// Refused credentials that one address may present per second, and at once. A caller with a wrong key in a retry
/// loop stays below; one that tries keys doesn't.
const GUESS_RATE: NonZeroU32 = NonZeroU32::new(20).unwrap();
const GUESS_BURST: NonZeroU32 = NonZeroU32::new(100).unwrap();
/// Keys that the cache doesn't know and that an address may have looked up in the store per second, and at once, while
/// it is under suspicion. So few that they don't keep the store busy, and enough for good keys from the same place.
const LOOK_UP_RATE: NonZeroU32 = NonZeroU32::new(200).unwrap();
const LOOK_UP_BURST: NonZeroU32 = NonZeroU32::new(1000).unwrap();
/// How long an address is under suspicion after it presented too many keys that were none.
const SUSPICION: Duration = Duration::from_mins(1);
/// When a call comes back that found all places of its key taken; when one comes free can't be known.
const RETRY_CONCURRENT: Duration = Duration::from_secs(1);

type Rated<K> = RateLimiter<K, DashMapStateStore<K>, Ticks, NoOpMiddleware<Duration>>;
type OwnersRate = RateLimiter<NotKeyed, InMemoryState, Ticks, NoOpMiddleware<Duration>>;

/// The limits of one node. A clone shares the counts.
#[derive(Clone, Debug)]
pub struct Limits(Arc<Counts>);

#[derive(Debug)]
struct Counts {
    ticks: Ticks,
    /// What every owner may ask for.
    quota: Quota,
    owners: DashMap<OwnerId, Arc<OwnersRate>>,
    managers: Rated<OwnerId>,
    guesses: Rated<IpAddr>,
    look_ups: Rated<IpAddr>,
    /// Until when each is under suspicion.
    suspects: DashMap<IpAddr, Duration>,
    visits: Rated<IpAddr>,
    keys: DashMap<KeyId, Arc<Standing>>,
    per_key: usize,
}

/// Where a key stands: its owner's rate, and its calls in flight. Whoever remembers the key remembers this with it, so
/// that a call looks nothing up.
#[derive(Debug)]
pub struct Standing {
    rate: Arc<OwnersRate>,
    ticks: Ticks,
    in_flight: AtomicUsize,
    most: usize,
}

/// An admitted call: its place among the key's calls in flight, which comes free when this is dropped. It must live
/// as long as the response body.
#[derive(Debug)]
pub struct Slot(Arc<Standing>);

/// Why a call was not admitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LimitReason {
    /// Too many calls in a time.
    RateLimited,
    /// Too many calls at the same time.
    TooManyConcurrent,
}

/// A call that was not admitted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("over the limit, free again in {retry_after:?}")]
pub struct Limited {
    /// Which kind of limit it met.
    pub reason: LimitReason,
    /// How long to wait.
    pub retry_after: Duration,
    /// The rate it exceeded; none for calls in flight.
    pub rate: Option<Rate>,
}

impl Limited {
    /// The value of `Retry-After`: whole seconds, at least one, never too early.
    #[must_use]
    pub fn retry_after_seconds(&self) -> u64 {
        rate::seconds(self.retry_after)
    }
}

impl Limits {
    /// Limits with nothing counted yet.
    #[must_use]
    pub fn new(settings: &config::Limits, clock: &Clock) -> Self {
        let ticks = Ticks::new(clock);
        Self(Arc::new(Counts {
            quota: quota(settings.owner_rate, settings.owner_burst),
            owners: DashMap::new(),
            managers: rated(settings.owner_rate, settings.owner_burst, &ticks),
            guesses: rated(GUESS_RATE, GUESS_BURST, &ticks),
            look_ups: rated(LOOK_UP_RATE, LOOK_UP_BURST, &ticks),
            suspects: DashMap::new(),
            visits: rated(settings.address_rate, settings.address_burst, &ticks),
            keys: DashMap::new(),
            per_key: usize::try_from(settings.key_concurrency.get()).unwrap_or(usize::MAX),
            ticks,
        }))
    }

    /// Where this key of this owner stands. All who ask meanwhile share the counts.
    pub fn standing(&self, owner: OwnerId, key: KeyId) -> Arc<Standing> {
        // Taken as clones under the shards' locks: `forget_idle` then sees that they are in use.
        let new = || {
            let Counts { ticks, quota, per_key, .. } = &*self.0;
            let rate = || Arc::new(RateLimiter::direct_with_clock(*quota, ticks.clone()));
            let rate = Arc::clone(&self.0.owners.entry(owner).or_insert_with(rate));
            let in_flight = AtomicUsize::new(0);
            Arc::new(Standing { rate, ticks: ticks.clone(), in_flight, most: *per_key })
        };
        Arc::clone(&self.0.keys.entry(key).or_insert_with(new))
    }

    /// Counts a credential that was refused at this address; an error says that it has presented too many, and that
    /// its caller should hear of that instead.
    pub fn guess(&self, address: IpAddr) -> Result<(), Limited> {
        let address = network(address);
        let counted = self.0.check("address", &self.0.guesses, &address);
        if counted.is_err() {
            self.0.suspects.insert(address, self.0.ticks.now() + SUSPICION);
        }
        counted
    }

    /// Whether a key may be looked up in the store for this address. Counts only where somebody tried keys a short
    /// while ago: after a start, every key of a large caller is looked up.
    pub fn look_up(&self, address: IpAddr) -> Result<(), Limited> {
        let address = network(address);
        let now = self.0.ticks.now();
        if self.0.suspects.get(&address).is_none_or(|until| *until <= now) {
            return Ok(());
        }
        self.0.check("address", &self.0.look_ups, &address)
    }

    /// Counts a request of this address to a page or to the control API.
    pub fn visit(&self, address: IpAddr) -> Result<(), Limited> {
        self.0.check("address", &self.0.visits, &network(address))
    }

    /// Counts a request of this owner to the control API, which takes none of the rate of its calls.
    pub fn manage(&self, owner: OwnerId) -> Result<(), Limited> {
        self.0.check("owner", &self.0.managers, &owner)
    }

    /// Forgets who has been idle long enough to have all of it back. For a job.
    pub fn forget_idle(&self) {
        self.0.keys.retain(|_, standing| Arc::strong_count(standing) > 1);
        self.0.owners.retain(|_, rate| Arc::strong_count(rate) > 1 || !is_rested(rate, self.0.quota));
        self.0.managers.retain_recent();
        self.0.guesses.retain_recent();
        self.0.look_ups.retain_recent();
        let now = self.0.ticks.now();
        self.0.suspects.retain(|_, until| *until > now);
        self.0.visits.retain_recent();
    }
}

impl Standing {
    /// Counts a call, or refuses it. A refused one counts nowhere.
    pub fn admit(self: &Arc<Self>) -> Result<Slot, Limited> {
        let slot = self.place().ok_or(Limited {
            reason: LimitReason::TooManyConcurrent,
            retry_after: RETRY_CONCURRENT,
            rate: None,
        })?;
        match self.rate.check() {
            Ok(()) => Ok(slot),
            Err(until) => Err(limited("owner", &until, &self.ticks)),
        }
    }

    fn place(self: &Arc<Self>) -> Option<Slot> {
        let slot = Slot(Arc::clone(self));
        (self.in_flight.fetch_add(1, Ordering::Relaxed) < self.most).then_some(slot)
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Counts {
    fn check<K: Clone + Eq + std::hash::Hash>(
        &self,
        name: &'static str,
        rated: &Rated<K>,
        key: &K,
    ) -> Result<(), Limited> {
        rated.check_key(key).map_err(|until| limited(name, &until, &self.ticks))
    }
}

fn limited(name: &'static str, until: &NotUntil<Duration>, ticks: &Ticks) -> Limited {
    let retry_after = until.wait_time_from(ticks.now());
    let rate = Some(Rate::spent(name, until.quota(), retry_after));
    Limited { reason: LimitReason::RateLimited, retry_after, rate }
}

/// Whether nothing of a rate is used. Takes all of it where that is so: for one that nobody has any more.
fn is_rested(rate: &OwnersRate, quota: Quota) -> bool {
    matches!(rate.check_n(quota.burst_size()), Ok(Ok(())))
}

fn quota(rate: NonZeroU32, burst: NonZeroU32) -> Quota {
    Quota::per_second(rate).allow_burst(burst)
}

fn rated<K: Clone + Eq + std::hash::Hash>(rate: NonZeroU32, burst: NonZeroU32, ticks: &Ticks) -> Rated<K> {
    RateLimiter::dashmap_with_clock(quota(rate, burst), ticks.clone())
}

/// What counts as one address: for IPv6 the /64 that one site has to itself.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & !u128::from(u64::MAX))),
        v4 @ IpAddr::V4(_) => v4,
    }
}
