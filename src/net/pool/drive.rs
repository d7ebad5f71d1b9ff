//! Who moves an HTTP/1.1 connection: the call that holds it, or a task.
//!
//! A call that waits for nothing but its answer drives the connection itself: nothing is handed over, nobody else is
//! woken. An upload has to go on also while nobody asks for its answer, so its connection gets a task. It keeps
//! that task. Any other connection that rests is driven by nobody; what happened to it meanwhile is seen before the next
//! request is written.

use std::{
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
};

use futures_util::task::AtomicWaker;
use tokio::task::AbortHandle;

type Connection = Pin<Box<dyn Future<Output = ()> + Send>>;

/// What drives a connection.
pub(super) enum Driver {
    /// Whoever polls.
    Call { connection: Option<Connection>, relay: Arc<Relay>, waker: Waker },
    /// A task.
    Task(AbortHandle),
}

impl Driver {
    /// Nobody yet: `connection` moves when the call polls.
    pub(super) fn new(connection: impl Future<Output = ()> + Send + 'static) -> Self {
        let relay = Arc::new(Relay { outer: AtomicWaker::new(), state: AtomicU8::new(OUTSIDE) });
        let waker = Arc::clone(&relay).into();
        Self::Call { connection: Some(Box::pin(connection)), relay, waker }
    }

    /// Gives the connection a task.
    pub(super) fn let_go(&mut self) {
        let Self::Call { connection, .. } = self else { return };
        if let Some(connection) = connection.take() {
            *self = Self::Task(tokio::spawn(connection).abort_handle());
        }
    }

    /// Closes the connection, whatever it is doing.
    pub(super) fn cut(&mut self) {
        match self {
            Self::Call { connection, .. } => *connection = None,
            Self::Task(task) => task.abort(),
        }
    }

    /// Moves the connection, then asks for what comes of it.
    pub(super) fn poll_after<T>(
        &mut self,
        cx: &mut Context<'_>,
        mut wanted: impl FnMut(&mut Context<'_>) -> Poll<T>,
    ) -> Poll<T> {
        let Self::Call { connection, relay, waker } = self else { return wanted(cx) };
        relay.enter(cx.waker());
        let inside = &mut Context::from_waker(waker);
        drive(connection, inside);
        let polled = wanted(inside);
        relay.leave(polled.is_pending());
        polled
    }

    /// Asks for what may be there already, and moves the connection where it isn't.
    pub(super) fn poll_before<T>(
        &mut self,
        cx: &mut Context<'_>,
        mut wanted: impl FnMut(&mut Context<'_>) -> Poll<T>,
    ) -> Poll<T> {
        let Self::Call { connection, relay, waker } = self else { return wanted(cx) };
        relay.enter(cx.waker());
        let inside = &mut Context::from_waker(waker);
        let mut polled = wanted(inside);
        if polled.is_pending() {
            drive(connection, inside);
            polled = wanted(inside);
        }
        relay.leave(polled.is_pending());
        polled
    }

    /// Nobody waits any more.
    pub(super) fn rest(&self) {
        if let Self::Call { relay, .. } = self {
            drop(relay.outer.take());
        }
    }

    /// Sees what happened to a connection that rests.
    pub(super) fn look(&mut self) {
        if let Self::Call { connection, waker, .. } = self {
            drive(connection, &mut Context::from_waker(waker));
        }
    }
}

fn drive(connection: &mut Option<Connection>, cx: &mut Context<'_>) {
    if connection.as_mut().is_some_and(|connection| connection.as_mut().poll(cx).is_ready()) {
        // What it still held comes back to whoever waits for it.
        *connection = None;
    }
}

const OUTSIDE: u8 = 0;
const INSIDE: u8 = 1;
const WOKEN: u8 = 2;

/// The waker that a connection and all of its parts know: it stays the same from call to call, and passes a wake-up on to
/// the call that waits. While that call is polling, its parts wake each other, which nobody else has to hear.
pub(super) struct Relay {
    outer: AtomicWaker,
    state: AtomicU8,
}

impl Relay {
    fn enter(&self, outer: &Waker) {
        self.outer.register(outer);
        self.state.store(INSIDE, Ordering::SeqCst);
    }

    fn leave(&self, is_pending: bool) {
        // Whoever has what it wanted will come again before it waits.
        if self.state.swap(OUTSIDE, Ordering::SeqCst) & WOKEN != 0 && is_pending {
            self.outer.wake();
        }
    }
}

impl Wake for Relay {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if self.state.fetch_or(WOKEN, Ordering::SeqCst) & INSIDE == 0 {
            self.outer.wake();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{future::poll_fn, sync::atomic::AtomicUsize};

    struct Count(AtomicUsize);

    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    #[test]
    fn a_wake_up_reaches_the_call_that_waits_and_none_is_lost() {
        let count = Arc::new(Count(AtomicUsize::new(0)));
        let outer = Waker::from(Arc::clone(&count));
        let told = || count.0.load(Ordering::SeqCst);
        let kept: Arc<AtomicWaker> = Arc::default();
        let inner = Arc::clone(&kept);
        let mut driver = Driver::new(poll_fn(move |cx| {
            inner.register(cx.waker());
            Poll::<()>::Pending
        }));
        let mut poll = |result: Poll<()>, wakes: bool| {
            let polled = driver.poll_after(&mut Context::from_waker(&outer), |cx| {
                if wakes {
                    cx.waker().wake_by_ref();
                }
                result
            });
            assert_eq!(polled, result);
        };
        poll(Poll::Pending, false);
        assert_eq!(told(), 0);
        kept.wake();
        assert_eq!(told(), 1, "from outside");
        poll(Poll::Pending, true);
        assert_eq!(told(), 2, "from inside, where it would be forgotten else");
        poll(Poll::Ready(()), true);
        assert_eq!(told(), 2, "who has what it wanted needs no wake-up");
        driver.rest();
        kept.wake();
        assert_eq!(told(), 2, "nobody waits");
    }
}
