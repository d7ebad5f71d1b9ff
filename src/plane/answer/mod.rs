//! The answer that goes back: the upstream's, without what ends here and without what would speak for this origin.
//!
//! Status and body are not touched.

mod link;
mod location;
mod reference;
mod scrub;

use http::{
    HeaderMap, HeaderName, HeaderValue,
    header::{CONTENT_LOCATION, LINK, LOCATION, TRAILER},
};

use uuid::Uuid;

use self::{location::Translator, scrub::Scrub};
use super::{
    links::{Link, Links},
    rewrite::Asked,
    select,
};
use crate::{
    connections::{Chosen, Credential},
    id::OwnerId,
    net::headers::{announced, hop_by_hop, may_trail, nominated},
};

const HINT: HeaderName = HeaderName::from_static("x-maton-hint");

/// What an answer's `Connection` declares to end here, in its head and in its trailers.
pub(super) struct Ending(Vec<HeaderName>);

/// Removes from an answer what ends here. `trailers`: whether the caller takes some, and so is told which.
pub(super) fn clean(headers: &mut HeaderMap, trailers: bool) -> Ending {
    // Nearly nothing ends here. Then nothing is said about this hop either: those fields end here too.
    if !headers.keys().any(|name| hop_by_hop(name) || speaks_for_us(name)) {
        return Ending(Vec::new());
    }
    let ending = Ending(nominated(headers));
    let announced = if trailers { announced(headers, |name| ending.passes(name)) } else { None };
    let ended: Vec<HeaderName> =
        headers.keys().filter(|name| hop_by_hop(name) || !ending.passes(name)).cloned().collect();
    for name in &ended {
        headers.remove(name);
    }
    if let Some(names) = announced {
        headers.insert(TRAILER, names);
    }
    ending
}

impl Ending {
    fn passes(&self, name: &HeaderName) -> bool {
        !speaks_for_us(name) && !self.0.contains(name)
    }

    /// Removes from an answer's trailers what ends here, and what must not stand there.
    pub(super) fn clean(&self, trailers: &mut HeaderMap) {
        let ends = |name: &&HeaderName| !may_trail(name) || !self.passes(name);
        let ended: Vec<HeaderName> = trailers.keys().filter(ends).cloned().collect();
        for name in &ended {
            trailers.remove(name);
        }
    }
}

/// Fields about the origin that answers, which is the gateway's: cookies, its transport, its own words.
fn speaks_for_us(name: &HeaderName) -> bool {
    let family: &[u8] = match name.as_str().as_bytes() {
        b"set-cookie" | b"set-cookie2" | b"alt-svc" | b"strict-transport-security" => return true,
        [b'k', ..] => b"keyferry-",
        [b'm', ..] => b"maton-",
        [b'x', ..] => b"x-maton-",
        _ => return false,
    };
    name.as_str().as_bytes().starts_with(family)
}

/// What targets are translated with.
pub(super) struct Context<'a> {
    pub(super) gateway_url: &'a str,
    pub(super) links: &'a Links,
    pub(super) owner: OwnerId,
    pub(super) asked: &'a Asked,
    pub(super) credential: &'a Credential,
}

/// Leads the targets of an answer back through the gateway.
pub(super) fn translate(headers: &mut HeaderMap, context: &Context<'_>) {
    // No constant: that would be made anew for each comparison.
    static TARGETS: [HeaderName; 3] = [LOCATION, CONTENT_LOCATION, LINK];
    if !headers.keys().any(|name| TARGETS.contains(name)) {
        return;
    }
    let translator = Translator {
        gateway_url: context.gateway_url,
        asked: context.asked,
        credential: context.credential,
        scrub: Scrub::new(&context.asked.app, context.credential),
        links: context.links,
        owner: context.owner,
    };
    replace(headers, &LOCATION, |target| translator.location(target));
    replace(headers, &CONTENT_LOCATION, |target| translator.mention(target));
    replace(headers, &LINK, |value| {
        Some(link::with_targets(value, |target| translator.mention(target).unwrap_or_else(unreadable)))
    });
}

/// The same for the answer of a sealed link: whatever it leads to is foreign.
pub(super) fn translate_sealed(headers: &mut HeaderMap, links: &Links, link: &Link) {
    replace(headers, &LOCATION, |target| links.seal(&link.onwards(target)?));
    replace(headers, &CONTENT_LOCATION, |target| Some(link.onwards(target)?.target));
    replace(headers, &LINK, |value| {
        let onwards = |target: &str| link.onwards(target).map_or_else(unreadable, |link| link.target);
        Some(link::with_targets(value, onwards))
    });
}

fn unreadable() -> String {
    "about:invalid".to_owned()
}

/// Adds which connection was used, and why it may not have been the expected one.
pub(super) fn add(headers: &mut HeaderMap, chosen: &Chosen) {
    let [name, ..] = &select::FIELDS;
    let mut text = Uuid::encode_buffer();
    let id = chosen.connection.id.uuid().hyphenated().encode_lower(&mut text);
    if let Ok(id) = HeaderValue::from_str(id) {
        headers.insert(name, id);
    }
    if let Some(hint) = chosen.hint.as_deref().and_then(|hint| HeaderValue::from_str(hint).ok()) {
        headers.insert(HINT, hint);
    }
}

/// Replaces every value of `name`; a value that comes to nothing is left out.
fn replace(headers: &mut HeaderMap, name: &HeaderName, new: impl Fn(&str) -> Option<String>) {
    if !headers.contains_key(name) {
        return;
    }
    let values: Vec<HeaderValue> = headers
        .get_all(name)
        .iter()
        .filter_map(|value| HeaderValue::try_from(new(std::str::from_utf8(value.as_bytes()).ok()?)?).ok())
        .collect();
    headers.remove(name);
    for value in values {
        headers.append(name.clone(), value);
    }
}

#[cfg(test)]
mod tests;
