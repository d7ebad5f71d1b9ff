//! Keys that sign, as people have them: PEM of any usual kind, hexadecimal, base64, or text.

use aws_lc_rs::{
    encoding::{AsDer, PublicKeyX509Der},
    hmac, rand, rsa,
    signature::{self, EcdsaKeyPair, Ed25519KeyPair, KeyPair},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use rustls_pki_types::{PrivateKeyDer, pem::PemObject};
use zeroize::Zeroizing;

use super::JwtError;
use crate::{
    catalog::auth::{Algorithm, KeyEncoding},
    sign::callback::unhexed,
    vault::{self, Secret},
};

const NOT_PRIVATE: JwtError =
    JwtError::Key("is no private key in PEM: it begins with -----BEGIN … PRIVATE KEY-----, unencrypted");
const OTHER_KIND: JwtError = JwtError::Key("is a key of another kind than this app signs with");
const UNREADABLE: JwtError = JwtError::Key("is not written as this app's keys are");

/// A key that signs.
pub(super) enum Key {
    Hmac(Box<hmac::Key>),
    Rsa(Box<rsa::KeyPair>, &'static dyn signature::RsaEncoding),
    Ecdsa(Box<EcdsaKeyPair>),
    Ed25519(Box<Ed25519KeyPair>),
}

impl Key {
    /// Reads a key for `algorithm`.
    pub(super) fn read(algorithm: Algorithm, encoding: KeyEncoding, text: &Secret) -> Result<Self, JwtError> {
        let hmac = |algorithm| {
            let bytes = bytes(encoding, text)?;
            if bytes.is_empty() {
                Err(UNREADABLE)
            } else {
                Ok(Self::Hmac(Box::new(hmac::Key::new(algorithm, &bytes))))
            }
        };
        let rsa = |encoding_of| Ok(Self::Rsa(Box::new(rsa_key(&private(encoding, text)?)?), encoding_of));
        let ecdsa = |curve| {
            let der = private(encoding, text)?;
            let key = EcdsaKeyPair::from_private_key_der(curve, der.secret_der()).map_err(|_| OTHER_KIND)?;
            Ok(Self::Ecdsa(Box::new(key)))
        };
        match algorithm {
            Algorithm::HS256 => hmac(hmac::HMAC_SHA256),
            Algorithm::HS384 => hmac(hmac::HMAC_SHA384),
            Algorithm::HS512 => hmac(hmac::HMAC_SHA512),
            Algorithm::RS256 => rsa(&signature::RSA_PKCS1_SHA256),
            Algorithm::RS384 => rsa(&signature::RSA_PKCS1_SHA384),
            Algorithm::RS512 => rsa(&signature::RSA_PKCS1_SHA512),
            Algorithm::PS256 => rsa(&signature::RSA_PSS_SHA256),
            Algorithm::ES256 => ecdsa(&signature::ECDSA_P256_SHA256_FIXED_SIGNING),
            Algorithm::ES384 => ecdsa(&signature::ECDSA_P384_SHA384_FIXED_SIGNING),
            Algorithm::EdDSA => {
                let der = private(encoding, text)?;
                let key = Ed25519KeyPair::from_pkcs8_maybe_unchecked(der.secret_der());
                Ok(Self::Ed25519(Box::new(key.map_err(|_| OTHER_KIND)?)))
            }
        }
    }

    /// The signature of `message`.
    pub(super) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, JwtError> {
        const FAILED: JwtError = JwtError::Key("does not sign");
        let random = rand::SystemRandom::new();
        match self {
            Self::Hmac(key) => Ok(hmac::sign(key, message).as_ref().to_vec()),
            Self::Rsa(key, encoding) => {
                let mut signature = vec![0; key.public_modulus_len()];
                key.sign(*encoding, &random, message, &mut signature).map_err(|_| FAILED)?;
                Ok(signature)
            }
            Self::Ecdsa(key) => {
                key.sign(&random, message).map(|signature| signature.as_ref().to_vec()).map_err(|_| FAILED)
            }
            Self::Ed25519(key) => Ok(key.sign(message).as_ref().to_vec()),
        }
    }

    /// The base64 of the SHA-256 of the public half (its `SubjectPublicKeyInfo`), by which providers know a key.
    pub(super) fn fingerprint(&self) -> Option<String> {
        let public: Result<PublicKeyX509Der<'_>, _> = match self {
            Self::Hmac(_) => return None,
            Self::Rsa(key, _) => key.public_key().as_der(),
            Self::Ecdsa(key) => key.public_key().as_der(),
            Self::Ed25519(key) => key.public_key().as_der(),
        };
        public.ok().map(|der| STANDARD.encode(vault::sha256(der.as_ref())))
    }
}

fn rsa_key(der: &PrivateKeyDer<'_>) -> Result<rsa::KeyPair, JwtError> {
    let key = match der {
        PrivateKeyDer::Pkcs1(der) => rsa::KeyPair::from_der(der.secret_pkcs1_der()),
        other => rsa::KeyPair::from_pkcs8(other.secret_der()),
    };
    key.map_err(|_| OTHER_KIND)
}

/// A private key, out of PEM or of base64 with PEM or PKCS #8 in it.
fn private(encoding: KeyEncoding, text: &Secret) -> Result<PrivateKeyDer<'static>, JwtError> {
    let bytes = match encoding {
        // Pasted out of JSON or a variable, line breaks are two characters.
        KeyEncoding::Pem | KeyEncoding::Text => {
            Zeroizing::new(text.expose().replace("\\n", "\n").into_bytes())
        }
        KeyEncoding::Hex | KeyEncoding::Base64 => self::bytes(encoding, text)?,
    };
    if bytes.starts_with(b"-----") || encoding == KeyEncoding::Pem {
        return PrivateKeyDer::from_pem_slice(&bytes).map_err(|_| NOT_PRIVATE);
    }
    PrivateKeyDer::try_from(bytes.to_vec()).map_err(|_| UNREADABLE)
}

/// The bytes of a key that is no PEM.
fn bytes(encoding: KeyEncoding, text: &Secret) -> Result<Zeroizing<Vec<u8>>, JwtError> {
    let text = text.expose().trim();
    let read = match encoding {
        KeyEncoding::Pem | KeyEncoding::Text => Some(text.as_bytes().to_vec()),
        KeyEncoding::Base64 => STANDARD.decode(text).ok(),
        KeyEncoding::Hex => unhexed(text),
    };
    read.map(Zeroizing::new).ok_or(UNREADABLE)
}
