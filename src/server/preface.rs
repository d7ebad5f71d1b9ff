//! Which version of HTTP a connection in the clear speaks: its first bytes tell.
//!
//! They have to come in time: the HTTP library's own deadline for a head begins only when its version is known.

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt as _};

/// What a connection of HTTP/2 begins with (RFC 9113 3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Reads until it is clear whether HTTP/2 is spoken; with what was read. Nothing, if the peer closed or failed first.
pub(super) async fn read<S: AsyncRead + Unpin>(socket: &mut S) -> Option<(bool, Bytes)> {
    let mut first = BytesMut::with_capacity(PREFACE.len());
    while PREFACE.starts_with(&first) {
        if first.len() == PREFACE.len() {
            return Some((true, first.freeze()));
        }
        let mut rest = (&mut *socket).take((PREFACE.len() - first.len()) as u64);
        if rest.read_buf(&mut first).await.ok()? == 0 {
            return None;
        }
    }
    Some((false, first.freeze()))
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn look(mut bytes: &[u8]) -> Option<(bool, Bytes)> {
        read(&mut bytes).await
    }

    #[tokio::test]
    async fn the_first_bytes_tell_the_version_and_are_kept() {
        let (http2, first) = look(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\nmore").await.unwrap();
        assert!(http2 && first == PREFACE);
        for text in ["GET / HTTP/1.1\r\nHost: h\r\n\r\n", "PROPFIND / HTTP/1.1\r\n", "PRI * HTTP/2.1\r\n"] {
            let (http2, first) = look(text.as_bytes()).await.unwrap();
            assert!(!http2 && text.as_bytes().starts_with(&first), "{text}");
        }
        for text in ["", "PRI"] {
            assert!(look(text.as_bytes()).await.is_none(), "{text}");
        }
    }
}
