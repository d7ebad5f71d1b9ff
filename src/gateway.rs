//! The whole gateway: every part wired once, every door opened, every job started and ended.
//!
//! Nothing is decided here. Building fails, before a door opens, for everything an operator has to mend: settings,
//! master keys, database, app files, certificates, ports.

use std::{
    net::{SocketAddr, TcpListener},
    sync::Arc,
};

use anyhow::{Context as _, anyhow};
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use crate::{
    catalog::{Apps, Catalog, Stamp},
    clients::Clients,
    clock::Clock,
    config::{Role, Settings},
    connections::{self, Connections},
    control, jobs,
    keys::Keys,
    limits::Limits,
    master,
    net::{
        client::{Client, Egress},
        guard::{Resolve, SystemResolver},
        own::Own,
        strangers::Strangers,
    },
    owners::Owners,
    plane::{self, Names, Plane, PlaneSettings},
    reload::Reload,
    server::{self, Cores, Door, Health, Service},
    store::Store,
    telemetry::Metrics,
    vault::Vault,
    watch::{self, Watch},
    web,
};

/// What the outside gives: tests give something else.
pub struct World {
    /// The time.
    pub clock: Clock,
    /// Names to addresses.
    pub resolver: Arc<dyn Resolve>,
    /// Sockets that listen already; else the settings say where.
    pub listeners: Option<Listeners>,
    /// Some of them.
    pub inherited: Inherited,
}

impl Default for World {
    fn default() -> Self {
        Self {
            clock: Clock::System,
            resolver: Arc::new(SystemResolver),
            listeners: None,
            inherited: Inherited::default(),
        }
    }
}

/// The sockets of the doors that this process opens. They don't block.
pub struct Listeners {
    /// Of the door for calls.
    pub gateway: Option<TcpListener>,
    /// Of the control API and the pages.
    pub control: Option<TcpListener>,
    /// Of probes and metrics.
    pub admin: TcpListener,
}

/// Sockets that were opened for this process before it began; the others are opened as the settings say.
#[derive(Debug, Default)]
pub struct Inherited {
    /// Of the door for calls.
    pub gateway: Option<TcpListener>,
    /// Of the control API and the pages.
    pub control: Option<TcpListener>,
    /// Of probes and metrics.
    pub admin: Option<TcpListener>,
}

/// A gateway whose doors are about to open.
pub struct Gateway {
    /// The threads that serve calls.
    _cores: Cores,
    doors: Vec<(Handle, Door)>,
    jobs: jobs::Jobs,
    connections: Connections,
    store: Store,
}

/// The things that doors share.
#[derive(Clone)]
struct Things {
    apps: Apps,
    vault: Vault,
    keys: Keys,
    owners: Owners,
    clients: Clients,
    limits: Limits,
    connections: Connections,
    client: Client,
    strangers: Strangers,
    clock: Clock,
    metrics: Metrics,
    reload: Reload,
}

impl Gateway {
    /// Wires everything. No call is served before [`Gateway::run`], but the ports are taken.
    pub async fn build(settings: Settings, mut world: World) -> anyhow::Result<Self> {
        let vault = Vault::from_file(&settings.vault.key_file)?;
        let store = master::open(settings.store.url.expose(), &vault).await?;
        let listeners = match world.listeners.take() {
            Some(listeners) => listeners,
            None => Listeners::open(&settings, std::mem::take(&mut world.inherited)).await?,
        };
        let egress = egress(&settings, &listeners)?;
        let things = Things::build(&settings, &world, &egress, (store.clone(), vault))?;
        let jobs = jobs::Jobs {
            connections: things.connections.clone(),
            keys: things.keys.clone(),
            limits: things.limits.clone(),
            watch: things.watch(store.clone()),
            watch_every: settings.cache.watch_every(),
            reload: things.reload.clone(),
            metrics: things.metrics.clone(),
            refresh_every: settings.refresh.every,
        };
        let cores = Cores::start(settings.gateway.workers).context("starting threads")?;
        let doors = doors(&settings, &things, listeners, (&store, cores.handles()))?;
        Ok(Self { _cores: cores, doors, jobs, connections: things.connections, store })
    }

    /// The numbers that the admin door shows.
    #[must_use]
    pub fn metrics(&self) -> &Metrics {
        &self.jobs.metrics
    }

    /// What reads the app files again.
    #[must_use]
    pub fn reload(&self) -> Reload {
        self.jobs.reload.clone()
    }

    /// Serves until `stop`; then finishes what is under way, within the grace of the settings, and writes down what
    /// was only in memory.
    pub async fn run(self, stop: CancellationToken) -> anyhow::Result<()> {
        // Before anything is remembered: the first look forgets all of it.
        self.jobs.watch.look().await;
        let jobs = tokio::spawn(self.jobs.run(stop.clone()));
        let doors: Vec<_> =
            self.doors.into_iter().map(|(at, door)| at.spawn(door.serve(stop.clone()))).collect();
        for door in doors {
            door.await.context("a door broke")?.context("a door can't listen")?;
        }
        jobs.await.context("the background jobs broke")?;
        self.connections.finish().await;
        self.store.close().await;
        Ok(())
    }
}

impl Listeners {
    /// Takes the sockets for this role: those that are `given`, and for the rest the ports that the settings name.
    pub async fn open(settings: &Settings, given: Inherited) -> anyhow::Result<Self> {
        let (mut gateway, mut control) = (None, None);
        if settings.role != Role::Control {
            gateway = Some(bind("gateway", settings.gateway.listen, given.gateway).await?);
        }
        if settings.role != Role::Gateway {
            control = Some(bind("control", settings.control.listen, given.control).await?);
        }
        Ok(Self { gateway, control, admin: bind("admin", settings.admin.listen, given.admin).await? })
    }
}

async fn bind(door: &str, address: SocketAddr, given: Option<TcpListener>) -> anyhow::Result<TcpListener> {
    if let Some(given) = given {
        return Ok(given);
    }
    let listener = tokio::net::TcpListener::bind(address).await.with_context(|| {
        format!("the {door} door can't listen at {address}; end what holds the port, or set {door}.listen")
    })?;
    Ok(listener.into_std()?)
}

impl Things {
    fn build(
        settings: &Settings,
        world: &World,
        egress: &Egress,
        (store, vault): (Store, Vault),
    ) -> anyhow::Result<Self> {
        let clock = world.clock.clone();
        let stamp = settings.catalog.dir.as_deref().map(Stamp::of);
        let apps = Apps::new(catalog(settings)?);
        let client = Client::new(egress, Arc::clone(&world.resolver))?;
        let strangers = Strangers::new(egress, client.clone(), Arc::clone(&world.resolver))?;
        let limits = Limits::new(&settings.limits, &clock);
        let within = (clock.clone(), limits.clone());
        let keys = Keys::new(store.clone(), within, &settings.cache, &settings.store);
        let owners = Owners::new(store.clone(), clock.clone());
        let known = keys.clone();
        owners.on_change(move |owner| known.forget_owner(owner));
        let sealed = (store.clone(), vault.clone(), clock.clone());
        let clients = Clients::new(&settings.clients, sealed, &settings.cache, &settings.store);
        let metrics = Metrics::new();
        let parts = connections::Parts {
            apps: apps.clone(),
            store,
            vault: vault.clone(),
            clients: clients.clone(),
            owners: owners.clone(),
            http: client.clone(),
            clock: clock.clone(),
        };
        let connections = Connections::new(parts, settings);
        let files = (settings.catalog.clone(), settings.egress.plain_http);
        let reload = Reload::new(files, stamp, apps.clone(), connections.clone());
        Ok(Self {
            apps,
            vault,
            keys,
            owners,
            clients,
            limits,
            connections,
            client,
            strangers,
            clock,
            metrics,
            reload,
        })
    }

    fn watch(&self, store: Store) -> Watch {
        let (keys, clients) = (self.keys.clone(), self.clients.clone());
        let things = watch::Things { keys, clients, connections: self.connections.clone() };
        Watch::new(store, self.clock.clone(), things)
    }

    /// The data plane of one thread, with upstream connections of its own.
    fn plane(&self, settings: &Settings) -> Service {
        let client = self.client.apart();
        let plane = Plane::new(plane::Parts {
            apps: self.apps.clone(),
            keys: self.keys.clone(),
            limits: self.limits.clone(),
            connections: self.connections.clone(),
            strangers: self.strangers.apart(client.clone()),
            client,
            vault: self.vault.clone(),
            clock: self.clock.clone(),
            metrics: self.metrics.clone(),
            settings: PlaneSettings {
                gateway_url: settings.gateway.url.clone(),
                app_domain: settings.gateway.app_domain.clone(),
                via: settings.gateway.via,
                body_limit: settings.bounds.body_bytes.map(std::num::NonZeroU64::get),
                body_rate: settings.bounds.body_rate,
                signed_body: settings.bounds.signed_body_bytes.get(),
            },
        });
        Arc::new(move |request| Box::pin(plane.clone().handle(request)))
    }

    fn control(&self) -> Service {
        server::of_router(control::router(control::Parts {
            connections: self.connections.clone(),
            keys: self.keys.clone(),
            owners: self.owners.clone(),
            clients: self.clients.clone(),
            apps: self.apps.clone(),
            limits: self.limits.clone(),
        }))
    }

    fn web(&self, settings: &Settings) -> Service {
        server::of_router(web::router(web::Parts {
            connections: self.connections.clone(),
            owners: self.owners.clone(),
            vault: self.vault.clone(),
            limits: self.limits.clone(),
            control_url: settings.control.url.clone(),
            gateway_url: settings.gateway.url.clone(),
        }))
    }
}

/// The app files, those of the operator's folder over the built-in ones.
pub fn catalog(settings: &Settings) -> anyhow::Result<Catalog> {
    let loaded = Catalog::load(settings.catalog.dir.as_deref(), settings.egress.plain_http);
    let all = loaded.map_err(|errors| {
        let lines: Vec<_> = errors.iter().map(ToString::to_string).collect();
        anyhow!("the app files have faults; `keyferry check` shows them again:\n{}", lines.join("\n"))
    })?;
    Ok(if settings.catalog.self_hosted { all } else { all.without_self_hosted() })
}

fn egress(settings: &Settings, listeners: &Listeners) -> anyhow::Result<Egress> {
    let (gateway, control) = (&settings.gateway, &settings.control);
    let sockets = [listeners.gateway.as_ref(), listeners.control.as_ref(), Some(&listeners.admin)];
    let sockets: Vec<_> =
        sockets.into_iter().flatten().map(TcpListener::local_addr).collect::<Result<_, _>>()?;
    Ok(Egress {
        allow: settings.egress.allow.clone(),
        own: Own::new(&[&gateway.url, &control.url], &gateway.app_domain, sockets),
        plain_http: settings.egress.plain_http,
        ca_file: settings.egress.ca_file.clone(),
        connect_timeout: settings.bounds.connect_timeout,
        first_byte_timeout: settings.bounds.first_byte_timeout,
        idle_timeout: settings.bounds.idle_timeout,
    })
}

/// The doors of this role, each with what stands behind it.
fn doors(
    settings: &Settings,
    things: &Things,
    listeners: Listeners,
    (store, cores): (&Store, &[Handle]),
) -> anyhow::Result<Vec<(Handle, Door)>> {
    let limits = server::Limits {
        head_bytes: settings.bounds.head_bytes.get(),
        head_fields: settings.bounds.head_fields.get(),
        target_bytes: settings.bounds.target_bytes.get(),
        connections: settings.bounds.connections.get(),
        head_timeout: settings.bounds.head_timeout,
        idle_timeout: settings.bounds.idle_timeout,
        websockets: false,
        grace: settings.shutdown.grace,
    };
    let shared = || (limits, things.clock.clone(), things.metrics.clone());
    let (api, here) = (things.control(), Handle::current());
    let mut doors = Vec::with_capacity(2 + cores.len());
    if let Some(listener) = listeners.gateway {
        let names = Names::new(&settings.gateway.url, &settings.gateway.app_domain);
        let behind = || {
            let door = server::gateway_door(names.clone(), things.plane(settings), Arc::clone(&api));
            server::behind_proxies(settings.server.trusted_proxies.clone(), door)
        };
        let tls = settings.gateway.tls.as_ref();
        let listen = listener.local_addr()?;
        let (limits, clock, metrics) = shared();
        let limits = server::Limits { websockets: true, ..limits };
        let door = Door::new("gateway", listener, tls, behind(), (limits, clock, metrics))?;
        for core in cores {
            doors.push((core.clone(), door.beside(behind())?));
        }
        tracing::info!(%listen, url = settings.gateway.url, "gateway door open");
    }
    if let Some(listener) = listeners.control {
        let behind = server::control_door(api, things.web(settings));
        let behind = server::behind_proxies(settings.server.trusted_proxies.clone(), behind);
        let tls = settings.control.tls.as_ref();
        let listen = listener.local_addr()?;
        doors.push((here.clone(), Door::new("control", listener, tls, behind, shared())?));
        tracing::info!(%listen, url = settings.control.url, "control door open");
    }
    let behind = server::admin(health(store.clone()), things.metrics.clone());
    let listen = listeners.admin.local_addr()?;
    doors.push((here, Door::new("admin", listeners.admin, None, behind, shared())?));
    tracing::info!(%listen, "admin door open");
    Ok(doors)
}

fn health(store: Store) -> Health {
    Arc::new(move || {
        let store = store.clone();
        Box::pin(async move { store.ping().await.map_err(|error| error.to_string()) })
    })
}
