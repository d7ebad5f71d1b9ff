//! Settings before they are typed: a tree in which every value knows where it was written.

use std::{collections::BTreeMap, sync::Arc};

use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

/// Where a value was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Nowhere: a default, or a section that several places share.
    Unknown,
    /// A line of the settings file.
    File(Arc<str>, usize),
    /// An environment variable.
    Variable(String),
    /// A flag of the command line.
    Flag(String),
}

impl std::fmt::Display for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unknown => f.write_str("settings"),
            Self::File(name, line) => write!(f, "{name}:{line}"),
            Self::Variable(name) => write!(f, "environment variable {name}"),
            Self::Flag(flag) => f.write_str(flag),
        }
    }
}

/// A value and where it was written.
#[derive(Clone)]
pub(super) struct Node {
    pub(super) origin: Origin,
    pub(super) value: Value,
}

#[derive(Clone)]
pub(super) enum Value {
    Table(BTreeMap<String, Node>),
    List(Vec<Node>),
    Text(String),
    Integer(i64),
    Bool(bool),
    /// Text from outside the file: what it means depends on the setting it is for.
    Loose(String),
    /// A kind that no setting has.
    Foreign(&'static str),
}

impl Node {
    pub(super) fn table() -> Self {
        Self { origin: Origin::Unknown, value: Value::Table(BTreeMap::new()) }
    }

    pub(super) fn loose(origin: Origin, text: String) -> Self {
        Self { origin, value: Value::Loose(text) }
    }

    /// Reads a settings file.
    pub(super) fn from_toml(name: &Arc<str>, text: &str) -> Result<Self, (Origin, String)> {
        let document = DeTable::parse(text).map_err(|error| {
            // Only the message: the whole error quotes the line, and the line may hold a secret.
            let line = line_of(text, error.span().map_or(0, |span| span.start));
            (Origin::File(Arc::clone(name), line), error.message().to_owned())
        })?;
        let source = Source { name, text };
        Ok(Self { origin: Origin::Unknown, value: source.table(document.get_ref()) })
    }

    pub(super) fn get(&self, name: &str) -> Option<&Self> {
        let Value::Table(entries) = &self.value else { return None };
        entries.get(name)
    }

    pub(super) fn get_mut(&mut self, name: &str) -> Option<&mut Self> {
        let Value::Table(entries) = &mut self.value else { return None };
        entries.get_mut(name)
    }

    /// Where the value at a dotted path was written, or the nearest section around it.
    pub(super) fn origin_of(&self, path: &str) -> Origin {
        let mut node = self;
        for name in path.split('.') {
            let Some(inner) = node.get(name) else { break };
            node = inner;
        }
        node.origin.clone()
    }

    /// Puts a value at a path over what is there. A value and its `_file` variant replace each other.
    pub(super) fn put(&mut self, path: &[&str], value: Self) {
        let Some((name, rest)) = path.split_first() else {
            *self = value;
            return;
        };
        if !matches!(self.value, Value::Table(_)) {
            self.value = Value::Table(BTreeMap::new());
        }
        let Value::Table(entries) = &mut self.value else { return };
        if rest.is_empty() {
            entries.remove(&format!("{name}_file"));
            entries.remove(name.strip_suffix("_file").unwrap_or_default());
        }
        entries.entry((*name).to_owned()).or_insert_with(Self::table).put(rest, value);
    }
}

/// The file being read.
struct Source<'s> {
    name: &'s Arc<str>,
    text: &'s str,
}

impl Source<'_> {
    fn at(&self, offset: usize) -> Origin {
        Origin::File(Arc::clone(self.name), line_of(self.text, offset))
    }

    fn table(&self, entries: &DeTable<'_>) -> Value {
        let entry = |(key, value): (&Spanned<_>, &Spanned<DeValue<'_>>)| {
            let key: &Spanned<std::borrow::Cow<'_, str>> = key;
            let node = Node { origin: self.at(key.span().start), value: self.value(value.get_ref()) };
            (key.get_ref().to_string(), node)
        };
        Value::Table(entries.iter().map(entry).collect())
    }

    fn value(&self, value: &DeValue<'_>) -> Value {
        match value {
            DeValue::Table(entries) => self.table(entries),
            DeValue::Array(items) => Value::List(items.iter().map(|item| self.item(item)).collect()),
            DeValue::String(text) => Value::Text(text.to_string()),
            DeValue::Boolean(yes) => Value::Bool(*yes),
            DeValue::Integer(number) => i64::from_str_radix(number.as_str(), number.radix())
                .map_or(Value::Foreign("a number that is too large"), Value::Integer),
            DeValue::Float(_) => Value::Foreign("a number with a fraction"),
            DeValue::Datetime(_) => Value::Foreign("a date"),
        }
    }

    fn item(&self, item: &Spanned<DeValue<'_>>) -> Node {
        Node { origin: self.at(item.span().start), value: self.value(item.get_ref()) }
    }
}

fn line_of(text: &str, offset: usize) -> usize {
    1 + text.bytes().take(offset).filter(|byte| *byte == b'\n').count()
}
