//! Owners: the accounts of this gateway. Deleting one takes its keys and connections along.

use super::{Store, StoreError, commit, on};
use crate::{clock::Timestamp, id::OwnerId};

/// One owner as stored.
#[derive(Clone, Debug, PartialEq, Eq, sqlx::FromRow)]
pub struct OwnerRow {
    /// Its id.
    pub id: OwnerId,
    /// Its name, which no other owner has.
    pub name: String,
    /// Where to reach it, if known.
    pub email: Option<String>,
    /// When it was created.
    pub creation_time: Timestamp,
}

/// The functions on owners.
#[derive(Clone, Copy, Debug)]
pub struct Table<'a>(pub(super) &'a Store);

macro_rules! columns {
    () => {
        "id, name, email, creation_time"
    };
}

impl Table<'_> {
    /// Stores a new owner; refuses a name that another one has.
    pub async fn insert(self, row: &OwnerRow) -> Result<(), StoreError> {
        commit!(self.0, tx => {
            sqlx::query("insert into owners (id, name, email, creation_time) values ($1, $2, $3, $4)")
                .bind(row.id)
                .bind(&row.name)
                .bind(&row.email)
                .bind(row.creation_time)
                .execute(&mut *tx)
                .await
                .map_err(StoreError::taken("owner name"))?;
        });
        Ok(())
    }

    /// The owner of this id.
    pub async fn find(self, id: OwnerId) -> Result<Option<OwnerRow>, StoreError> {
        Ok(on!(self.0, pool => {
            sqlx::query_as(concat!("select ", columns!(), " from owners where id = $1")).bind(id).fetch_optional(pool).await
        })?)
    }

    /// The owner of this name.
    pub async fn find_by_name(self, name: &str) -> Result<Option<OwnerRow>, StoreError> {
        Ok(on!(self.0, pool => {
            sqlx::query_as(concat!("select ", columns!(), " from owners where name = $1")).bind(name).fetch_optional(pool).await
        })?)
    }

    /// All owners, oldest first.
    pub async fn list(self) -> Result<Vec<OwnerRow>, StoreError> {
        Ok(on!(self.0, pool => {
            sqlx::query_as(concat!("select ", columns!(), " from owners order by creation_time, id")).fetch_all(pool).await
        })?)
    }

    /// Gives an owner another name and address; answers it as it is now, or nothing if there is none of this id.
    pub async fn update(
        self,
        id: OwnerId,
        name: &str,
        email: Option<&str>,
    ) -> Result<Option<OwnerRow>, StoreError> {
        Ok(commit!(self.0, tx => {
            sqlx::query_as(concat!("update owners set name = $2, email = $3 where id = $1 returning ", columns!()))
                .bind(id)
                .bind(name)
                .bind(email)
                .fetch_optional(&mut *tx)
                .await
                .map_err(StoreError::taken("owner name"))?
        }))
    }

    /// Removes an owner with all it owns; whether there was one.
    pub async fn delete(self, id: OwnerId) -> Result<bool, StoreError> {
        Ok(commit!(self.0, tx => {
            sqlx::query("delete from owners where id = $1").bind(id).execute(&mut *tx).await?.rows_affected() == 1
        }))
    }
}
