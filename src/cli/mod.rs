//! The command line: what it understands, and which file does it. One file per noun.
//!
//! Results go to standard output, everything else to standard error. The exit code is 0, 1 when something failed,
//! 2 when the command or the settings are wrong.

mod app;
mod check;
mod connection;
mod demo;
mod desk;
mod healthcheck;
mod inherited;
mod init;
mod key;
mod migrate;
mod options;
mod owner;
mod print;
mod serve;
mod signals;

use std::process::ExitCode;

use clap::Parser;

use self::options::Options;
use crate::{config::SettingsError, telemetry::logs};

const WRONG_USE: u8 = 2;

const EXAMPLES: &str = "\
Examples:
  keyferry demo                                        everything at once, to look around
  keyferry init && keyferry serve                      a gateway of your own
  keyferry key create --owner admin --expires 90d      a key for a program
  keyferry --set log.format=json serve                 any setting for once
  KEYFERRY_STORE__URL=postgres://… keyferry serve      any setting from the environment

Settings are read from keyferry.toml, then KEYFERRY_SECTION__NAME variables, then --set.";

/// An authenticating reverse-proxy gateway: one API key in, the owner's own OAuth tokens out.
#[derive(Parser, Debug)]
#[command(name = "keyferry", version, about, after_help = EXAMPLES, arg_required_else_help = true)]
struct Cli {
    #[command(flatten)]
    options: Options,
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand, Debug)]
enum Command {
    Demo(demo::Demo),
    Init(init::Init),
    Serve(serve::Serve),
    /// Check settings, app files and master key without starting anything
    Check,
    /// Bring the database to the shape this version needs
    Migrate,
    /// Owners: the accounts that keys and connections belong to
    #[command(subcommand)]
    Owner(owner::Command),
    /// API keys: what callers present
    #[command(subcommand)]
    Key(key::Command),
    /// Apps: the upstream APIs this gateway knows
    #[command(subcommand)]
    App(app::Command),
    /// Connections: what the gateway presents upstream
    #[command(subcommand)]
    Connection(connection::Command),
    /// Ask a running gateway on this machine whether it is alive; for containers
    Healthcheck,
}

/// Runs the command of this process's arguments.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&error.into()),
    };
    let ended = runtime.block_on(run(cli));
    logs::flush();
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failed(&error),
    }
}

async fn run(Cli { options, command }: Cli) -> anyhow::Result<()> {
    match command {
        Command::Demo(demo) => Box::pin(demo::run(demo)).await,
        Command::Init(init) => init::run(&options, init).await,
        Command::Serve(serve) => serve::run(&options, &serve).await,
        Command::Check => check::run(&options),
        Command::Migrate => migrate::run(&options).await,
        Command::Owner(command) => owner::run(&options, command).await,
        Command::Key(command) => key::run(&options, command).await,
        Command::App(command) => Box::pin(app::run(&options, command)).await,
        Command::Connection(command) => connection::run(&options, command).await,
        Command::Healthcheck => healthcheck::run(&options).await,
    }
}

/// A command that can't be done as it was asked for; the exit code says that trying again is no use.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Misuse(String);

fn failed(error: &anyhow::Error) -> ExitCode {
    // Nothing to be done where nobody reads standard error.
    _ = print::error(&format!("keyferry: {error:#}"));
    let wrong_use = error.chain().any(|cause| cause.is::<SettingsError>() || cause.is::<Misuse>());
    if wrong_use { ExitCode::from(WRONG_USE) } else { ExitCode::FAILURE }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
