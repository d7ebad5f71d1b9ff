//! The log of changes: whatever changes is told, once it is committed, in whichever order that happens.

use std::time::Duration;

use keyferry::store::{Change, ClientRow, ConnectionRow, GrantRow, KeyChange, KeyRow, News, Place, Store};
use sqlx::{AssertSqlSafe, Connection, PgConnection};

use super::{Stage, complete::completion, on_both, rows, spoil};

/// Begins to follow the log. On PostgreSQL the transactions of other tests can be in the way for a moment.
async fn follow(store: &Store) -> Place {
    let mut place = Place::default();
    loop {
        match store.changes().since(&mut place).await.unwrap() {
            News::Begins => return place,
            news => assert_eq!(news, News::Later),
        }
        tokio::task::yield_now().await;
    }
}

async fn told(store: &Store, place: &mut Place) -> Vec<Change> {
    match store.changes().since(place).await.unwrap() {
        News::Changes(changes) => changes,
        other => panic!("{other:?}"),
    }
}

fn of_key(row: &KeyRow) -> Change {
    Change::Key(row.digest.clone())
}

fn of_connection(row: &ConnectionRow) -> Change {
    Change::Connection { id: row.id, owner: row.owner, app: row.app.clone() }
}

async fn stored_key(store: &Store) -> KeyRow {
    let row = rows::key(rows::stored_owner(store).await);
    store.keys().insert(&row).await.unwrap();
    row
}

fn renamed() -> KeyChange {
    KeyChange { name: Some("other".into()), ..KeyChange::default() }
}

async fn a_change_of_a_key_is_told_by_the_digest_it_had(stage: &Stage) {
    let row = stored_key(stage).await;
    let mut place = follow(stage).await;
    assert_eq!(told(stage, &mut place).await, []);
    stage.keys().change(row.owner, row.id, &renamed()).await.unwrap();
    assert_eq!(told(stage, &mut place).await, [of_key(&row)]);
    stage.keys().replace_digest(row.owner, row.id, &[7; 32], "").await.unwrap();
    stage.keys().delete(row.owner, row.id).await.unwrap();
    assert_eq!(told(stage, &mut place).await, [of_key(&row), Change::Key(vec![7; 32])]);
    assert_eq!(told(stage, &mut place).await, [], "once");
}

async fn a_change_of_a_connection_is_told_with_where_it_is_listed(stage: &Stage) {
    let mut place = follow(stage).await;
    let row = rows::stored_connection(stage).await;
    assert_eq!(told(stage, &mut place).await, [of_connection(&row)], "a new one");
    stage.connections().rename(row.owner, row.id, Some("other"), rows::NOW).await.unwrap();
    stage.connections().raise_generation(row.id).await.unwrap();
    assert_eq!(told(stage, &mut place).await, [of_connection(&row), of_connection(&row)]);
    spoil(stage, "update connections set app = 'stripe'").await;
    let moved = told(stage, &mut place).await;
    let there = ConnectionRow { app: "stripe".into(), ..row.clone() };
    assert!(moved.contains(&of_connection(&row)) && moved.contains(&of_connection(&there)), "{moved:?}");
    stage.connections().delete(row.owner, row.id).await.unwrap();
    assert!(told(stage, &mut place).await.contains(&of_connection(&there)));
}

async fn a_change_of_a_grant_is_told_with_its_generation(stage: &Stage) {
    let (row, grant) = rows::stored_with_grant(stage).await;
    let mut place = follow(stage).await;
    let now = |generation| Change::Grant { connection: row.id, generation };
    stage.grants().replace(&grant, grant.generation).await.unwrap();
    assert_eq!(told(stage, &mut place).await, [now(Some(8))]);
    let done = completion(GrantRow { sealed: vec![7], ..grant });
    stage.connections().complete(row.id, row.generation, &done, rows::NOW).await.unwrap();
    assert_eq!(told(stage, &mut place).await, [of_connection(&row), now(Some(9))]);
    stage.connections().delete(row.owner, row.id).await.unwrap();
    assert!(told(stage, &mut place).await.contains(&now(None)));
}

async fn a_change_of_a_client_is_told_by_its_name(stage: &Stage) {
    let mut row = ClientRow {
        name: "google".into(),
        key_id: "0a1b2c3d".into(),
        sealed: vec![0],
        updated_time: rows::NOW,
    };
    stage.clients().upsert(&row).await.unwrap();
    let mut place = follow(stage).await;
    row.sealed = vec![1];
    stage.clients().upsert(&row).await.unwrap();
    stage.clients().delete("google").await.unwrap();
    assert_eq!(told(stage, &mut place).await, vec![Change::Client("google".into()); 2]);
}

async fn with_an_owner_goes_all_it_had_and_that_is_told(stage: &Stage) {
    let (row, _) = rows::stored_with_grant(stage).await;
    let key = rows::key(row.owner);
    stage.keys().insert(&key).await.unwrap();
    let mut place = follow(stage).await;
    stage.owners().delete(row.owner).await.unwrap();
    let told = told(stage, &mut place).await;
    let grant = Change::Grant { connection: row.id, generation: None };
    for change in [of_key(&key), of_connection(&row), grant] {
        assert!(told.contains(&change), "{change:?} in {told:?}");
    }
}

async fn use_and_locks_are_no_changes(stage: &Stage) {
    let (row, grant) = rows::stored_with_grant(stage).await;
    let key = stored_key(stage).await;
    let mut place = follow(stage).await;
    stage.keys().touch(&[(key.id, rows::at(9))]).await.unwrap();
    stage.connections().touch(&[(row.id, rows::at(9))]).await.unwrap();
    assert!(stage.grants().hold(row.id, grant.generation).await.unwrap());
    assert!(!stage.connections().fail_grant(row.id, 1, "revoked", rows::NOW).await.unwrap(), "rolled back");
    assert_eq!(told(stage, &mut place).await, []);
}

/// A column that a later migration adds has to be added to the triggers as well.
async fn every_column_is_told_but_when_it_was_last_used(stage: &Stage) {
    stored_key(stage).await;
    rows::stored_connection(stage).await;
    let mut place = follow(stage).await;
    for table in ["keys", "connections"] {
        let columns = columns(stage, table).await;
        assert!(columns.len() > 9, "{columns:?}");
        for column in columns {
            run(stage, format!("update {table} set {column} = {column}")).await;
            let is_told = !told(stage, &mut place).await.is_empty();
            assert_eq!(is_told, column != "last_used_time", "{table}.{column}");
        }
    }
}

async fn columns(stage: &Stage, table: &str) -> Vec<String> {
    let sql = match &stage.store {
        Store::Sqlite { .. } => format!("select name from pragma_table_info('{table}')"),
        Store::Postgres(_) => {
            format!("select column_name::text from information_schema.columns where table_name = '{table}'")
        }
    };
    match &stage.store {
        Store::Sqlite { readers, .. } => sqlx::query_scalar(AssertSqlSafe(sql)).fetch_all(readers).await,
        Store::Postgres(pool) => sqlx::query_scalar(AssertSqlSafe(sql)).fetch_all(pool).await,
    }
    .unwrap()
}

async fn run(stage: &Stage, sql: String) {
    match &stage.store {
        Store::Sqlite { writer, .. } => sqlx::query(AssertSqlSafe(sql)).execute(writer).await.map(drop),
        Store::Postgres(pool) => sqlx::query(AssertSqlSafe(sql)).execute(pool).await.map(drop),
    }
    .unwrap();
}

async fn who_was_away_while_the_log_was_swept_begins_anew(stage: &Stage) {
    let row = stored_key(stage).await;
    let (mut awake, mut away) = (follow(stage).await, follow(stage).await);
    for _ in 0..3 {
        stage.keys().change(row.owner, row.id, &renamed()).await.unwrap();
    }
    assert_eq!(told(stage, &mut awake).await.len(), 3);
    run(stage, format!("update changes set time = time - {}", Duration::from_mins(11).as_micros())).await;
    stage.keys().change(row.owner, row.id, &renamed()).await.unwrap();
    assert!(stage.changes().sweep(Duration::from_mins(10)).await.unwrap() >= 2);
    assert_eq!(stage.changes().sweep(Duration::from_mins(10)).await.unwrap(), 0);
    assert_eq!(told(stage, &mut awake).await, [of_key(&row)]);
    let news = stage.changes().since(&mut away).await.unwrap();
    assert!(matches!(news, News::Begins | News::Later), "{news:?}");
}

async fn a_log_that_is_another_one_begins_anew(stage: &Stage) {
    let row = stored_key(stage).await;
    stage.keys().change(row.owner, row.id, &renamed()).await.unwrap();
    let mut place = follow(stage).await;
    spoil(stage, "delete from changes").await;
    let news = stage.changes().since(&mut place).await.unwrap();
    assert!(matches!(news, News::Begins | News::Later), "a backup was put back: {news:?}");
}

async fn more_than_can_be_told_begins_anew(stage: &Stage) {
    let mut place = follow(stage).await;
    let numbers = "with recursive n (i) as (select 1 union all select i + 1 from n where i < 20001)";
    run(stage, format!("{numbers} insert into changes (kind, name) select 'client', 'google' from n")).await;
    let news = stage.changes().since(&mut place).await.unwrap();
    assert!(matches!(news, News::Begins | News::Later), "{news:?}");
}

async fn a_kind_of_a_newer_version_is_passed_over(stage: &Stage) {
    let mut place = follow(stage).await;
    spoil(stage, "insert into changes (kind, name) values ('moon', 'full'), ('client', 'google')").await;
    assert_eq!(told(stage, &mut place).await, [Change::Client("google".into())]);
}

on_both! {
    a_change_of_a_key_is_told_by_the_digest_it_had,
    a_change_of_a_connection_is_told_with_where_it_is_listed,
    a_change_of_a_grant_is_told_with_its_generation,
    a_change_of_a_client_is_told_by_its_name,
    with_an_owner_goes_all_it_had_and_that_is_told,
    use_and_locks_are_no_changes,
    every_column_is_told_but_when_it_was_last_used,
    who_was_away_while_the_log_was_swept_begins_anew,
    a_log_that_is_another_one_begins_anew,
    more_than_can_be_told_begins_anew,
    a_kind_of_a_newer_version_is_passed_over,
}

/// A connection of somebody else's, in a transaction in which it renames all keys of `owner`.
async fn open_change(stage: &Stage, row: &KeyRow) -> PgConnection {
    let mut other = PgConnection::connect(&stage.url).await.unwrap();
    sqlx::query("begin").execute(&mut other).await.unwrap();
    let change = sqlx::query("update keys set name = 'slow' where id = $1").bind(row.id);
    change.execute(&mut other).await.unwrap();
    other
}

async fn end(mut other: PgConnection, how: &'static str) {
    sqlx::query(how).execute(&mut other).await.unwrap();
    other.close().await.unwrap();
}

#[tokio::test]
async fn what_commits_later_than_what_came_after_it_is_still_told() {
    let stage = Stage::postgres().await;
    let (slow, failing, fast) =
        (stored_key(&stage).await, stored_key(&stage).await, stored_key(&stage).await);
    stage.keys().change(fast.owner, fast.id, &renamed()).await.unwrap();
    let mut place = follow(&stage).await;
    // They take the lower numbers, and end when a higher one was read long ago.
    let (first, second) = (open_change(&stage, &slow).await, open_change(&stage, &failing).await);
    for _ in 0..2 {
        stage.keys().change(fast.owner, fast.id, &renamed()).await.unwrap();
        assert_eq!(told(&stage, &mut place).await, [of_key(&fast)]);
        assert_eq!(told(&stage, &mut place).await, []);
    }
    end(first, "commit").await;
    end(second, "rollback").await;
    assert_eq!(told(&stage, &mut place).await, [of_key(&slow)]);
    while !told(&stage, &mut place).await.is_empty() {
        // Told again as long as a transaction of another test is older than the end of these.
        tokio::task::yield_now().await;
    }
    assert!(format!("{place:?}").contains("gaps: []"), "nothing is looked for any more: {place:?}");
}

#[tokio::test]
async fn nothing_begins_while_a_change_from_before_is_open() {
    let stage = Stage::postgres().await;
    let row = stored_key(&stage).await;
    let other = open_change(&stage, &row).await;
    let mut place = Place::default();
    for _ in 0..3 {
        assert_eq!(stage.changes().since(&mut place).await.unwrap(), News::Later);
    }
    end(other, "commit").await;
    while stage.changes().since(&mut place).await.unwrap() == News::Later {
        tokio::task::yield_now().await;
    }
    assert_eq!(told(&stage, &mut place).await, [], "what was open is of before");
}
