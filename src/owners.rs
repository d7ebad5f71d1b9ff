//! Owners: the accounts of this gateway. Whoever keeps something about an owner in memory listens here, so that a
//! change or a deletion is effective at once.

use std::sync::{Arc, RwLock};

use serde::Serialize;

use crate::{
    clock::{Clock, Timestamp},
    id::OwnerId,
    store::{OwnerRow, Store, StoreError},
};

/// The accounts. A clone shares the listeners.
#[derive(Clone)]
pub struct Owners {
    store: Store,
    clock: Clock,
    listeners: Arc<RwLock<Vec<Listener>>>,
}

type Listener = Box<dyn Fn(OwnerId) + Send + Sync>;

/// One account, as the control API shows it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Owner {
    /// Its id.
    pub id: OwnerId,
    /// Its name, which no other owner has.
    pub name: String,
    /// Where to reach it, if known.
    pub email: Option<String>,
    /// When it was created.
    pub creation_time: Timestamp,
}

/// What to change about an owner; what is `None` stays.
#[derive(Clone, Debug, Default)]
pub struct OwnerChange {
    /// Another name.
    pub name: Option<String>,
    /// Another address; `Some(None)` for none.
    pub email: Option<Option<String>>,
}

/// Why something about owners failed.
#[derive(Clone, Debug, thiserror::Error)]
pub enum OwnerError {
    /// Another owner has this name.
    #[error("there is already an owner of this name")]
    NameTaken,
    /// A name that nobody could type or tell apart.
    #[error("a name has 1 to 100 characters, no control characters, and no space at its ends")]
    BadName,
    /// The store can't be reached or takes no writes: 503.
    #[error("{0}")]
    Unavailable(String),
    /// A row that can't be: 500.
    #[error("{0}")]
    Internal(String),
}

impl Owners {
    /// The owners of this store.
    pub fn new(store: Store, clock: Clock) -> Self {
        Self { store, clock, listeners: Arc::default() }
    }

    /// Calls `listener` after an owner was changed or deleted, before that is acknowledged.
    pub fn on_change(&self, listener: impl Fn(OwnerId) + Send + Sync + 'static) {
        self.listeners.write().unwrap_or_else(std::sync::PoisonError::into_inner).push(Box::new(listener));
    }

    /// A new owner.
    pub async fn create(&self, name: &str, email: Option<&str>) -> Result<Owner, OwnerError> {
        let now = self.clock.now();
        let row = OwnerRow {
            id: OwnerId::new(now),
            name: checked(name)?.to_owned(),
            email: email.map(str::to_owned),
            creation_time: now,
        };
        self.store.owners().insert(&row).await?;
        Ok(row.into())
    }

    /// All owners, oldest first.
    pub async fn list(&self) -> Result<Vec<Owner>, OwnerError> {
        Ok(self.store.owners().list().await?.into_iter().map(Owner::from).collect())
    }

    /// The owner of this id.
    pub async fn get(&self, id: OwnerId) -> Result<Option<Owner>, OwnerError> {
        Ok(self.store.owners().find(id).await?.map(Owner::from))
    }

    /// The owner of this name.
    pub async fn find_by_name(&self, name: &str) -> Result<Option<Owner>, OwnerError> {
        Ok(self.store.owners().find_by_name(name).await?.map(Owner::from))
    }

    /// Changes an owner; nothing if there is none of this id.
    pub async fn change(&self, id: OwnerId, change: OwnerChange) -> Result<Option<Owner>, OwnerError> {
        let Some(now) = self.store.owners().find(id).await? else { return Ok(None) };
        let name = change.name.unwrap_or(now.name);
        let email = change.email.unwrap_or(now.email);
        let changed = self.store.owners().update(id, checked(&name)?, email.as_deref()).await?;
        self.tell(id);
        Ok(changed.map(Owner::from))
    }

    /// Removes an owner with its keys and connections; whether there was one.
    pub async fn delete(&self, id: OwnerId) -> Result<bool, OwnerError> {
        let deleted = self.store.owners().delete(id).await;
        // Also after a failure: the store may have done it and lost only its answer.
        self.tell(id);
        Ok(deleted?)
    }

    fn tell(&self, id: OwnerId) {
        for listener in self.listeners.read().unwrap_or_else(std::sync::PoisonError::into_inner).iter() {
            listener(id);
        }
    }
}

fn checked(name: &str) -> Result<&str, OwnerError> {
    let good =
        (1..=100).contains(&name.chars().count()) && !name.contains(char::is_control) && name.trim() == name;
    if good { Ok(name) } else { Err(OwnerError::BadName) }
}

impl From<OwnerRow> for Owner {
    fn from(row: OwnerRow) -> Self {
        Self { id: row.id, name: row.name, email: row.email, creation_time: row.creation_time }
    }
}

impl From<StoreError> for OwnerError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Taken(_) => Self::NameTaken,
            StoreError::Unavailable(_) => Self::Unavailable(error.to_string()),
            _ => Self::Internal(error.to_string()),
        }
    }
}

impl std::fmt::Debug for Owners {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Owners").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    async fn owners() -> Owners {
        Owners::new(Store::in_memory().await.unwrap(), Clock::test(Timestamp::from_micros(1)))
    }

    #[tokio::test]
    async fn an_owner_is_created_found_changed_and_deleted() {
        let owners = owners().await;
        let ada = owners.create("Ada", Some("ada@example.com")).await.unwrap();
        assert_eq!(owners.get(ada.id).await.unwrap().as_ref(), Some(&ada));
        assert_eq!(owners.find_by_name("Ada").await.unwrap().as_ref(), Some(&ada));
        assert_eq!(owners.list().await.unwrap(), std::slice::from_ref(&ada));
        let change = OwnerChange { name: Some("Ada L.".to_owned()), ..OwnerChange::default() };
        let changed = owners.change(ada.id, change).await.unwrap().unwrap();
        assert_eq!((changed.name.as_str(), changed.email.as_deref()), ("Ada L.", Some("ada@example.com")));
        let change = OwnerChange { email: Some(None), ..OwnerChange::default() };
        let changed = owners.change(ada.id, change).await.unwrap().unwrap();
        assert_eq!((changed.name.as_str(), changed.email), ("Ada L.", None));
        assert!(owners.delete(ada.id).await.unwrap());
        assert!(!owners.delete(ada.id).await.unwrap());
        assert_eq!(owners.change(ada.id, OwnerChange::default()).await.unwrap(), None);
    }

    #[tokio::test]
    async fn names_are_unique_and_can_be_told_apart() {
        let owners = owners().await;
        owners.create("Ada", None).await.unwrap();
        assert!(matches!(owners.create("Ada", None).await, Err(OwnerError::NameTaken)));
        let grace = owners.create("Grace", None).await.unwrap();
        let change = OwnerChange { name: Some("Ada".to_owned()), ..OwnerChange::default() };
        assert!(matches!(owners.change(grace.id, change).await, Err(OwnerError::NameTaken)));
        for name in ["", " Ada", "Ada ", "A\nda", &"x".repeat(101)] {
            assert!(matches!(owners.create(name, None).await, Err(OwnerError::BadName)), "{name:?}");
        }
        owners.create(&"é".repeat(100), None).await.unwrap();
    }

    #[tokio::test]
    async fn listeners_hear_of_changes_and_deletions() {
        let owners = owners().await;
        let heard = Arc::new(Mutex::new(Vec::new()));
        let sink = Arc::clone(&heard);
        owners.clone().on_change(move |id| sink.lock().unwrap().push(id));
        let ada = owners.create("Ada", None).await.unwrap();
        assert!(heard.lock().unwrap().is_empty());
        owners.change(ada.id, OwnerChange::default()).await.unwrap();
        owners.delete(ada.id).await.unwrap();
        assert_eq!(*heard.lock().unwrap(), [ada.id, ada.id]);
    }
}
