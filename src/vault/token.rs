//! API keys: `kf_`, 43 base62 characters that carry 256 random bits, and a checksum of 6 more.
//!
//! The checksum tells a mistyped or foreign key from a keyferry key without asking the store. Only the
//! SHA-256 is kept: with that much randomness a slow hash would protect nothing.

use super::{Secret, random, sha256};

/// What every key starts with.
pub const PREFIX: &str = "kf_";
const RANDOM_CHARS: usize = 43;
const CHECKSUM_CHARS: usize = 6;
/// How long every key is.
pub const LENGTH: usize = PREFIX.len() + RANDOM_CHARS + CHECKSUM_CHARS;
const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const CRC32: crc::Crc<u32> = crc::Crc::<u32>::new(&crc::CRC_32_ISO_HDLC);

/// A key whose form and checksum are right; whether it is known only the store can tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKey(Secret);

/// What is stored of a key, and how it is found.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct KeyDigest(pub [u8; 32]);

impl ApiKey {
    /// A new random key.
    pub fn generate() -> Self {
        let digits: [u8; RANDOM_CHARS] = base62(random::<32>());
        let mut text = PREFIX.to_owned();
        text.extend(digits.map(char::from));
        let sum = checksum(text.as_bytes());
        text.extend(sum.map(char::from));
        Self(Secret::new(text))
    }

    /// Takes `text` as a key if its form and checksum say that it is one.
    pub fn parse(text: &str) -> Option<Self> {
        is_key(text).then(|| Self(Secret::from(text)))
    }

    /// What the store knows of it.
    pub fn digest(&self) -> KeyDigest {
        KeyDigest::of(self.0.expose())
    }

    /// The key itself, to be shown once.
    pub fn reveal(&self) -> &str {
        self.0.expose()
    }

    /// First and last characters: enough to recognise a key. The last ones are checksum, so only two
    /// random characters show.
    pub fn hint(&self) -> String {
        let text = self.0.expose();
        let (start, end) = (text.get(..PREFIX.len() + 2), text.get(LENGTH - 4..));
        format!("{}…{}", start.unwrap_or_default(), end.unwrap_or_default())
    }
}

impl KeyDigest {
    /// Takes `text` as a key if its form and checksum say that it is one, and gives only what the store knows of it.
    pub fn parse(text: &str) -> Option<Self> {
        is_key(text).then(|| Self::of(text))
    }

    fn of(text: &str) -> Self {
        Self(sha256(text.as_bytes()))
    }
}

/// Whether form and checksum of `text` say that it is a key.
pub fn is_key(text: &str) -> bool {
    if text.len() != LENGTH || !text.starts_with(PREFIX) {
        return false;
    }
    let (body, sum) = text.as_bytes().split_at(LENGTH - CHECKSUM_CHARS);
    checksum(body) == sum
}

impl std::fmt::Debug for KeyDigest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("KeyDigest")
    }
}

fn checksum(body: &[u8]) -> [u8; CHECKSUM_CHARS] {
    base62(CRC32.checksum(body).to_be_bytes())
}

/// A big-endian number in base 62, filled up with zeros to `DIGITS` digits.
fn base62<const BYTES: usize, const DIGITS: usize>(mut number: [u8; BYTES]) -> [u8; DIGITS] {
    let mut digits = [0; DIGITS];
    digits.iter_mut().rev().for_each(|place| *place = digit(remainder(&mut number)));
    digits
}

/// Divides the number by 62 in place and gives what is left over.
fn remainder(number: &mut [u8]) -> u16 {
    number.iter_mut().fold(0, |rest, byte| {
        let value = rest << 8 | u16::from(*byte);
        *byte = u8::try_from(value / 62).unwrap_or(u8::MAX);
        value % 62
    })
}

fn digit(value: u16) -> u8 {
    BASE62.get(usize::from(value)).copied().unwrap_or(b'0')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ak_2_a_key_has_prefix_checksum_and_256_random_bits() {
        let key = ApiKey::generate();
        assert_eq!(key.reveal().len(), 52);
        assert!(key.reveal().starts_with("kf_"));
        assert_eq!(ApiKey::parse(key.reveal()), Some(key.clone()));
        assert_ne!(ApiKey::generate(), key);
        // 32 bytes of ones are the largest number; it needs all 43 digits, so no bit is lost.
        assert_ne!(base62::<32, RANDOM_CHARS>([0xff; 32]).first(), Some(&b'0'));
        let mut largest = [0xff; 32];
        (0..43).for_each(|_| _ = remainder(&mut largest));
        assert_eq!(largest, [0; 32]);
    }

    #[test]
    fn ak_2_every_single_changed_character_fails_the_checksum() {
        let key = ApiKey::generate();
        for at in 0..key.reveal().len() {
            for other in ['0', 'Z', 'a', '_', 'é'] {
                let mut text: Vec<char> = key.reveal().chars().collect();
                if text[at] != other {
                    text[at] = other;
                    assert_eq!(ApiKey::parse(&text.into_iter().collect::<String>()), None);
                }
            }
        }
    }

    #[test]
    fn ak_2_what_is_not_a_key_is_refused_without_a_store() {
        let key = ApiKey::generate();
        let text = key.reveal();
        for wrong in [
            "",
            "kf_",
            "sk_live_123",
            &text[1..],
            &format!("{text}0"),
            &text.to_uppercase(),
            &format!(" {text}"),
            "ééééé",
        ] {
            assert_eq!(ApiKey::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_key_prints_nowhere_and_its_hint_shows_only_the_ends() {
        let key = ApiKey::generate();
        let text = key.reveal();
        assert_eq!(key.hint(), format!("{}…{}", &text[..5], &text[48..]));
        assert!(!format!("{key:?} {:?}", key.digest()).contains(&text[3..12]));
    }

    #[test]
    fn a_known_key_keeps_its_form() {
        // Worked out apart from this code: base 62 of 32 bytes 0x07, and zlib's CRC-32 of what precedes it.
        let known = "kf_1fJjkkpe9PiTw9KSulA8Ghct30vZz4HpdQ5c5b9cPF12LeLlH";
        assert_eq!(base62::<32, RANDOM_CHARS>([7; 32]), known.as_bytes()[3..46]);
        assert!(ApiKey::parse(known).is_some());
    }
}
