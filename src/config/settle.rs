//! What can only be settled once all settings are known: whole paths, and URLs in one form.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
};

use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use url::Url;

use super::{Settings, node::Node};
use crate::vault::Secret;

/// What a path must not hold as it is inside a database URL.
const IN_STORE_URL: &AsciiSet = &CONTROLS.add(b'%').add(b'?').add(b'#').add(b' ');

/// Makes paths absolute against `dir`, gives URLs that nobody set the door's port, and brings URLs to origin
/// form without a slash at the end.
pub(super) fn settle(settings: &mut Settings, dir: &Path, given: &Node) -> Result<(), (String, String)> {
    for path in paths(settings) {
        *path = dir.join(&*path);
    }
    settings.store.url = store_url(&settings.store.url, dir);
    let (gateway, control) = (&mut settings.gateway, &mut settings.control);
    let is_given = |door: &str| given.get(door).is_some_and(|section| section.get("url").is_some());
    if !is_given("gateway") {
        gateway.url = local_url(gateway.listen, gateway.tls.is_some());
    }
    if !is_given("control") {
        control.url = local_url(control.listen, control.tls.is_some());
    }
    gateway.url = origin(&gateway.url).map_err(|problem| ("gateway.url".to_owned(), problem))?;
    control.url = origin(&control.url).map_err(|problem| ("control.url".to_owned(), problem))?;
    Ok(())
}

fn paths(settings: &mut Settings) -> impl Iterator<Item = &mut PathBuf> {
    let tls = [&mut settings.gateway.tls, &mut settings.control.tls].into_iter().flatten();
    tls.flat_map(|tls| [&mut tls.cert_file, &mut tls.key_file])
        .chain([&mut settings.vault.key_file])
        .chain(&mut settings.catalog.dir)
        .chain(&mut settings.egress.ca_file)
}

fn local_url(listen: SocketAddr, tls: bool) -> String {
    format!("{}://localhost:{}", if tls { "https" } else { "http" }, listen.port())
}

/// A relative SQLite file is meant like every other path.
fn store_url(url: &Secret, dir: &Path) -> Secret {
    let Some(rest) = url.expose().strip_prefix("sqlite:") else { return url.clone() };
    let file = rest.strip_prefix("//").unwrap_or(rest);
    if file.starts_with('/') || file.starts_with(":memory:") || file.is_empty() {
        return url.clone();
    }
    let dir = dir.to_string_lossy();
    Secret::new(format!("sqlite:{}/{file}", utf8_percent_encode(&dir, IN_STORE_URL)))
}

/// A public base URL: scheme, host and port, nothing else.
fn origin(text: &str) -> Result<String, String> {
    let example = "write it like https://gateway.example.com";
    let url = Url::parse(text).map_err(|error| format!("not an absolute URL ({error}); {example}"))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(format!("must begin with http:// or https://; {example}"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(format!("must not hold a user or password; {example}"));
    }
    if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
        return Err(format!("must be without path, query and fragment; {example}"));
    }
    Ok(url.origin().ascii_serialization())
}
