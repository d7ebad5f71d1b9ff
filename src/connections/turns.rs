//! Turns at token endpoints: however many tokens end at once, a provider gets so many renewals a second and so many at a
//! time (TL-12). The limit is each host's own.
//!
//! Two lanes: a renewal that a call waits for doesn't stand behind thousands that have time. Code exchanges and logins, for
//! which a person waits, take no turn.

use std::{
    convert::Infallible,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use quick_cache::sync::Cache;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, sleep},
};

use super::{
    Connections,
    obtain::{Cause, Held},
};

/// Between two renewals of one lane at one host.
const SPACING: Duration = Duration::from_millis(20);
/// So many may come at once after a quiet time: a second's worth.
const BURST: u32 = 50;
/// Renewals that one host works on at a time.
const AT_ONCE: usize = 16;
/// So many of them may be ahead of time.
const AHEAD_AT_ONCE: usize = 12;
/// Hosts that are remembered; one that is forgotten starts anew.
const HOSTS: usize = 10_000;

/// The gateway stops: no turn is given any more.
pub(super) struct Stopping;

/// Whose turn it is, by host.
pub(super) struct Turns(Cache<String, Arc<Host>>);

struct Host {
    /// When each lane would be empty: for those that a call waits for, and for those ahead of time.
    lanes: Mutex<[Option<Instant>; 2]>,
    places: Arc<Semaphore>,
    /// What of them those ahead of time may take: who is waited for never finds all of them taken.
    ahead: Arc<Semaphore>,
}

/// A turn; it ends when it is dropped.
pub(super) struct Turn(#[expect(dead_code, reason = "held for its end")] Vec<OwnedSemaphorePermit>);

impl Turns {
    pub(super) fn new() -> Self {
        Self(Cache::new(HOSTS))
    }

    /// How long to wait for a turn at `host`, which is taken herewith.
    fn take(&self, host: &str, is_waited_for: bool, now: Instant) -> (Duration, Arc<Host>) {
        let host = self.host(host);
        let mut lanes = host.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        let [waited_for, ahead] = &mut *lanes;
        let lane = if is_waited_for { waited_for } else { ahead };
        let turn = lane.map_or(now, |empty| empty.max(now)) + SPACING;
        *lane = Some(turn);
        let wait = turn.saturating_duration_since(now + SPACING * BURST);
        drop(lanes);
        (wait, host)
    }

    fn host(&self, name: &str) -> Arc<Host> {
        let new = || Ok::<_, Infallible>(Arc::new(Host::new()));
        self.0.get_or_insert_with(name, new).unwrap_or_else(|never| match never {})
    }
}

impl Host {
    fn new() -> Self {
        Self {
            lanes: Mutex::default(),
            places: Arc::new(Semaphore::new(AT_ONCE)),
            ahead: Arc::new(Semaphore::new(AHEAD_AT_ONCE)),
        }
    }

    /// The place of a turn, once there is one.
    async fn place(&self, is_waited_for: bool) -> Option<Turn> {
        let mut held = Vec::with_capacity(2);
        if !is_waited_for {
            held.push(Arc::clone(&self.ahead).acquire_owned().await.ok()?);
        }
        held.push(Arc::clone(&self.places).acquire_owned().await.ok()?);
        Some(Turn(held))
    }
}

impl Connections {
    /// Waits for a turn at the provider of a grant; it lasts as long as what is given. `Err`: the gateway stops, and
    /// what has not been sent by then is not sent any more.
    pub(super) async fn turn(&self, held: &Held, cause: Cause) -> Result<Option<Turn>, Stopping> {
        let turn = self.stopping.run_until_cancelled(self.turn_at_host(held, cause)).await;
        turn.filter(|_| !self.stopping.is_cancelled()).ok_or(Stopping)
    }

    async fn turn_at_host(&self, held: &Held, cause: Cause) -> Option<Turn> {
        let gathering = held.gathering().ok()?;
        let step =
            gathering.way.refresh.url.as_ref().or(gathering.way.token.as_ref().map(|token| &token.url));
        let url: http::Uri = step?.fill(&gathering.values()).ok()?.parse().ok()?;
        let has_ended = held.expires.is_some_and(|end| end <= self.parts.clock.now());
        let is_waited_for = has_ended || matches!(cause, Cause::Refused(_));
        let (wait, host) = self.fresh.turns.take(url.authority()?.as_str(), is_waited_for, Instant::now());
        if !wait.is_zero() {
            sleep(wait).await;
        }
        host.place(is_waited_for).await
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use futures_util::FutureExt as _;
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
        for time in times {
            *seconds.entry(*time as u64).or_default() += 1;
        }
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
        let began = turns(&vec![0.0; 10_000], true);
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

    #[tokio::test]
    async fn tl_12_at_most_so_many_are_at_one_provider_at_a_time() {
        let turns = Turns::new();
        let (_, host) = turns.take("a.test", false, Instant::now());
        let mut held = Vec::new();
        for _ in 0..AHEAD_AT_ONCE {
            held.push(host.place(false).now_or_never().flatten().unwrap());
        }
        assert!(host.place(false).now_or_never().is_none(), "some places are kept for who is waited for");
        for _ in AHEAD_AT_ONCE..AT_ONCE {
            held.push(host.place(true).now_or_never().flatten().unwrap());
        }
        assert!(host.place(true).now_or_never().is_none());
        held.pop();
        assert!(host.place(true).now_or_never().is_some());
    }
}
