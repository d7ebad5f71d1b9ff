//! The threads that serve calls, each with a runtime of its own.
//!
//! What belongs to one call (its socket, its upstream connection, its timers) stays on one thread: nothing is handed
//! over, and nobody waits for a lock. Everything else runs beside them, on the runtime of the process.

use std::{io, num::NonZeroUsize, thread};

use tokio::runtime::{Builder, Handle};
use tokio_util::sync::{CancellationToken, DropGuard};

/// Running threads. Dropping this ends them, and what still runs on them.
pub struct Cores {
    handles: Vec<Handle>,
    _end: DropGuard,
}

impl Cores {
    /// Starts `count` threads.
    pub fn start(count: NonZeroUsize) -> io::Result<Self> {
        let end = CancellationToken::new();
        let guard = end.clone().drop_guard();
        let handles = (0..count.get()).map(|number| start(number, end.clone())).collect::<io::Result<_>>()?;
        Ok(Self { handles, _end: guard })
    }

    /// Where each of them takes tasks.
    pub fn handles(&self) -> &[Handle] {
        &self.handles
    }
}

fn start(number: usize, end: CancellationToken) -> io::Result<Handle> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let handle = runtime.handle().clone();
    thread::Builder::new()
        .name(format!("core-{number}"))
        .spawn(move || runtime.block_on(end.cancelled_owned()))?;
    Ok(handle)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn each_core_is_a_thread_and_they_end_together() {
        let cores = Cores::start(NonZeroUsize::new(2).unwrap()).unwrap();
        let mut threads = Vec::new();
        for core in cores.handles() {
            let here = async { thread::current().name().unwrap_or_default().to_owned() };
            threads.push(core.spawn(here).await.unwrap());
        }
        assert_eq!(threads, ["core-0", "core-1"]);
        let waiting = cores.handles().first().unwrap().spawn(std::future::pending::<()>());
        drop(cores);
        assert!(waiting.await.unwrap_err().is_cancelled());
    }
}
