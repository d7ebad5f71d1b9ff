//! `keyferry check`: everything that can be known to be wrong before starting.

use url::Host;

use super::{app, options::Options, print};
use crate::{
    catalog::{App, Catalog},
    config::Settings,
    vault::Vault,
};

pub(super) fn run(options: &Options) -> anyhow::Result<()> {
    let layers = options.layers();
    let settings = options.settings()?;
    let file =
        layers.file.map_or("defaults and environment only".to_owned(), |file| file.display().to_string());
    print::line(&format!("settings    ok ({file})"))?;
    let catalog = app::catalog(&settings)?;
    print::line(&format!("app files   ok ({} apps)", catalog.iter().count()))?;
    let vault = Vault::from_file(&settings.vault.key_file)?;
    print::line(&format!("master key  ok ({})", vault.key_ids().join(", ")))?;
    for note in notes(&settings, &catalog) {
        print::line(&format!("note: {note}"))?;
    }
    Ok(())
}

/// What is allowed and probably not meant.
fn notes(settings: &Settings, catalog: &Catalog) -> Vec<String> {
    let named = |client: &str| catalog.iter().any(|app: &std::sync::Arc<App>| names(app, client));
    let unused = settings.clients.keys().filter(|client| !named(client));
    let unused = unused
        .map(|client| format!("no app file says client = {client:?}, so [clients.{client}] serves none"));
    let open = [("gateway.url", &settings.gateway.url), ("control.url", &settings.control.url)];
    let open = open.into_iter().filter(|(_, url)| is_open(url));
    let open =
        open.map(|(name, url)| format!("{name} is {url}: keys and cookies travel unencrypted; use https"));
    let redis = settings.redis.url.iter();
    let redis = redis
        .map(|_| "redis.url is not used by this version: limits and caches are each node's own".to_owned());
    unused.chain(open).chain(redis).collect()
}

fn names(app: &App, client: &str) -> bool {
    app.auth.iter().any(|way| way.client.as_deref() == Some(client))
}

/// Whether what goes to this URL can be read on its way: plain HTTP, and not to this machine.
fn is_open(url: &str) -> bool {
    let Ok(url) = url::Url::parse(url) else { return false };
    let here = match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    };
    url.scheme() == "http" && !here
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_to_another_machine_is_open() {
        for url in ["http://example.com", "http://10.0.0.1:8080", "http://notlocalhost"] {
            assert!(is_open(url), "{url}");
        }
        for url in [
            "https://example.com",
            "http://localhost:8080",
            "http://x.localhost",
            "http://127.0.0.1",
            "http://[::1]",
        ] {
            assert!(!is_open(url), "{url}");
        }
    }
}
