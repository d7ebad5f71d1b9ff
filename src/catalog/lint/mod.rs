//! What a file may say and still be wrong: rules that the types can't hold, checked once when it is read.
//!
//! The rules that guard something: every template's names have a source, no value can leave its place in a host or a
//! path, and nobody but the provider can be sent the operator's client secret.

mod fields;
mod hosts;
mod language;
mod names;
mod shape;
mod uses;
mod ways;

use super::{app::App, load::File, place};

/// Everything that is wrong with one file so far.
#[derive(Default)]
struct Findings(Vec<Finding>);

/// One thing that is wrong, and the path of the key it is wrong at.
pub(super) struct Finding {
    pub(super) at: String,
    pub(super) problem: String,
}

impl Findings {
    fn say(&mut self, at: impl Into<String>, problem: impl Into<String>) {
        self.0.push(Finding { at: at.into(), problem: problem.into() });
    }

    fn say_if(&mut self, wrong: bool, at: impl Into<String>, problem: impl Into<String>) {
        if wrong {
            self.say(at, problem);
        }
    }
}

/// Everything wrong with `app`, which stands in `file`, the file of `slug`; and what is computed once is filled in.
pub(super) fn findings(app: &mut App, slug: &str, file: &File, plain_http: bool) -> Vec<Finding> {
    let mut found = Findings::default();
    shape::check(app, slug, file.folder.as_deref(), &mut found);
    ways::check(app, &mut found);
    fields::check(app, &mut found);
    let uses = uses::of(app);
    names::check(app, &uses, &mut found);
    hosts::check(app, &uses, plain_http, &mut found);
    for key in &app.unverified {
        let nowhere = !place::exists(&file.text, key);
        found.say_if(nowhere, "unverified", format!("this file has no key {key}"));
    }
    let roles = uses::roles(&uses);
    drop(uses);
    app.compute(&roles);
    found.0
}
