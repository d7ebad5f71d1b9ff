//! The database: rows in, rows out, on SQLite or PostgreSQL. No rule of the product lives here, and no plain secret
//! ever arrives: secrets come sealed by the vault, keys as digests.
//!
//! One SQL text serves both engines ([`on!`] for reading, [`commit!`] for writing). Each function is one unit of work
//! and holds its own transaction. Times are integers, because as text `20.5Z` would sort before `20Z`.
//!
//! Columns are named, never `*`: a column that a newer version adds must not change what this one asks for.
//! Migrations are the same numbers and names in `migrations/sqlite` and `migrations/postgres`. One that has been
//! released never changes. A column that is added later is nullable or `not null default ..`, and nothing is
//! dropped or renamed in the version that stops using it: the previous version still runs beside it.

pub mod changes;
pub mod checks;
pub mod clients;
pub mod connections;
mod error;
pub mod flows;
pub mod grants;
pub mod keys;
mod open;
pub mod owners;

use sqlx::{PgPool, SqlitePool};

pub use self::{
    changes::{Change, News, Place},
    checks::CheckRow,
    clients::ClientRow,
    connections::{Completion, ConnectionFilter, ConnectionRow, Deleted},
    error::StoreError,
    flows::FlowRow,
    grants::{GrantRow, Told},
    keys::{KeyChange, KeyRow},
    owners::OwnerRow,
};

static SQLITE: sqlx::migrate::Migrator = sqlx::migrate!("migrations/sqlite");
static POSTGRES: sqlx::migrate::Migrator = sqlx::migrate!("migrations/postgres");

/// The database of one gateway. A clone shares the connections.
#[derive(Clone, Debug)]
pub enum Store {
    /// A file of this machine.
    Sqlite {
        /// Connections that read.
        readers: SqlitePool,
        /// The one connection that writes, so that writers queue in order instead of finding the file locked.
        writer: SqlitePool,
    },
    /// A PostgreSQL server, which several nodes may share.
    Postgres(PgPool),
}

/// Runs `$body` with the pool of whichever engine this is. For reading.
macro_rules! on {
    ($store:expr, $pool:ident => $body:expr) => {
        match $store {
            $crate::store::Store::Sqlite { readers: $pool, .. } => $body,
            $crate::store::Store::Postgres($pool) => $body,
        }
    };
}

/// Runs `$body` in a transaction and commits it, unless the body leaves the function early.
///
/// SQLite takes the write lock at once (`immediate`): one that reads first and wants to write later is refused when
/// another has written in between.
macro_rules! commit {
    ($store:expr, $tx:ident => $body:expr) => {
        match $store {
            $crate::store::Store::Sqlite { writer, .. } => {
                let mut $tx = writer.begin_with("begin immediate").await?;
                let value = $body;
                $tx.commit().await?;
                value
            }
            $crate::store::Store::Postgres(pool) => {
                let mut $tx = pool.begin().await?;
                let value = $body;
                $tx.commit().await?;
                value
            }
        }
    };
}

use {commit, on};

impl Store {
    /// Brings the tables to the shape that this program needs; does nothing when they have it.
    pub async fn migrate(&self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite { writer, .. } => SQLITE.run(writer).await?,
            Self::Postgres(pool) => POSTGRES.run(pool).await?,
        }
        Ok(())
    }

    /// Whether the store answers.
    pub async fn ping(&self) -> Result<(), StoreError> {
        on!(self, pool => sqlx::query("select 1").execute(pool).await.map(drop))?;
        Ok(())
    }

    /// Ends all connections, after those in use have come back.
    pub async fn close(&self) {
        match self {
            Self::Sqlite { readers, writer } => {
                readers.close().await;
                writer.close().await;
            }
            Self::Postgres(pool) => pool.close().await,
        }
    }

    /// The accounts of this gateway.
    pub fn owners(&self) -> owners::Table<'_> {
        owners::Table(self)
    }

    /// The API keys, as digests.
    pub fn keys(&self) -> keys::Table<'_> {
        keys::Table(self)
    }

    /// The connections, without their secrets.
    pub fn connections(&self) -> connections::Table<'_> {
        connections::Table(self)
    }

    /// The secret part of connections, sealed.
    pub fn grants(&self) -> grants::Table<'_> {
        grants::Table(self)
    }

    /// The connect flows that wait for a callback.
    pub fn flows(&self) -> flows::Table<'_> {
        flows::Table(self)
    }

    /// The operator's OAuth clients, sealed.
    pub fn clients(&self) -> clients::Table<'_> {
        clients::Table(self)
    }

    /// What changed of that which gateways remember.
    pub fn changes(&self) -> changes::Table<'_> {
        changes::Table(self)
    }

    /// What proves that a master key is the one this database was sealed with.
    pub fn checks(&self) -> checks::Table<'_> {
        checks::Table(self)
    }
}
