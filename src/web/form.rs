//! From what the flow offers to what the page shows: the way chosen, its inputs, and where its button leads.

use std::collections::BTreeMap;

use super::{
    assets::ASSETS,
    html_pattern::html_pattern,
    link::Link,
    monogram::Monogram,
    origin,
    pages::{self, ConnectPage, Input, Way, steps},
    scopes::ScopeLine,
};
use crate::{
    catalog::{App, Method},
    connections::{Asked, Choice, Offer, OfferedWay},
};

/// Inputs are posted under this, so that no app's field can be taken for one of ours.
pub(super) const PREFIX: &str = "f.";
/// No value typed in is longer; keys of some providers are whole PEM files.
const LONGEST: usize = 16 * 1024;

/// What an earlier press of the button brought up.
#[derive(Default)]
pub(super) struct Earlier {
    /// What was typed in.
    pub(super) form: BTreeMap<String, String>,
    /// The input that was wrong, and why.
    pub(super) wrong: Option<(String, String)>,
    /// What was wrong altogether.
    pub(super) notice: Option<String>,
}

/// The way of `offer` that is called `method`, else its first.
pub(super) fn way(offer: &Offer, method: Option<Method>) -> Option<&OfferedWay> {
    let wanted = offer.ways.iter().find(|way| Some(way.method) == method);
    wanted.or_else(|| offer.ways.first())
}

/// The page for `way`.
pub(super) fn page(offer: &Offer, way: &OfferedWay, link: &Link, earlier: Earlier) -> ConnectPage {
    let (app, connection) = (&offer.app, &offer.connection);
    let target = way.leaves.then(|| target(app, way, &connection.fields)).flatten();
    let fields: Vec<Input> = way.fields.iter().map(|asked| input(app, way, asked, &earlier)).collect();
    let own = |key: &str| connection.metadata.get(key).and_then(|value| value.as_str());
    ConnectPage {
        assets: &ASSETS,
        steps: steps(way.leaves.then_some(app.display_name.as_str()), 0),
        app: Monogram::new(&app.display_name),
        owner: Monogram::new(&offer.owner_name),
        again: offer.reconnect,
        connection_name: connection.name.clone(),
        account: ["email", "name", "account_id"].into_iter().find_map(own).map(str::to_owned),
        environment: environment(app, own("environment")),
        ways: tabs(offer, way),
        scopes: way.scopes.iter().map(|scope| ScopeLine::new(scope, &app.scopes)).collect(),
        connection_id: connection.id.to_string(),
        csrf: link.csrf(),
        method: way.method.as_str(),
        find: way.docs.clone().filter(|_| fields.iter().any(|field| field.secret)),
        leaves: way.leaves,
        leaves_to: target.as_deref().and_then(host),
        fields,
        notice: earlier.notice,
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

fn tabs(offer: &Offer, chosen: &OfferedWay) -> Vec<Way> {
    let tab = |way: &OfferedWay| Way {
        href: format!("/connect/{}?method={}", offer.connection.id, way.method),
        label: way.label.clone(),
        now: way.method == chosen.method,
    };
    // In the file's order, whichever is chosen: tabs that change places can't be learnt.
    let order = |way: &&OfferedWay| offer.app.auth.iter().position(|auth| auth.method == way.method);
    let mut ways: Vec<&OfferedWay> = offer.ways.iter().collect();
    ways.sort_by_key(order);
    ways.into_iter().map(tab).collect()
}

fn choice(choice: &Choice) -> pages::Choice {
    pages::Choice { value: choice.value.clone(), label: choice.label.clone() }
}

fn input(app: &App, way: &OfferedWay, asked: &Asked, earlier: &Earlier) -> Input {
    let typed = earlier.form.get(&asked.name).filter(|_| !asked.secret);
    let wrong = earlier.wrong.as_ref().filter(|(name, _)| *name == asked.name);
    let example = asked.example.clone();
    Input {
        id: format!("f-{}", asked.name),
        posted_as: format!("{PREFIX}{}", asked.name),
        label: asked.label.clone(),
        help: asked.help.clone(),
        pattern: pattern(app, way, &asked.name),
        title: example.as_ref().map(|example| format!("As in: {example}")),
        advice: example.as_ref().map_or_else(
            || "Please fill this in as the provider writes it.".to_owned(),
            |example| format!("Please write it like {example}"),
        ),
        example,
        wrong: wrong.map(|(_, problem)| problem.clone()),
        value: typed.or(asked.value.as_ref()).cloned().unwrap_or_default(),
        choices: asked.choices.iter().map(choice).collect(),
        // Something of a choice is always chosen.
        required: !asked.optional || !asked.choices.is_empty(),
        secret: asked.secret,
        longest: LONGEST,
    }
}

fn pattern(app: &App, way: &OfferedWay, name: &str) -> Option<String> {
    let typed = app.way(way.method).into_iter().flat_map(|auth| &auth.fields);
    let typed = typed.filter(|field| field.name == name).find_map(|field| field.pattern.as_ref());
    let tenant = || {
        app.fields_of(way.method).filter(|field| field.name == name).find_map(|field| field.pattern.as_ref())
    };
    html_pattern(typed.or_else(tenant)?.as_str())
}

/// What people call the environment that the account belongs to, once that is known.
fn environment(app: &App, name: Option<&str>) -> Option<String> {
    let found = app.environments.iter().find(|environment| Some(environment.name.as_str()) == name);
    found.map(|environment| environment.label.clone())
}

#[cfg(test)]
mod tests;
