//! The operator's app files, read again while the gateway runs: when one changes, and when SIGHUP asks for it.
//!
//! All or nothing: with one bad file the apps stay as they are, and the log says what is wrong. The settings are not
//! read again. Built-in files are part of the program and never change.

use std::sync::{Arc, Mutex, PoisonError};

use crate::{
    catalog::{Apps, Catalog, Stamp},
    config::CatalogSettings,
    connections::Connections,
};

/// Reads the app files again. A clone shares everything.
#[derive(Clone, Debug)]
pub struct Reload(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    files: CatalogSettings,
    plain_http: bool,
    apps: Apps,
    connections: Connections,
    seen: Mutex<Option<Stamp>>,
}

impl Reload {
    /// Of the folder that `files` names, whose files may say `http:` only with `plain_http`; `stamp` is the folder's before it was
    /// read the first time.
    #[must_use]
    pub fn new(
        (files, plain_http): (CatalogSettings, bool),
        stamp: Option<Stamp>,
        apps: Apps,
        connections: Connections,
    ) -> Self {
        Self(Arc::new(Inner { files, plain_http, apps, connections, seen: Mutex::new(stamp) }))
    }

    /// Job: reads the files again if the folder is not as it was.
    pub fn look(&self) {
        let now = self.stamp();
        let mut seen = self.0.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if *seen != now {
            *seen = now;
            drop(seen);
            self.read();
        }
    }

    /// Reads the files again, changed or not.
    pub fn ask(&self) {
        *self.0.seen.lock().unwrap_or_else(PoisonError::into_inner) = self.stamp();
        self.read();
    }

    fn stamp(&self) -> Option<Stamp> {
        self.0.files.dir.as_deref().map(Stamp::of)
    }

    fn read(&self) {
        let Inner { files, plain_http, .. } = &*self.0;
        match Catalog::load(files.dir.as_deref(), *plain_http) {
            Ok(all) => {
                let catalog = if files.self_hosted { all } else { all.without_self_hosted() };
                let apps = catalog.iter().count();
                self.0.apps.exchange(catalog);
                // What was prepared by the old files goes after they have gone, so that none of it comes back.
                self.0.connections.forget_all();
                tracing::info!(apps, "app files read again");
            }
            Err(errors) => {
                for error in &errors {
                    tracing::error!(%error, "an app file is wrong");
                }
                tracing::error!("app files stay as they were; mend them, or see `keyferry check`");
            }
        }
    }
}
