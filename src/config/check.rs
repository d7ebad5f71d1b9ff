//! Checks of values that are right each by itself and wrong together, or that a type can't express.

use std::collections::BTreeMap;

use tracing_subscriber::EnvFilter;
use url::Url;

use super::{Role, Settings};

type Wrong = (String, String);

/// The first thing wrong with the settings: its path, and what to do.
pub(super) fn check(settings: &Settings) -> Result<(), Wrong> {
    origins(settings)?;
    listeners(settings)?;
    app_domain(&settings.gateway.app_domain)?;
    return_urls(&settings.control.return_urls)?;
    store(settings)?;
    EnvFilter::try_new(&settings.log.filter)
        .map_err(|error| wrong("log.filter", format!("{error}; write it like info,keyferry::plane=debug")))?;
    Ok(())
}

fn wrong(path: &str, problem: impl Into<String>) -> Wrong {
    (path.to_owned(), problem.into())
}

/// HTML from an upstream must never be of the same origin as the console.
fn origins(settings: &Settings) -> Result<(), Wrong> {
    if settings.control.url == settings.gateway.url {
        let told = "must be another origin than gateway.url (another host or port): pages that upstreams send \
                    through the gateway could otherwise act as the console";
        return Err(wrong("control.url", told));
    }
    Ok(())
}

fn listeners(settings: &Settings) -> Result<(), Wrong> {
    let gateway = (settings.role != Role::Control).then_some(("gateway.listen", settings.gateway.listen));
    let control = (settings.role != Role::Gateway).then_some(("control.listen", settings.control.listen));
    let mut taken = BTreeMap::new();
    for (name, address) in gateway.into_iter().chain(control).chain([("admin.listen", settings.admin.listen)])
    {
        // Port 0 is any free port, never the same one.
        if address.port() == 0 {
            continue;
        }
        if let Some(other) = taken.insert(address, name) {
            return Err(wrong(name, format!("{address} is already {other}; choose another port")));
        }
    }
    Ok(())
}

fn app_domain(domain: &str) -> Result<(), Wrong> {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'))
    };
    if domain.split('.').all(label) {
        return Ok(());
    }
    Err(wrong(
        "gateway.app_domain",
        "must be a lower-case host name without scheme and port, like apps.example.com",
    ))
}

fn return_urls(urls: &[String]) -> Result<(), Wrong> {
    for (at, text) in urls.iter().enumerate() {
        let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
        if url.is_none_or(|url| url.fragment().is_some() || !url.username().is_empty()) {
            let told = "must be an absolute http or https URL, like https://app.example.com/connected";
            return Err((format!("control.return_urls.{at}"), told.to_owned()));
        }
    }
    Ok(())
}

fn store(settings: &Settings) -> Result<(), Wrong> {
    let is_one_of = |url: &str, schemes: &[&str]| schemes.iter().any(|scheme| url.starts_with(scheme));
    if !is_one_of(settings.store.url.expose(), &["sqlite:", "postgres://", "postgresql://"]) {
        return Err(wrong("store.url", "must begin with sqlite: or postgres://"));
    }
    let redis = settings.redis.url.as_ref();
    if redis.is_some_and(|url| !is_one_of(url.expose(), &["redis://", "rediss://"])) {
        return Err(wrong("redis.url", "must begin with redis:// or rediss://"));
    }
    Ok(())
}
