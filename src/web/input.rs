//! The inputs of the form: labels, hints, what browsers check by themselves, and what to say when a value is wrong.

use std::collections::BTreeMap;

use super::{
    form::PREFIX,
    html_pattern::html_pattern,
    pages::{Choice, Input, Kind},
    words::Words,
};
use crate::{
    catalog::App,
    connections::{Asked, OfferedWay, Wrong},
};

/// No value typed in is longer; keys of some providers are whole PEM files.
const LONGEST: usize = 16 * 1024;

/// The inputs of `way`, with what was typed in before; nothing secret comes back.
pub(super) fn of(words: &Words, app: &App, way: &OfferedWay, typed: &BTreeMap<String, String>) -> Vec<Input> {
    way.fields.iter().map(|asked| input(words, app, way, asked, typed.get(&asked.name))).collect()
}

fn input(words: &Words, app: &App, way: &OfferedWay, asked: &Asked, typed: Option<&String>) -> Input {
    let typed = typed.filter(|_| !asked.secret);
    let (label, lang) = label(words, &asked.label);
    let example = asked.example.clone();
    let pattern = pattern(app, way, &asked.name);
    // Without a form to hold it against, a browser only minds that there is nothing.
    let wrong = if pattern.is_none() && asked.choices.is_empty() { Wrong::Missing } else { Wrong::Form };
    Input {
        id: format!("f-{}", asked.name),
        posted_as: format!("{PREFIX}{}", asked.name),
        label,
        lang,
        help: asked.help.clone(),
        pattern,
        title: example.as_ref().map(|example| words.with("as-in", &[("example", example)])),
        advice: advice(words, app, Some(asked), wrong),
        example,
        wrong: None,
        value: typed.or(asked.value.as_ref()).cloned().unwrap_or_default(),
        choices: asked.choices.iter().map(choice).collect(),
        // Where none is no choice, something is always chosen.
        required: !asked.optional || asked.choices.first().is_some_and(|first| !first.value.is_empty()),
        kind: match (asked.multiline, asked.secret) {
            (true, _) => Kind::Lines,
            (false, true) => Kind::Secret,
            (false, false) => Kind::Text,
        },
        longest: LONGEST,
        focus: false,
    }
}

/// What to say where a value can't be taken.
pub(super) fn advice(words: &Words, app: &App, asked: Option<&Asked>, wrong: Wrong) -> String {
    let name = app.display_name.as_str();
    let Some(asked) = asked else { return words.with("wrong-not-found", &[("app", name)]) };
    match (wrong, &asked.example) {
        (Wrong::Missing, _) => words.say("wrong-missing"),
        (Wrong::Address, _) => words.say("wrong-address"),
        (Wrong::Form, _) if !asked.choices.is_empty() => words.say("wrong-choice"),
        (Wrong::Form, Some(example)) => words.with("wrong-form", &[("example", example)]),
        (Wrong::Form, None) => words.with("wrong-plain", &[("app", name)]),
    }
}

/// A label in the page's language where many apps have it, else as the app's file writes it.
fn label(words: &Words, label: &str) -> (String, &'static str) {
    let key: String =
        label.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' }).collect();
    words.known(&format!("label-{key}")).map_or_else(|| (label.to_owned(), "en"), |known| (known, words.tag))
}

fn choice(choice: &crate::connections::Choice) -> Choice {
    Choice { value: choice.value.clone(), label: choice.label.clone() }
}

fn pattern(app: &App, way: &OfferedWay, name: &str) -> Option<String> {
    let typed = app.way(way.method).into_iter().flat_map(|auth| &auth.fields);
    let typed = typed.filter(|field| field.name == name).find_map(|field| field.pattern.as_ref());
    let tenant = || {
        app.fields_of(way.method).filter(|field| field.name == name).find_map(|field| field.pattern.as_ref())
    };
    html_pattern(typed.or_else(tenant)?.as_str())
}
