//! Connect links: connection, generation and expiry under a MAC of the vault. Nothing of a link is stored.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use uuid::Uuid;

use crate::{clock::Timestamp, id::ConnectionId, vault::Vault};

const LABEL: &str = "connect-link";
const CLAIM: usize = 16 + 8 + 8;

/// What a link stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Link {
    /// Which connection it finishes.
    pub(super) connection: ConnectionId,
    /// Of the connection when the link was made; once that has moved on, the link is dead.
    pub(super) generation: i64,
    /// When it ends.
    pub(super) expires: Timestamp,
}

impl Link {
    /// The `session_token` of this link.
    pub(super) fn token(self, vault: &Vault) -> String {
        let claim = self.claim();
        URL_SAFE_NO_PAD.encode([claim.as_slice(), &vault.mac(LABEL, &claim)].concat())
    }

    /// The link of a `session_token`, if it was made here and has not ended.
    pub(super) fn read(token: &str, vault: &Vault, now: Timestamp) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
        let (claim, mac) = bytes.split_first_chunk::<CLAIM>()?;
        if !vault.mac_matches(LABEL, claim, mac) {
            return None;
        }
        let (connection, rest) = claim.split_first_chunk::<16>()?;
        let (generation, expires) = rest.split_first_chunk::<8>()?;
        let link = Self {
            connection: Uuid::from_bytes(*connection).into(),
            generation: i64::from_be_bytes(*generation),
            expires: Timestamp::from_micros(i64::from_be_bytes(expires.try_into().ok()?)),
        };
        (now < link.expires).then_some(link)
    }

    fn claim(self) -> Vec<u8> {
        [
            self.connection.uuid().as_bytes().as_slice(),
            &self.generation.to_be_bytes(),
            &self.expires.as_micros().to_be_bytes(),
        ]
        .concat()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link() -> Link {
        let now = Timestamp::from_micros(5);
        Link { connection: ConnectionId::new(now), generation: 3, expires: Timestamp::from_micros(1_000) }
    }

    #[test]
    fn a_link_reads_as_it_was_made_until_it_ends() {
        let (vault, _) = Vault::generate();
        let token = link().token(&vault);
        assert_eq!(
            Link::read(&token, &vault, Timestamp::from_micros(999)).map(|link| link.generation),
            Some(3)
        );
        assert_eq!(Link::read(&token, &vault, Timestamp::from_micros(1_000)), None);
    }

    #[test]
    fn oc_1_no_changed_bit_is_taken() {
        let (vault, _) = Vault::generate();
        let token = link().token(&vault);
        let bytes = URL_SAFE_NO_PAD.decode(&token).unwrap();
        assert!(bytes.len() >= CLAIM + 16, "at least 128 bits of MAC");
        for at in 0..bytes.len() {
            for bit in 0..8 {
                let mut changed = bytes.clone();
                changed[at] ^= 1 << bit;
                let forged = URL_SAFE_NO_PAD.encode(changed);
                assert_eq!(Link::read(&forged, &vault, Timestamp::from_micros(1)), None, "byte {at}");
            }
        }
        for forged in ["", "a", &token[1..], &token[..token.len() - 1], &format!("{token}AAAA"), "äöü"] {
            assert_eq!(Link::read(forged, &vault, Timestamp::from_micros(1)), None, "{forged}");
        }
        let (other, _) = Vault::generate();
        assert_eq!(Link::read(&token, &other, Timestamp::from_micros(1)), None);
    }
}
