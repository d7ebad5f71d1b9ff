//! `keyferry owner`: make and list the accounts.

use anyhow::Context as _;
use serde_json::json;

use super::{desk::Desk, options::Options, print};

/// What can be done with owners.
#[derive(clap::Subcommand, Debug)]
pub(super) enum Command {
    /// Add an owner
    #[command(after_help = "Example:\n  keyferry owner create ada --email ada@example.com")]
    Create {
        /// A name that no other owner has
        name: String,
        /// Where to reach it
        #[arg(long, value_name = "E")]
        email: Option<String>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// Show all owners
    List {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

pub(super) async fn run(options: &Options, command: Command) -> anyhow::Result<()> {
    let desk = Desk::open(options).await?;
    match command {
        Command::Create { name, email, json } => create(&desk, &name, email.as_deref(), json).await?,
        Command::List { json } => list(&desk, json).await?,
    }
    desk.close().await;
    Ok(())
}

async fn create(desk: &Desk, name: &str, email: Option<&str>, json: bool) -> anyhow::Result<()> {
    let owner = desk.owners.create(name, email).await.with_context(|| format!("owner {name:?}"))?;
    if json {
        return print::json(&owner);
    }
    print::line(&format!(
        "Owner {name} is there. Its first key:\n\n  keyferry key create --owner {}",
        quoted(name)
    ))
}

async fn list(desk: &Desk, json: bool) -> anyhow::Result<()> {
    let owners = desk.owners.list().await?;
    if json {
        return print::json(&json!({ "owners": owners }));
    }
    let rows: Vec<_> = owners
        .into_iter()
        .map(|owner| {
            [owner.name, print::or_dash(owner.email), print::short(owner.creation_time), owner.id.to_string()]
        })
        .collect();
    let empty = "No owners yet. Add one:\n\n  keyferry owner create NAME";
    print::table(["NAME", "EMAIL", "CREATED", "ID"], &rows, empty)
}

/// A name as a shell takes it back.
fn quoted(name: &str) -> String {
    let plain = name.chars().all(|c| c.is_alphanumeric() || "-_.@".contains(c));
    if plain { name.to_owned() } else { format!("'{}'", name.replace('\'', r"'\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_quoted_where_a_shell_needs_it() {
        assert_eq!(quoted("ada"), "ada");
        assert_eq!(quoted("Ada's $HOME"), r"'Ada'\''s $HOME'");
    }
}
