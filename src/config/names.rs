//! The names of all settings, asked of the types themselves, and the one somebody probably meant.

use std::collections::BTreeMap;

use serde::Deserialize as _;

use super::{
    Settings,
    node::{Node, Origin, Value},
    read::Problem,
};

/// Every section with its names, and the names outside sections.
pub(super) struct Names(BTreeMap<&'static str, &'static [&'static str]>);

impl Names {
    /// Offers the types a name that can't exist; their refusal lists those that do.
    pub(super) fn collect() -> Self {
        let sections = expected(Node::table());
        let names = |section: &&'static str| {
            let mut tree = Node::table();
            tree.put(&[section], Node::table());
            (*section, expected(tree))
        };
        Self(sections.iter().map(names).collect())
    }

    /// The setting whose name, with its section, is `text` once dots are underscores.
    pub(super) fn with_one_underscore(&self, text: &str) -> Option<String> {
        self.all().find(|name| name.replace('.', "_") == text)
    }

    /// Every setting of a section, with its section.
    pub(super) fn all(&self) -> impl Iterator<Item = String> {
        self.0.iter().flat_map(|(section, names)| names.iter().map(move |name| format!("{section}.{name}")))
    }
}

/// What the types expect in the innermost section of this tree, which has but one.
fn expected(mut tree: Node) -> &'static [&'static str] {
    const NOBODYS: &str = "?";
    let mut path = vec![];
    let mut inner = &tree;
    while let Value::Table(entries) = &inner.value {
        let Some((name, node)) = entries.iter().next() else { break };
        path.push(name.clone());
        inner = node;
    }
    let path: Vec<&str> = path.iter().map(String::as_str).chain([NOBODYS]).collect();
    tree.put(&path, Node::loose(Origin::Unknown, String::new()));
    match Settings::deserialize(&tree).map_err(|error| error.problem) {
        Err(Problem::UnknownName(_, expected)) => expected,
        _ => &[],
    }
}

/// Says that a name is unknown and which known one is nearest: one of this section if any looks alike, else
/// the same name elsewhere, else the most similar here.
pub(super) fn unknown(name: &str, section: &str, expected: &[&str], names: &Names) -> String {
    let alike = |candidate: &&&str| strsim::jaro_winkler(name, candidate) > 0.8;
    let here = expected.iter().filter(alike).max_by(|a, b| compare(name, a, b));
    let elsewhere = names.all().find(|full| full.rsplit('.').next() == Some(name));
    let nearest = here.map(|found| format!("{section}{found}")).or(elsewhere).or_else(|| {
        expected.iter().max_by(|a, b| compare(name, a, b)).map(|found| format!("{section}{found}"))
    });
    match nearest {
        Some(nearest) => format!("unknown setting; the nearest known one is {nearest}"),
        None => "unknown setting".to_owned(),
    }
}

fn compare(name: &str, a: &str, b: &str) -> std::cmp::Ordering {
    strsim::jaro_winkler(name, a).total_cmp(&strsim::jaro_winkler(name, b))
}
