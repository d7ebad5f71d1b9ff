//! Tokens signed here (RFC 7519, in the compact form of RFC 7515 7.1): a credential of their own, or what a token is
//! asked for with (RFC 7523). What they say stands in the app's file; `iat`, `exp` and `jti` are added.
//!
//! No crate for it: we only write tokens, never read them, and the cryptography is that of the TLS stack.

mod key;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde_json::{Map, Value};

use self::key::Key;
use crate::{
    catalog::{
        auth::Jwt,
        template::{Missing, Values},
    },
    clock::Timestamp,
    vault::{self, Secret},
};

/// So much earlier a token says it was signed, for clocks that are behind; a quarter of its life at most.
const BEHIND: i64 = 30;

/// A signed token.
#[derive(Debug)]
pub struct Signed {
    /// Goes out.
    pub token: Secret,
    /// The base64 of the SHA-256 of the public key, where the key has two halves.
    pub fingerprint: Option<String>,
    /// When it ends.
    pub expires: Timestamp,
}

/// Why nothing can be signed. Says nothing of the key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JwtError {
    /// A template has no value.
    #[error("{0} has no value")]
    Missing(String),
    /// The key can't be used.
    #[error("{0}")]
    Key(&'static str),
}

impl From<Missing> for JwtError {
    fn from(Missing(name): Missing) -> Self {
        Self::Missing(name)
    }
}

/// The values of a connection, and the fingerprint of its key.
struct Known<'v>(&'v dyn Values, Option<&'v str>);

impl Values for Known<'_> {
    fn value(&self, name: &str) -> Option<&str> {
        if name == "key_fingerprint" { self.1 } else { self.0.value(name) }
    }
}

/// Signs what the app's file says.
pub fn sign(jwt: &Jwt, values: &dyn Values, now: Timestamp) -> Result<Signed, JwtError> {
    let key = Key::read(jwt.algorithm, jwt.key_encoding, &Secret::new(jwt.key.fill(values)?))?;
    let fingerprint = key.fingerprint();
    let values = &Known(values, fingerprint.as_deref());
    let life = i64::from(jwt.lifetime_s);
    let issued = now.as_secs() - BEHIND.min(life / 4);
    let mut header = Map::from_iter([text("alg", jwt.algorithm.name()), text("typ", "JWT")]);
    for (name, template) in &jwt.header {
        header.insert(name.clone(), template.fill(values)?.into());
    }
    let mut claims = Map::from_iter([
        ("iat".to_owned(), issued.into()),
        ("exp".to_owned(), (issued + life).into()),
        ("jti".to_owned(), vault::random_text().into()),
    ]);
    for (name, template) in &jwt.claims {
        claims.insert(name.clone(), template.fill(values)?.into());
    }
    let encoded = |part: Map<String, Value>| URL_SAFE_NO_PAD.encode(Value::Object(part).to_string());
    let signed = format!("{}.{}", encoded(header), encoded(claims));
    let signature = key.sign(signed.as_bytes())?;
    let token = Secret::new(format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature)));
    let expires = Timestamp::from_micros((issued + life).saturating_mul(1_000_000));
    Ok(Signed { token, fingerprint, expires })
}

fn text(name: &str, value: &str) -> (String, Value) {
    (name.to_owned(), value.into())
}

#[cfg(test)]
mod tests;
