//! API keys. The key itself is never stored, only its digest and a hint to recognise it by.

use serde_json::Value;

use super::{Store, StoreError, commit, on};
use crate::{
    clock::Timestamp,
    id::{KeyId, OwnerId},
};

/// One API key as stored.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct KeyRow {
    /// Its id.
    pub id: KeyId,
    /// Whose key it is.
    pub owner: OwnerId,
    /// The owner's label.
    pub name: String,
    /// The SHA-256 of the key.
    pub digest: Vec<u8>,
    /// The first and last characters of the key.
    pub hint: String,
    /// Whether it may manage owners, clients and every owner's things.
    pub admin: bool,
    /// What it may do.
    pub rules: Value,
    /// When it was created.
    pub creation_time: Timestamp,
    /// When it ends, if ever.
    pub expires_time: Option<Timestamp>,
    /// When it was last used; may lag.
    pub last_used_time: Option<Timestamp>,
}

/// What to change about a key; what is `None` stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyChange {
    /// Another label.
    pub name: Option<String>,
    /// Other rules.
    pub rules: Option<Value>,
    /// Another end; `Some(None)` for no end.
    pub expires_time: Option<Option<Timestamp>>,
}

/// The functions on keys.
#[derive(Clone, Copy, Debug)]
pub struct Table<'a>(pub(super) &'a Store);

macro_rules! columns {
    () => {
        "id, owner, name, digest, hint, admin, rules, creation_time, expires_time, last_used_time"
    };
}

impl Table<'_> {
    /// Stores a new key.
    pub async fn insert(self, row: &KeyRow) -> Result<(), StoreError> {
        commit!(self.0, tx => {
            sqlx::query(
                "insert into keys (id, owner, name, digest, hint, admin, rules, creation_time, expires_time, \
                 last_used_time) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
            )
            .bind(row.id)
            .bind(row.owner)
            .bind(&row.name)
            .bind(&row.digest)
            .bind(&row.hint)
            .bind(row.admin)
            .bind(&row.rules)
            .bind(row.creation_time)
            .bind(row.expires_time)
            .bind(row.last_used_time)
            .execute(&mut *tx)
            .await
            .map_err(StoreError::taken("key"))?;
        });
        Ok(())
    }

    /// The key that has this digest, whoever owns it.
    pub async fn find_by_digest(self, digest: &[u8]) -> Result<Option<KeyRow>, StoreError> {
        Ok(on!(self.0, pool => {
            sqlx::query_as(concat!("select ", columns!(), " from keys where digest = $1")).bind(digest).fetch_optional(pool).await
        })?)
    }

    /// The key of this id, if this owner has it.
    pub async fn find(self, owner: OwnerId, id: KeyId) -> Result<Option<KeyRow>, StoreError> {
        Ok(on!(self.0, pool => {
            sqlx::query_as(concat!("select ", columns!(), " from keys where id = $1 and owner = $2"))
                .bind(id)
                .bind(owner)
                .fetch_optional(pool)
                .await
        })?)
    }

    /// All keys of an owner, oldest first.
    pub async fn list(self, owner: OwnerId) -> Result<Vec<KeyRow>, StoreError> {
        Ok(on!(self.0, pool => {
            sqlx::query_as(concat!("select ", columns!(), " from keys where owner = $1 order by creation_time, id"))
                .bind(owner)
                .fetch_all(pool)
                .await
        })?)
    }

    /// Gives a key another label; whether this owner has such a key.
    pub async fn rename(self, owner: OwnerId, id: KeyId, name: &str) -> Result<bool, StoreError> {
        let change = KeyChange { name: Some(name.to_owned()), ..KeyChange::default() };
        Ok(self.change(owner, id, &change).await?.is_some())
    }

    /// Changes a key; answers it as it is now, or nothing if this owner has no such key.
    pub async fn change(
        self,
        owner: OwnerId,
        id: KeyId,
        change: &KeyChange,
    ) -> Result<Option<KeyRow>, StoreError> {
        Ok(commit!(self.0, tx => {
            sqlx::query_as(
                concat!("update keys set name = coalesce($3, name), rules = coalesce($4, rules), \
                 expires_time = case when $5 then $6 else expires_time end \
                 where id = $1 and owner = $2 returning ", columns!()),
            )
            .bind(id)
            .bind(owner)
            .bind(&change.name)
            .bind(&change.rules)
            .bind(change.expires_time.is_some())
            .bind(change.expires_time.flatten())
            .fetch_optional(&mut *tx)
            .await?
        }))
    }

    /// Puts another key in the place of this one, which ends at once; whether this owner has it.
    pub async fn replace_digest(
        self,
        owner: OwnerId,
        id: KeyId,
        digest: &[u8],
        hint: &str,
    ) -> Result<bool, StoreError> {
        Ok(commit!(self.0, tx => {
            sqlx::query("update keys set digest = $3, hint = $4 where id = $1 and owner = $2")
                .bind(id)
                .bind(owner)
                .bind(digest)
                .bind(hint)
                .execute(&mut *tx)
                .await
                .map_err(StoreError::taken("key"))?
                .rows_affected()
                == 1
        }))
    }

    /// Removes a key; whether this owner had it.
    pub async fn delete(self, owner: OwnerId, id: KeyId) -> Result<bool, StoreError> {
        Ok(commit!(self.0, tx => {
            sqlx::query("delete from keys where id = $1 and owner = $2")
                .bind(id)
                .bind(owner)
                .execute(&mut *tx)
                .await?
                .rows_affected()
                == 1
        }))
    }

    /// Notes when keys were last used; an older time never replaces a newer one, an unknown id is passed over.
    pub async fn touch(self, uses: &[(KeyId, Timestamp)]) -> Result<(), StoreError> {
        // In one order everywhere, so that two nodes never wait for each other.
        let mut uses = uses.to_vec();
        uses.sort_unstable();
        commit!(self.0, tx => {
            for (id, time) in &uses {
                sqlx::query(
                    "update keys set last_used_time = $2 \
                     where id = $1 and (last_used_time is null or last_used_time < $2)",
                )
                .bind(id)
                .bind(time)
                .execute(&mut *tx)
                .await?;
            }
        });
        Ok(())
    }
}
