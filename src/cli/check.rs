//! `keyferry check`: everything that can be known to be wrong before starting.

use super::{app, options::Options, print};
use crate::vault::Vault;

pub(super) fn run(options: &Options) -> anyhow::Result<()> {
    let layers = options.layers();
    let settings = options.settings()?;
    let file =
        layers.file.map_or("defaults and environment only".to_owned(), |file| file.display().to_string());
    print::line(&format!("settings    ok ({file})"))?;
    let catalog = app::catalog(&settings)?;
    print::line(&format!("app files   ok ({} apps)", catalog.iter().count()))?;
    let unknown: Vec<&str> = settings
        .clients
        .keys()
        .map(String::as_str)
        .filter(|client| {
            !catalog.iter().any(|app| app.auth.iter().any(|way| way.client.as_deref() == Some(client)))
        })
        .collect();
    for client in unknown {
        print::line(&format!(
            "            note: no app says client = {client:?}, so [clients.{client}] serves none"
        ))?;
    }
    let vault = Vault::from_file(&settings.vault.key_file)?;
    print::line(&format!("master key  ok ({})", vault.key_ids().join(", ")))
}
