//! From what the flow offers to what the page shows: the way chosen, its inputs, and where its button leads.

use std::collections::BTreeMap;

use super::{
    frame::Frame,
    input,
    link::Link,
    monogram::Monogram,
    origin,
    pages::{ConnectPage, Input, Way, steps},
    scopes::ScopeLine,
    success,
    words::Words,
};
use crate::{
    catalog::{App, Method},
    connections::{Offer, OfferedWay, Wrong},
};

/// Inputs are posted under this, so that no app's field can be taken for one of ours.
pub(super) const PREFIX: &str = "f.";

/// What an earlier press of the button brought up.
#[derive(Default)]
pub(super) struct Earlier {
    /// What was typed in.
    pub(super) form: BTreeMap<String, String>,
    /// What was wrong with it.
    pub(super) trouble: Option<Trouble>,
}

/// Why a press of the button didn't lead on.
#[derive(Clone, Debug)]
pub(super) enum Trouble {
    /// One input can't be taken.
    Input { field: String, wrong: Wrong },
    /// The provider refuses what was typed in.
    Rejected,
    /// The gateway isn't set up for it.
    NotReady,
    /// The provider could not be asked.
    NotReached,
}

/// The way of `offer` that is called `method`, else its first.
pub(super) fn way(offer: &Offer, method: Option<Method>) -> Option<&OfferedWay> {
    let wanted = offer.ways.iter().find(|way| Some(way.method) == method);
    wanted.or_else(|| offer.ways.first())
}

/// The page for `way`.
pub(super) fn page(
    words: &Words,
    offer: &Offer,
    way: &OfferedWay,
    link: &Link,
    earlier: Earlier,
) -> ConnectPage {
    let (app, connection) = (&offer.app, &offer.connection);
    let target = way.leaves.then(|| target(app, way, &connection.fields)).flatten();
    let mut fields = input::of(words, app, way, &earlier.form);
    let notice = earlier.trouble.and_then(|trouble| mark(words, app, way, &mut fields, &trouble));
    let account = success::account(&connection.metadata).filter(|_| offer.reconnect);
    ConnectPage {
        steps: steps(words, way.leaves.then_some(app.display_name.as_str()), 0),
        app: Monogram::new(&app.display_name),
        owner: Monogram::new(&offer.owner_name),
        again: offer.reconnect,
        confirms: offer.confirms,
        notice,
        connection_name: connection.name.clone(),
        account: account.map(|account| account.name),
        environment: success::environment(app, connection),
        ways: tabs(words, offer, way),
        scopes: way.scopes.iter().map(|scope| ScopeLine::new(words, scope, &app.scopes)).collect(),
        connection_id: connection.id.to_string(),
        csrf: link.csrf(),
        method: way.method.as_str(),
        find: way.docs.clone().filter(|_| way.fields.iter().any(|asked| asked.secret)),
        leaves: way.leaves,
        leaves_to: target.as_deref().and_then(host),
        fields,
        t: Frame::at(words, &address(offer, way)),
    }
}

/// Says what is wrong beside the input that has to be changed; answers what is to be said above them all.
fn mark(
    words: &Words,
    app: &App,
    way: &OfferedWay,
    fields: &mut [Input],
    trouble: &Trouble,
) -> Option<String> {
    let with = |key| words.with(key, &[("app", app.display_name.as_str())]);
    let secrets = way.fields.iter().filter(|asked| asked.secret).count();
    let (place, text) = match trouble {
        Trouble::NotReady => return Some(with("not-ready")),
        Trouble::NotReached => return Some(with("not-reached")),
        Trouble::Rejected => (None, with(if secrets > 1 { "rejected-many" } else { "rejected" })),
        Trouble::Input { field, wrong } => {
            let at = way.fields.iter().position(|asked| asked.name == *field);
            (at, input::advice(words, app, at.and_then(|at| way.fields.get(at)), *wrong))
        }
    };
    let place = place.or_else(|| way.fields.iter().position(|asked| asked.secret));
    match place.and_then(|at| fields.get_mut(at)) {
        Some(input) => {
            input.wrong = Some(text);
            // Where the keyboard begins, and what a screen reader says first.
            input.focus = true;
            None
        }
        None => Some(text),
    }
}

/// The source expression for where the form of `way` leads.
pub(super) fn form_action(offer: &Offer, way: &OfferedWay) -> Option<String> {
    let url = way.leaves.then(|| target(&offer.app, way, &offer.connection.fields)).flatten()?;
    origin::source_of(&url)
}

/// The consent page's URL: filled where everything is known, else as the app's file writes it.
fn target(app: &App, way: &OfferedWay, known: &BTreeMap<String, String>) -> Option<String> {
    let template = &app.way(way.method)?.authorize.as_ref()?.url;
    Some(template.fill(known).unwrap_or_else(|_| template.as_str().to_owned()))
}

/// The host of a filled URL, for people.
fn host(url: &str) -> Option<String> {
    if url.contains("${") { None } else { url::Url::parse(url).ok()?.host_str().map(str::to_owned) }
}

fn address(offer: &Offer, way: &OfferedWay) -> String {
    format!("/connect/{}?method={}", offer.connection.id, way.method)
}

fn tabs(words: &Words, offer: &Offer, chosen: &OfferedWay) -> Vec<Way> {
    let own = |way: &OfferedWay| offer.app.way(way.method)?.label.clone();
    let tab = |way: &OfferedWay| Way {
        href: address(offer, way),
        label: own(way).unwrap_or_else(|| words.say(label(way.method))),
        now: way.method == chosen.method,
    };
    // In the file's order, whichever is chosen: tabs that change places can't be learnt.
    let order = |way: &&OfferedWay| offer.app.auth.iter().position(|auth| auth.method == way.method);
    let mut ways: Vec<&OfferedWay> = offer.ways.iter().collect();
    ways.sort_by_key(order);
    ways.into_iter().map(tab).collect()
}

/// What to call a way in whose file gives it no name.
fn label(method: Method) -> &'static str {
    match method {
        Method::Oauth2 | Method::Oauth1 | Method::Mcp => "way-sign-in",
        Method::ApiKey | Method::Jwt => "way-key",
        Method::Basic => "way-password",
        Method::ClientCredentials => "way-client",
    }
}

#[cfg(test)]
mod tests;
