//! `keyferry serve`: runs the gateway until it is told to stop.

use anyhow::Context as _;

use super::{inherited, options::Options, signals};
use crate::{
    gateway::{Gateway, World},
    telemetry::logs,
};

/// Run the gateway
#[derive(clap::Args, Debug)]
pub(super) struct Serve {
    /// Which doors to open; the admin door is always open
    #[arg(long, value_parser = ["all", "gateway", "control"])]
    role: Option<String>,
}

pub(super) async fn run(options: &Options, serve: &Serve) -> anyhow::Result<()> {
    let settings = options.settings_with("role", serve.role.as_deref())?;
    logs::init(&settings.log)?;
    let stop = signals::stop()?;
    let world = World { inherited: inherited::take()?, ..World::default() };
    let gateway = Gateway::build(settings, world).await.context("the gateway can't start")?;
    logs::report_panics(gateway.metrics());
    signals::on_hangup(gateway.reload())?;
    gateway.run(stop).await
}
