//! The ring of master keys: read from a file or text, refused when they would protect nothing.
//!
//! A master key is only ever the input of HKDF; what seals, signs and names it is derived for that one use.

use std::{collections::HashSet, io::Read as _, os::unix::fs::PermissionsExt as _, path::Path};

use aws_lc_rs::{
    aead::{AES_256_GCM, RandomizedNonceKey},
    error::Unspecified,
    hkdf, hmac,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use zeroize::Zeroizing;

use super::{Secret, random};

/// Length of a key id in bytes; as text it is twice that in hex.
pub(super) const KEY_ID_BYTES: usize = 4;
const KEY_BYTES: usize = 32;
/// More than any sensible ring; keeps a wrong path (a disk image, a device) from being read whole.
const FILE_LIMIT: u64 = 64 * 1024;

/// What is wrong with a key file, and what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileProblem {
    /// Not there.
    #[error("there is no such file. `keyferry init` makes one; by hand: `{MAKE} > FILE && chmod 600 FILE`")]
    Missing,
    /// There, but not to be read.
    #[error("can't be read: {0}")]
    Unreadable(std::io::Error),
    /// Others may read it.
    #[error("others than its owner may read it (mode {0:04o}); do `chmod 600` on it")]
    TooOpen(u32),
    /// No key in it.
    #[error("holds no key; put in one made with `{MAKE}`, or restore the file from your backup")]
    Empty,
    /// Not base64.
    #[error("line {0} is not base64; a key line is what `{MAKE}` prints")]
    NotBase64(usize),
    /// Too short or too long.
    #[error("line {line} holds {bytes} bytes, a key has exactly 32; make one with `{MAKE}`")]
    WrongLength {
        /// The line, from 1.
        line: usize,
        /// What it decodes to.
        bytes: usize,
    },
    /// A pattern, a text, an example.
    #[error(
        "the key on line {0} is not random (a repeated pattern, a text or an example); make one with `{MAKE}`"
    )]
    Weak(usize),
    /// Twice the same.
    #[error("line {0} repeats an earlier key; remove it")]
    Repeated(usize),
    /// The cryptographic library refused it.
    #[error("the key on line {0} was refused by the cryptographic library")]
    Refused(usize),
}

const MAKE: &str = "head -c 32 /dev/urandom | base64";

/// Master keys, never none; the first one seals, all of them open.
pub(super) struct Ring {
    active: MasterKey,
    older: Vec<MasterKey>,
}

/// One master key, as what is derived from it.
pub(super) struct MasterKey {
    id: String,
    id_bytes: [u8; KEY_ID_BYTES],
    derive: hkdf::Prk,
    seal: RandomizedNonceKey,
}

impl Ring {
    pub(super) fn from_file(path: &Path) -> Result<Self, KeyFileProblem> {
        let file = std::fs::File::open(path).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound => KeyFileProblem::Missing,
            _ => KeyFileProblem::Unreadable(error),
        })?;
        // Asked of the open file, not of the path, which might by now be another one.
        let mode = file.metadata().map_err(KeyFileProblem::Unreadable)?.permissions().mode() & 0o7777;
        if mode & 0o077 != 0 {
            return Err(KeyFileProblem::TooOpen(mode));
        }
        let mut text = Zeroizing::new(String::new());
        file.take(FILE_LIMIT).read_to_string(&mut text).map_err(KeyFileProblem::Unreadable)?;
        Self::parse(&text)
    }

    pub(super) fn parse(text: &str) -> Result<Self, KeyFileProblem> {
        let mut keys = Vec::new();
        let mut seen = HashSet::new();
        for (line, content) in (1..).zip(text.lines().map(str::trim)) {
            if content.is_empty() || content.starts_with('#') {
                continue;
            }
            let key = MasterKey::new(&*decode(line, content)?)
                .map_err(|_unspecified| KeyFileProblem::Refused(line))?;
            if !seen.insert(key.id.clone()) {
                return Err(KeyFileProblem::Repeated(line));
            }
            keys.push(key);
        }
        let mut keys = keys.into_iter();
        let active = keys.next().ok_or(KeyFileProblem::Empty)?;
        Ok(Self { active, older: keys.collect() })
    }

    #[expect(clippy::expect_used, reason = "the text was made right here")]
    pub(super) fn generate() -> (Self, Secret) {
        let bytes = Zeroizing::new(random::<KEY_BYTES>());
        let line = Zeroizing::new(STANDARD.encode(*bytes));
        let text = format!(
            "# Master key of a keyferry gateway. Whoever has it can open every stored credential; without it\n\
             # none of them opens. Keep a copy in a safe place, apart from the copies of the database.\n\
             {}\n",
            *line
        );
        (Self::parse(&text).expect("a generated key is a good key"), Secret::new(text))
    }

    pub(super) fn active(&self) -> &MasterKey {
        &self.active
    }

    pub(super) fn keys(&self) -> impl Iterator<Item = &MasterKey> {
        std::iter::once(&self.active).chain(&self.older)
    }

    pub(super) fn find(&self, id: &str) -> Option<&MasterKey> {
        self.keys().find(|key| key.id == id)
    }
}

impl MasterKey {
    fn new(bytes: &[u8; KEY_BYTES]) -> Result<Self, Unspecified> {
        let derive = hkdf::Salt::new(hkdf::HKDF_SHA256, b"keyferry master key 1").extract(bytes);
        let id_bytes: [u8; KEY_ID_BYTES] = *derived(&derive, &[b"id"])?;
        let seal = RandomizedNonceKey::new(&AES_256_GCM, &*derived::<KEY_BYTES>(&derive, &[b"seal"])?)?;
        let id = format!("{:08x}", u32::from_be_bytes(id_bytes));
        Ok(Self { id, id_bytes, derive, seal })
    }

    pub(super) fn id(&self) -> &str {
        &self.id
    }

    pub(super) fn id_bytes(&self) -> &[u8; KEY_ID_BYTES] {
        &self.id_bytes
    }

    pub(super) fn seal_key(&self) -> &RandomizedNonceKey {
        &self.seal
    }

    #[expect(clippy::expect_used, reason = "HKDF fails only for outputs longer than 8160 bytes")]
    pub(super) fn mac_key(&self, label: &str) -> hmac::Key {
        let bytes = derived::<KEY_BYTES>(&self.derive, &[b"mac ", label.as_bytes()])
            .expect("32 bytes can be derived");
        hmac::Key::new(hmac::HMAC_SHA256, &*bytes)
    }
}

struct Length(usize);

impl hkdf::KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

fn derived<const N: usize>(derive: &hkdf::Prk, info: &[&[u8]]) -> Result<Zeroizing<[u8; N]>, Unspecified> {
    let mut bytes = Zeroizing::new([0; N]);
    derive.expand(info, Length(N))?.fill(&mut *bytes)?;
    Ok(bytes)
}

fn decode(line: usize, content: &str) -> Result<Zeroizing<[u8; KEY_BYTES]>, KeyFileProblem> {
    let bytes =
        STANDARD.decode(content).map(Zeroizing::new).map_err(|_error| KeyFileProblem::NotBase64(line))?;
    let key = <[u8; KEY_BYTES]>::try_from(bytes.as_slice())
        .map(Zeroizing::new)
        .map_err(|_error| KeyFileProblem::WrongLength { line, bytes: bytes.len() })?;
    if is_weak(&key) { Err(KeyFileProblem::Weak(line)) } else { Ok(key) }
}

/// What 32 random bytes are in less than one case of 10^13: text, a pattern, a progression, few different bytes.
fn is_weak(key: &[u8; KEY_BYTES]) -> bool {
    let text = key.iter().all(|byte| matches!(byte, b' '..=b'~' | b'\t' | b'\r' | b'\n'));
    let repeats =
        (1..=KEY_BYTES / 2).any(|period| key.iter().zip(key.iter().skip(period)).all(|(a, b)| a == b));
    let steps: HashSet<u8> = key.iter().zip(key.iter().skip(1)).map(|(a, b)| b.wrapping_sub(*a)).collect();
    let distinct: HashSet<&u8> = key.iter().collect();
    text || repeats || steps.len() == 1 || distinct.len() < 12
}
