//! A request without a body, copied so that it can be sent a second time.
//!
//! Nearly every call makes a copy and nearly none needs it, so making one has to be cheap: the fields are one text,
//! not fields, until somebody asks for them.

use http::{HeaderName, HeaderValue, Method, Request, Uri};
use zeroize::Zeroizing;

use super::body::{self, Body};

/// Ends a field; no field can hold either.
const END: u8 = b'\n';
const END_OF_SENSITIVE: u8 = b'\r';

/// A copy.
pub struct Spare {
    method: Method,
    uri: Uri,
    /// Wiped: the credential is among them.
    fields: Zeroizing<Vec<u8>>,
}

impl Spare {
    /// Copies `request` without its body.
    pub(super) fn of(request: &Request<Body>) -> Self {
        // All of it at once: where it grew it would leave a part behind.
        let length =
            request.headers().iter().map(|(name, value)| name.as_str().len() + value.len() + 2).sum();
        let mut fields = Zeroizing::new(Vec::with_capacity(length));
        for (name, value) in request.headers() {
            fields.extend_from_slice(name.as_str().as_bytes());
            fields.push(b':');
            fields.extend_from_slice(value.as_bytes());
            fields.push(if value.is_sensitive() { END_OF_SENSITIVE } else { END });
        }
        Self { method: request.method().clone(), uri: request.uri().clone(), fields }
    }

    /// The request again.
    pub fn request(&self) -> Request<Body> {
        let mut request = Request::new(body::absent());
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = self.uri.clone();
        for field in self.fields.split_inclusive(|byte| matches!(*byte, END | END_OF_SENSITIVE)) {
            let Some((end, field)) = field.split_last() else { continue };
            let mut halves = field.splitn(2, |byte| *byte == b':');
            let name = halves.next().and_then(|name| HeaderName::from_bytes(name).ok());
            let value = halves.next().and_then(|value| HeaderValue::from_bytes(value).ok());
            if let (Some(name), Some(mut value)) = (name, value) {
                value.set_sensitive(*end == END_OF_SENSITIVE);
                request.headers_mut().append(name, value);
            }
        }
        request
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_copy_is_the_request() {
        let mut secret = HeaderValue::from_static("Bearer: a\tb");
        secret.set_sensitive(true);
        let request = Request::get("https://example.com:8443/a?b=%2F")
            .header("x-many", "1")
            .header("authorization", secret)
            .header("x-many", "")
            .header("x-bytes", HeaderValue::from_bytes(b"\xff\x80: \"").unwrap())
            .body(body::absent())
            .unwrap();
        let again = Spare::of(&request).request();
        assert_eq!((again.method(), again.uri()), (request.method(), request.uri()));
        let fields = |request: &Request<Body>| -> Vec<(String, Vec<u8>, bool)> {
            let fields = request.headers().iter();
            fields
                .map(|(name, value)| (name.to_string(), value.as_bytes().to_vec(), value.is_sensitive()))
                .collect()
        };
        assert_eq!(fields(&again), fields(&request));
        assert_eq!(again.headers().len(), 4);
    }

    /// What ends a field here can't stand in one.
    #[test]
    fn no_field_holds_an_end() {
        for end in [END, END_OF_SENSITIVE] {
            assert!(HeaderValue::from_bytes(&[b'a', end]).is_err());
            assert!(HeaderName::from_bytes(&[b'a', end]).is_err());
        }
        assert!(HeaderName::from_bytes(b"a:").is_err());
    }
}
