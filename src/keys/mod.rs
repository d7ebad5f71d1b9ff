//! API keys: issued once, stored as a digest, verified through a short cache that a revocation empties at once.
//!
//! It says who calls. What a key's rules mean for a call is decided where calls are authorized.

mod error;
mod fit;
mod rules;
mod uses;

use std::{convert::Infallible, sync::Arc, time::Duration};

use serde::Serialize;
use serde_json::Value;

use self::uses::Uses;
pub use self::{
    error::KeyError,
    rules::{Rule, RuleError, Rules},
};
use crate::{
    cache::{Cache, Times},
    clock::{Clock, Seldom, Timestamp},
    config::{CacheSettings, StoreSettings},
    id::{KeyId, OwnerId},
    limits::{Limits, Standing},
    store::{KeyRow, Store, StoreError},
    vault::token::{ApiKey, KeyDigest},
};

/// How often the uses of one key are noted: `last_used_time` may lag by a minute.
const NOTE: Duration = Duration::from_secs(10);

/// The keys of this gateway. A clone shares the cache.
#[derive(Clone, Debug)]
pub struct Keys {
    store: Store,
    clock: Clock,
    limits: Limits,
    cache: Cache<KeyDigest, Arc<Caller>>,
    uses: Arc<Uses>,
}

/// Who calls: an owner by one of its keys.
#[derive(Debug)]
pub struct Caller {
    /// Whose key it is.
    pub owner: OwnerId,
    /// The key.
    pub key: KeyId,
    /// What the store knows of the key itself.
    pub digest: KeyDigest,
    /// Whether it may manage owners, clients and every owner's things.
    pub admin: bool,
    /// What it may not do.
    pub rules: Rules,
    /// When it ends.
    pub expires: Option<Timestamp>,
    /// When its use was noted.
    pub noted: Seldom,
    /// Where it stands with its limits.
    pub standing: Arc<Standing>,
}

/// One key, as the control API shows it; not the key itself.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Key {
    /// Its id.
    pub id: KeyId,
    /// The owner's label.
    pub name: String,
    /// Whose key it is.
    pub owner: OwnerId,
    /// Whether it may manage owners, clients and every owner's things.
    pub admin: bool,
    /// What it is limited to, as stored: also rules that can't be read can be looked at and replaced.
    pub rules: Value,
    /// When it was created.
    pub creation_time: Timestamp,
    /// When it ends, if ever.
    pub expires_time: Option<Timestamp>,
    /// When it was last used; may lag by a minute.
    pub last_used_time: Option<Timestamp>,
    /// First and last characters of the key.
    pub hint: String,
}

/// What a new key shall be.
#[derive(Clone, Debug)]
pub struct NewKey {
    /// The owner's label.
    pub name: String,
    /// Whether it may manage owners, clients and every owner's things.
    pub admin: bool,
    /// How long it is good for; none: until it is revoked.
    pub expires_in: Option<Duration>,
    /// What it may not do.
    pub rules: Rules,
}

/// What to change about a key; what is `None` stays.
#[derive(Clone, Debug, Default)]
pub struct KeyChange {
    /// Another label.
    pub name: Option<String>,
    /// Other rules.
    pub rules: Option<Rules>,
    /// Another end, counted from now; `Some(None)` for none.
    pub expires_in: Option<Option<Duration>>,
}

impl Keys {
    /// The keys of this store, within `limits`.
    pub fn new(
        store: Store,
        (clock, limits): (Clock, Limits),
        cache: &CacheSettings,
        settings: &StoreSettings,
    ) -> Self {
        let times = Times { fresh: cache.fresh, grace: settings.grace };
        let cache = Cache::new(clock.clone(), times, cache.entries.get());
        Self { store, clock, limits, cache, uses: Arc::default() }
    }

    /// Who presents this key. Takes the store only where nothing fresh is at hand.
    pub async fn verify(&self, key: &KeyDigest) -> Result<Arc<Caller>, KeyError> {
        match self.verify_if(key, || Ok::<_, Infallible>(())).await {
            Ok(verified) => verified,
        }
    }

    /// As [`Keys::verify`], but a key that was not good a short while ago is looked up only if `may_look_up` says so.
    pub async fn verify_if<E>(
        &self,
        key: &KeyDigest,
        may_look_up: impl FnOnce() -> Result<(), E>,
    ) -> Result<Result<Arc<Caller>, KeyError>, E> {
        let now = self.clock.now();
        if let Some(caller) = self.cache.at_hand(key, now) {
            return Ok(self.good(caller, now));
        }
        // Apart, so that the usual way needs no room for this one.
        let found = Box::pin(self.look_up(key, may_look_up)).await?;
        Ok(found.and_then(|caller| self.good(caller, self.clock.now())))
    }

    /// The caller, unless its key has ended.
    fn good(&self, caller: Arc<Caller>, now: Timestamp) -> Result<Arc<Caller>, KeyError> {
        if caller.expires.is_some_and(|end| end <= now) {
            return Err(KeyError::Expired);
        }
        if caller.noted.is_due(now, NOTE) {
            self.uses.note(caller.key, now);
        }
        Ok(caller)
    }

    async fn look_up<E>(
        &self,
        key: &KeyDigest,
        may_look_up: impl FnOnce() -> Result<(), E>,
    ) -> Result<Result<Arc<Caller>, KeyError>, E> {
        let (mut unreadable, mut refused) = (None, None);
        let load = async {
            if !self.cache.knows(key) {
                refused = may_look_up().err();
            }
            if refused.is_some() { Ok(None) } else { self.find(key, &mut unreadable).await }
        };
        let found = self.cache.get(key, load).await;
        refused.map_or(Ok(()), Err)?;
        Ok(match found {
            Ok(found) => found.ok_or_else(|| unreadable.unwrap_or(KeyError::Invalid)),
            Err(error) => Err(error.into()),
        })
    }

    /// The caller of this key. Where the key's rules can't be read there is none, rather than a failure, for which the
    /// cache would go on with a caller whose rules were others.
    async fn find(
        &self,
        digest: &KeyDigest,
        unreadable: &mut Option<KeyError>,
    ) -> Result<Option<Arc<Caller>>, StoreError> {
        let Some(key) = self.store.keys().find_by_digest(&digest.0).await? else { return Ok(None) };
        let rules = match Rules::read(&key.rules) {
            Ok(rules) => rules,
            Err(error) => {
                let cause = format!("the rules of key {} can't be read: {error}", key.id);
                *unreadable = Some(KeyError::Internal(cause));
                return Ok(None);
            }
        };
        let (owner, expires) = (key.owner, key.expires_time);
        Ok(Some(Arc::new(Caller {
            owner,
            key: key.id,
            digest: *digest,
            admin: key.admin,
            rules,
            expires,
            noted: Seldom::default(),
            standing: self.limits.standing(owner, key.id),
        })))
    }

    /// A new key of `owner`. The second value is the key itself; nobody can ask for it again.
    pub async fn issue(&self, owner: OwnerId, new: NewKey) -> Result<(Key, ApiKey), KeyError> {
        let (now, key) = (self.clock.now(), ApiKey::generate());
        let end = new.expires_in.map(|span| fit::end(now, span)).transpose()?;
        let row = KeyRow {
            id: KeyId::new(now),
            owner,
            name: fit::name(&new.name)?,
            digest: key.digest().0.to_vec(),
            hint: key.hint(),
            admin: new.admin,
            rules: stored(&new.rules)?,
            creation_time: now,
            expires_time: end,
            last_used_time: None,
        };
        self.store.keys().insert(&row).await?;
        Ok((row.into(), key))
    }

    /// All keys of an owner, oldest first.
    pub async fn list(&self, owner: OwnerId) -> Result<Vec<Key>, KeyError> {
        Ok(self.store.keys().list(owner).await?.into_iter().map(Key::from).collect())
    }

    /// The key of this id, if this owner has it.
    pub async fn get(&self, owner: OwnerId, id: KeyId) -> Result<Option<Key>, KeyError> {
        Ok(self.store.keys().find(owner, id).await?.map(Key::from))
    }

    /// Changes a key; nothing if this owner has no such key.
    pub async fn change(
        &self,
        owner: OwnerId,
        id: KeyId,
        change: KeyChange,
    ) -> Result<Option<Key>, KeyError> {
        let now = self.clock.now();
        let change = crate::store::KeyChange {
            name: change.name.as_deref().map(fit::name).transpose()?,
            rules: change.rules.as_ref().map(stored).transpose()?,
            expires_time: match change.expires_in {
                Some(span) => Some(span.map(|span| fit::end(now, span)).transpose()?),
                None => None,
            },
        };
        let changed = self.store.keys().change(owner, id, &change).await;
        self.forget(id);
        Ok(changed?.map(Key::from))
    }

    /// Puts a new key in the place of this one, which ends at once; nothing if this owner has no such key.
    pub async fn rotate(&self, owner: OwnerId, id: KeyId) -> Result<Option<(Key, ApiKey)>, KeyError> {
        let key = ApiKey::generate();
        let replaced = self.store.keys().replace_digest(owner, id, &key.digest().0, &key.hint()).await;
        self.forget(id);
        if !replaced? {
            return Ok(None);
        }
        Ok(self.get(owner, id).await?.map(|shown| (shown, key)))
    }

    /// Ends a key at once; whether this owner had it.
    pub async fn revoke(&self, owner: OwnerId, id: KeyId) -> Result<bool, KeyError> {
        let deleted = self.store.keys().delete(owner, id).await;
        self.forget(id);
        Ok(deleted?)
    }

    /// Also after a failure of the store: it may have done it and lost only its answer.
    fn forget(&self, id: KeyId) {
        self.cache.forget_if(|caller| caller.key == id);
    }

    /// Drops what is remembered of an owner's keys; for when the owner was changed or deleted.
    pub fn forget_owner(&self, owner: OwnerId) {
        self.cache.forget_if(|caller| caller.owner == owner);
    }

    /// Drops the key that has, or had, this digest; for when others changed it.
    pub fn forget_digest(&self, digest: &[u8]) {
        if let Ok(digest) = digest.try_into() {
            self.cache.forget(&KeyDigest(digest));
        }
    }

    /// Drops all that is remembered.
    pub fn forget_all(&self) {
        self.cache.forget_all();
    }

    /// Everything that others had changed at `then` was forgotten; see [`Cache::told`].
    pub fn told(&self, then: Option<Timestamp>) {
        self.cache.told(then);
    }

    /// Drops what is remembered of keys that nobody presents. For a job.
    pub fn sweep(&self) {
        self.cache.sweep();
    }

    /// Writes down when keys were last used; to be called every minute at least, and at the end.
    pub async fn flush_used(&self) -> Result<(), KeyError> {
        let uses = self.uses.take();
        if uses.is_empty() {
            return Ok(());
        }
        let written = self.store.keys().touch(&uses).await;
        if written.is_err() {
            self.uses.put_back(uses);
        }
        Ok(written?)
    }
}

/// Rules as a row holds them.
fn stored(rules: &Rules) -> Result<Value, KeyError> {
    serde_json::to_value(rules).map_err(|error| KeyError::Internal(error.to_string()))
}

impl From<KeyRow> for Key {
    fn from(row: KeyRow) -> Self {
        Self {
            id: row.id,
            name: row.name,
            owner: row.owner,
            admin: row.admin,
            rules: row.rules,
            creation_time: row.creation_time,
            expires_time: row.expires_time,
            last_used_time: row.last_used_time,
            hint: row.hint,
        }
    }
}

#[cfg(test)]
mod tests;
