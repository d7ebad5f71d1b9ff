//! Puts the layers over each other and turns the result into checked [`Settings`].

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use serde::Deserialize as _;

use super::{
    Settings, check,
    names::{self, Names},
    node::{Node, Origin},
    read::{Problem, ReadError},
    secret_files, settle,
};

/// What the environment's settings begin with.
const PREFIX: &str = "KEYFERRY_";
/// The one setting outside a section.
const ROLE: &str = "role";

/// Why the settings can't be used.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// A value or a name is wrong.
    #[error("{origin}: {path}: {problem}")]
    Wrong {
        /// Where it was written.
        origin: Origin,
        /// The setting, with its section.
        path: String,
        /// What is wrong with it.
        problem: String,
    },
    /// The file is not TOML.
    #[error("{0}: {1}")]
    NotToml(Origin, String),
    /// The file can't be read.
    #[error("the settings file {} can't be read: {problem}. `keyferry init` makes one", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        problem: std::io::Error,
    },
}

/// Where settings come from, besides the defaults.
#[derive(Clone, Debug, Default)]
pub struct Layers {
    /// The settings file.
    pub file: Option<PathBuf>,
    /// The environment; what is not for us is ignored.
    pub variables: Vec<(String, String)>,
    /// `section.name` and value, as given by flags.
    pub flags: Vec<(String, String)>,
}

/// Reads, types and checks all layers. Relative paths mean the folder of the settings file, or without one
/// the working folder.
pub fn load(layers: &Layers) -> Result<Settings, SettingsError> {
    match &layers.file {
        Some(path) => load_as(layers, &text_of(path)?),
        None => load_as(layers, ""),
    }
}

/// Like [`load`], but as if the settings file said `text`: for a file that is still to be written.
pub fn load_as(layers: &Layers, text: &str) -> Result<Settings, SettingsError> {
    let name: Arc<str> = layers.file.as_deref().unwrap_or(Path::new("settings")).display().to_string().into();
    let mut tree =
        Node::from_toml(&name, text).map_err(|(origin, problem)| SettingsError::NotToml(origin, problem))?;
    let names = Names::collect();
    over_variables(&mut tree, &layers.variables, &names)?;
    for (name, value) in &layers.flags {
        let path: Vec<&str> = name.split('.').collect();
        tree.put(&path, Node::loose(Origin::Flag(format!("--set {name}")), value.clone()));
    }
    let dir = folder(layers.file.as_deref());
    let wrong = |(path, problem): (String, String)| SettingsError::Wrong {
        origin: tree.origin_of(&path),
        path,
        problem,
    };
    let mut filled = tree.clone();
    secret_files::fill(&mut filled, &dir).map_err(wrong)?;
    let mut settings = Settings::deserialize(&filled).map_err(|error| told(error, &names))?;
    settle::settle(&mut settings, &dir, &tree).map_err(wrong)?;
    check::check(&settings).map_err(wrong)?;
    Ok(settings)
}

/// The folder that relative paths mean; absolute, so that it stays true whatever the working folder becomes.
fn folder(file: Option<&Path>) -> PathBuf {
    let dir = file.and_then(Path::parent).filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let absolute = std::path::absolute(dir).unwrap_or_else(|_no_working_folder| dir.to_owned());
    absolute.components().collect()
}

fn text_of(path: &Path) -> Result<String, SettingsError> {
    std::fs::read_to_string(path)
        .map_err(|problem| SettingsError::Unreadable { path: path.to_owned(), problem })
}

/// `KEYFERRY_STORE__URL` is `store.url`. Without the double underscore it is none of ours (a cluster sets
/// such names for a service called keyferry), unless it is just a setting's name with one underscore.
fn over_variables(
    tree: &mut Node,
    variables: &[(String, String)],
    names: &Names,
) -> Result<(), SettingsError> {
    for (variable, value) in variables {
        let Some(lower) = variable.strip_prefix(PREFIX).map(str::to_lowercase) else { continue };
        let path: Vec<&str> = lower.split("__").collect();
        if path.len() > 1 || lower == ROLE {
            tree.put(&path, Node::loose(Origin::Variable(variable.clone()), value.clone()));
        } else if let Some(meant) = names.with_one_underscore(&lower) {
            return Err(SettingsError::Wrong {
                origin: Origin::Variable(variable.clone()),
                problem: format!(
                    "not a setting; did you mean {PREFIX}{}?",
                    meant.replace('.', "__").to_uppercase()
                ),
                path: lower,
            });
        }
    }
    Ok(())
}

fn told(error: ReadError, names: &Names) -> SettingsError {
    let path = error.path.join(".");
    let problem = match error.problem {
        Problem::Other(problem) => problem,
        Problem::UnknownName(name, expected) => {
            let section = path.strip_suffix(&name).unwrap_or_default();
            names::unknown(&name, section, expected, names)
        }
    };
    SettingsError::Wrong { origin: error.origin, path, problem }
}
