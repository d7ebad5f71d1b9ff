//! The tables leave no shipped way out.

use std::collections::BTreeSet;

use keyferry::catalog::Catalog;

use super::{google, microsoft, sign_in, typed_in};

#[test]
fn every_way_into_every_shipped_app_has_a_row() {
    let catalog = Catalog::builtin().unwrap();
    let shipped: BTreeSet<_> = catalog
        .iter()
        .flat_map(|app| app.auth.iter().map(|way| (app.name.as_str(), way.method.as_str())))
        .collect();
    let tables = [typed_in::WAYS, google::WAYS, microsoft::WAYS, sign_in::WAYS];
    let written: BTreeSet<_> = tables.iter().copied().flatten().map(|way| (way.app, way.method)).collect();
    assert_eq!(shipped, written);
    let apps: BTreeSet<_> = written.iter().map(|(app, _)| app).collect();
    assert_eq!(apps.len(), 27);
}
