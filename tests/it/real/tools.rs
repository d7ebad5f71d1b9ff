//! The programs the tests drive, where `make tools` puts them.

use std::{path::PathBuf, process::Command};

use super::process::project;

/// Python with the clients of `tests/real/requirements.txt`, about to run one of the scripts there.
pub(super) fn python(script: &str) -> Command {
    needed(project("target/real/installed.txt"));
    let mut command = Command::new(needed(project("target/real/bin/python")));
    command.arg("-u").arg(project("tests/real").join(script)).env("PYTHONDONTWRITEBYTECODE", "1");
    command
}

/// Node with the packages of `tests/real/package.json`, about to run one of the scripts there.
pub(super) fn node(script: &str) -> Command {
    needed(project("tests/real/node_modules/installed.json"));
    let mut command = Command::new("node");
    command.arg(project("tests/real").join(script));
    command
}

/// Debian's Chromium.
pub(super) fn chromium() -> PathBuf {
    needed(PathBuf::from("/usr/bin/chromium"))
}

fn needed(path: PathBuf) -> PathBuf {
    assert!(path.exists(), "{} is missing; `make tools` installs it", path.display());
    path
}

/// One of Debian's programs.
pub(super) fn tool(name: &str) -> PathBuf {
    let places = ["/usr/bin", "/usr/sbin", "/usr/local/bin"].map(|place| PathBuf::from(place).join(name));
    let found = places.iter().find(|path| path.exists()).cloned();
    found.unwrap_or_else(|| panic!("{name} is missing; `make tools` installs it"))
}
