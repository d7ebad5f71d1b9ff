//! The one source of randomness, and the one hash.

use aws_lc_rs::{digest, rand};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

/// `N` random bytes.
///
/// # Panics
///
/// Where the system gives none; nothing could be kept secret then.
#[expect(
    clippy::expect_used,
    reason = "a machine without randomness can't run a gateway; aws-lc aborts itself"
)]
pub fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    rand::fill(&mut bytes).expect("the system gives random bytes");
    bytes
}

/// Text for a URL or a cookie that carries 256 random bits.
pub fn random_text() -> String {
    URL_SAFE_NO_PAD.encode(random::<32>())
}

/// SHA-256.
pub fn sha256(data: &[u8]) -> [u8; 32] {
    let digest = digest::digest(&digest::SHA256, data);
    let mut bytes = [0; 32];
    bytes.copy_from_slice(digest.as_ref());
    bytes
}
