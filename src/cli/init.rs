//! `keyferry init`: settings file, master key, database, first owner and its admin key. It overwrites nothing, and
//! what it made before it failed it takes away again.

use std::{
    fs::{self, DirBuilder, OpenOptions},
    io::Write as _,
    os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use serde_json::json;

use super::{
    Misuse,
    desk::{Desk, sqlite_file},
    key,
    options::Options,
    print,
};
use crate::{
    config::{Settings, load_as},
    keys::{Key, NewKey, Rules},
    owners::Owner,
    vault::{Vault, token::ApiKey},
};

const TEMPLATE: &str = include_str!("init.toml");

/// Make a settings file, a master key, a database and the first admin key
#[derive(clap::Args, Debug)]
#[command(after_help = "Nothing that is there already is touched. Then: keyferry serve")]
pub(super) struct Init {
    /// The first owner
    #[arg(long, value_name = "NAME", default_value = "admin")]
    owner: String,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// The first owner with its key.
struct First {
    owner: Owner,
    shown: Key,
    key: ApiKey,
}

pub(super) async fn run(options: &Options, init: Init) -> anyhow::Result<()> {
    let file = options.file().to_owned();
    let mut layers = options.layers();
    layers.file = Some(file.clone());
    let settings = load_as(&layers, TEMPLATE)?;
    let database = sqlite_file(&settings);
    refuse_existing([Some(&file), Some(&settings.vault.key_file), database.as_ref()])?;
    let mut made = Made::default();
    let first = make(&mut made, &file, settings.clone(), &init.owner).await?;
    made.keep();
    if init.json {
        let key = key::issued(&first.shown, &first.key);
        return print::json(&json!({ "config": file, "owner": first.owner, "key": key }));
    }
    print::line(&told(&file, &settings, &first))
}

fn refuse_existing<const N: usize>(paths: [Option<&PathBuf>; N]) -> anyhow::Result<()> {
    let Some(path) = paths.into_iter().flatten().find(|path| path.symlink_metadata().is_ok()) else {
        return Ok(());
    };
    let told = "is there already and stays as it is. Run `keyferry serve` with it, or choose another folder";
    Err(Misuse(format!("{} {told}", path.display())).into())
}

async fn make(made: &mut Made, file: &Path, settings: Settings, owner: &str) -> anyhow::Result<First> {
    let (vault, key_text) = Vault::generate();
    made.file(file, TEMPLATE)?;
    made.file(&settings.vault.key_file, key_text.expose())?;
    if let Some(database) = sqlite_file(&settings) {
        folder_of(&database)?;
        made.note_database(database);
    }
    let desk = Desk::open_or_create(settings, &vault).await?;
    let owner = desk.owners.create(owner, None).await.with_context(|| format!("owner {owner:?}"))?;
    let new = NewKey { name: "first".to_owned(), admin: true, expires_in: None, rules: Rules::default() };
    let (shown, key) = desk.keys.issue(owner.id, new).await?;
    desk.close().await;
    Ok(First { owner, shown, key })
}

fn told(file: &Path, settings: &Settings, first: &First) -> String {
    let database = sqlite_file(settings).map_or("the database".to_owned(), |file| file.display().to_string());
    let config = if file == Path::new("keyferry.toml") {
        String::new()
    } else {
        format!(" --config {}", file.display())
    };
    let (key, owner, url) = (first.key.reveal(), &first.owner.name, &settings.gateway.url);
    format!(
        "Made:\n  {}  settings\n  {}  master key; keep a copy of it apart from the database\n  {database}  database\n\n\
         The admin key of {owner}, shown this once:\n\n  {key}\n\n\
         Next:\n\n  keyferry serve{config}\n  curl -H 'Authorization: Bearer {key}' {url}/user",
        file.display(),
        settings.vault.key_file.display(),
    )
}

/// The folder of a file to be made; it stays, even if nothing comes to be in it.
fn folder_of(path: &Path) -> anyhow::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let made = DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.with_context(|| format!("making the folder {}", folder.display()))
}

/// What was made so far; taken away again unless it is kept.
#[derive(Default)]
struct Made(Vec<PathBuf>);

impl Made {
    fn file(&mut self, path: &Path, text: &str) -> anyhow::Result<()> {
        folder_of(path)?;
        let mut options = OpenOptions::new();
        let file = options.write(true).create_new(true).mode(0o600).open(path);
        let mut file = file.with_context(|| format!("making {}", path.display()))?;
        self.0.push(path.to_owned());
        file.write_all(text.as_bytes())
            .and_then(|()| file.sync_all())
            .with_context(|| format!("writing {}", path.display()))
    }

    /// SQLite makes the file, and up to two beside it.
    fn note_database(&mut self, path: PathBuf) {
        for suffix in ["-wal", "-shm"] {
            let mut name = path.clone().into_os_string();
            name.push(suffix);
            self.0.push(name.into());
        }
        self.0.push(path);
    }

    fn keep(mut self) {
        self.0.clear();
    }
}

impl Drop for Made {
    fn drop(&mut self) {
        for path in self.0.iter().rev() {
            // Not there, or no longer to be removed: nothing better can be done.
            _ = fs::remove_file(path);
        }
    }
}
