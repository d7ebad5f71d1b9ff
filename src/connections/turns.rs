//! Turns at token endpoints: however many tokens end at once, a provider gets so many renewals a second and so many at a
//! time (TL-12). The limit is each host's own; who waits holds up nobody else.
//!
//! Two lanes: a renewal that a call waits for doesn't stand behind thousands that have time. Code exchanges and logins, for
//! which a person waits, take no turn.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use quick_cache::sync::Cache;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, sleep},
};

use super::{Connections, obtain::Held};

/// Between two renewals of one lane at one host.
const SPACING: Duration = Duration::from_millis(20);
/// So many may come at once after a quiet time: a second's worth.
const BURST: u32 = 50;
/// Renewals that one host works on at a time.
const AT_ONCE: usize = 16;
/// Hosts that are remembered; one that is forgotten starts anew.
const HOSTS: usize = 10_000;

/// Whose turn it is, by host.
pub(super) struct Turns(Cache<String, Arc<Host>>);

struct Host {
    /// When each lane would be empty: for those that a call waits for, and for those ahead of time.
    lanes: Mutex<[Option<Instant>; 2]>,
    places: Arc<Semaphore>,
}

impl Turns {
    pub(super) fn new() -> Self {
        Self(Cache::new(HOSTS))
    }

    /// How long to wait for a turn at `host`, which is taken herewith.
    fn take(&self, host: &str, is_waited_for: bool, now: Instant) -> (Duration, Arc<Semaphore>) {
        let host = self.host(host);
        let mut lanes = host.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        let [waited_for, ahead] = &mut *lanes;
        let lane = if is_waited_for { waited_for } else { ahead };
        let turn = lane.map_or(now, |empty| empty.max(now)) + SPACING;
        *lane = Some(turn);
        let wait = turn.saturating_duration_since(now + SPACING * BURST);
        (wait, Arc::clone(&host.places))
    }

    fn host(&self, name: &str) -> Arc<Host> {
        if let Some(host) = self.0.get(name) {
            return host;
        }
        let host = Arc::new(Host { lanes: Mutex::default(), places: Arc::new(Semaphore::new(AT_ONCE)) });
        self.0.insert(name.to_owned(), Arc::clone(&host));
        host
    }
}

impl Connections {
    /// Waits for a turn at the provider of a grant; it lasts as long as what is given.
    pub(super) async fn turn(&self, held: &Held) -> Option<OwnedSemaphorePermit> {
        let gathering = held.gathering().ok()?;
        let step =
            gathering.way.refresh.url.as_ref().or(gathering.way.token.as_ref().map(|token| &token.url));
        let url: http::Uri = step?.fill(&gathering.values()).ok()?.parse().ok()?;
        let is_waited_for = held.expires.is_some_and(|end| end <= self.parts.clock.now());
        let (wait, places) = self.fresh.turns.take(url.authority()?.as_str(), is_waited_for, Instant::now());
        if !wait.is_zero() {
            sleep(wait).await;
        }
        places.acquire_owned().await.ok()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use uuid::Uuid;

    use super::*;
    use crate::{clock::Timestamp, connections::schedule::Schedule, id::ConnectionId};

    const SCHEDULE: Schedule = Schedule { ahead: Duration::from_mins(5), spacing: Duration::from_mins(1) };

    /// When each of those who want a turn at `wanted` gets one, in seconds.
    fn turns(wanted: &[f64], is_waited_for: bool) -> Vec<f64> {
        let (turns, start) = (Turns::new(), Instant::now());
        let turn = |at: &f64| {
            let now = start + Duration::from_secs_f64(*at);
            at + turns.take("provider.test", is_waited_for, now).0.as_secs_f64()
        };
        wanted.iter().map(turn).collect()
    }

    fn most_in_a_second(times: &[f64]) -> usize {
        let mut seconds = BTreeMap::<u64, usize>::new();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "small and positive")]
        times.iter().for_each(|time| *seconds.entry(*time as u64).or_default() += 1);
        seconds.into_values().max().unwrap()
    }

    #[test]
    fn tl_12_ten_thousand_that_end_in_one_second_are_renewed_in_time_and_at_most_so_many_a_second() {
        const LIFE: f64 = 3600.0;
        let issued = Timestamp::from_micros(0);
        let mut wanted: Vec<f64> = (0..10_000_u128)
            .map(|number| {
                let id = ConnectionId::from(Uuid::from_u128(number.wrapping_mul(0x9E37_79B9_7F4A_7C15)));
                let end = issued + Duration::from_secs_f64(LIFE);
                SCHEDULE.renewal(id, issued, end).since(issued).as_secs_f64()
            })
            .collect();
        wanted.sort_by(f64::total_cmp);
        let began = turns(&wanted, false);
        assert!(most_in_a_second(&began) <= 2 * BURST as usize, "{}", most_in_a_second(&began));
        assert!(began.iter().all(|time| *time < LIFE), "none ended before its turn");
    }

    #[test]
    fn tl_12_ten_thousand_calls_that_wait_at_once_are_served_in_turn() {
        let began = turns(&[0.0; 10_000], true);
        assert!(most_in_a_second(&began) <= 2 * BURST as usize, "{}", most_in_a_second(&began));
        let last = began.iter().copied().fold(0.0, f64::max);
        assert!(last <= 200.0, "all of them, the last after {last} s");
    }

    #[test]
    fn tl_12_a_call_that_waits_does_not_stand_behind_those_that_have_time() {
        let (turns, now) = (Turns::new(), Instant::now());
        let behind = (0..1000).map(|_| turns.take("a.test", false, now).0).max().unwrap();
        assert!(behind >= Duration::from_secs(18));
        assert_eq!(turns.take("a.test", true, now).0, Duration::ZERO);
        assert_eq!(
            turns.take("b.test", false, now).0,
            Duration::ZERO,
            "and another host has turns of its own"
        );
    }

    #[test]
    fn tl_12_at_most_so_many_are_at_one_provider_at_a_time() {
        let turns = Turns::new();
        let (_, places) = turns.take("a.test", true, Instant::now());
        let held: Vec<_> = std::iter::from_fn(|| Arc::clone(&places).try_acquire_owned().ok()).collect();
        assert_eq!(held.len(), AT_ONCE);
        assert!(
            turns.take("a.test", false, Instant::now()).1.try_acquire().is_err(),
            "both lanes share them"
        );
    }
}
