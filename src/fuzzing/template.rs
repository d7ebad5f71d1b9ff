//! Templates: a text that is read as one is filled in one pass, and from the values it names alone.

use std::collections::BTreeMap;

use super::lines;
use crate::catalog::{Template, template::Values};

/// Answers every name with the same text.
struct Same<'v>(&'v str);

impl Values for Same<'_> {
    fn value(&self, _name: &str) -> Option<&str> {
        Some(self.0)
    }
}

/// The first line is the template, the second the value of every name in it.
pub fn template(data: &[u8]) {
    let mut lines = lines(data);
    let text = lines.next().unwrap_or_default();
    let value = lines.next().unwrap_or_default();
    let Ok(template) = Template::try_from(text.to_owned()) else { return };
    assert_eq!(template.as_str(), text);
    assert!(text.contains(template.authority()));
    let names: Vec<&str> = template.names().collect();
    match template.fill(&BTreeMap::new()) {
        Ok(filled) => assert!(names.is_empty(), "{filled:?} without {names:?}"),
        Err(missing) => assert_eq!(Some(missing.0.as_str()), names.first().copied()),
    }
    let filled = template.fill(&Same(value));
    let Ok(filled) = filled else { panic!("every name had a value: {filled:?}") };
    // A value that looks like a placeholder stays what it is. Inside base64() the value can't be seen.
    if !text.contains("base64") && !text.contains('\u{1}') {
        let marked = template.fill(&Same("\u{1}")).unwrap_or_default();
        assert_eq!(marked.matches('\u{1}').count(), names.len());
        assert_eq!(marked.replace('\u{1}', value), filled);
    }
}
