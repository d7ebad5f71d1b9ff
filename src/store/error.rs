//! What can go wrong in the store, sorted by what the caller can do about it.
//!
//! The texts are safe to log and to show an operator: no SQL, no URL, no password, no stored value. That is why a
//! database's own error is reduced to a line at once, and not carried along as a source.

use std::path::PathBuf;

use sqlx::error::{DatabaseError, ErrorKind};

/// Why the store could not do what was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Another row has this already; names what it is, as in `owner name`.
    #[error("this {0} is taken")]
    Taken(&'static str),
    /// What the row belongs to is gone: its owner or its connection was deleted meanwhile.
    #[error("what this belongs to was deleted")]
    Gone,
    /// A text has a NUL character in it, which PostgreSQL can't keep (SQLite can).
    #[error("a text has a character in it that can't be stored")]
    Unfit,
    /// The store can't be reached, is locked or full. Trying again later can help.
    #[error("the store can't be reached: {0}")]
    Unavailable(String),
    /// The store holds or answers something that this program can't use.
    #[error("the store holds something this program can't use: {0}")]
    Corrupt(String),
    /// The tables could not be brought to the shape that this program needs.
    #[error("the database can't be migrated: {0}")]
    Migration(String),
    /// `store.url` names no engine that this program knows.
    #[error("store.url is {0}; write sqlite:FILE or postgres://USER@HOST/DATABASE")]
    Url(&'static str),
    /// Others than the owner of the database file may read or write it.
    #[error("{0} is open to other users of this machine; run: chmod 600 {0}")]
    Exposed(PathBuf),
}

impl StoreError {
    /// Turns a violated unique constraint into [`StoreError::Taken`], and everything else into what it is.
    pub(super) fn taken(what: &'static str) -> impl Fn(sqlx::Error) -> Self {
        move |error| match error.as_database_error().map(DatabaseError::kind) {
            Some(ErrorKind::UniqueViolation) => Self::Taken(what),
            _ => error.into(),
        }
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        use sqlx::Error as E;
        match error {
            E::Database(error) => from_database(error.as_ref()),
            E::Io(error) => Self::Unavailable(format!("input or output failed ({})", error.kind())),
            E::Tls(_) => Self::Unavailable("no secure connection".into()),
            E::PoolTimedOut => Self::Unavailable("no connection came free in time".into()),
            E::PoolClosed | E::WorkerCrashed => Self::Unavailable("the connections are closed".into()),
            E::Protocol(_) => Self::Unavailable("the connection broke".into()),
            E::BeginFailed => Self::Unavailable("no transaction could be begun".into()),
            E::ColumnDecode { index, .. } => Self::Corrupt(format!("column {index}")),
            E::ColumnNotFound(name) => Self::Corrupt(format!("no column {name}")),
            _ => Self::Corrupt("an answer of another kind than asked for".into()),
        }
    }
}

impl From<sqlx::migrate::MigrateError> for StoreError {
    fn from(error: sqlx::migrate::MigrateError) -> Self {
        use sqlx::migrate::MigrateError as E;
        match error {
            E::Execute(error) => error.into(),
            E::ExecuteMigration(error, number) => match Self::from(error) {
                Self::Corrupt(why) => Self::Migration(format!("number {number}: {why}")),
                other => other,
            },
            E::VersionMissing(number) => Self::Migration(format!(
                "it has number {number}, which this program doesn't know; a newer version of keyferry made it"
            )),
            E::VersionMismatch(number) => {
                Self::Migration(format!("number {number} was applied in another wording than this program's"))
            }
            _ => Self::Migration("its list of migrations can't be read".into()),
        }
    }
}

fn from_database(error: &dyn DatabaseError) -> StoreError {
    let code = error.code().unwrap_or_default();
    let line = format!("database error {code}");
    match error.kind() {
        ErrorKind::ForeignKeyViolation => StoreError::Gone,
        ErrorKind::UniqueViolation => StoreError::Taken("entry"),
        _ if matches!(code.as_ref(), "22021" | "22P05") => StoreError::Unfit,
        _ if is_passing(&code) => StoreError::Unavailable(line),
        _ => StoreError::Corrupt(line),
    }
}

/// Whether trying again later can help. PostgreSQL has five characters, whose first two are the class; SQLite a
/// number, whose low byte is the primary code.
fn is_passing(code: &str) -> bool {
    const POSTGRES: [&str; 9] = ["08", "25", "28", "3D", "40", "53", "55", "57", "58"];
    // Permission, busy, locked, out of memory, read-only, interrupted, input/output, full, can't open, protocol.
    const SQLITE: [i32; 10] = [3, 5, 6, 7, 8, 9, 10, 13, 14, 15];
    if code.len() == 5 {
        return code.get(..2).is_some_and(|class| POSTGRES.contains(&class));
    }
    code.parse::<i32>().is_ok_and(|number| SQLITE.contains(&(number & 0xff)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_passes_by_itself_is_told_from_what_does_not() {
        // Cut by the operator, too many connections, deadlock, disk full, read-only; busy, busy snapshot, full, disk.
        let passing = ["57P01", "53300", "40P01", "53100", "25006", "28P01", "5", "517", "13", "778"];
        let lasting = ["42P01", "42601", "22P02", "23502", "0A000", "XX001", "1", "11", "26", "1299", ""];
        assert!(passing.iter().all(|code| is_passing(code)));
        assert_eq!(lasting.iter().find(|code| is_passing(code)), None);
    }

    #[test]
    fn an_error_of_the_machine_keeps_its_kind_and_nothing_else() {
        let told = std::io::Error::new(std::io::ErrorKind::ConnectionRefused, "postgres://root:hunter2@db");
        let error = StoreError::from(sqlx::Error::Io(told));
        assert_eq!(
            error.to_string(),
            "the store can't be reached: input or output failed (connection refused)"
        );
        let error = StoreError::from(sqlx::Error::Configuration("postgres://root:hunter2@db".into()));
        assert!(!format!("{error} {error:?}").contains("hunter2"));
    }
}
