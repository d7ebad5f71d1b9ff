//! What every command takes, and the settings that follow from it.

use std::path::{Path, PathBuf};

use crate::config::{Layers, Settings, SettingsError, load};

/// The settings file of a folder where nothing else is said.
const DEFAULT_FILE: &str = "keyferry.toml";

/// What every command takes.
#[derive(clap::Args, Debug)]
pub(super) struct Options {
    /// The settings file [default: keyferry.toml in the working folder]
    #[arg(long, global = true, env = "KEYFERRY_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
    /// A setting, over file and environment; can be given several times
    #[arg(long, global = true, value_name = "SECTION.NAME=VALUE", value_parser = setting)]
    set: Vec<(String, String)>,
}

fn setting(text: &str) -> Result<(String, String), String> {
    text.split_once('=')
        .map(|(name, value)| (name.trim().to_owned(), value.to_owned()))
        .ok_or_else(|| "write it like limits.owner_rate=100".to_owned())
}

impl Options {
    /// The settings file, whether it is there or not.
    pub(super) fn file(&self) -> &Path {
        self.config.as_deref().unwrap_or(Path::new(DEFAULT_FILE))
    }

    /// The layers over the defaults. A file that was named must be there; the usual one may be missing, as in a
    /// container that has its settings from the environment.
    pub(super) fn layers(&self) -> Layers {
        let wanted = self.config.is_some() || Path::new(DEFAULT_FILE).exists();
        let text = |value: std::ffi::OsString| value.to_string_lossy().into_owned();
        Layers {
            file: wanted.then(|| self.file().to_owned()),
            variables: std::env::vars_os().map(|(name, value)| (text(name), text(value))).collect(),
            flags: self.set.clone(),
        }
    }

    /// The settings, with one more over all layers.
    pub(super) fn settings_with(&self, name: &str, value: Option<&str>) -> Result<Settings, SettingsError> {
        let mut layers = self.layers();
        layers.flags.extend(value.map(|value| (name.to_owned(), value.to_owned())));
        load(&layers)
    }

    /// The settings of this command.
    pub(super) fn settings(&self) -> Result<Settings, SettingsError> {
        load(&self.layers())
    }
}
