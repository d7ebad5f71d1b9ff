//! Opening a store by its URL: which engine, how many connections, and for SQLite the file and its mode.

use std::{
    fs::OpenOptions,
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
    str::FromStr,
    time::Duration,
};

use sqlx::{
    postgres::{PgConnectOptions, PgPoolOptions},
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous},
};

use super::{Store, StoreError};

const SQLITE_READERS: u32 = 4;
const POSTGRES_CONNECTIONS: u32 = 16;
/// How long a call waits for a connection: a dead store must show as 503 soon.
const WAIT: Duration = Duration::from_secs(3);
/// How long a writer waits for its turn, and for another process (the command line) to let go of the file.
const BUSY: Duration = Duration::from_secs(5);

impl Store {
    /// Opens the store that `url` names: `sqlite:FILE` or `postgres://USER@HOST/DATABASE`. Changes no table.
    pub async fn open(url: &str) -> Result<Self, StoreError> {
        Self::open_with(url, None).await
    }

    /// Opens the store with at most so many connections to it, where the engine is PostgreSQL.
    pub async fn open_with(url: &str, connections: Option<u32>) -> Result<Self, StoreError> {
        match url.split_once(':').map(|(scheme, _)| scheme) {
            Some("sqlite") => open_sqlite(url).await,
            Some("postgres" | "postgresql") => {
                open_postgres(url, connections.unwrap_or(POSTGRES_CONNECTIONS)).await
            }
            _ => Err(StoreError::Url("of an unknown kind")),
        }
    }

    /// An empty store in memory, migrated: for tests and for what is thrown away.
    pub async fn in_memory() -> Result<Self, StoreError> {
        let options = SqliteConnectOptions::from_str("sqlite::memory:")?.foreign_keys(true);
        // One connection that never ends: the database lives as long as it does.
        let pool = SqlitePoolOptions::new()
            .max_connections(1)
            .idle_timeout(None)
            .max_lifetime(None)
            .connect_with(options)
            .await?;
        let store = Self::Sqlite { readers: pool.clone(), writer: pool };
        store.migrate().await?;
        Ok(store)
    }
}

async fn open_sqlite(url: &str) -> Result<Store, StoreError> {
    let options = SqliteConnectOptions::from_str(url)
        .map_err(|_| StoreError::Url("not a valid sqlite URL"))?
        .create_if_missing(false)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(BUSY);
    let file = options.get_filename().to_owned();
    if is_in_memory(&file) {
        return Err(StoreError::Url("in memory only"));
    }
    make_private(&file)?;
    let pool = |size, wait| {
        SqlitePoolOptions::new().max_connections(size).acquire_timeout(wait).test_before_acquire(false)
    };
    let writer = pool(1, BUSY).connect_with(options.clone()).await?;
    let readers = pool(SQLITE_READERS, WAIT).connect_with(options).await?;
    Ok(Store::Sqlite { readers, writer })
}

async fn open_postgres(url: &str, connections: u32) -> Result<Store, StoreError> {
    let options = PgConnectOptions::from_str(url).map_err(|_| StoreError::Url("not a valid postgres URL"))?;
    let pool = PgPoolOptions::new()
        .max_connections(connections.max(1))
        .acquire_timeout(WAIT)
        .connect_with(options.application_name("keyferry"))
        .await?;
    Ok(Store::Postgres(pool))
}

/// The name that sqlx gives to a database in memory.
fn is_in_memory(file: &Path) -> bool {
    file.to_str().is_some_and(|name| name.starts_with("file:sqlx-in-memory"))
}

/// Creates the file for its owner only, and refuses one that others may open. SQLite gives the same mode to the
/// files that it puts beside it.
fn make_private(file: &Path) -> Result<(), StoreError> {
    OpenOptions::new()
        .create(true)
        .append(true)
        .mode(0o600)
        .open(file)
        .map_err(|error| StoreError::Unavailable(format!("{}: {}", file.display(), error.kind())))?;
    for suffix in ["", "-wal", "-shm"] {
        let mut name = file.as_os_str().to_owned();
        name.push(suffix);
        let path = PathBuf::from(name);
        if path.metadata().is_ok_and(|found| found.permissions().mode() & 0o077 != 0) {
            return Err(StoreError::Exposed(path));
        }
    }
    Ok(())
}
