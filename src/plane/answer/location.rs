//! Where an upstream's `Location`, `Content-Location` and `Link` lead the caller: back through this gateway.
//!
//! A target on one of the app's own hosts becomes a path of the app here, so that the next call gets its credential
//! again and the caller's key never travels upstream. A foreign `Location` becomes a sealed link.

use std::borrow::Cow;

use http::uri::{Authority, Scheme};

use super::{
    reference::{self, Reference},
    scrub::Scrub,
};
use crate::{
    catalog::app::Redirects,
    connections::{Base, Credential},
    id::OwnerId,
    plane::{
        links::{Link, Links},
        rewrite::{Asked, path},
        target,
    },
};

/// What a target is translated with.
pub(super) struct Translator<'a> {
    pub(super) gateway_url: &'a str,
    pub(super) asked: &'a Asked,
    pub(super) credential: &'a Credential,
    pub(super) scrub: Scrub<'a>,
    pub(super) links: &'a Links,
    pub(super) owner: OwnerId,
}

impl Translator<'_> {
    /// The target of a `Location`; none if it must not go out.
    pub(super) fn location(&self, target: &str) -> Option<String> {
        self.translate(target, self.asked.app.redirects == Redirects::Seal)
    }

    /// The target of a `Content-Location` or `Link`: these are not followed with credentials, so a foreign one stays.
    pub(super) fn mention(&self, target: &str) -> Option<String> {
        self.translate(target, false)
    }

    fn translate(&self, target: &str, seal: bool) -> Option<String> {
        let base = self.asked_base();
        let path = format!("{}{}", base.prefix, self.asked.path());
        match reference::read(target, base.scheme.as_str(), base.authority.as_str(), &path) {
            Reference::Relative => self.beside(target),
            Reference::OtherScheme => self.scrub.clean(target).map(Cow::into_owned),
            Reference::Unreadable => None,
            Reference::Absolute(scheme, authority, rest) => match self.own(&scheme, &authority, &rest) {
                Some(native) => Some(format!("{}/{}{native}", self.gateway_url, self.asked.app.name)),
                None => self.foreign(&scheme, &authority, &rest, seal),
            },
        }
    }

    /// A target next to the request's own. Whoever called `/{app}` without a slash would look for it next to the app,
    /// among the gateway's own paths, and gets the whole URL.
    fn beside(&self, target: &str) -> Option<String> {
        let cleaned = self.scrub.clean(target)?.into_owned();
        let same_path = cleaned.is_empty() || cleaned.starts_with(['?', '#']);
        if same_path || !self.asked.is_bare() {
            return Some(cleaned);
        }
        Some(format!("{}/{}/{cleaned}", self.gateway_url, self.asked.app.name))
    }

    /// The base the request went to.
    fn asked_base(&self) -> &Base {
        let route = self.asked.route.and_then(|at| self.credential.routes.get(at)?.as_ref());
        route.unwrap_or(&self.credential.base)
    }

    /// The path by which callers of this app reach a target on one of its hosts.
    fn own(&self, scheme: &str, authority: &str, rest: &str) -> Option<String> {
        let routes = self.credential.routes.iter().enumerate();
        let bases = std::iter::once((None, &self.credential.base))
            .chain(routes.filter_map(|(at, base)| Some((Some(at), base.as_ref()?))));
        let mut own = bases.filter(|(_, base)| same_host(base, scheme, authority));
        own.find_map(|(route, base)| self.native(route, base, rest))
    }

    /// `rest` without the base's prefix, if a call to it would come to the same base.
    fn native(&self, route: Option<usize>, base: &Base, rest: &str) -> Option<String> {
        let below = rest.strip_prefix(&base.prefix)?;
        if !below.is_empty() && !below.starts_with(['/', '?', '#']) {
            return None;
        }
        let rooted = if below.starts_with('/') { below.to_owned() } else { format!("/{below}") };
        // Only the path is filled on the way out: a value in the query is the caller's to send again.
        let (path, query) = rooted.split_at(rooted.find(['?', '#']).unwrap_or(rooted.len()));
        let cleaned = format!("{}{query}", path::unfill(path, &self.credential.path_vars));
        let cleaned = self.scrub.clean(&cleaned)?.into_owned();
        let end = cleaned.find(['?', '#']).unwrap_or(cleaned.len());
        let path = cleaned.get(..end)?;
        let reaches = |method: &http::Method| {
            let found = self.asked.app.route_for(method, path);
            found == route || found.and_then(|at| self.credential.routes.get(at)?.as_ref()) == Some(base)
        };
        (!target::has_dot_segment(path) && (reaches(&self.asked.method) || reaches(&http::Method::GET)))
            .then_some(cleaned)
    }

    fn foreign(&self, scheme: &str, authority: &str, rest: &str, seal: bool) -> Option<String> {
        let host = authority.rsplit('@').next().unwrap_or(authority);
        let url = format!("{scheme}://{host}{rest}");
        let target = self.scrub.clean(&url)?.into_owned();
        if !seal {
            return Some(target);
        }
        let (app, home) = (self.asked.app.name.clone(), self.asked_base().authority.host().to_owned());
        self.links.seal(&Link { owner: self.owner, app, home, target })
    }
}

/// Whether a target's authority is the base's, whatever the case and with default ports spelled out or not.
fn same_host(base: &Base, scheme: &str, authority: &str) -> bool {
    let Ok(authority) = authority.rsplit('@').next().unwrap_or(authority).parse::<Authority>() else {
        return false;
    };
    let default = |https: bool| if https { 443 } else { 80 };
    let own = base.authority.port_u16().unwrap_or_else(|| default(base.scheme == Scheme::HTTPS));
    let port = authority.port_u16().unwrap_or_else(|| default(scheme.eq_ignore_ascii_case("https")));
    // http:// on the same host, without a port, is the same API: calls through here go by the base's scheme.
    let same_port = port == own || (authority.port().is_none() && base.authority.port().is_none());
    base.authority.host().eq_ignore_ascii_case(authority.host().trim_end_matches('.')) && same_port
}
