//! Not built yet.

use std::path::PathBuf;

/// Everything on this machine in a throw-away folder, with a provider and an API of its own.
#[derive(clap::Args, Debug)]
pub(super) struct Demo {
    /// Keep the folder: DIR must be new or empty
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
    /// Print one line of JSON instead of the page
    #[arg(long)]
    json: bool,
}

/// Runs until it is stopped.
pub(super) async fn run(demo: Demo) -> anyhow::Result<()> {
    anyhow::bail!("not built yet: {demo:?}")
}
