//! The master keys against this database: they fit, or nothing is written.
//!
//! The database keeps one sealed constant for each master key that ever was the active one. A ring that can't open
//! them all is the wrong ring, or has lost a key that stored credentials still need.

use uuid::Uuid;

use crate::{
    store::{CheckRow, Store, StoreError},
    vault::{Place, Sealed, Vault, VaultError},
};

const CONSTANT: &[u8] = b"keyferry";

/// Why the database was not opened.
#[derive(Debug, thiserror::Error)]
pub enum MasterError {
    /// Sealed with a key that the ring doesn't hold.
    #[error(
        "this database was sealed with master key {needed}, but the key file holds {held}; nothing was written. \
         Restore the key file that belongs to this database, or add that key to it as a further line, \
         or point store.url at the right database"
    )]
    WrongKeys {
        /// The key that is missing.
        needed: String,
        /// The keys that are there.
        held: String,
    },
    /// What should prove the key was changed.
    #[error(
        "the check of master key {0} in this database was changed; nothing was written. Restore the database from a backup"
    )]
    Tampered(String),
    /// The vault refused.
    #[error(transparent)]
    Vault(VaultError),
    /// The store refused.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Opens the store at `url` for these master keys and brings its tables to the shape that this program needs. A store
/// that was sealed with other keys is left as it is.
pub async fn open(url: &str, vault: &Vault) -> Result<Store, MasterError> {
    let store = Store::open(url).await?;
    let known = fit(&store, vault).await?;
    store.migrate().await?;
    remember(&store, vault, &known).await?;
    Ok(store)
}

/// The ids of the keys that this database knows, all of which the vault holds.
async fn fit(store: &Store, vault: &Vault) -> Result<Vec<String>, MasterError> {
    if !store.checks().exists().await? {
        return Ok(Vec::new());
    }
    let rows = store.checks().list().await?;
    for row in &rows {
        let sealed = Sealed { key_id: row.key_id.clone(), data: row.sealed.clone() };
        match vault.open(&place(&row.key_id), &sealed) {
            Ok(plain) if *plain == CONSTANT => {}
            Err(VaultError::UnknownKey(needed)) => {
                return Err(MasterError::WrongKeys { needed, held: vault.key_ids().join(", ") });
            }
            _ => return Err(MasterError::Tampered(row.key_id.clone())),
        }
    }
    Ok(rows.into_iter().map(|row| row.key_id).collect())
}

/// Adds the active key to those that the database knows.
async fn remember(store: &Store, vault: &Vault, known: &[String]) -> Result<(), MasterError> {
    let Some(active) = vault.key_ids().first().map(|id| (*id).to_owned()) else { return Ok(()) };
    if known.contains(&active) {
        return Ok(());
    }
    let sealed = vault.seal(&place(&active), CONSTANT).map_err(MasterError::Vault)?;
    store.checks().insert(&CheckRow { key_id: sealed.key_id, sealed: sealed.data }).await?;
    Ok(())
}

fn place(key_id: &str) -> Place<'_> {
    Place { owner: Uuid::nil(), table: "checks", row: key_id, column: "sealed" }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vault::Secret;

    struct World {
        dir: tempfile::TempDir,
    }

    impl World {
        fn new() -> Self {
            Self { dir: tempfile::tempdir().unwrap() }
        }

        fn url(&self) -> String {
            format!("sqlite:{}", self.dir.path().join("keyferry.db").display())
        }

        async fn open(&self, vault: &Vault) -> Result<(), MasterError> {
            open(&self.url(), vault).await?.close().await;
            Ok(())
        }

        /// Every byte of the database; after `close` nothing is left beside it.
        fn bytes(&self) -> Vec<u8> {
            std::fs::read(self.dir.path().join("keyferry.db")).unwrap()
        }
    }

    fn ring(keys: &[&Secret]) -> Vault {
        Vault::from_text(&keys.iter().map(|key| key.expose()).collect::<String>()).unwrap()
    }

    #[tokio::test]
    async fn the_key_that_first_opened_a_database_opens_it_again() {
        let (world, vault) = (World::new(), Vault::generate().0);
        world.open(&vault).await.unwrap();
        let before = world.bytes();
        world.open(&vault).await.unwrap();
        assert_eq!(world.bytes(), before, "the second time there is nothing to write");
    }

    #[tokio::test]
    async fn sc_3_another_key_is_refused_and_nothing_is_written() {
        let world = World::new();
        let (mine, other) = (Vault::generate().0, Vault::generate().0);
        world.open(&mine).await.unwrap();
        let before = world.bytes();
        let told = world.open(&other).await.unwrap_err().to_string();
        assert!(told.contains(mine.key_ids()[0]) && told.contains(other.key_ids()[0]), "{told}");
        assert!(told.contains("nothing was written"), "{told}");
        assert_eq!(world.bytes(), before);
    }

    #[tokio::test]
    async fn a_new_first_key_is_welcome_while_the_old_one_stays_in_the_ring() {
        let world = World::new();
        let (old, fresh) = (Vault::generate().1, Vault::generate().1);
        world.open(&ring(&[&old])).await.unwrap();
        world.open(&ring(&[&fresh, &old])).await.unwrap();
        world.open(&ring(&[&old, &fresh])).await.unwrap();
        for lonely in [&old, &fresh] {
            assert!(matches!(world.open(&ring(&[lonely])).await, Err(MasterError::WrongKeys { .. })));
        }
    }

    #[tokio::test]
    async fn sc_2_a_changed_check_is_refused() {
        let vault = Vault::generate().0;
        let id = vault.key_ids()[0];
        for plain in [b"another constant".as_slice(), b""] {
            let world = World::new();
            let store = Store::open(&world.url()).await.unwrap();
            store.migrate().await.unwrap();
            let sealed = vault.seal(&place(id), plain).unwrap();
            store.checks().insert(&CheckRow { key_id: sealed.key_id, sealed: sealed.data }).await.unwrap();
            store.close().await;
            assert!(matches!(world.open(&vault).await, Err(MasterError::Tampered(key)) if key == id));
        }
    }
}
