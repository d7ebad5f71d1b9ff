//! What one app file says: the types behind `config/apps/*.toml`, and the questions others ask of them.
//!
//! Every key is known here or the file is refused. Values that depend on the connection are [`Template`]s.
//! Parts that only later mechanisms execute are still parsed and checked, so that a file never has to change.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
    sync::atomic::{AtomicU64, Ordering},
};

use http::HeaderName;
use serde::{Deserialize, Serialize};

use super::{
    auth::{Auth, Inject},
    field::{Field, Role},
    limit::Limit,
    pattern::{Glob, Pattern},
    template::{Template, Values},
    webhook::Webhook,
};

pub use super::method::Method;

/// One upstream API.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct App {
    /// The slug: first path segment at the gateway, `[a-z0-9-]`.
    pub name: String,
    /// What people call it.
    pub display_name: String,
    /// Other slugs that lead here.
    #[serde(default)]
    pub aliases: Vec<String>,
    /// What kind of product it is.
    #[serde(default)]
    pub categories: Vec<String>,
    /// Where the provider documents the API.
    pub docs: Option<String>,
    /// Scheme, host, optional port and path prefix of the API.
    pub base: Template,
    /// Whether to offer HTTP/2 to the upstream by ALPN.
    #[serde(default = "yes")]
    pub http2: bool,
    /// Values the connection needs beside its credential.
    #[serde(default, rename = "field")]
    pub fields: Vec<Field>,
    /// The ways in, the preferred one first.
    #[serde(default)]
    pub auth: Vec<Auth>,
    /// Other hosts by path; the longest match wins.
    #[serde(default, rename = "route")]
    pub routes: Vec<Route>,
    /// Headers sent only if the caller sent none of that name.
    #[serde(default)]
    pub headers: BTreeMap<String, Template>,
    /// Query parameters sent only if the caller sent none of that name.
    #[serde(default)]
    pub query: BTreeMap<String, Template>,
    /// Placeholders in the caller's path.
    #[serde(default, rename = "path_var")]
    pub path_vars: Vec<PathVar>,
    /// What becomes of a `Location` to a foreign host.
    #[serde(default)]
    pub redirects: Redirects,
    /// How the provider tells callers to slow down.
    pub limit: Option<Limit>,
    /// How the provider signs what it sends.
    pub webhook: Option<Webhook>,
    /// The request that tells whose account a credential opens.
    pub probe: Option<Probe>,
    /// Why there is no probe, where there is none.
    pub no_probe: Option<String>,
    /// Test and live, sandbox and production: how to tell them apart. The first one is the default.
    #[serde(default, rename = "environment")]
    pub environments: Vec<Environment>,
    /// What a scope means, in words a user understands.
    #[serde(default)]
    pub scopes: BTreeMap<String, String>,
    /// Keys of this file whose values come from no source that was read.
    #[serde(default)]
    pub unverified: Vec<String>,
    /// Computed once, when the file is read.
    #[serde(skip)]
    pub(super) injected: Injected,
    /// Which reading of a file this is: no two are alike in the life of a program.
    #[serde(skip)]
    pub(super) edition: u64,
}

/// Every place where some way of an app puts its credential.
#[derive(Clone, Debug, Default)]
pub(super) struct Injected {
    headers: Vec<HeaderName>,
    queries: Vec<String>,
    /// How many of them, at the front, carry a credential as it is.
    plain_queries: usize,
}

fn yes() -> bool {
    true
}

impl App {
    /// Which reading of a file this is. What was prepared by one edition fits no other.
    #[must_use]
    pub const fn edition(&self) -> u64 {
        self.edition
    }

    /// Everything that some way of this app, or a route, puts onto a request.
    pub fn injects(&self) -> impl Iterator<Item = &Inject> {
        let routes = self.routes.iter().filter_map(|route| route.inject.as_ref());
        self.auth.iter().map(|way| &way.inject).chain(routes).flatten()
    }

    /// Every header that some way of this app sets: a caller's own never goes upstream.
    #[must_use]
    pub fn credential_headers(&self) -> &[HeaderName] {
        &self.injected.headers
    }

    /// Every query parameter that some way of this app sets: a caller's own never goes upstream.
    #[must_use]
    pub fn credential_queries(&self) -> &[String] {
        &self.injected.queries
    }

    /// Those of them that carry a credential as it is. A signature never stands in a URL that goes out from here, so one
    /// that an upstream writes into a redirect is its own.
    #[must_use]
    pub fn injected_queries(&self) -> &[String] {
        self.injected.queries.get(..self.injected.plain_queries).unwrap_or_default()
    }

    /// The way in called `method`.
    #[must_use]
    pub fn way(&self, method: Method) -> Option<&Auth> {
        self.auth.iter().find(|way| way.method == method)
    }

    /// The values that are asked or gathered for one way in, beside its own credential fields.
    pub fn fields_of(&self, method: Method) -> impl Iterator<Item = &Field> {
        self.fields.iter().filter(move |field| field.is_of(method))
    }

    /// Which of `routes` a call takes, if not the app's base. `path` is the native one, without its query.
    #[must_use]
    pub fn route_for(&self, method: &http::Method, path: &str) -> Option<usize> {
        let allowed =
            |route: &Route| route.methods.is_empty() || route.methods.iter().any(|m| m == method.as_str());
        let found =
            self.routes.iter().enumerate().filter(|(_, route)| allowed(route) && route.path.matches(path));
        let best =
            found.max_by_key(|(at, route)| (route.path.weight(), !route.methods.is_empty(), Reverse(*at)));
        best.map(|(at, _)| at)
    }

    /// The environment that `values` tell, or the default one of an app whose users choose.
    ///
    /// What a user chose stands in `values` under the name `environment`.
    #[must_use]
    pub fn environment(&self, values: &dyn Values) -> Option<&Environment> {
        let chosen = values.value("environment");
        let told = self.environments.iter().find(|environment| environment.is_told(values));
        told.or_else(|| {
            self.environments.iter().find(|environment| chosen == Some(environment.name.as_str()))
        })
        .or_else(|| self.environments.iter().find(|environment| environment.fields.is_empty()))
    }

    /// The base of calls: the way's own, else the environment's, else the app's.
    #[must_use]
    pub fn base_of<'a>(&'a self, way: &'a Auth, environment: Option<&'a Environment>) -> &'a Template {
        way.base.as_ref().or_else(|| environment?.base.as_ref()).unwrap_or(&self.base)
    }

    /// Every host that calls of this app can reach, as templates say it: `${subdomain}.zendesk.com`.
    #[must_use]
    pub fn hosts(&self) -> Vec<String> {
        let ways = self.auth.iter().filter_map(|way| way.base.as_ref());
        let environments = self.environments.iter().filter_map(|environment| environment.base.as_ref());
        let routes = self.routes.iter().map(|route| &route.base);
        let all = std::iter::once(&self.base).chain(ways).chain(environments).chain(routes);
        let hosts: BTreeSet<String> = all.map(|base| base.authority().to_owned()).collect();
        hosts.into_iter().collect()
    }

    /// Fills what is computed once.
    pub(super) fn compute(&mut self, roles: &BTreeMap<String, Role>) {
        static EDITIONS: AtomicU64 = AtomicU64::new(1);
        self.edition = EDITIONS.fetch_add(1, Ordering::Relaxed);
        let role = |name: &str| roles.get(name).copied().unwrap_or_default();
        self.fields.iter_mut().for_each(|field| field.role = role(&field.name));
        for field in self.auth.iter_mut().flat_map(|way| &mut way.fields) {
            field.role = role(&field.name);
        }
        let mut headers: BTreeSet<String> =
            self.injects().filter_map(|inject| inject.header.as_deref()).map(str::to_lowercase).collect();
        let queries: BTreeSet<String> = self.injects().filter_map(|inject| inject.query.clone()).collect();
        let mut queries: Vec<String> = queries.into_iter().collect();
        let plain_queries = queries.len();
        for sign in self.auth.iter().filter_map(|way| way.sign.as_ref()) {
            headers.extend(sign.headers().iter().map(|name| (*name).to_owned()));
            queries.extend(sign.queries().iter().map(|name| (*name).to_owned()));
        }
        let headers = headers.into_iter().filter_map(|name| name.parse().ok()).collect();
        self.injected = Injected { headers, queries, plain_queries };
    }
}

/// Another host for some paths.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Route {
    /// `/exact`, `/prefix/**` or `/with/*/segments`.
    pub path: Glob,
    /// Only for these request methods; empty: for all.
    #[serde(default)]
    pub methods: Vec<String>,
    /// Scheme, host, optional port and path prefix.
    pub base: Template,
    /// The credential is not sent there.
    #[serde(default)]
    pub anonymous: bool,
    /// What goes onto requests there, instead of what the way in says.
    pub inject: Option<Vec<Inject>>,
}

/// A placeholder in the caller's path, filled wherever it occurs.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PathVar {
    /// What callers write, `:realmId`.
    pub token: String,
    /// What goes out instead, percent-encoded as one segment.
    pub value: Template,
}

/// What becomes of a `Location` to a foreign host.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Redirects {
    /// It becomes a sealed link of this gateway.
    #[default]
    Seal,
    /// It stays as it is.
    Pass,
}

/// The request that tells whose account a credential opens.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Probe {
    /// GET this: a path on the app's base, or an absolute URL.
    pub get: Option<Template>,
    /// POST this instead.
    pub post: Option<Template>,
    /// The body of the POST, sent as JSON.
    pub body: Option<String>,
    /// Dotted path to the account's id in the answer; array elements by number.
    pub id: Option<String>,
    /// Dotted path to what a person knows the account by.
    pub label: Option<String>,
    /// Dotted path to an e-mail address.
    pub email: Option<String>,
    /// A dotted path that must hold this: for providers that fail inside a 200.
    pub ok: Option<(String, serde_json::Value)>,
}

/// One environment of an app, told by the credential or chosen by the user.
#[derive(Clone, Debug, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Environment {
    /// Stored in `metadata.environment`: `test`, `live`, `sandbox`.
    pub name: String,
    /// What the page calls it.
    pub label: String,
    /// The values that tell, whichever the connection has: `api_key`, `access_token`. None: the user chooses.
    #[serde(default)]
    pub fields: Vec<String>,
    /// What such a value matches.
    pub pattern: Option<Pattern>,
    /// Another base for this environment.
    pub base: Option<Template>,
}

impl Environment {
    fn is_told(&self, values: &dyn Values) -> bool {
        let Some(pattern) = &self.pattern else { return false };
        self.fields.iter().filter_map(|name| values.value(name)).any(|value| pattern.matches(value))
    }
}
