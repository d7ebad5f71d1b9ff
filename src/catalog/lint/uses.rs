//! Every template of an app file with what its place demands: one list, so that no rule forgets a place.

use std::collections::BTreeMap;

use crate::catalog::{
    app::App,
    auth::{Auth, Inject, Sign},
    field::{Field, Role},
    template::Template,
};

/// A template at its place.
pub(super) struct Use<'a> {
    /// The key's path in the file.
    pub(super) at: String,
    pub(super) template: &'a Template,
    pub(super) kind: Kind,
    pub(super) stage: Stage,
    /// The ways in that fill it.
    pub(super) ways: Vec<&'a Auth>,
    /// Left out where a value is missing.
    pub(super) optional: bool,
}

/// What a template becomes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// An absolute URL that paths are put behind.
    Base,
    /// An absolute URL that is shown the operator's client.
    Endpoint,
    /// An absolute URL that is shown the connection's credential.
    Url,
    /// An absolute URL, or a path on the base.
    Probe,
    /// A header's value.
    Header,
    /// Any other value: its writer encodes it.
    Value,
    /// What a signature is made with: never sent, and the one place for a value of several lines.
    Key,
    /// A member of a token that is signed here.
    Claim,
}

/// When a template is filled: what is known by then differs.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stage {
    /// Before the user goes to the provider.
    Consent,
    /// When the callback came, or before a token of one's own is asked for.
    Exchange,
    /// With a token, while fields are still being gathered.
    Gather,
    /// On each call.
    Call,
    /// With the tokens, at the provider.
    Renew,
}

/// All templates of `app`.
pub(super) fn of(app: &App) -> Vec<Use<'_>> {
    let mut list = List { uses: Vec::new() };
    list.bases(app);
    list.defaults(app);
    list.probes(app);
    for (at, way) in app.auth.iter().enumerate() {
        list.way(&format!("auth[{at}]"), way);
    }
    for (at, field) in app.fields.iter().enumerate() {
        list.field(app, &format!("field[{at}]"), field);
    }
    list.uses
}

struct List<'a> {
    uses: Vec<Use<'a>>,
}

impl<'a> List<'a> {
    fn add(
        &mut self,
        at: impl Into<String>,
        template: &'a Template,
        kind: Kind,
        stage: Stage,
        ways: &[&'a Auth],
    ) {
        self.uses.push(Use { at: at.into(), template, kind, stage, ways: ways.to_vec(), optional: false });
    }

    fn all(
        &mut self,
        at: &str,
        map: &'a BTreeMap<String, Template>,
        kind: Kind,
        stage: Stage,
        ways: &[&'a Auth],
    ) {
        for (name, template) in map {
            self.add(format!("{at}.{name}"), template, kind, stage, ways);
        }
    }

    fn bases(&mut self, app: &'a App) {
        let common: Vec<&Auth> = app.auth.iter().filter(|way| way.base.is_none()).collect();
        self.add("base", &app.base, Kind::Base, Stage::Call, &common);
        for (at, environment) in app.environments.iter().enumerate() {
            if let Some(base) = &environment.base {
                self.add(format!("environment[{at}].base"), base, Kind::Base, Stage::Call, &common);
            }
        }
        for (at, route) in app.routes.iter().enumerate() {
            self.add(format!("route[{at}].base"), &route.base, Kind::Base, Stage::Call, &common);
            // A route that some way can't fill is one that its connections can't take.
            for (number, inject) in route.inject.iter().flatten().enumerate() {
                self.inject(format!("route[{at}].inject[{number}].value"), inject, &common);
                self.uses.iter_mut().next_back().into_iter().for_each(|last| last.optional = true);
            }
        }
    }

    /// What may be missing: for these it is enough that some way can fill them.
    fn defaults(&mut self, app: &'a App) {
        let ways: Vec<&Auth> = app.auth.iter().collect();
        let before = self.uses.len();
        self.all("headers", &app.headers, Kind::Header, Stage::Call, &ways);
        self.all("query", &app.query, Kind::Value, Stage::Call, &ways);
        for (at, variable) in app.path_vars.iter().enumerate() {
            self.add(format!("path_var[{at}].value"), &variable.value, Kind::Value, Stage::Call, &ways);
        }
        self.uses.iter_mut().skip(before).for_each(|found| found.optional = true);
    }

    fn probes(&mut self, app: &'a App) {
        let common: Vec<&Auth> = app.auth.iter().filter(|way| way.probe.is_none()).collect();
        let own =
            app.auth.iter().enumerate().map(|(at, way)| (format!("auth[{at}].probe"), &way.probe, vec![way]));
        for (at, probe, ways) in own.chain([("probe".to_owned(), &app.probe, common)]) {
            let Some(probe) = probe else { continue };
            for (key, url) in [("get", &probe.get), ("post", &probe.post)] {
                if let Some(url) = url {
                    self.add(format!("{at}.{key}"), url, Kind::Probe, Stage::Call, &ways);
                }
            }
        }
    }

    fn way(&mut self, at: &str, way: &'a Auth) {
        if let Some(base) = &way.base {
            self.add(format!("{at}.base"), base, Kind::Base, Stage::Call, &[way]);
        }
        if let Some(authorize) = &way.authorize {
            self.add(format!("{at}.authorize.url"), &authorize.url, Kind::Endpoint, Stage::Consent, &[way]);
            self.all(
                &format!("{at}.authorize.params"),
                &authorize.params,
                Kind::Value,
                Stage::Consent,
                &[way],
            );
            if let Some(issuer) = &authorize.issuer {
                self.add(format!("{at}.authorize.issuer"), issuer, Kind::Endpoint, Stage::Consent, &[way]);
            }
        }
        if let Some(token) = &way.token {
            self.add(format!("{at}.token.url"), &token.url, Kind::Endpoint, Stage::Exchange, &[way]);
            self.all(&format!("{at}.token.params"), &token.params, Kind::Value, Stage::Exchange, &[way]);
            self.all(&format!("{at}.token.headers"), &token.headers, Kind::Header, Stage::Exchange, &[way]);
        }
        if let Some(exchange) = &way.exchange {
            self.add(format!("{at}.exchange.url"), &exchange.url, Kind::Endpoint, Stage::Gather, &[way]);
            self.all(&format!("{at}.exchange.params"), &exchange.params, Kind::Value, Stage::Gather, &[way]);
            self.all(
                &format!("{at}.exchange.headers"),
                &exchange.headers,
                Kind::Header,
                Stage::Gather,
                &[way],
            );
        }
        self.signed(at, way);
        self.clients(at, way);
        self.renewal(at, way);
        for (number, inject) in way.inject.iter().enumerate() {
            self.inject(format!("{at}.inject[{number}].value"), inject, &[way]);
        }
    }

    /// What is signed here.
    fn signed(&mut self, at: &str, way: &'a Auth) {
        if let Some(jwt) = &way.jwt {
            self.add(format!("{at}.jwt.key"), &jwt.key, Kind::Key, Stage::Exchange, &[way]);
            self.all(&format!("{at}.jwt.header"), &jwt.header, Kind::Claim, Stage::Exchange, &[way]);
            self.all(&format!("{at}.jwt.claims"), &jwt.claims, Kind::Claim, Stage::Exchange, &[way]);
        }
        for (key, template) in way.sign.iter().flat_map(Sign::templates) {
            self.add(format!("{at}.sign.{key}"), template, Kind::Value, Stage::Call, &[way]);
            let optional = matches!(key, "realm" | "session_token");
            self.uses.iter_mut().next_back().into_iter().for_each(|last| last.optional = optional);
        }
        if let Some(signature) = &way.callback.signature {
            let at = format!("{at}.callback.signature.secret");
            self.add(at, &signature.secret, Kind::Key, Stage::Exchange, &[way]);
        }
    }

    /// Where clients and endpoints are found at connect time.
    fn clients(&mut self, at: &str, way: &'a Auth) {
        if let Some(legs) = &way.oauth1 {
            let (first, last) = (&legs.request_token_url, &legs.access_token_url);
            self.add(format!("{at}.oauth1.request_token_url"), first, Kind::Endpoint, Stage::Consent, &[way]);
            self.add(format!("{at}.oauth1.access_token_url"), last, Kind::Endpoint, Stage::Exchange, &[way]);
        }
        if let Some(register) = &way.register {
            self.add(format!("{at}.register.url"), &register.url, Kind::Endpoint, Stage::Consent, &[way]);
            self.all(&format!("{at}.register.params"), &register.params, Kind::Value, Stage::Consent, &[way]);
        }
        if let Some(server) = &way.mcp {
            self.add(format!("{at}.mcp.url"), &server.url, Kind::Endpoint, Stage::Consent, &[way]);
        }
    }

    fn renewal(&mut self, at: &str, way: &'a Auth) {
        if let Some(url) = &way.refresh.url {
            self.add(format!("{at}.refresh.url"), url, Kind::Endpoint, Stage::Renew, &[way]);
        }
        self.all(&format!("{at}.refresh.params"), &way.refresh.params, Kind::Value, Stage::Renew, &[way]);
        self.all(&format!("{at}.refresh.headers"), &way.refresh.headers, Kind::Header, Stage::Renew, &[way]);
        if let Some(revoke) = &way.revoke {
            self.add(format!("{at}.revoke.url"), &revoke.url, Kind::Endpoint, Stage::Renew, &[way]);
            self.all(&format!("{at}.revoke.params"), &revoke.params, Kind::Value, Stage::Renew, &[way]);
            self.all(&format!("{at}.revoke.headers"), &revoke.headers, Kind::Header, Stage::Renew, &[way]);
        }
    }

    fn inject(&mut self, at: String, inject: &'a Inject, ways: &[&'a Auth]) {
        let kind = if inject.header.is_some() { Kind::Header } else { Kind::Value };
        let (ways, optional) = (ways.to_vec(), inject.optional);
        self.uses.push(Use { at, template: &inject.value, kind, stage: Stage::Call, ways, optional });
    }

    fn field(&mut self, app: &'a App, at: &str, field: &'a Field) {
        let Some(request) = &field.request else { return };
        let ways: Vec<&Auth> = app.auth.iter().filter(|way| field.is_of(way.method)).collect();
        self.add(format!("{at}.request.get"), &request.get, Kind::Url, Stage::Gather, &ways);
        self.all(&format!("{at}.request.headers"), &request.headers, Kind::Header, Stage::Gather, &ways);
    }
}

impl Use<'_> {
    /// Whether it ends up in a browser's address bar.
    pub(super) fn is_seen(&self) -> bool {
        self.stage == Stage::Consent && self.at.contains(".authorize.")
    }

    /// Whether the template becomes a URL or a part of one as it is.
    pub(super) fn is_url(&self) -> bool {
        !matches!(self.kind, Kind::Header | Kind::Value | Kind::Key | Kind::Claim)
    }
}

/// The strictest place each name is used at.
pub(super) fn roles(uses: &[Use<'_>]) -> BTreeMap<String, Role> {
    let mut roles: BTreeMap<String, Role> = BTreeMap::new();
    for found in uses.iter().filter(|found| found.is_url()) {
        let hosts = found.template.authority_names();
        for name in found.template.names() {
            let role = if hosts.contains(&name) { Role::Host } else { Role::Path };
            let strictest = roles.entry(name.to_owned()).or_default();
            *strictest = role.max(*strictest);
        }
    }
    roles
}
