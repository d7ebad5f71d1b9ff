use std::collections::BTreeMap;

use aws_lc_rs::{
    encoding::{AsDer, PublicKeyX509Der},
    hmac,
    signature::{self, EcdsaKeyPair, Ed25519KeyPair, KeyPair, UnparsedPublicKey},
};
use base64::engine::general_purpose::STANDARD;

use super::*;

const NOW: Timestamp = Timestamp::from_micros(1_700_000_000_000_000);

fn jwt(toml: &str) -> Jwt {
    toml::from_str(&format!("key = '${{key}}'\n{toml}")).unwrap()
}

fn values(key: &str) -> BTreeMap<String, String> {
    BTreeMap::from([("key".to_owned(), key.to_owned()), ("user".to_owned(), "ada".to_owned())])
}

fn pem(label: &str, der: &[u8]) -> String {
    let lines: Vec<String> =
        STANDARD.encode(der).as_bytes().chunks(64).map(|line| String::from_utf8_lossy(line).into()).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

/// What was signed, the two parts of it, and the signature.
fn parts(token: &str) -> (String, Value, Value, Vec<u8>) {
    let [header, claims, signature] = token.split('.').collect::<Vec<_>>()[..] else { panic!("{token}") };
    let read = |part: &str| serde_json::from_slice(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap();
    let signature = URL_SAFE_NO_PAD.decode(signature).unwrap();
    (format!("{header}.{claims}"), read(header), read(claims), signature)
}

#[test]
fn a_token_says_what_the_file_says_and_when_it_ends() {
    let file = "algorithm = 'HS256'\nkey_encoding = 'text'\nlifetime_s = 300\n\
                header = { kid = 'k1' }\nclaims = { iss = '${user}', aud = 'https://a.test' }";
    let signed = sign(&jwt(file), &values("secret"), NOW).unwrap();
    let (_, header, claims, _) = parts(signed.token.expose());
    assert_eq!(header, serde_json::json!({"alg": "HS256", "typ": "JWT", "kid": "k1"}));
    assert_eq!((&claims["iss"], &claims["aud"]), (&"ada".into(), &"https://a.test".into()));
    assert_eq!((&claims["iat"], &claims["exp"]), (&1_699_999_970.into(), &1_700_000_270.into()));
    assert_eq!(signed.expires.as_secs(), 1_700_000_270);
    assert_eq!(signed.fingerprint, None);
    let again = sign(&jwt(file), &values("secret"), NOW).unwrap();
    assert_ne!(signed.token, again.token, "no two have one jti");
}

#[test]
fn shared_keys_are_read_in_every_encoding() {
    for (algorithm, by) in
        [("HS256", hmac::HMAC_SHA256), ("HS384", hmac::HMAC_SHA384), ("HS512", hmac::HMAC_SHA512)]
    {
        for (encoding, key) in [("text", "k\u{7e}y!"), ("hex", "6B7e7921"), ("base64", "a355IQ==")] {
            let file = format!("algorithm = '{algorithm}'\nkey_encoding = '{encoding}'");
            let (signed, _, _, signature) =
                parts(sign(&jwt(&file), &values(key), NOW).unwrap().token.expose());
            hmac::verify(&hmac::Key::new(by, b"k~y!"), signed.as_bytes(), &signature).unwrap();
        }
    }
}

#[test]
fn private_keys_sign_what_their_public_half_verifies() {
    let random = aws_lc_rs::rand::SystemRandom::new();
    let ec = |curve| EcdsaKeyPair::generate_pkcs8(curve, &random).unwrap().as_ref().to_vec();
    let (p256, p384) =
        (ec(&signature::ECDSA_P256_SHA256_FIXED_SIGNING), ec(&signature::ECDSA_P384_SHA384_FIXED_SIGNING));
    let ed = Ed25519KeyPair::generate_pkcs8(&random).unwrap().as_ref().to_vec();
    let public_of = |pair: &EcdsaKeyPair| pair.public_key().as_ref().to_vec();
    let p256_pair = EcdsaKeyPair::from_pkcs8(&signature::ECDSA_P256_SHA256_FIXED_SIGNING, &p256).unwrap();
    let p384_pair = EcdsaKeyPair::from_pkcs8(&signature::ECDSA_P384_SHA384_FIXED_SIGNING, &p384).unwrap();
    let ed_public = Ed25519KeyPair::from_pkcs8(&ed).unwrap().public_key().as_ref().to_vec();
    let sec1 = p256_pair.private_key().as_der().unwrap().as_ref().to_vec();
    let one_line = pem("PRIVATE KEY", &p256).replace('\n', "\\n");
    for (algorithm, key, by, public) in [
        ("ES256", pem("PRIVATE KEY", &p256), &signature::ECDSA_P256_SHA256_FIXED, public_of(&p256_pair)),
        ("ES256", one_line, &signature::ECDSA_P256_SHA256_FIXED, public_of(&p256_pair)),
        ("ES256", pem("EC PRIVATE KEY", &sec1), &signature::ECDSA_P256_SHA256_FIXED, public_of(&p256_pair)),
        ("ES384", pem("PRIVATE KEY", &p384), &signature::ECDSA_P384_SHA384_FIXED, public_of(&p384_pair)),
    ] {
        verified(algorithm, &key, by, public);
    }
    verified("EdDSA", &pem("PRIVATE KEY", &ed), &signature::ED25519, ed_public);
}

#[track_caller]
fn verified(algorithm: &str, key: &str, by: &'static dyn signature::VerificationAlgorithm, public: Vec<u8>) {
    let signed = sign(&jwt(&format!("algorithm = '{algorithm}'")), &values(key), NOW).unwrap();
    let (message, header, _, signature) = parts(signed.token.expose());
    assert_eq!(header["alg"], algorithm);
    UnparsedPublicKey::new(by, public).verify(message.as_bytes(), &signature).unwrap();
}

#[test]
fn rsa_keys_sign_in_both_forms_and_are_known_by_their_fingerprint() {
    let pair = aws_lc_rs::rsa::KeyPair::generate(aws_lc_rs::rsa::KeySize::Rsa2048).unwrap();
    let pkcs8: aws_lc_rs::encoding::Pkcs8V1Der<'_> = pair.as_der().unwrap();
    let key = pem("PRIVATE KEY", pkcs8.as_ref());
    let public = pair.public_key().as_ref().to_vec();
    for (algorithm, by) in [
        ("RS256", &signature::RSA_PKCS1_2048_8192_SHA256),
        ("RS384", &signature::RSA_PKCS1_2048_8192_SHA384),
        ("RS512", &signature::RSA_PKCS1_2048_8192_SHA512),
        ("PS256", &signature::RSA_PSS_2048_8192_SHA256),
    ] {
        verified(algorithm, &key, by, public.clone());
    }
    let file = "algorithm = 'RS256'\nclaims = { iss = '${user}.SHA256:${key_fingerprint}' }";
    let signed = sign(&jwt(file), &values(&key), NOW).unwrap();
    let spki: PublicKeyX509Der<'_> = pair.public_key().as_der().unwrap();
    let expected = STANDARD.encode(vault::sha256(spki.as_ref()));
    assert_eq!(signed.fingerprint.as_deref(), Some(expected.as_str()));
    assert_eq!(parts(signed.token.expose()).2["iss"], format!("ada.SHA256:{expected}"));
}

#[test]
fn a_key_that_can_not_be_used_says_why_and_not_what_it_is() {
    let random = aws_lc_rs::rand::SystemRandom::new();
    let ec = EcdsaKeyPair::generate_pkcs8(&signature::ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
    let ec = pem("PRIVATE KEY", ec.as_ref());
    for (file, key, problem) in [
        ("algorithm = 'RS256'", ec.as_str(), "of another kind"),
        ("algorithm = 'ES384'", ec.as_str(), "of another kind"),
        ("algorithm = 'EdDSA'", ec.as_str(), "of another kind"),
        ("algorithm = 'RS256'", "canary", "no private key in PEM"),
        (
            "algorithm = 'RS256'",
            "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----",
            "no private key",
        ),
        ("algorithm = 'HS256'\nkey_encoding = 'hex'", "canary", "not written"),
        ("algorithm = 'HS256'\nkey_encoding = 'hex'", "abc", "not written"),
        ("algorithm = 'HS256'\nkey_encoding = 'base64'", "canary!", "not written"),
    ] {
        let error = sign(&jwt(file), &values(key), NOW).unwrap_err().to_string();
        assert!(error.contains(problem) && !error.contains("canary"), "{file}: {error}");
    }
    let missing = sign(&jwt("algorithm = 'HS256'\nclaims = { iss = '${nobody}' }"), &values("k"), NOW);
    assert_eq!(missing.unwrap_err(), JwtError::Missing("nobody".into()));
}
