//! The vault: seals what must stay secret at rest, and authenticates what leaves and comes back.
//!
//! It knows master keys and the place a secret belongs to, and nothing of tables or files of others. Every
//! key in use is derived from a master key for one purpose, so no master key ever meets data.

mod random;
mod ring;
mod secret;
pub mod token;

use std::{path::Path, sync::Arc};

use aws_lc_rs::{
    aead::{Aad, NONCE_LEN, Nonce},
    hmac,
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use uuid::Uuid;
use zeroize::{Zeroize, Zeroizing};

use self::ring::{KEY_ID_BYTES, MasterKey, Ring};
pub use self::{
    random::{random, random_text, sha256},
    ring::KeyFileProblem,
    secret::Secret,
};

/// The ring of master keys and what can be done with it; a clone shares the keys.
#[derive(Clone)]
pub struct Vault {
    ring: Arc<Ring>,
}

/// Where a sealed value belongs; opening it anywhere else fails.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// Whose it is; the nil UUID for what belongs to the operator.
    pub owner: Uuid,
    /// The table.
    pub table: &'static str,
    /// The row's key, as text.
    pub row: &'a str,
    /// The column.
    pub column: &'static str,
}

/// A sealed value: which master key it needs, and nonce, ciphertext and tag in one.
#[derive(Clone, PartialEq, Eq)]
pub struct Sealed {
    /// The id of the master key that opens it.
    pub key_id: String,
    /// Nonce, ciphertext, tag.
    pub data: Vec<u8>,
}

/// Why the vault refuses.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// The key file can't be used.
    #[error("master key file {path}: {problem}")]
    KeyFile {
        /// The file.
        path: String,
        /// What is wrong and what to do.
        problem: KeyFileProblem,
    },
    /// The text given as a key ring can't be used.
    #[error("master keys: {0}")]
    Keys(#[from] KeyFileProblem),
    /// Sealed under a key that the ring does not hold.
    #[error(
        "sealed under master key {0}, which is not in the key file; add that key to it as a further line"
    )]
    UnknownKey(String),
    /// Changed, or moved from where it was sealed.
    #[error("a sealed value was changed or is not where it was sealed")]
    Broken,
    /// The cryptographic library refused to seal.
    #[error("sealing failed")]
    Sealing,
}

impl Vault {
    /// Reads the key ring from a file that only its owner may read.
    pub fn from_file(path: &Path) -> Result<Self, VaultError> {
        let ring = Ring::from_file(path)
            .map_err(|problem| VaultError::KeyFile { path: path.display().to_string(), problem })?;
        Ok(Self { ring: Arc::new(ring) })
    }

    /// Reads a key ring: one base64 key of 32 bytes a line, the first one seals.
    pub fn from_text(text: &str) -> Result<Self, VaultError> {
        Ok(Self { ring: Arc::new(Ring::parse(text)?) })
    }

    /// A new random key, and the text of a key file that holds it.
    pub fn generate() -> (Self, Secret) {
        let (ring, text) = Ring::generate();
        (Self { ring: Arc::new(ring) }, text)
    }

    /// The ids of the ring's keys, the active one first.
    pub fn key_ids(&self) -> Vec<&str> {
        self.ring.keys().map(MasterKey::id).collect()
    }

    /// Encrypts `plain` for `place` under the active key.
    pub fn seal(&self, place: &Place<'_>, plain: &[u8]) -> Result<Sealed, VaultError> {
        let key = self.ring.active();
        let data = seal_with(key, &place.bound_to(key.id()), plain)?;
        Ok(Sealed { key_id: key.id().to_owned(), data })
    }

    /// Decrypts what was sealed for `place`.
    pub fn open(&self, place: &Place<'_>, sealed: &Sealed) -> Result<Zeroizing<Vec<u8>>, VaultError> {
        let key =
            self.ring.find(&sealed.key_id).ok_or_else(|| VaultError::UnknownKey(sealed.key_id.clone()))?;
        open_with(key, &place.bound_to(key.id()), &sealed.data)
    }

    /// HMAC-SHA256 of `data` under a key that serves only `label`, derived from the active master key.
    pub fn mac(&self, label: &str, data: &[u8]) -> [u8; 32] {
        let tag = hmac::sign(&self.ring.active().mac_key(label), data);
        let mut bytes = [0; 32];
        bytes.copy_from_slice(tag.as_ref());
        bytes
    }

    /// Whether `tag` is the MAC of `data` under any key of the ring; takes the same time wherever they differ.
    pub fn mac_matches(&self, label: &str, data: &[u8], tag: &[u8]) -> bool {
        self.ring.keys().any(|key| hmac::verify(&key.mac_key(label), data, tag).is_ok())
    }

    /// Seals `plain` into text for a URL; `label` says what it is for and must be the same when it is opened.
    pub fn seal_text(&self, label: &str, plain: &[u8]) -> Result<String, VaultError> {
        let key = self.ring.active();
        let mut bytes = key.id_bytes().to_vec();
        bytes.extend(seal_with(key, &associated(&[b"text", label.as_bytes(), key.id().as_bytes()]), plain)?);
        Ok(URL_SAFE_NO_PAD.encode(bytes))
    }

    /// Opens what [`Vault::seal_text`] made under the same label; `None` for anything else.
    pub fn open_text(&self, label: &str, text: &str) -> Option<Zeroizing<Vec<u8>>> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        let (id, data) = bytes.split_first_chunk::<KEY_ID_BYTES>()?;
        let key = self.ring.keys().find(|key| key.id_bytes() == id)?;
        open_with(key, &associated(&[b"text", label.as_bytes(), key.id().as_bytes()]), data).ok()
    }
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Vault").field(&self.key_ids()).finish()
    }
}

impl std::fmt::Debug for Sealed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sealed").field("key_id", &self.key_id).finish_non_exhaustive()
    }
}

impl Place<'_> {
    /// The associated data: all of the place and the key's id.
    fn bound_to(&self, key_id: &str) -> Vec<u8> {
        associated(&[
            b"place",
            self.owner.as_bytes(),
            self.table.as_bytes(),
            self.row.as_bytes(),
            self.column.as_bytes(),
            key_id.as_bytes(),
        ])
    }
}

/// Each part behind its length, so that no two lists of parts give the same bytes.
fn associated(parts: &[&[u8]]) -> Vec<u8> {
    let mut bytes = b"keyferry 1".to_vec();
    for part in parts {
        bytes.extend((part.len() as u64).to_be_bytes());
        bytes.extend(*part);
    }
    bytes
}

fn seal_with(key: &MasterKey, associated: &[u8], plain: &[u8]) -> Result<Vec<u8>, VaultError> {
    let mut body = Zeroizing::new(plain.to_vec());
    let (nonce, tag) = key
        .seal_key()
        .seal_in_place_separate_tag(Aad::from(associated), &mut body)
        .map_err(|_unspecified| VaultError::Sealing)?;
    Ok([nonce.as_ref(), body.as_slice(), tag.as_ref()].concat())
}

fn open_with(key: &MasterKey, associated: &[u8], data: &[u8]) -> Result<Zeroizing<Vec<u8>>, VaultError> {
    let (nonce, body) = data.split_first_chunk::<NONCE_LEN>().ok_or(VaultError::Broken)?;
    let mut buffer = Zeroizing::new(body.to_vec());
    let length = key
        .seal_key()
        .open_in_place(Nonce::assume_unique_for_key(*nonce), Aad::from(associated), &mut buffer)
        .map_err(|_unspecified| VaultError::Broken)?
        .len();
    // Zero first: truncating alone would leave the tag's bytes in the buffer's spare room.
    buffer.iter_mut().skip(length).for_each(Zeroize::zeroize);
    buffer.truncate(length);
    Ok(buffer)
}

#[cfg(test)]
mod tests;
