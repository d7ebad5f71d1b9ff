//! Secrets given as a file: `client_secret_file = "google.secret"` becomes `client_secret`.

use std::path::Path;

use super::node::{Node, Value};

/// A secret is a line, not a book; a wrong path is noticed early.
const LIMIT: usize = 64 * 1024;

/// Replaces every `…_file` that stands for a secret by what is in the file.
pub(super) fn fill(tree: &mut Node, dir: &Path) -> Result<(), (String, String)> {
    for section in ["store", "redis"] {
        if let Some(node) = tree.get_mut(section) {
            fill_name(node, section, "url_file", dir)?;
        }
    }
    let Some(Value::Table(clients)) = tree.get_mut("clients").map(|node| &mut node.value) else {
        return Ok(());
    };
    for (client, node) in clients {
        for name in file_names(node) {
            fill_name(node, &format!("clients.{client}"), &name, dir)?;
        }
    }
    Ok(())
}

fn file_names(node: &Node) -> Vec<String> {
    let Value::Table(entries) = &node.value else { return Vec::new() };
    entries.keys().filter(|name| name.ends_with("_file")).cloned().collect()
}

fn fill_name(node: &mut Node, section: &str, name: &str, dir: &Path) -> Result<(), (String, String)> {
    let Value::Table(entries) = &mut node.value else { return Ok(()) };
    let Some(given) = entries.remove(name) else { return Ok(()) };
    let wrong = |problem: String| Err((format!("{section}.{name}"), problem));
    let (Value::Text(path) | Value::Loose(path)) = &given.value else {
        return wrong("must be the path of a file".to_owned());
    };
    let plain = name.trim_end_matches("_file");
    if entries.contains_key(plain) {
        return wrong(format!("given twice, here and as {plain}; keep one of them"));
    }
    let path = dir.join(path);
    let text = match std::fs::read_to_string(&path) {
        Ok(text) if text.len() > LIMIT => {
            return wrong(format!("{} is too large for a secret", path.display()));
        }
        Ok(text) => text.trim_end_matches(['\r', '\n']).to_owned(),
        Err(error) => return wrong(format!("{} can't be read: {error}", path.display())),
    };
    if text.is_empty() {
        return wrong(format!("{} is empty", path.display()));
    }
    entries.insert(plain.to_owned(), Node { value: Value::Text(text), ..given });
    Ok(())
}
