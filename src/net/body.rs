//! The one body type that travels through the house, and the one way to read a body whole.
//!
//! Bodies are streamed; [`read`] is for the few small ones that must be seen complete, and it has a bound.

use std::{
    mem,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::{Bytes, BytesMut};
use http_body::{Body as HttpBody, Frame, SizeHint};
use http_body_util::{BodyExt, combinators::UnsyncBoxBody};
use hyper::body::Incoming;

/// Any error, as it comes out of a body.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// How much of a body waits on each side of a call at most, where the other side does not keep up. Larger ones move long
/// bodies with fewer system calls; each stream may hold two, and what is between them.
pub const BUFFER: usize = 88 * 1024;

/// A body of any origin. The usual ones are kept as they are: putting them into a box costs every call.
pub struct Body(Origin);

enum Origin {
    /// None, without a word about its length.
    Absent,
    /// Here already; empty when it has been taken.
    Whole(Bytes),
    /// From a connection.
    Incoming(Incoming),
    /// From anywhere else.
    Boxed(UnsyncBoxBody<Bytes, BoxError>),
}

impl HttpBody for Body {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        match &mut self.0 {
            Origin::Absent => Poll::Ready(None),
            Origin::Whole(bytes) if bytes.is_empty() => Poll::Ready(None),
            Origin::Whole(bytes) => Poll::Ready(Some(Ok(Frame::data(mem::take(bytes))))),
            Origin::Incoming(body) => {
                Pin::new(body).poll_frame(cx).map(|frame| frame.map(|frame| frame.map_err(Into::into)))
            }
            Origin::Boxed(body) => Pin::new(body).poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Origin::Absent => true,
            Origin::Whole(bytes) => bytes.is_empty(),
            Origin::Incoming(body) => body.is_end_stream(),
            Origin::Boxed(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Origin::Absent => SizeHint::new(),
            Origin::Whole(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Origin::Incoming(body) => body.size_hint(),
            Origin::Boxed(body) => body.size_hint(),
        }
    }
}

impl From<Incoming> for Body {
    fn from(body: Incoming) -> Self {
        Self(Origin::Incoming(body))
    }
}

impl std::fmt::Debug for Body {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Body")
    }
}

/// Why a body could not be read whole.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// It is longer than allowed.
    #[error("the body is longer than {0} bytes")]
    TooLarge(usize),
    /// It broke off.
    #[error("the body broke off")]
    Broken(#[source] BoxError),
}

/// No body.
#[must_use]
pub fn empty() -> Body {
    Body(Origin::Whole(Bytes::new()))
}

/// No body, and no word about its length: with [`empty`] the library says `content-length: 0` in HTTP/2.
#[must_use]
pub fn absent() -> Body {
    Body(Origin::Absent)
}

/// A body that is there already.
pub fn full(bytes: impl Into<Bytes>) -> Body {
    Body(Origin::Whole(bytes.into()))
}

/// Any other body as a [`Body`].
pub fn boxed<B>(body: B) -> Body
where
    B: HttpBody<Data = Bytes> + Send + 'static,
    B::Error: Into<BoxError>,
{
    Body(Origin::Boxed(UnsyncBoxBody::new(body.map_err(Into::into))))
}

/// All of `body`, if it has at most `limit` bytes. Trailers are dropped.
pub async fn read<B>(body: B, limit: usize) -> Result<Bytes, ReadError>
where
    B: HttpBody<Data = Bytes>,
    B::Error: Into<BoxError>,
{
    if body.size_hint().lower() > limit as u64 {
        return Err(ReadError::TooLarge(limit));
    }
    let mut body = std::pin::pin!(body);
    let mut read = BytesMut::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| ReadError::Broken(error.into()))?;
        let Ok(data) = frame.into_data() else { continue };
        if read.len() + data.len() > limit {
            return Err(ReadError::TooLarge(limit));
        }
        read.extend_from_slice(&data);
    }
    Ok(read.freeze())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_body_is_read_up_to_its_bound_and_not_beyond() {
        assert_eq!(read(full("12345"), 5).await.unwrap(), "12345");
        assert!(matches!(read(full("123456"), 5).await, Err(ReadError::TooLarge(5))));
        assert_eq!(read(empty(), 0).await.unwrap(), "");
    }
}
