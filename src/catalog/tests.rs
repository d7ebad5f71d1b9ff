//! The catalog as its users see it: built-in apps, an operator's folder, errors that lead to the line.

use super::*;

#[test]
fn the_builtin_files_are_good() {
    let catalog = Catalog::builtin().unwrap_or_else(|errors| panic!("{errors:#?}"));
    assert_eq!(catalog.iter().count(), 27);
}
