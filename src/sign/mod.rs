//! Signs requests that are complete: OAuth 1.0a and AWS Signature Version 4. One signer per connection, made once.
//!
//! It writes header fields and nothing else: never the URL, which a `Location` or a log might repeat, and never the
//! body. What the caller put into the same fields is gone before. It knows no app and no store. Beside that it checks
//! the one signature that comes in: a provider's over a callback.

pub mod callback;
pub mod oauth1;
pub mod sigv4;

use std::borrow::Cow;

use http::{HeaderMap, HeaderName, HeaderValue, Request};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode};

use crate::{clock::Timestamp, vault};

/// What signs the requests of one connection. Prints no secret, and wipes them.
#[derive(Clone, Debug)]
pub enum Signer {
    /// RFC 5849.
    OAuth1(oauth1::OAuth1),
    /// AWS.
    SigV4(sigv4::SigV4),
}

/// Why a request can't be signed. The text is for the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unsignable {
    /// The caller's own signer has signed each chunk of the body: those signatures are inside the body.
    #[error(
        "The body is signed piece by piece with a key that isn't the connection's. Turn chunked signing off in your client"
    )]
    Chunked,
    /// A field that is part of the signature can't be written down.
    #[error("A header field that has to be signed is no text, or the request has no host")]
    Malformed,
}

impl Signer {
    /// Whether the signature covers the body of this request, so that all of it has to be known before.
    pub fn covers_body<B>(&self, request: &Request<B>) -> bool {
        match self {
            Self::OAuth1(signer) => signer.covers_body(request.headers()),
            Self::SigV4(signer) => signer.covers_body(request),
        }
    }

    /// Signs a request. `body` is all of its body, or none where that passes by unsigned.
    pub fn sign<B>(
        &self,
        request: &mut Request<B>,
        body: Option<&[u8]>,
        now: Timestamp,
    ) -> Result<(), Unsignable> {
        match self {
            Self::OAuth1(signer) => {
                let stamp = oauth1::Stamp { nonce: &vault::random_text(), time: now };
                signer.sign(request, body, &stamp)
            }
            Self::SigV4(signer) => signer.sign(request, body, now),
        }
    }
}

/// Everything but unreserved characters (RFC 3986 2.3), as both standards encode.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// What stands encoded in a path, as bytes: not all of it need be text.
fn decoded(text: &str) -> Cow<'_, [u8]> {
    percent_decode(text.as_bytes()).into()
}

/// Sets a field whose value nobody prints.
fn set(headers: &mut HeaderMap, name: HeaderName, value: &str) -> Result<(), Unsignable> {
    let mut value = HeaderValue::from_str(value).map_err(|_| Unsignable::Malformed)?;
    value.set_sensitive(true);
    headers.insert(name, value);
    Ok(())
}
