//! Where the demo lives: a folder of its own, and ports, the usual ones where they are free.

use std::{
    fs,
    io::{ErrorKind, Write},
    net::{Ipv4Addr, SocketAddr, TcpListener},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use tempfile::TempDir;

/// The demo's folder; a temporary one goes when this is dropped.
pub(super) struct Folder {
    path: PathBuf,
    temporary: Option<TempDir>,
}

impl Folder {
    /// A temporary folder, or `keep`, which must be new or empty.
    pub(super) fn make(keep: Option<&Path>) -> anyhow::Result<Self> {
        let Some(keep) = keep else {
            let folder = tempfile::Builder::new().prefix("keyferry-demo-").tempdir()?;
            return Ok(Self { path: folder.path().to_owned(), temporary: Some(folder) });
        };
        fs::DirBuilder::new().recursive(true).mode(0o700).create(keep)?;
        if fs::read_dir(keep)?.next().is_some() {
            bail!("{} is not empty: give --keep a new folder", keep.display());
        }
        Ok(Self { path: std::path::absolute(keep)?, temporary: None })
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether it goes with the demo.
    pub(super) fn is_temporary(&self) -> bool {
        self.temporary.is_some()
    }

    /// Writes a file that only this user can read.
    pub(super) fn write(&self, name: &str, text: &str) -> anyhow::Result<PathBuf> {
        let path = self.path.join(name);
        let parent = path.parent().unwrap_or(&self.path);
        fs::DirBuilder::new().recursive(true).mode(0o700).create(parent)?;
        let mut options = fs::OpenOptions::new();
        let file = options.write(true).create_new(true).mode(0o600).open(&path);
        file.and_then(|mut file| file.write_all(text.as_bytes()))
            .with_context(|| format!("writing {}", path.display()))?;
        Ok(path)
    }
}

/// A door's socket, open already, so that nobody takes the port in between.
pub(super) struct Door {
    pub(super) listener: TcpListener,
    pub(super) address: SocketAddr,
    /// The usual port, if somebody else has it.
    pub(super) taken: Option<u16>,
}

impl Door {
    /// On the usual port, or on a free one where that is taken.
    pub(super) fn open(usual: u16) -> anyhow::Result<Self> {
        let bind = |port| TcpListener::bind((Ipv4Addr::LOCALHOST, port));
        let (listener, taken) = match bind(usual) {
            Err(error) if matches!(error.kind(), ErrorKind::AddrInUse | ErrorKind::PermissionDenied) => {
                (bind(0)?, Some(usual))
            }
            bound => (bound?, None),
        };
        listener.set_nonblocking(true)?;
        Ok(Self { address: listener.local_addr()?, listener, taken })
    }

    /// As browsers and callers reach it.
    pub(super) fn url(&self) -> String {
        format!("http://localhost:{}", self.address.port())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_temporary_folder_goes_and_a_kept_one_stays() {
        let temporary = Folder::make(None).unwrap();
        temporary.write("a", "x").unwrap();
        let path = temporary.path().to_owned();
        drop(temporary);
        assert!(!path.exists());

        let outer = TempDir::new().unwrap();
        let wanted = outer.path().join("deep/kept");
        let kept = Folder::make(Some(&wanted)).unwrap();
        kept.write("a", "x").unwrap();
        drop(kept);
        assert_eq!(fs::read_to_string(wanted.join("a")).unwrap(), "x");
        assert!(Folder::make(Some(&wanted)).is_err(), "a folder with something in it is not taken");
    }

    #[test]
    fn a_taken_port_gives_way_to_a_free_one() {
        let first = Door::open(0).unwrap();
        let second = Door::open(first.address.port()).unwrap();
        assert_eq!(second.taken, Some(first.address.port()));
        assert_ne!(second.address, first.address);
    }
}
