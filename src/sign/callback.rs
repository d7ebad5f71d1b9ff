//! A provider's signature over a callback: who sent the browser here, and that nobody changed a parameter on the way.

use aws_lc_rs::hmac;
use base64::{Engine, engine::general_purpose::STANDARD};

use crate::{
    catalog::auth::{CallbackMac, CallbackSignature, MacEncoding},
    vault::Secret,
};

/// Whether `params` carry the signature that `secret` makes over the others: once, and compared in constant time.
#[must_use]
pub fn is_signed(rule: &CallbackSignature, secret: &Secret, params: &[(String, String)]) -> bool {
    let (signatures, mut signed): (Vec<_>, Vec<_>) = params.iter().partition(|(name, _)| *name == rule.param);
    let [(_, given)] = signatures.as_slice() else { return false };
    signed.sort();
    let pairs =
        signed.iter().map(|(name, value)| format!("{}={}", escaped(name, "&=%"), escaped(value, "&%")));
    let message = pairs.collect::<Vec<_>>().join("&");
    let CallbackMac::HmacSha256 = rule.algorithm;
    let tag = match rule.encoding {
        MacEncoding::Hex => unhexed(given),
        MacEncoding::Base64 => STANDARD.decode(given).ok(),
    };
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.expose().as_bytes());
    !secret.is_empty() && tag.is_some_and(|tag| hmac::verify(&key, message.as_bytes(), &tag).is_ok())
}

/// Without what would make one parameter look like two.
fn escaped(text: &str, special: &str) -> String {
    let escape = |c: char| if special.contains(c) { format!("%{:02X}", u32::from(c)) } else { c.to_string() };
    text.chars().map(escape).collect()
}

/// The bytes that hexadecimal digits write, in either case; nothing for anything else.
pub fn unhexed(text: &str) -> Option<Vec<u8>> {
    let digits: Vec<u8> = text.chars().map(|c| c.to_digit(16)?.try_into().ok()).collect::<Option<_>>()?;
    let pair = |pair: &[u8]| match pair {
        [high, low] => Some(high << 4 | low),
        _ => None,
    };
    digits.chunks(2).map(pair).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(more: &str) -> CallbackSignature {
        toml::from_str(&format!("param = 'hmac'\nsecret = '${{client_secret}}'\n{more}")).unwrap()
    }

    fn params(text: &str) -> Vec<(String, String)> {
        form_urlencoded::parse(text.as_bytes()).into_owned().collect()
    }

    /// Shopify's documentation has this request, with the secret `hush`.
    const SHOPIFY: &str = "code=0907a61c0c8d55e99db179b68161bc00&shop=some-shop.myshopify.com&state=0.6784241404160823\
                           &timestamp=1337178173&hmac=700e2dadb827fcc8609e9d5ce208b2e9cdaab9df07390d2cbca10d7c328fc4bf";

    #[test]
    fn the_documented_signature_is_good_and_no_other() {
        let hush = Secret::from("hush");
        assert!(is_signed(&rule(""), &hush, &params(SHOPIFY)));
        assert!(is_signed(&rule(""), &hush, &params(&SHOPIFY.replace("fc4bf", "FC4BF"))));
        for (from, to) in [
            ("some-shop", "other-shop"),
            ("700e", "700f"),
            ("hmac=700e2d", "hmac=700e"),
            ("hmac=", "hmac=&x="),
            ("&hmac=", "&hmac=00&hmac="),
            ("hmac=", "HMAC="),
            ("hmac=700e2", "hmac=\u{e9}00e2"),
            ("&timestamp=1337178173", ""),
            ("code=0907", "code=0907&code=0907"),
        ] {
            let changed = SHOPIFY.replace(from, to);
            assert_ne!(changed, SHOPIFY);
            assert!(!is_signed(&rule(""), &hush, &params(&changed)), "{changed}");
        }
        assert!(
            !is_signed(&rule(""), &"".into(), &params(SHOPIFY)),
            "a client without a secret signs nothing"
        );
        assert!(!is_signed(&rule("encoding = 'base64'"), &hush, &params(SHOPIFY)));
    }

    #[test]
    fn a_parameter_never_looks_like_two() {
        let key = hmac::Key::new(hmac::HMAC_SHA256, b"hush");
        let good = STANDARD.encode(hmac::sign(&key, b"a=1%26b=2%25"));
        let given = |rest: &[(&str, &str)]| {
            let all = rest.iter().copied().chain([("hmac", good.as_str())]);
            all.map(|(name, value)| (name.to_owned(), value.to_owned())).collect::<Vec<_>>()
        };
        let (rule, hush) = (rule("encoding = 'base64'"), Secret::from("hush"));
        assert!(is_signed(&rule, &hush, &given(&[("a", "1&b=2%")])));
        assert!(!is_signed(&rule, &hush, &given(&[("a", "1"), ("b", "2%")])));
    }
}
