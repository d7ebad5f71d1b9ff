//! What one remembered key costs in memory, with its connection and its credential: the growth of this process while it
//! comes to know so many of them, each of another owner.
//!
//! `remember [COUNT]`. It tells the three apart, because they come and go apart.

use std::{collections::BTreeMap, sync::Arc};

use keyferry::{
    catalog::{App, Catalog, Method},
    clients::Clients,
    clock::Clock,
    config::Settings,
    connections::{Connections, NewConnection, Parts},
    id::OwnerId,
    keys::{Keys, NewKey, Rules},
    limits::Limits,
    net::{Egress, client::Client, guard::SystemResolver},
    owners::Owners,
    store::Store,
    vault::{Secret, Vault, token::KeyDigest},
};

const APP: &str = r#"
name = "things"
display_name = "Things"
base = "https://api.things.example/v1"
no_probe = "nobody is asked"
[[auth]]
method = "API_KEY"
fields = [{ name = "api_key", label = "Key", secret = true }]
inject = [{ header = "Authorization", value = "Bearer ${api_key}" }]
"#;

/// The things that remember, over a database in memory.
struct World {
    keys: Keys,
    owners: Owners,
    connections: Connections,
    app: Arc<App>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let count = std::env::args().nth(1).map_or(Ok(50_000), |count| count.parse())?;
    let world = World::build(count).await?;
    let mut callers = Vec::with_capacity(count);
    for number in 0..count {
        callers.push(world.make(number).await?);
    }
    let before = resident()?;
    for (_, key) in &callers {
        world.keys.verify(key).await?;
    }
    world.keys.flush_used().await?;
    let keys = resident()?;
    let mut chosen = Vec::with_capacity(count);
    for (owner, _) in &callers {
        chosen.push(world.connections.choose(*owner, &world.app, None, &Rules::default()).await?.connection);
    }
    let lists = resident()?;
    for connection in &chosen {
        world.connections.credential(connection, Clock::System.now()).await?;
    }
    let all = resident()?;
    let each = |more: u64, less: u64| more.saturating_sub(less) / count.max(1) as u64;
    println!(
        "of {count}, bytes each: key {}, connection {}, credential {}; together {}",
        each(keys, before),
        each(lists, keys),
        each(all, lists),
        each(all, before)
    );
    Ok(())
}

impl World {
    async fn build(count: usize) -> anyhow::Result<Self> {
        let (store, (vault, _), clock) = (Store::in_memory().await?, Vault::generate(), Clock::System);
        let mut settings = Settings::default();
        settings.cache.entries = u64::try_from(count)?.max(1).saturating_mul(2).try_into()?;
        let catalog =
            Catalog::of(&[("things", APP)], false).map_err(|errors| anyhow::anyhow!("{errors:?}"))?;
        let app = Arc::clone(catalog.app("things").ok_or_else(|| anyhow::anyhow!("no app"))?);
        let sealed = (store.clone(), vault.clone(), clock.clone());
        let clients = Clients::new(&BTreeMap::new(), sealed, &settings.cache, &settings.store);
        let owners = Owners::new(store.clone(), clock.clone());
        let within = (clock.clone(), Limits::new(&settings.limits, &clock));
        let keys = Keys::new(store.clone(), within, &settings.cache, &settings.store);
        let http = Client::new(&Egress::default(), Arc::new(SystemResolver))?;
        let parts =
            Parts { apps: catalog.into(), store, vault, clients, owners: owners.clone(), http, clock };
        Ok(Self { keys, owners, connections: Connections::new(parts, &settings), app })
    }

    /// An owner with a key and a connection.
    async fn make(&self, number: usize) -> anyhow::Result<(OwnerId, KeyDigest)> {
        let owner = self.owners.create(&format!("owner {number}"), None).await?.id;
        let key = NewKey { name: "seed".into(), admin: false, expires_in: None, rules: Rules::default() };
        let (_, key) = self.keys.issue(owner, key).await?;
        let typed = Secret::new(format!("sk_live_{number:032}"));
        let credentials = Some(BTreeMap::from([("api_key".to_owned(), typed)]));
        let new = NewConnection {
            app: "things".into(),
            method: Some(Method::ApiKey),
            credentials,
            ..NewConnection::default()
        };
        self.connections.create(owner, new).await?;
        Ok((owner, key.digest()))
    }
}

/// Bytes of this process that are in memory.
fn resident() -> anyhow::Result<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let pages =
        line.and_then(|line| line.split_whitespace().next()).ok_or_else(|| anyhow::anyhow!("no VmRSS"))?;
    Ok(pages.parse::<u64>()? * 1024)
}
