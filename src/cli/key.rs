//! `keyferry key`: make, list and revoke API keys.

use std::time::Duration;

use anyhow::{Context as _, bail};
use serde::Serialize;
use serde_json::json;

use super::{app, desk::Desk, options::Options, print};
use crate::{
    config::span,
    id::{ConnectionId, KeyId},
    keys::{Key, NewKey, Rules},
    owners::Owner,
    vault::token::ApiKey,
};

/// What can be done with keys.
#[derive(clap::Subcommand, Debug)]
pub(super) enum Command {
    /// Make a key; it is shown this once
    #[command(after_help = "Example:\n  keyferry key create --owner ada --name ci --expires 90d\n  \
        keyferry key create --owner ada --name agent --app stripe --app slack --read-only --no-control")]
    Create(Create),
    /// Show keys, never the keys themselves
    List {
        /// Only of this owner
        #[arg(long, value_name = "NAME")]
        owner: Option<String>,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// End a key for good
    Revoke {
        /// Its id, as `key list` shows it
        id: KeyId,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

/// A key to make.
#[derive(clap::Args, Debug)]
pub(super) struct Create {
    /// Whose key it is
    #[arg(long, value_name = "NAME")]
    owner: String,
    /// A label to know it by
    #[arg(long, value_name = "N", default_value = "default")]
    name: String,
    /// Let it manage owners, OAuth clients and every owner's things
    #[arg(long)]
    admin: bool,
    #[command(flatten)]
    limits: Limits,
    /// How long it is good for, like 90d or 12h [default: until it is revoked]
    #[arg(long, value_name = "SPAN", value_parser = span::parse)]
    expires: Option<Duration>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// What a key shall not be able to do.
#[derive(clap::Args, Debug)]
struct Limits {
    /// Let it use this app only; can be given several times
    #[arg(long = "app", value_name = "APP")]
    apps: Vec<String>,
    /// Let it use this connection only; can be given several times
    #[arg(long = "connection", value_name = "ID")]
    connections: Vec<ConnectionId>,
    /// Let it only read: GET, HEAD and OPTIONS
    #[arg(long)]
    read_only: bool,
    /// Keep it out of the control API, except GET /user
    #[arg(long)]
    no_control: bool,
}

/// A new key with the key itself, in one object as the control API answers it.
#[derive(Serialize)]
pub(super) struct Issued<'k> {
    #[serde(flatten)]
    shown: &'k Key,
    key: &'k str,
}

pub(super) async fn run(options: &Options, command: Command) -> anyhow::Result<()> {
    let desk = Desk::open(options).await?;
    match command {
        Command::Create(wanted) => create(&desk, wanted).await?,
        Command::List { owner, json } => list(&desk, owner.as_deref(), json).await?,
        Command::Revoke { id, json } => revoke(&desk, id, json).await?,
    }
    desk.close().await;
    Ok(())
}

async fn create(desk: &Desk, wanted: Create) -> anyhow::Result<()> {
    let owner = desk.owner(&wanted.owner).await?;
    let rules = rules(desk, &owner, wanted.limits).await?;
    let limits = if rules.first().is_some() { format!(", limited to {rules}") } else { String::new() };
    let new = NewKey { name: wanted.name, admin: wanted.admin, expires_in: wanted.expires, rules };
    let (shown, key) = desk.keys.issue(owner.id, new).await.context("making the key")?;
    if wanted.json {
        return print::json(&issued(&shown, &key));
    }
    let kind = if shown.admin { "Admin key" } else { "Key" };
    let end = shown.expires_time.map_or(String::new(), |end| format!(", good until {}", print::short(end)));
    let (name, label, key, url) = (owner.name, &shown.name, key.reveal(), &desk.settings.gateway.url);
    print::line(&format!(
        "{kind} {label:?} of {name}{end}{limits}:\n\n  {key}\n\nIt is shown this once. To try it:\n\n  \
         curl -H 'Authorization: Bearer {key}' {url}/user"
    ))
}

/// The rules asked for, whose apps and connections there have to be.
async fn rules(desk: &Desk, owner: &Owner, limits: Limits) -> anyhow::Result<Rules> {
    let apps = Some(limits.apps).filter(|apps| !apps.is_empty());
    let connections = Some(limits.connections).filter(|ids| !ids.is_empty());
    let rules = Rules { apps, connections, read_only: limits.read_only, control: !limits.no_control };
    let rules = rules.checked(&app::catalog(&desk.settings)?)?;
    for id in rules.connections.iter().flatten() {
        if desk.store.connections().find(owner.id, *id).await?.is_none() {
            let name = &owner.name;
            bail!("{name} has no connection {id}; `keyferry connection list --owner {name}` shows them");
        }
    }
    Ok(rules)
}

/// The shape of a new key for programs.
pub(super) fn issued<'k>(shown: &'k Key, key: &'k ApiKey) -> Issued<'k> {
    Issued { shown, key: key.reveal() }
}

async fn list(desk: &Desk, owner: Option<&str>, json: bool) -> anyhow::Result<()> {
    let mut all = Vec::new();
    let mut rows = Vec::new();
    for owner in desk.owners_of(owner).await? {
        let keys = desk.keys.list(owner.id).await?;
        rows.extend(keys.iter().map(|key| row(&owner.name, key)));
        all.extend(keys);
    }
    if json {
        return print::json(&json!({ "keys": all }));
    }
    let empty = "No keys yet. Make one:\n\n  keyferry key create --owner NAME";
    print::table(["OWNER", "NAME", "KEY", "ADMIN", "RULES", "EXPIRES", "LAST USED", "ID"], &rows, empty)
}

fn row(owner: &str, key: &Key) -> [String; 8] {
    [
        owner.to_owned(),
        key.name.clone(),
        key.hint.clone(),
        if key.admin { "yes" } else { "no" }.to_owned(),
        print::or_dash(Some(limits(key)).filter(|text| !text.is_empty())),
        print::or_dash(key.expires_time.map(print::short)),
        print::or_dash(key.last_used_time.map(print::short)),
        key.id.to_string(),
    ]
}

/// What a key is limited to, in one line.
fn limits(key: &Key) -> String {
    Rules::read(&key.rules).map_or_else(|_| "unreadable".to_owned(), |rules| rules.to_string())
}

async fn revoke(desk: &Desk, id: KeyId, json: bool) -> anyhow::Result<()> {
    for owner in desk.owners.list().await? {
        let Some(key) = desk.keys.get(owner.id, id).await? else { continue };
        desk.keys.revoke(owner.id, id).await?;
        if json {
            return print::json(&json!({ "revoked": key }));
        }
        let (label, hint, name) = (&key.name, &key.hint, &owner.name);
        return print::line(&format!(
            "Key {label:?} ({hint}) of {name} is revoked. Gateways that are running refuse it within {} s.",
            desk.settings.cache.fresh.as_secs_f64()
        ));
    }
    bail!("there is no key {id}; `keyferry key list` shows them all")
}
