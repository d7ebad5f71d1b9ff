//! Dials an upstream: guard, name, TCP, TLS, all within one limit.

use std::{
    future::Future,
    io,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use http::{Uri, uri::Scheme};
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder, MaybeHttpsStream};
use hyper_util::{client::legacy::connect::Connection as _, rt::TokioIo};
use rustls::ClientConfig;
use tokio::{net::TcpStream, time::timeout};
use tower::Service;

use super::{body::BoxError, guard::Guarded};

/// The connector of one pool.
#[derive(Clone)]
pub(super) struct Dial {
    https: HttpsConnector<Guarded>,
    http2: bool,
    limit: Duration,
}

impl Dial {
    /// Dials by `tcp`, speaks `tls` for `https:`, and offers HTTP/2 there if it may.
    pub(super) fn new(tcp: Guarded, tls: ClientConfig, http2: bool, limit: Duration) -> Self {
        let builder = HttpsConnectorBuilder::new().with_tls_config(tls).https_or_http().enable_http1();
        let connector =
            if http2 { builder.enable_http2().wrap_connector(tcp) } else { builder.wrap_connector(tcp) };
        Self { https: connector, http2, limit }
    }

    /// Whether what `uri` names may turn out to speak HTTP/2.
    pub(super) fn offers_http2(&self, uri: &Uri) -> bool {
        self.http2 && uri.scheme() == Some(&Scheme::HTTPS)
    }
}

impl Service<Uri> for Dial {
    type Response = Dialled;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Dialled, BoxError>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.https.poll_ready(cx)
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let (dialling, limit) = (self.https.call(uri), self.limit);
        Box::pin(async move { Ok(Dialled(timeout(limit, dialling).await??)) })
    }
}

/// A connection.
pub(super) struct Dialled(MaybeHttpsStream<TokioIo<TcpStream>>);

#[cfg(test)]
impl Dialled {
    /// Whether small writes go out at once.
    pub(super) fn has_nodelay(&self) -> bool {
        match &self.0 {
            MaybeHttpsStream::Http(tcp) => tcp.inner().nodelay().unwrap(),
            MaybeHttpsStream::Https(tls) => tls.inner().get_ref().0.inner().inner().nodelay().unwrap(),
        }
    }
}

impl Dialled {
    /// Whether both sides agreed on HTTP/2.
    pub(super) fn is_http2(&self) -> bool {
        self.0.connected().is_negotiated_h2()
    }
}

impl Read for Dialled {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buf)
    }
}

impl Write for Dialled {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.0.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}
