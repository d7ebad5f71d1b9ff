//! Limits for waits that are nearly always short.
//!
//! A timer of the runtime is sorted in when a wait begins and taken out when it ends, which costs more than to note who
//! waits. So a wait is noted, and only who still waits a second or two later gets a timer, which fires when it should.

use std::{
    future::poll_fn,
    mem,
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
    time::Duration,
};

use tokio::time::{Instant, Sleep, sleep, sleep_until};

/// For limits that are none: a clock has an end.
const LONGEST: Duration = Duration::from_hours(24 * 365);
/// How often somebody looks who still waits.
const LOOK: Duration = Duration::from_secs(1);

/// Who waits.
#[derive(Default)]
pub(crate) struct Waits(Mutex<List>);

#[derive(Default)]
struct List {
    places: Vec<Place>,
    free: Vec<usize>,
    waiting: usize,
    /// How often somebody has looked.
    looks: u64,
    is_watched: bool,
}

enum Place {
    Free,
    Waiting {
        waker: Waker,
        looks: u64,
    },
    /// Has waited so long that it gets a timer.
    Called,
}

impl Waits {
    fn list(&self) -> MutexGuard<'_, List> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What `future` gives, or nothing if that takes longer than `limit`.
    pub(crate) async fn within<T>(
        self: &Arc<Self>,
        limit: Duration,
        mut future: Pin<&mut impl Future<Output = T>>,
    ) -> Option<T> {
        let mut wait = Wait::new(Arc::clone(self), limit);
        poll_fn(|cx| match future.as_mut().poll(cx) {
            Poll::Ready(value) => Poll::Ready(Some(value)),
            Poll::Pending => wait.poll(cx).map(|()| None),
        })
        .await
    }

    fn note(self: &Arc<Self>, waker: &Waker) -> usize {
        let mut list = self.list();
        let place = Place::Waiting { waker: waker.clone(), looks: list.looks };
        list.waiting += 1;
        let at = if let Some(at) = list.free.pop() {
            if let Some(free) = list.places.get_mut(at) {
                *free = place;
            }
            at
        } else {
            list.places.push(place);
            list.places.len() - 1
        };
        if !mem::replace(&mut list.is_watched, true) {
            drop(list);
            self.watch();
        }
        at
    }

    /// Whether who waits at this place shall make a timer. Else `waker` is who is called.
    fn is_called(&self, at: usize, waker: &Waker) -> bool {
        match self.list().places.get_mut(at) {
            Some(Place::Waiting { waker: known, .. }) => {
                known.clone_from(waker);
                false
            }
            _ => true,
        }
    }

    fn forget(&self, at: usize) {
        let mut list = self.list();
        let place = list.places.get_mut(at).map(|place| mem::replace(place, Place::Free));
        if matches!(place, Some(Place::Waiting { .. })) {
            list.waiting -= 1;
        }
        list.free.push(at);
        drop(list);
    }

    /// Starts the task that looks who still waits; it ends when nobody does.
    fn watch(self: &Arc<Self>) {
        let waits = Arc::downgrade(self);
        tokio::spawn(async move {
            loop {
                sleep(LOOK).await;
                if !waits.upgrade().is_some_and(|waits| waits.look()) {
                    return;
                }
            }
        });
    }

    /// Calls who waited at the last look already; whether anybody waits.
    fn look(&self) -> bool {
        let mut called = Vec::new();
        let mut list = self.list();
        let looks = list.looks;
        list.looks += 1;
        for place in &mut list.places {
            if matches!(place, Place::Waiting { looks: since, .. } if *since < looks)
                && let Place::Waiting { waker, .. } = mem::replace(place, Place::Called)
            {
                called.push(waker);
            }
        }
        list.waiting -= called.len();
        list.is_watched = list.waiting > 0;
        let is_watched = list.is_watched;
        drop(list);
        called.into_iter().for_each(Waker::wake);
        is_watched
    }
}

/// One wait.
pub(crate) struct Wait {
    waits: Arc<Waits>,
    until: Instant,
    is_short: bool,
    state: State,
}

enum State {
    New,
    Noted(usize),
    Timed(Pin<Box<Sleep>>),
}

impl Wait {
    /// Waits for so long from now on.
    pub(crate) fn new(waits: Arc<Waits>, limit: Duration) -> Self {
        let now = Instant::now();
        let until = now.checked_add(limit).unwrap_or(now + LONGEST);
        Self { waits, until, is_short: limit < 3 * LOOK, state: State::New }
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        loop {
            match &mut self.state {
                // Nobody would look in time.
                State::New if self.is_short => self.arm(),
                State::New => {
                    self.state = State::Noted(self.waits.note(cx.waker()));
                    return Poll::Pending;
                }
                State::Noted(at) if !self.waits.is_called(*at, cx.waker()) => return Poll::Pending,
                State::Noted(_) => self.arm(),
                State::Timed(timer) => return timer.as_mut().poll(cx),
            }
        }
    }

    fn arm(&mut self) {
        self.leave();
        self.state = State::Timed(Box::pin(sleep_until(self.until)));
    }

    fn leave(&mut self) {
        if let State::Noted(at) = mem::replace(&mut self.state, State::New) {
            self.waits.forget(at);
        }
    }
}

impl Drop for Wait {
    fn drop(&mut self) {
        self.leave();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{future::pending, pin::pin};

    #[tokio::test(start_paused = true)]
    async fn a_wait_ends_when_it_should_and_not_before() {
        let waits = Arc::<Waits>::default();
        for limit in [0, 1, 150, 2_999, 3_000, 3_001, 120_000].map(Duration::from_millis) {
            let start = Instant::now();
            assert_eq!(waits.within(limit, pin!(pending::<()>())).await, None);
            let took = start.elapsed();
            assert!((limit..=limit + Duration::from_millis(2)).contains(&took), "{took:?} for {limit:?}");
        }
        for wait in [0, 500, 5_000, 119_999].map(Duration::from_millis) {
            assert_eq!(waits.within(Duration::from_mins(2), pin!(sleep(wait))).await, Some(()));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn many_waits_share_the_list_and_leave_nothing_behind() {
        let waits = Arc::<Waits>::default();
        let mut calls = tokio::task::JoinSet::new();
        for number in 0..200 {
            let waits = Arc::clone(&waits);
            calls.spawn(async move {
                sleep(Duration::from_millis(number * 7)).await;
                let start = Instant::now();
                let came = sleep(Duration::from_millis(number * 100));
                let came = waits.within(Duration::from_secs(10), pin!(came)).await.is_some();
                assert_eq!(came, number <= 100, "{number}");
                start.elapsed()
            });
        }
        while let Some(took) = calls.join_next().await {
            assert!(took.unwrap() <= Duration::from_millis(10_002));
        }
        sleep(2 * LOOK).await;
        let list = waits.list();
        assert_eq!((list.waiting, list.is_watched), (0, false));
        assert_eq!(list.free.len(), list.places.len());
        assert!(list.places.len() <= 200);
    }
}
