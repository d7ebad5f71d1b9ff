//! Fills a database for the benchmark: one owner, key and connection for each line of a list, in one transaction.
//!
//! It writes rows straight into the SQLite file, because a million of them through the control API would take hours.
//! `seed FOLDER APP LIST OUT`: `keyferry init` has run in FOLDER; LIST has `name TAB name TAB upstream token` lines;
//! OUT gets `key TAB connection id`, line for line.

use std::{
    fs::File,
    io::{BufRead as _, BufReader, BufWriter, Write as _},
    path::Path,
};

use keyferry::{
    clock::Clock,
    id::{ConnectionId, KeyId, OwnerId},
    vault::{Place, Vault, token::ApiKey},
};
use sqlx::{Connection as _, SqliteConnection, SqliteTransaction, sqlite::SqliteConnectOptions};

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [folder, app, list, out] = arguments.as_slice() else { anyhow::bail!("seed FOLDER APP LIST OUT") };
    let vault = Vault::from_file(&Path::new(folder).join("master.key"))?;
    let database = Path::new(folder).join("keyferry.db");
    let mut store = SqliteConnection::connect_with(&SqliteConnectOptions::new().filename(database)).await?;
    let mut rows = store.begin().await?;
    let mut written = BufWriter::new(File::create(out)?);
    for line in BufReader::new(File::open(list)?).lines() {
        let line = line?;
        let token = line.split('\t').nth(2).unwrap_or(&line);
        let (key, connection) = seed(&mut rows, &vault, app, token).await?;
        writeln!(written, "{}\t{connection}", key.reveal())?;
    }
    // Nobody runs who would have to be told; the last one shows how far it went.
    sqlx::query("delete from changes where seq < (select max(seq) from changes)").execute(&mut *rows).await?;
    rows.commit().await?;
    written.flush()?;
    Ok(store.close().await?)
}

/// One owner with one key and one connection whose upstream token is `token`.
async fn seed(
    rows: &mut SqliteTransaction<'_>,
    vault: &Vault,
    app: &str,
    token: &str,
) -> anyhow::Result<(ApiKey, ConnectionId)> {
    let now = Clock::System.now();
    let (owner, key, connection) = (OwnerId::new(now), ApiKey::generate(), ConnectionId::new(now));
    sqlx::query("insert into owners (id, name, creation_time) values ($1, $2, $3)")
        .bind(owner.uuid())
        .bind(owner.to_string())
        .bind(now.as_micros())
        .execute(&mut **rows)
        .await?;
    sqlx::query(
        "insert into keys (id, owner, name, digest, hint, admin, rules, creation_time) \
         values ($1, $2, 'seed', $3, $4, 0, '{}', $5)",
    )
    .bind(KeyId::new(now).uuid())
    .bind(owner.uuid())
    .bind(key.digest().0.to_vec())
    .bind(key.hint())
    .bind(now.as_micros())
    .execute(&mut **rows)
    .await?;
    sqlx::query(
        "insert into connections (id, owner, app, method, status, metadata, fields, scopes, generation, \
         creation_time, last_updated_time) values ($1, $2, $3, 'API_KEY', 'ACTIVE', '{}', '{}', '[]', 1, $4, $4)",
    )
    .bind(connection.uuid())
    .bind(owner.uuid())
    .bind(app)
    .bind(now.as_micros())
    .execute(&mut **rows)
    .await?;
    let plain = serde_json::json!({ "credentials": { "api_key": token } }).to_string();
    let row = connection.to_string();
    let place = Place { owner: owner.uuid(), table: "grants", row: &row, column: "sealed" };
    let sealed = vault.seal(&place, plain.as_bytes())?;
    sqlx::query(
        "insert into grants (connection, generation, key_id, sealed, updated_time) values ($1, 1, $2, $3, $4)",
    )
    .bind(connection.uuid())
    .bind(sealed.key_id)
    .bind(sealed.data)
    .bind(now.as_micros())
    .execute(&mut **rows)
    .await?;
    Ok((key, connection))
}
