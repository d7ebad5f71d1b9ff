//! Both engines take the same steps, over data and not only over empty tables.
//!
//! Each migration `000N` comes with `samples/000N.sql`: rows for what it adds, in the words of the schema as it is at
//! that step. `{uuid ..}` and `{bytes ..}` stand for what the engines write differently.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use keyferry::store::{ConnectionFilter, Store, StoreError};
use regex::{Captures, Regex};
use sqlx::{AssertSqlSafe, Connection, PgConnection, SqliteConnection, migrate::Migrator};

use super::Stage;
use crate::harness::postgres::database;

fn root(inside: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(inside)
}

fn names(folder: &str) -> Vec<String> {
    let entries = fs::read_dir(root(folder)).unwrap();
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn both_engines_have_the_same_migrations_and_each_has_a_sample() {
    let sqlite = names("migrations/sqlite");
    assert_eq!(sqlite, names("migrations/postgres"));
    let samples: Vec<_> =
        sqlite.iter().map(|name| format!("{}.sql", name.split('_').next().unwrap())).collect();
    assert_eq!(samples, names("tests/it/store/samples"));
    let numbers = (1..=sqlite.len()).map(|number| format!("{number:04}.sql"));
    assert!(samples.into_iter().eq(numbers), "numbers follow each other");
}

/// Fills in what one engine writes in its own way.
fn filled(sample: &str, uuid: &str, bytes: &str) -> String {
    let places = Regex::new(r"\{(uuid|bytes) ([0-9a-f]+)\}").unwrap();
    let fill = |found: &Captures<'_>| match &found[1] {
        "uuid" => uuid.replace("..", &found[2]),
        _ => bytes.replace("..", &found[2]),
    };
    places.replace_all(sample, fill).into_owned()
}

macro_rules! climb {
    ($connection:ty, $url:expr, $folder:literal, $uuid:literal, $bytes:literal) => {{
        let migrator = Migrator::new(root($folder)).await.unwrap();
        let mut connection = <$connection>::connect($url).await.unwrap();
        for step in migrator.iter() {
            migrator.run_to(step.version, &mut connection).await.unwrap();
            let sample = fs::read_to_string(root(&format!("tests/it/store/samples/{:04}.sql", step.version)));
            let sample = filled(&sample.unwrap(), $uuid, $bytes);
            sqlx::raw_sql(AssertSqlSafe(sample)).execute(&mut connection).await.unwrap();
        }
        connection.close().await.unwrap();
    }};
}

/// Everything that the samples left in the store, table by table.
async fn contents(url: &str) -> BTreeMap<&'static str, String> {
    let store = Store::open(url).await.unwrap();
    store.migrate().await.unwrap();
    let owners = store.owners().list().await.unwrap();
    let filter = ConnectionFilter { limit: 1000, ..ConnectionFilter::default() };
    let connections = store.connections().page(&filter).await.unwrap();
    let mut keys = Vec::new();
    for owner in &owners {
        keys.extend(store.keys().list(owner.id).await.unwrap());
    }
    let mut grants = Vec::new();
    for connection in &connections {
        grants.extend(store.grants().find(connection.id).await.unwrap());
    }
    [
        ("owners", format!("{owners:?}")),
        ("connections", format!("{connections:?}")),
        ("keys", format!("{keys:?}")),
        ("grants", format!("{grants:?}")),
        ("flows", format!("{:?}", store.flows().take(&[1, 2], "stripe").await.unwrap())),
        ("clients", format!("{:?}", store.clients().list().await.unwrap())),
        ("checks", format!("{:?}", store.checks().list().await.unwrap())),
    ]
    .into()
}

#[tokio::test]
async fn samples_live_through_every_later_migration_and_read_the_same_on_both_engines() {
    let folder = tempfile::tempdir().unwrap();
    let sqlite = format!("sqlite:{}", folder.path().join("test.db").display());
    // Makes the file, with the right mode.
    Store::open(&sqlite).await.unwrap().close().await;
    let postgres = database().await;
    climb!(SqliteConnection, &sqlite, "migrations/sqlite", "x'..'", "x'..'");
    climb!(PgConnection, &postgres, "migrations/postgres", "uuid '..'", "'\\x..'");

    let found = contents(&sqlite).await;
    for (table, rows) in &found {
        assert!(rows.contains('{'), "no sample for {table}: {rows}");
    }
    assert!(found["owners"].contains("bob") && found["connections"].contains("Zoë's desk"));
    assert_eq!(found, contents(&postgres).await);
}

async fn migrating_again_changes_nothing(store: &Stage) {
    store.migrate().await.unwrap();
    let twice = Store::open(&store.url).await.unwrap();
    let (one, other) = tokio::join!(store.migrate(), twice.migrate());
    assert_eq!((one, other), (Ok(()), Ok(())));
}

async fn a_database_of_a_newer_version_is_refused(store: &Stage) {
    let sql = "insert into _sqlx_migrations (version, description, success, checksum, execution_time) \
               select 9999, 'from the future', success, checksum, 0 from _sqlx_migrations where version = 1";
    super::spoil(store, sql).await;
    let Err(StoreError::Migration(why)) = store.migrate().await else { panic!("was accepted") };
    assert!(why.contains("9999") && why.contains("newer version of keyferry"), "{why}");
}

super::on_both! {
    migrating_again_changes_nothing,
    a_database_of_a_newer_version_is_refused,
}
