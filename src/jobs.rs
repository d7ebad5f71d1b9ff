//! What has to be done now and then: see what others changed, renew tokens ahead, write down last uses, forget what
//! is over.
//!
//! All jobs end at stop, and what was only in memory is written once more then.

use std::time::Duration;

use tokio::{
    task::JoinSet,
    time::{MissedTickBehavior, interval},
};
use tokio_util::sync::CancellationToken;

use crate::{
    connections::Connections, keys::Keys, limits::Limits, reload::Reload, telemetry::Metrics, watch::Watch,
};

const FLUSH: Duration = Duration::from_secs(20);
const TIDY: Duration = Duration::from_mins(1);
const FOLD: Duration = Duration::from_secs(5);
const RELOAD: Duration = Duration::from_secs(2);

/// The things that have something to do now and then.
#[derive(Clone)]
pub struct Jobs {
    /// Renewals, last uses, unfinished flows.
    pub connections: Connections,
    /// Last uses.
    pub keys: Keys,
    /// Idle counters.
    pub limits: Limits,
    /// What others change.
    pub watch: Watch,
    /// How often to look for it.
    pub watch_every: Duration,
    /// The operator's app files.
    pub reload: Reload,
    /// Histograms.
    pub metrics: Metrics,
    /// How often to look for tokens to renew.
    pub refresh_every: Duration,
}

impl Jobs {
    /// Runs them all until `stop`.
    pub async fn run(self, stop: CancellationToken) {
        let mut running = JoinSet::new();
        let again = |period| (self.clone(), period, stop.clone());
        let soon = stop.clone();
        running.spawn(every(again(self.refresh_every), move |jobs| {
            let stop = soon.clone();
            // Nothing is lost with it: what it has begun runs apart, and the stop waits for that.
            async move {
                stop.run_until_cancelled_owned(jobs.connections.refresh_due()).await;
            }
        }));
        running.spawn(every(again(self.watch_every), |jobs| async move { jobs.watch.look().await }));
        running.spawn(every(again(RELOAD), |jobs| async move { jobs.reload().await }));
        running.spawn(every(again(FLUSH), |jobs| async move { jobs.flush().await }));
        running.spawn(every(again(TIDY), |jobs| async move { jobs.tidy().await }));
        running.spawn(every(again(FOLD), |jobs| async move { jobs.metrics.fold() }));
        while let Some(ended) = running.join_next().await {
            if let Err(error) = ended {
                tracing::error!(%error, "a background job broke; what it did is not done until the next start");
            }
        }
        self.flush().await;
    }

    async fn flush(&self) {
        self.connections.flush_used().await;
        if let Err(error) = self.keys.flush_used().await {
            tracing::warn!(%error, "last uses of keys could not be written; trying again");
        }
    }

    async fn reload(&self) {
        let reload = self.reload.clone();
        // Files are read on a thread of their own: a slow disk holds up no call.
        if let Err(error) = tokio::task::spawn_blocking(move || reload.look()).await {
            tracing::error!(%error, "looking for changed app files broke");
        }
    }

    async fn tidy(&self) {
        self.connections.sweep().await;
        self.watch.sweep().await;
        self.keys.sweep();
        self.limits.forget_idle();
    }
}

/// Does `job` every `period`, the first time at once, until `stop`. A job under way is finished.
async fn every<Done>((jobs, period, stop): (Jobs, Duration, CancellationToken), job: impl Fn(Jobs) -> Done)
where
    Done: Future<Output = ()>,
{
    let mut ticks = interval(period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = ticks.tick() => job(jobs.clone()).await,
        }
    }
}
