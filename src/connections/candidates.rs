//! Fields that one more request tells, and which of several candidates is meant.
//!
//! A provider may offer several accounts, sites or organizations behind one sign-in. What was named beforehand is taken
//! or nothing is; else a list of one decides itself, and of several the user picks (`src/connections/pick.rs`).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    Connections,
    gather::{Gathering, NotFound, in_json},
    prepare::{self, Injected},
    probe,
    values::Values,
};
use crate::catalog::{
    app::App,
    auth::Auth,
    field::{Field, FieldRequest, Source},
    json_path,
};

/// More are not offered to anybody.
const MOST: usize = 500;
/// Longest name of a candidate.
const LABEL: usize = 200;

/// A field whose value the user has to pick.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Undecided {
    /// The field.
    pub(super) field: String,
    /// What there is to pick from.
    pub(super) candidates: Vec<Candidate>,
}

/// One account or site behind a sign-in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Candidate {
    /// The value of the field.
    pub(super) value: String,
    /// What the user knows it by.
    pub(super) label: String,
}

impl Undecided {
    /// The candidates in words, for a caller of the API.
    pub(super) fn in_words(&self) -> String {
        let word = |Candidate { value, label }: &Candidate| {
            if label == value { value.clone() } else { format!("{value} ({label})") }
        };
        let words: Vec<_> = self.candidates.iter().take(50).map(word).collect();
        format!("is not named, and there are several: {}", words.join(", "))
    }
}

/// The fields of which a user picks one of several candidates; a caller may name it beforehand.
pub(super) fn choosable<'a>(app: &'a App, way: &'a Auth) -> impl Iterator<Item = &'a Field> {
    app.fields_of(way.method).filter(|field| field.from == Source::Request && field.choose)
}

impl Connections {
    /// Asks for the fields that only one more request tells. Ends early where the user has to pick: `undecided` says so.
    pub(super) async fn request_fields(&self, gathering: &mut Gathering<'_>) -> Result<(), NotFound> {
        let (app, way) = (gathering.app, gathering.way);
        let named: BTreeMap<_, _> = choosable(app, way)
            .filter_map(|field| Some((field.name.as_str(), gathering.fields.remove(&field.name)?)))
            .collect();
        // Fields of one list are asked for once: they have to be of one candidate, too.
        let mut told: Vec<(String, Option<Value>)> = Vec::new();
        for field in app.fields_of(way.method).filter(|field| field.from == Source::Request) {
            let Some(request) = &field.request else { continue };
            let question = request.get.as_str();
            if !told.iter().any(|(known, _)| known == question) {
                let answer = self.answer(gathering, request).await;
                told.push((question.to_owned(), answer));
            }
            let answer =
                told.iter().find(|(known, _)| known == question).and_then(|(_, answer)| answer.as_ref());
            let chooser = choosable(app, way).find(|other| is_same_list(other, request));
            let picked = match (answer, chooser) {
                (Some(answer), Some(chooser)) => {
                    let wanted = named.get(chooser.name.as_str()).map(String::as_str);
                    match pick(chooser, answer, wanted)? {
                        Picked::One(one) => one,
                        Picked::Several(candidates) => {
                            gathering.undecided = Some(Undecided { field: chooser.name.clone(), candidates });
                            return Ok(());
                        }
                    }
                }
                (Some(answer), None) => selected(request, answer).next(),
                (None, _) => None,
            };
            gathering.keep(field, picked.and_then(|candidate| in_json(field, candidate)))?;
        }
        Ok(())
    }

    async fn answer(&self, gathering: &Gathering<'_>, request: &FieldRequest) -> Option<Value> {
        let values = gathering.values();
        // The credential may need the very field that is asked for; here it goes without.
        let injected = prepare::injected(gathering.way, &values, |_| true).ok()?;
        self.ask_for_field(gathering.app, request, &injected, &values).await
    }

    async fn ask_for_field(
        &self,
        app: &App,
        request: &FieldRequest,
        injected: &Injected,
        values: &Values,
    ) -> Option<Value> {
        let url = request.get.fill(values).ok()?;
        let own = prepare::headers_of(&request.headers, values).ok()?;
        let request = probe::get(&url, injected, &own)?;
        match self.parts.http.fetch(request, probe::LIMIT, probe::DEADLINE).await {
            Ok(response) if response.status().is_success() => serde_json::from_slice(response.body()).ok(),
            Ok(response) => {
                tracing::info!(app = app.name, status = response.status().as_u16(), "a field was not told");
                None
            }
            Err(error) => {
                tracing::info!(app = app.name, %error, "a field can't be asked for");
                None
            }
        }
    }
}

/// Whether a field is read from the list that `request` asks for.
fn is_same_list(field: &Field, request: &FieldRequest) -> bool {
    let same =
        |other: &FieldRequest| other.get.as_str() == request.get.as_str() && other.list == request.list;
    field.request.as_ref().is_some_and(same)
}

/// What was picked, or what there is.
enum Picked<'a> {
    One(Option<&'a Value>),
    Several(Vec<Candidate>),
}

/// The candidate that is meant: the one named, or the only one.
fn pick<'a>(chooser: &'a Field, answer: &'a Value, wanted: Option<&str>) -> Result<Picked<'a>, NotFound> {
    let Some(request) = &chooser.request else { return Ok(Picked::One(None)) };
    let mut all: Vec<(String, &Value)> = Vec::new();
    for candidate in selected(request, answer) {
        if let Some(value) =
            in_json(chooser, candidate).filter(|value| !all.iter().any(|(known, _)| known == value))
        {
            all.push((value, candidate));
        }
    }
    match (wanted, all.as_slice()) {
        (Some(wanted), all) => match all.iter().find(|(value, _)| value == wanted) {
            Some((_, one)) => Ok(Picked::One(Some(one))),
            None => Err(NotFound { field: chooser.name.clone(), reason: "not_among" }),
        },
        (None, []) => Ok(Picked::One(None)),
        (None, [(_, one)]) => Ok(Picked::One(Some(one))),
        (None, all) => Ok(Picked::Several(all.iter().take(MOST).map(|one| named(request, one)).collect())),
    }
}

fn named(request: &FieldRequest, (value, candidate): &(String, &Value)) -> Candidate {
    let label = request.label.as_ref().and_then(|path| json_path(candidate, path)).and_then(probe::text);
    let label = label
        .map(|label| label.chars().take(LABEL).collect())
        .filter(|label: &String| !label.trim().is_empty());
    Candidate { label: label.unwrap_or_else(|| value.clone()), value: value.clone() }
}

/// The candidates that a request's rule leaves, or the whole answer.
fn selected<'a>(request: &'a FieldRequest, answer: &'a Value) -> impl Iterator<Item = &'a Value> {
    let listed = request.list.as_deref().and_then(|list| json_path(answer, list)).and_then(Value::as_array);
    let whole = request.list.is_none().then_some(answer);
    let rule = request.select.as_deref().and_then(|rule| rule.split_once('='));
    let is_selected = move |candidate: &&Value| {
        rule.is_none_or(|(key, wanted)| {
            json_path(candidate, key).is_some_and(|value| value_text(value) == wanted)
        })
    };
    whole.into_iter().chain(listed.into_iter().flatten().filter(is_selected))
}

fn value_text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn request(toml: &str) -> FieldRequest {
        toml::from_str(&format!("get = 'https://x.test'\n{toml}")).unwrap()
    }

    #[test]
    fn a_rule_selects_among_the_candidates() {
        let answer = json!({"all": [{"id": 1, "main": false}, {"id": 2, "main": true}]});
        for (toml, ids) in [
            ("list = 'all'", &[1, 2][..]),
            ("list = 'all'\nselect = 'main=true'", &[2]),
            ("list = 'all'\nselect = 'id=2'", &[2]),
            ("list = 'all'\nselect = 'id=3'", &[]),
            ("list = 'none'", &[]),
        ] {
            let request = request(toml);
            let found: Vec<_> = selected(&request, &answer).map(|one| one["id"].as_i64().unwrap()).collect();
            assert_eq!(found, ids, "{toml}");
        }
        let whole = request("");
        assert_eq!(selected(&whole, &answer).collect::<Vec<_>>(), [&answer]);
    }

    #[test]
    fn one_is_taken_several_are_offered_and_what_is_named_is_that_or_nothing() {
        let chooser: Field = toml::from_str(
            "name = 'site'\nlabel = 'Site'\nfrom = 'request'\npath = 'id'\nchoose = true\n\
             request = { get = 'https://x.test', list = '', label = 'name' }",
        )
        .unwrap();
        let answer =
            json!([{"id": "a", "name": "Acme"}, {"id": "b"}, {"id": "a", "name": "again"}, {"name": "none"}]);
        let Ok(Picked::Several(offered)) = pick(&chooser, &answer, None) else { panic!("several") };
        let offered: Vec<_> = offered.iter().map(|one| (one.value.as_str(), one.label.as_str())).collect();
        assert_eq!(offered, [("a", "Acme"), ("b", "b")]);
        let one = |answer: &Value, wanted| match pick(&chooser, answer, wanted) {
            Ok(Picked::One(one)) => Ok(one.cloned()),
            Ok(Picked::Several(_)) => panic!("several"),
            Err(not) => Err(not.reason),
        };
        assert_eq!(one(&answer, Some("b")).unwrap().unwrap()["id"], "b");
        assert_eq!(one(&answer, Some("c")), Err("not_among"));
        assert_eq!(one(&json!([{"id": "a"}]), None).unwrap().unwrap()["id"], "a");
        assert_eq!(one(&json!([{"id": "a"}]), Some("b")), Err("not_among"), "not even the only one");
        assert_eq!(one(&json!([]), None), Ok(None));
    }
}
