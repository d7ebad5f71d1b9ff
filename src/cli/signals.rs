//! The signals that end a process: the first asks for an orderly end, the second one ends at once. And the one that has
//! the app files read again.

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tracing::{error, info, warn};

use crate::{reload::Reload, telemetry::logs};

/// What shells report for a process that a signal has ended.
const SIGNALLED: i32 = 128;

/// A token that is cancelled by the first SIGTERM or SIGINT.
pub(super) fn stop() -> anyhow::Result<CancellationToken> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    let stop = CancellationToken::new();
    let asked = stop.clone();
    tokio::spawn(async move {
        next(&mut terminate, &mut interrupt).await;
        info!("stopping: calls in flight may finish; a second signal ends at once");
        asked.cancel();
        let kind = next(&mut terminate, &mut interrupt).await;
        warn!("second signal: ending at once");
        logs::flush();
        std::process::exit(SIGNALLED + kind.as_raw_value());
    });
    Ok(stop)
}

/// Reads the app files again whenever SIGHUP comes.
pub(super) fn on_hangup(reload: Reload) -> anyhow::Result<()> {
    let mut hangup = signal(SignalKind::hangup())?;
    tokio::spawn(async move {
        while hangup.recv().await.is_some() {
            let reload = reload.clone();
            if let Err(error) = tokio::task::spawn_blocking(move || reload.ask()).await {
                error!(%error, "reading the app files again broke");
            }
        }
    });
    Ok(())
}

async fn next(terminate: &mut Signal, interrupt: &mut Signal) -> SignalKind {
    tokio::select! {
        _ = terminate.recv() => SignalKind::terminate(),
        _ = interrupt.recv() => SignalKind::interrupt(),
    }
}
