//! The catalog in use: read again while the gateway runs, and exchanged whole or not at all.

use std::sync::Arc;

use arc_swap::{ArcSwap, Guard};

use super::{App, Catalog};

/// The apps as they are now. A clone sees every exchange.
#[derive(Clone, Debug)]
pub struct Apps(Arc<ArcSwap<Catalog>>);

impl Apps {
    /// These, until others take their place.
    #[must_use]
    pub fn new(catalog: Catalog) -> Self {
        Self(Arc::new(ArcSwap::from_pointee(catalog)))
    }

    /// All of them. Cheap; not to be held over an await.
    #[must_use]
    pub fn now(&self) -> Guard<Arc<Catalog>> {
        self.0.load()
    }

    /// The app of a slug or an alias.
    #[must_use]
    pub fn app(&self, slug: &str) -> Option<Arc<App>> {
        self.now().app(slug).cloned()
    }

    /// Puts `catalog` into the place of what was there.
    pub fn exchange(&self, catalog: Catalog) {
        self.0.store(Arc::new(catalog));
    }
}

impl From<Catalog> for Apps {
    fn from(catalog: Catalog) -> Self {
        Self::new(catalog)
    }
}
