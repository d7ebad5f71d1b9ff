//! What changed of that which gateways remember: a log that triggers write, whoever makes the change. Here it is read,
//! so that nothing is missed, and what everybody has read goes.
//!
//! PostgreSQL gives out the numbers of a log before it commits, so 5 can be seen before 4. A number that is missing
//! is looked for again until every transaction has ended that was open when it was missed.

use sqlx::FromRow;

use super::{Store, StoreError, commit};
use crate::id::{ConnectionId, OwnerId};

/// More than these at once are not told one by one.
const MOST: u32 = 20_000;

/// Something that is not as it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// The key that has, or had, this digest.
    Key(Vec<u8>),
    /// A connection, also a new one.
    Connection {
        /// It.
        id: ConnectionId,
        /// Whose it is.
        owner: OwnerId,
        /// The app it leads to.
        app: String,
    },
    /// The grant of a connection.
    Grant {
        /// Whose secret part it is.
        connection: ConnectionId,
        /// Which generation it is of now; none if it is gone.
        generation: Option<i64>,
    },
    /// The OAuth client of this name.
    Client(String),
}

/// What the log says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// Nothing yet: what was under way when it was first read has not ended.
    Later,
    /// From now on everything is told. What was read from the store before may have changed.
    Begins,
    /// Everything that was committed since the time before; a change may be told again.
    Changes(Vec<Change>),
}

/// How far somebody has read.
#[derive(Clone, Debug, Default)]
pub struct Place {
    /// The highest number seen; none before the first reading.
    last: Option<i64>,
    /// Numbers that were missing below it.
    gaps: Vec<Gap>,
}

/// Numbers that were missing. Of those before the first reading nobody knows which: one gap without a start stands for
/// them, and until it is closed nothing has begun.
#[derive(Clone, Debug)]
struct Gap {
    from: Option<i64>,
    to: i64,
    /// A transaction that is younger than all that can have taken one of them; to be asked for.
    until: Option<i64>,
}

/// The functions on changes.
#[derive(Clone, Copy, Debug)]
pub struct Table<'a>(pub(super) &'a Store);

/// A row of the log, or none, with the state of the whole log at that moment.
#[derive(FromRow)]
struct Row {
    /// The oldest transaction that may still be open.
    oldest: i64,
    lowest: Option<i64>,
    highest: Option<i64>,
    seq: Option<i64>,
    kind: Option<String>,
    id: Option<ConnectionId>,
    owner: Option<OwnerId>,
    name: Option<String>,
    digest: Option<Vec<u8>>,
    generation: Option<i64>,
}

macro_rules! columns {
    () => {
        "seq, kind, id, owner, name, digest, generation"
    };
}

/// One that writes at a time: numbers are as old as their commits.
const SQLITE: &str = concat!(
    "select 0 as oldest, (select min(seq) from changes) as lowest, \
     (select max(seq) from changes) as highest, ",
    columns!(),
    " from (select 1) left join changes on seq > $1 order by seq limit $2",
);
/// One statement, because only then all of it is of one moment.
const POSTGRES: &str = concat!(
    "select pg_snapshot_xmin(moment)::text::bigint as oldest, (select min(seq) from changes) as lowest, (select max(seq) from changes) as highest, ",
    columns!(),
    " from pg_current_snapshot() as moment left join (\
     select ",
    columns!(),
    " from changes where seq > $1 union all \
     select ",
    columns!(),
    " from unnest($3::bigint[], $4::bigint[]) as gap (low, high) \
     join changes on seq between low and high) as told on true order by seq limit $2",
);

impl Table<'_> {
    /// What changed since `place`, which moves on. If this fails, or is dropped, the next call tells all of it.
    pub async fn since(self, place: &mut Place) -> Result<News, StoreError> {
        if place.last.is_none() {
            place.start(&self.read(place).await?);
        }
        if place.gaps.iter().any(|gap| gap.until.is_none()) {
            let youngest = self.youngest().await?;
            for gap in &mut place.gaps {
                gap.until = gap.until.or(Some(youngest));
            }
        }
        place.advance(self.read(place).await?)
    }

    async fn read(self, place: &Place) -> Result<Vec<Row>, StoreError> {
        let after = place.last.unwrap_or(i64::MAX);
        Ok(match self.0 {
            Store::Sqlite { readers, .. } => {
                sqlx::query_as(SQLITE).bind(after).bind(i64::from(MOST) + 1).fetch_all(readers).await?
            }
            Store::Postgres(pool) => {
                let gaps = place.gaps.iter().filter_map(|gap| Some((gap.from?, gap.to)));
                let (from, to): (Vec<_>, Vec<_>) = gaps.unzip();
                let query =
                    sqlx::query_as(POSTGRES).bind(after).bind(i64::from(MOST) + 1).bind(from).bind(to);
                query.fetch_all(pool).await?
            }
        })
    }

    /// A transaction that begins now. That of a snapshot's end would not do: it may be open.
    async fn youngest(self) -> Result<i64, StoreError> {
        Ok(match self.0 {
            Store::Sqlite { .. } => 0,
            Store::Postgres(pool) => {
                sqlx::query_scalar("select pg_current_xact_id()::text::bigint").fetch_one(pool).await?
            }
        })
    }

    /// Takes out what is older than the newest by more than this. One of those stays, to show how far it went.
    pub async fn sweep(self, kept: std::time::Duration) -> Result<u64, StoreError> {
        let kept = i64::try_from(kept.as_micros()).unwrap_or(i64::MAX);
        Ok(commit!(self.0, tx => {
            sqlx::query(
                "delete from changes where seq < (select seq from changes where time < \
                 (select time from changes order by seq desc limit 1) - $1 order by seq desc limit 1)",
            )
            .bind(kept)
            .execute(&mut *tx)
            .await?
            .rows_affected()
        }))
    }
}

impl Place {
    fn start(&mut self, rows: &[Row]) {
        let highest = rows.first().and_then(|now| now.highest).unwrap_or(0);
        let before = Gap { from: None, to: highest, until: None };
        *self = Self { last: Some(highest), gaps: vec![before] };
    }

    fn advance(&mut self, rows: Vec<Row>) -> Result<News, StoreError> {
        let (Some(last), Some(now)) = (self.last, rows.first()) else { return Ok(News::Later) };
        if is_lost(last, now) || rows.len() > MOST as usize {
            *self = Self::default();
            return Ok(News::Later);
        }
        let oldest = now.oldest;
        let numbers: Vec<i64> = rows.iter().filter_map(|row| row.seq).collect();
        let changes = rows.into_iter().filter_map(Row::change).collect::<Result<_, _>>()?;
        let had_begun = self.has_begun();
        // What was missing was looked for in this answer too.
        self.gaps.retain(|gap| gap.until.is_none_or(|until| oldest < until));
        let mut reached = last;
        for seq in numbers {
            if seq > reached + 1 {
                self.gaps.push(Gap { from: Some(reached + 1), to: seq - 1, until: None });
            }
            reached = reached.max(seq);
        }
        self.last = Some(reached);
        Ok(match (had_begun, self.has_begun()) {
            (true, _) => News::Changes(changes),
            (false, true) => News::Begins,
            (false, false) => News::Later,
        })
    }

    fn has_begun(&self) -> bool {
        self.gaps.iter().all(|gap| gap.from.is_some())
    }
}

/// Whether numbers after `last` were swept already, or the log is another one: a backup was put back.
fn is_lost(last: i64, now: &Row) -> bool {
    now.highest.unwrap_or(0) < last || now.lowest.is_some_and(|lowest| lowest > last + 1)
}

impl Row {
    /// What it says; nothing if there is none, or one of a kind that only a newer version remembers.
    fn change(self) -> Option<Result<Change, StoreError>> {
        let Self { seq, kind, id, owner, name, digest, generation, .. } = self;
        let change = match kind?.as_str() {
            "key" => digest.map(Change::Key),
            "connection" => {
                id.zip(owner).zip(name).map(|((id, owner), app)| Change::Connection { id, owner, app })
            }
            "grant" => id.map(|connection| Change::Grant { connection, generation }),
            "client" => name.map(Change::Client),
            _ => return None,
        };
        Some(change.ok_or_else(|| StoreError::Corrupt(format!("change {}", seq.unwrap_or(0)))))
    }
}
