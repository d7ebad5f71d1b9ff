//! Keeps the upstream credential out of targets that go back to the caller: some upstreams echo it in a redirect.

use std::borrow::Cow;

use base64::{Engine, engine::general_purpose::STANDARD};
use percent_encoding::percent_decode_str;
use zeroize::Zeroizing;

use crate::{catalog::App, connections::Credential, plane::rewrite::query};

/// What is shorter can't be told from other text, and is no secret.
const SHORTEST: usize = 8;

/// What must not stand in a target.
pub(super) struct Scrub<'a> {
    names: &'a [String],
    secrets: Vec<Zeroizing<String>>,
}

impl<'a> Scrub<'a> {
    /// Everything secret that `credential` puts onto a request of `app`.
    pub(super) fn new(app: &'a App, credential: &Credential) -> Self {
        let own = || credential.routes_own.iter().flatten();
        let headers = credential.headers.iter().chain(own().flat_map(|own| &own.headers));
        let headers = headers.filter_map(|(_, value)| value.to_str().ok()).flat_map(in_header);
        let in_query = credential.query.iter().chain(own().flat_map(|own| &own.query));
        let in_query = in_query.map(|(_, value)| value.expose());
        let is_secret = |token: &str| app.injects().any(|inject| inject.path.as_deref() == Some(token));
        let in_path = credential.path_vars.iter().chain(own().flat_map(|own| &own.path_vars));
        let in_path = in_path.filter(|(token, _)| is_secret(token));
        let plain =
            in_query.chain(in_path.map(|(_, value)| value.expose())).map(|text| text.to_owned().into());
        let secrets =
            headers.chain(plain).filter(|secret: &Zeroizing<String>| secret.len() >= SHORTEST).collect();
        Self { names: app.injected_queries(), secrets }
    }

    /// `target` without the parameters that hold the credential; none if it stands elsewhere in it.
    pub(super) fn clean<'t>(&self, target: &'t str) -> Option<Cow<'t, str>> {
        let cleaned = match target.split_once('?') {
            None => Cow::Borrowed(target),
            Some((path, rest)) => {
                let (query, fragment) = match rest.split_once('#') {
                    Some((query, fragment)) => (query, Some(fragment)),
                    None => (rest, None),
                };
                match self.cleaned(query) {
                    Some(query) => Cow::Owned(joined(path, &query, fragment)),
                    None => Cow::Borrowed(target),
                }
            }
        };
        (!self.found_in(&cleaned)).then_some(cleaned)
    }

    /// The query without what holds the credential, if anything does.
    fn cleaned(&self, query: &str) -> Option<String> {
        let kept = query::without(query, self.names);
        let bad = |pair: &&str| self.found_in(pair);
        if !kept.split('&').any(|pair| bad(&pair)) {
            return matches!(kept, Cow::Owned(_)).then(|| kept.into_owned());
        }
        Some(kept.split('&').filter(|pair| !bad(pair)).collect::<Vec<_>>().join("&"))
    }

    fn found_in(&self, text: &str) -> bool {
        let decoded: Vec<u8> = percent_decode_str(text).collect();
        let decoded = String::from_utf8_lossy(&decoded);
        self.secrets.iter().any(|secret| text.contains(secret.as_str()) || decoded.contains(secret.as_str()))
    }
}

fn joined(path: &str, query: &str, fragment: Option<&str>) -> String {
    let mut joined = path.to_owned();
    if !query.is_empty() {
        joined.push('?');
        joined.push_str(query);
    }
    if let Some(fragment) = fragment {
        joined.push('#');
        joined.push_str(fragment);
    }
    joined
}

/// The secret inside a header's value: all of it, what follows the scheme, both halves of `Basic`.
fn in_header(value: &str) -> Vec<Zeroizing<String>> {
    let last = value.rsplit(' ').next().unwrap_or(value);
    let pair = STANDARD.decode(last).ok().and_then(|bytes| String::from_utf8(bytes).ok()).map(Zeroizing::new);
    let halves: Vec<Zeroizing<String>> = pair
        .iter()
        .filter(|pair| pair.contains(':'))
        .flat_map(|pair| pair.split(':').map(|half| half.to_owned().into()))
        .collect();
    [value, last].into_iter().map(|text| text.to_owned().into()).chain(halves).collect()
}
