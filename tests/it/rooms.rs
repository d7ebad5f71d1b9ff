//! Who may import whom: reads every `crate::` path under `src` and holds it against the table.
//!
//! This replaces the walls that a workspace of crates would give. Code under `#[cfg(test)]`, and a room's own
//! `fuzzing`, may look anywhere.

use std::{collections::BTreeSet, fs, path::Path};

/// A room and what it may import, beside itself.
type Row = (&'static str, &'static [&'static str]);

const TABLE: &[Row] = &[
    // Tools know nothing of the product.
    ("clock", &[]),
    ("id", &["clock"]),
    ("cache", &["clock"]),
    ("vault", &["clock", "id"]),
    ("net", &["clock", "id"]),
    ("catalog", &["clock", "id", "net", "vault"]),
    ("config", &["clock", "id", "net", "vault", "catalog"]),
    ("sign", &["catalog", "vault", "clock"]),
    ("oauth", &["catalog", "net", "vault", "clock", "id", "sign"]),
    ("telemetry", &["config", "clock", "id", "net", "catalog"]),
    ("store", &["clock", "id"]),
    ("master", &["vault", "store"]),
    // Things are what the gateway owns. They import other things only downwards.
    ("owners", &[TOOLS, "store"]),
    ("limits", &[TOOLS]),
    ("keys", &[TOOLS, "store", "owners", "limits"]),
    ("clients", &[TOOLS, "store", "oauth"]),
    ("connections", &[TOOLS, "store", "oauth", "telemetry", "owners", "keys", "clients"]),
    // Doors are where requests come in. They see things, never the store, and never each other.
    ("plane", &[TOOLS, THINGS, "telemetry"]),
    ("control", &[TOOLS, THINGS]),
    ("web", &[TOOLS, THINGS]),
    // The frame.
    ("server", &[TOOLS, "plane", "control", "web", "telemetry"]),
    ("watch", &["clock", "store", "keys", "clients", "connections"]),
    ("reload", &["catalog", "config", "connections"]),
    ("jobs", &[THINGS, "telemetry", "clock", "watch", "reload"]),
    // Entry points for fuzzing: in no build that ships.
    ("fuzzing", &[TOOLS, "connections", "oauth", "plane", "server"]),
    // Somebody else's service.
    ("sandbox", &["clock", "id"]),
];

/// Stands for the tools that any thing or door may use.
const TOOLS: &str = "cache vault net catalog config sign clock id";
/// Stands for all things.
const THINGS: &str = "connections keys limits clients owners";

/// The rooms at the top, which import what they like; only `cli` names `gateway`, and nobody `cli`.
const FREE: &[&str] = &["cli", "gateway", "lib", "main"];

/// A crate or module, and the only rooms that may name it.
const RESERVED: &[Row] = &[
    ("axum", &["control", "web", "server", "sandbox"]),
    ("sqlx", &["store", "clock", "id"]),
    ("anyhow", &["cli", "gateway", "main"]),
    ("crate::net::client", &["net", "oauth", "connections", "plane", "gateway", "cli"]),
];

#[test]
fn rooms_import_only_what_the_table_allows() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    collect(&source, &mut files);
    assert!(files.len() > 30, "the sources were found");
    let mut wrong = Vec::new();
    for file in &files {
        let inside = file.strip_prefix(&source).unwrap();
        let text = fs::read_to_string(file).unwrap();
        wrong.extend(faults(inside, &text).into_iter().map(|fault| format!("{}: {fault}", inside.display())));
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn every_room_is_in_the_table_and_every_line_of_the_table_is_a_room() {
    let library = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lib.rs")).unwrap();
    let rooms: BTreeSet<_> =
        library.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';')).collect();
    let known: BTreeSet<_> = TABLE.iter().map(|(room, _)| *room).chain(["cli", "gateway"]).collect();
    assert_eq!(rooms, known);
}

#[test]
fn the_reader_finds_what_it_should() {
    let plane = |text| faults(Path::new("plane/select.rs"), text);
    assert!(plane("use crate::{clock::Clock, keys::{self, Caller}};").is_empty());
    assert_eq!(
        plane("use crate::{clock::Clock, store::{Store, error}};"),
        ["crate::store::Store", "crate::store::error"]
    );
    assert!(plane("use crate::{clock::Clock as Time, id::{KeyId as Key}};").is_empty());
    assert_eq!(plane("fn f(x: crate::control::State) {}"), ["crate::control::State"]);
    assert_eq!(plane("use super::super::store::Store;"), ["crate::store::Store"]);
    assert_eq!(plane("let router = axum::Router::new();"), ["axum"]);
    assert!(plane("// see crate::store\n/// [`crate::web::Page`]\nfn maxum() {}").is_empty());
    assert!(plane("#[cfg(test)]\nmod tests {\n use crate::store::Store;\n}").is_empty());
    assert_eq!(plane("#[cfg(test)]\nuse a::b;\nuse crate::web::Page;"), ["crate::web::Page"]);
    assert!(faults(Path::new("plane/select/tests.rs"), "use crate::store::Store;").is_empty());
    assert_eq!(faults(Path::new("web/mod.rs"), "use crate::net::client::Client;"), ["crate::net::client"]);
    assert_eq!(faults(Path::new("keys.rs"), "use super::gateway::Gateway;"), ["crate::gateway::Gateway"]);
    assert_eq!(faults(Path::new("gateway.rs"), "use crate::cli::Run;"), ["crate::cli::Run"]);
}

fn collect(folder: &Path, files: &mut Vec<std::path::PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            files.push(path);
        }
    }
}

/// What this file names and should not.
fn faults(file: &Path, text: &str) -> Vec<String> {
    let modules: Vec<_> = file.iter().map(|part| part.to_str().unwrap().trim_end_matches(".rs")).collect();
    let (room, last) = (modules[0], *modules.last().unwrap());
    if ["tests", "fuzzing"].iter().any(|inside| modules[1..].contains(inside)) {
        return Vec::new();
    }
    let text = shipped(text);
    let depth = modules.len() - usize::from(last == "mod");
    let paths = paths(&text, depth);
    let reserved = RESERVED.iter().filter(|(name, rooms)| {
        let named = names(&text, name)
            || paths.iter().any(|path| format!("{path}::").starts_with(&format!("{name}::")));
        named && !rooms.contains(&room)
    });
    let reserved: Vec<_> = reserved.map(|(name, _)| (*name).to_owned()).collect();
    let Some(permitted) = permitted(room) else { return vec![format!("{room} is not in the table")] };
    paths.iter().filter(|path| !permitted(target(path))).cloned().chain(reserved).collect()
}

/// What this room may import.
fn permitted(room: &str) -> Option<impl Fn(&str) -> bool> {
    let allowed = TABLE.iter().find(|(name, _)| *name == room).map(|(_, allowed)| *allowed);
    if allowed.is_none() && !FREE.contains(&room) {
        return None;
    }
    Some(move |name: &str| match allowed {
        Some(allowed) => {
            name == room || allowed.iter().any(|group| group.split(' ').any(|member| member == name))
        }
        None => name != "cli" && (room == "cli" || name != "gateway") || name == room,
    })
}

/// The room a path leads to.
fn target(path: &str) -> &str {
    path.split("::").nth(1).unwrap_or_default()
}

/// Whether a crate of this name is named.
fn names(text: &str, name: &str) -> bool {
    let word = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
    let call = format!("{name}::");
    text.match_indices(&call).any(|(at, _)| !text[..at].ends_with(word))
}

/// The text without comments and without what only tests see.
fn shipped(text: &str) -> String {
    let lines: Vec<_> = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
    let text = lines.join("\n");
    let mut parts = text.split("#[cfg(test)]");
    let mut kept = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        kept.push_str(&part[end_of_item(part)..]);
    }
    kept
}

/// Where the item at the start of `text` ends: at its semicolon or at the brace that closes it.
fn end_of_item(text: &str) -> usize {
    let mut depth = 0_u32;
    for (at, c) in text.char_indices() {
        match c {
            ';' if depth == 0 => return at + 1,
            '{' => depth += 1,
            '}' if depth <= 1 => return at + 1,
            '}' => depth -= 1,
            _ => {}
        }
    }
    text.len()
}

/// Every path that starts at the crate's root, groups spelled out; `depth` supers lead there too.
fn paths(text: &str, depth: usize) -> Vec<String> {
    let root = "super::".repeat(depth);
    let mut found = Vec::new();
    for start in ["crate::", root.as_str()] {
        for (at, _) in text.match_indices(start) {
            if !text[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':') {
                expand("crate", &text[at + start.len()..], &mut found);
            }
        }
    }
    found
}

/// Reads one use tree after `prefix::` and gives how many bytes it took.
fn expand(prefix: &str, text: &str, found: &mut Vec<String>) -> usize {
    if !text.starts_with('{') {
        let name = text.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(text.len());
        let path = format!("{prefix}::{}", &text[..name]);
        if let Some(rest) = text[name..].strip_prefix("::") {
            return name + 2 + expand(&path, rest, found);
        }
        found.push(path);
        return name;
    }
    let mut at = 1;
    loop {
        let rest = &text[at..];
        match rest.chars().next() {
            None => return text.len(),
            Some('}') => return at + 1,
            Some(_) if rest.starts_with("as ") => at += rest.find([',', '}']).unwrap_or(rest.len()),
            Some(c) if c.is_alphabetic() || c == '_' || c == '{' => at += expand(prefix, rest, found).max(1),
            Some(c) => at += c.len_utf8(),
        }
    }
}
