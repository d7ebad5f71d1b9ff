//! `keyferry connection`: see which connections there are. They are made in the browser or through the control API.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::{app, desk::Desk, options::Options, print};
use crate::{
    id::{ConnectionId, OwnerId},
    store::{ConnectionFilter, ConnectionRow},
};

/// Rows asked for at once.
const PAGE: u32 = 500;

/// What can be done with connections.
#[derive(clap::Subcommand, Debug)]
pub(super) enum Command {
    /// Show connections, oldest first, never their secrets
    List(List),
}

/// Which ones to show.
#[derive(clap::Args, Debug)]
pub(super) struct List {
    /// Only of this owner
    #[arg(long, value_name = "NAME")]
    owner: Option<String>,
    /// Only to this app, by its name or alias
    #[arg(long)]
    app: Option<String>,
    /// Only PENDING, ACTIVE or FAILED ones
    #[arg(long, value_parser = ["PENDING", "ACTIVE", "FAILED"], ignore_case = true)]
    status: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(options: &Options, Command::List(list): Command) -> anyhow::Result<()> {
    let desk = Desk::open(options).await?;
    let owners = desk.owners_of(list.owner.as_deref()).await?;
    let only = list.owner.as_ref().and_then(|_| owners.first()).map(|owner| owner.id);
    let names: HashMap<OwnerId, String> = owners.into_iter().map(|owner| (owner.id, owner.name)).collect();
    let found = all(&desk, filter(&desk, &list, only)?).await?;
    desk.close().await;
    if list.json {
        let shown: Vec<Value> = found.iter().map(|row| object(row, &names)).collect();
        return print::json(&json!({ "connections": shown }));
    }
    let rows: Vec<_> = found.iter().map(|row| cells(row, &names)).collect();
    let empty = "No such connections. Make one with POST /connections {\"app\":\"…\"} and open its url.";
    print::table(["OWNER", "APP", "METHOD", "STATUS", "NAME", "LAST USED", "ID"], &rows, empty)
}

fn filter(desk: &Desk, list: &List, owner: Option<OwnerId>) -> anyhow::Result<ConnectionFilter> {
    let app = match &list.app {
        Some(name) => Some(app::find(&app::catalog(&desk.settings)?, name)?.name.clone()),
        None => None,
    };
    Ok(ConnectionFilter {
        owner,
        app,
        status: list.status.as_ref().map(|status| status.to_uppercase()),
        limit: PAGE,
        ..ConnectionFilter::default()
    })
}

async fn all(desk: &Desk, mut filter: ConnectionFilter) -> anyhow::Result<Vec<ConnectionRow>> {
    let mut rows: Vec<ConnectionRow> = Vec::new();
    loop {
        let page = desk.store.connections().page(&filter).await?;
        let more = page.len() >= PAGE as usize;
        rows.extend(page);
        filter.after = rows.last().map(|row| (row.creation_time, row.id));
        if !more {
            return Ok(rows);
        }
    }
}

fn owner_of<'n>(row: &ConnectionRow, names: &'n HashMap<OwnerId, String>) -> &'n str {
    names.get(&row.owner).map_or("-", String::as_str)
}

fn cells(row: &ConnectionRow, names: &HashMap<OwnerId, String>) -> [String; 7] {
    let reason = row.status_reason.as_ref().map_or(String::new(), |reason| format!(" ({reason})"));
    [
        owner_of(row, names).to_owned(),
        row.app.clone(),
        row.method.clone(),
        format!("{}{reason}", row.status),
        print::or_dash(row.name.as_ref()),
        print::or_dash(row.last_used_time.map(print::short)),
        row.id.to_string(),
    ]
}

/// What the control API shows of a connection, and whose it is.
fn object(row: &ConnectionRow, names: &HashMap<OwnerId, String>) -> Value {
    let id: ConnectionId = row.id;
    json!({
        "connection_id": id,
        "owner": owner_of(row, names),
        "app": row.app,
        "method": row.method,
        "status": row.status,
        "status_reason": row.status_reason,
        "name": row.name,
        "metadata": row.metadata,
        "scopes": row.scopes,
        "creation_time": row.creation_time,
        "last_updated_time": row.last_updated_time,
        "last_used_time": row.last_used_time,
    })
}
