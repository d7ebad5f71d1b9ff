//! `keyferry migrate`: brings the database to the shape that this version needs, or makes it.

use super::{desk::Desk, options::Options, print};
use crate::vault::Vault;

pub(super) async fn run(options: &Options) -> anyhow::Result<()> {
    let settings = options.settings()?;
    let vault = Vault::from_file(&settings.vault.key_file)?;
    Desk::open_or_create(settings, &vault).await?.close().await;
    print::line("The database has the shape that this version needs.")
}
