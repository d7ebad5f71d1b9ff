//! `keyferry demo`: a gateway as `serve` runs it, with a provider and an API of its own, in a throw-away folder.
//!
//! Nothing is special about this gateway: settings file, master key, database and app file are written as an operator
//! would have them, and everything after that goes through its doors.

mod place;
mod settings;
mod story;
mod watch;

use std::{path::PathBuf, time::Duration};

use anyhow::Context as _;
use serde_json::json;
use tokio::{
    net::TcpListener,
    signal::unix::{SignalKind, signal},
};
use tokio_util::sync::CancellationToken;

use self::{
    place::{Door, Folder},
    story::Story,
    watch::Watch,
};
use super::{desk::Desk, print};
use crate::{
    clock::Clock,
    config::{self, Layers, Settings},
    gateway::{Gateway, Listeners, World},
    keys::{NewKey, Rules},
    sandbox::{Sandbox, SandboxClient, SandboxSettings},
    telemetry::logs,
    vault::{self, Vault, token::ApiKey},
};

/// Run everything on this machine in a throw-away folder, with a provider and an API of its own
#[derive(clap::Args, Debug)]
pub(super) struct Demo {
    /// Keep the folder: DIR must be new or empty
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,
    /// Print one line of JSON instead of the page
    #[arg(long)]
    json: bool,
    /// How long the sandbox's access tokens last
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = config::span::parse, hide = true)]
    token_lifetime: Duration,
}

/// The sockets, open before anything is written that names them.
struct Doors {
    gateway: Door,
    control: Door,
    admin: Door,
    sandbox: TcpListener,
    sandbox_url: String,
}

/// Runs until it is stopped.
pub(super) async fn run(demo: Demo) -> anyhow::Result<()> {
    let stop = stop()?;
    let folder = Folder::make(demo.keep.as_deref()).context("making the demo's folder")?;
    let doors = Doors::open().await.context("opening the demo's ports")?;
    let sandbox = sandbox(&doors, demo.token_lifetime);
    let settings = write_down(&folder, &doors, &sandbox)?;
    logs::init(&settings.log)?;
    let key = first_key(&folder, settings.clone()).await?;

    let mut story = Story::new(&doors, &folder, &key, demo.token_lifetime);
    let watch = Watch::new(&doors.control.url(), &key)?;
    let listeners = Listeners {
        gateway: Some(doors.gateway.listener),
        control: Some(doors.control.listener),
        admin: doors.admin.listener,
    };
    let gateway = Gateway::build(settings, World { listeners: Some(listeners), ..World::default() }).await?;
    logs::report_panics(gateway.metrics());
    let provider = Sandbox::new(sandbox, Clock::System);
    let telling = async {
        let pending = watch.begin().await.context("making the demo's connection")?;
        (story.connection_id, story.connect_url) = (pending.connection_id.clone(), pending.url);
        if demo.json {
            print::line(&story.json()?)?;
        } else {
            print::line(&story.to_string())?;
        }
        let connected = watch.connected(&pending.connection_id, &stop).await;
        connected.map_or(Ok(()), |account| tell(demo.json, &pending.connection_id, &account))
    };
    let ended = async {
        let told = telling.await;
        if told.is_err() {
            stop.cancel();
        }
        told
    };
    let (served, (), told) =
        tokio::join!(gateway.run(stop.clone()), provider.serve(doors.sandbox, stop.cancelled()), ended);
    served.and(told)
}

impl Doors {
    async fn open() -> anyhow::Result<Self> {
        let sandbox = TcpListener::bind("127.0.0.1:0").await?;
        Ok(Self {
            gateway: Door::open(8080)?,
            control: Door::open(8081)?,
            admin: Door::open(9090)?,
            // Not `localhost`: cookies ignore ports, and the provider is another party than the gateway.
            sandbox_url: format!("http://127.0.0.1:{}", sandbox.local_addr()?.port()),
            sandbox,
        })
    }
}

/// The provider, with the gateway as its one client.
fn sandbox(doors: &Doors, access_lifetime: Duration) -> SandboxSettings {
    let client = SandboxClient {
        id: "keyferry-demo".to_owned(),
        secret: vault::random_text(),
        name: "keyferry".to_owned(),
        redirect_uris: vec![format!("{}/callback/sandbox", doors.control.url())],
    };
    SandboxSettings { access_lifetime, ..SandboxSettings::new(doors.sandbox_url.clone(), client) }
}

/// Writes the settings file and the app file, and reads the settings back as every command does.
fn write_down(folder: &Folder, doors: &Doors, sandbox: &SandboxSettings) -> anyhow::Result<Settings> {
    folder.write("apps/sandbox.toml", &settings::app_file(&sandbox.url))?;
    let file = folder.write("keyferry.toml", &settings::file(doors, sandbox))?;
    Ok(config::load(&Layers { file: Some(file), ..Layers::default() })?)
}

/// Makes master key, database, owner and key, as `keyferry init` does.
async fn first_key(folder: &Folder, settings: Settings) -> anyhow::Result<ApiKey> {
    let (vault, text) = Vault::generate();
    folder.write("master.key", text.expose())?;
    let desk = Desk::open_or_create(settings, &vault).await?;
    let owner = desk.owners.create("demo", None).await?;
    let new = NewKey { name: "demo".to_owned(), admin: true, expires_in: None, rules: Rules::default() };
    let (_, key) = desk.keys.issue(owner.id, new).await?;
    desk.close().await;
    Ok(key)
}

fn tell(as_json: bool, connection_id: &str, account: &str) -> anyhow::Result<()> {
    if as_json {
        let line = json!({ "event": "connected", "connection_id": connection_id, "account": account });
        return print::line(&line.to_string());
    }
    print::line(&format!("  Connected: {account}. The calls above work now.\n"))
}

/// Cancelled by any signal that ends a program. A second one changes nothing: the demo ends within a second or two,
/// and its folder must go.
fn stop() -> anyhow::Result<CancellationToken> {
    let stop = CancellationToken::new();
    for kind in [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()] {
        let (mut signals, stop) = (signal(kind)?, stop.clone());
        tokio::spawn(async move {
            while signals.recv().await.is_some() {
                stop.cancel();
            }
        });
    }
    Ok(stop)
}
