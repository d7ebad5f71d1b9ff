//! Upstreams that answer while they are still being asked, in either version of HTTP, and a gateway before them.

use std::{convert::Infallible, future::Future, net::SocketAddr, sync::Arc};

use bytes::Bytes;
use http::{Request, Response, Version};
use http_body_util::{BodyExt as _, StreamBody};
use hyper::{
    body::{Frame, Incoming},
    service::service_fn,
};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
};
use keyferry::net::{Body, body};
use tempfile::TempDir;
use tokio::{
    net::TcpListener,
    sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
};
use tokio_rustls::TlsAcceptor;

use crate::harness::{
    resolver::Names,
    secure::Certificate,
    world::{Plan, World},
};

/// A gateway with the app `live`.
pub(super) struct Live {
    pub(super) world: World,
    _folder: TempDir,
}

/// The app `live` at an upstream that speaks `version` and serves every request with `service`.
pub(super) async fn stage<S, F>(version: Version, service: S) -> Live
where
    S: Fn(Request<Incoming>) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Response<Body>> + Send + 'static,
{
    let folder = tempfile::tempdir().unwrap();
    let mut plan = Plan::default();
    let base = if version == Version::HTTP_2 {
        let certificate = Certificate::of("api.live.test");
        let address = serve(Some(certificate.server(&["h2"])), service).await;
        let trusted = certificate.write(folder.path()).0;
        plan = plan.set(|settings| settings.egress.ca_file = Some(trusted));
        plan.resolver = Arc::new(Names::default());
        format!("https://api.live.test:{}", address.port())
    } else {
        format!("http://{}", serve(None, service).await)
    };
    let world = plan.key_app("live", &base).start().await;
    world.connect("live", "sk_real").await;
    Live { world, _folder: folder }
}

async fn serve<S, F>(tls: Option<TlsAcceptor>, service: S) -> SocketAddr
where
    S: Fn(Request<Incoming>) -> F + Clone + Send + Sync + 'static,
    F: Future<Output = Response<Body>> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (socket, _) = listener.accept().await.unwrap();
            socket.set_nodelay(true).unwrap();
            let (tls, service) = (tls.clone(), service.clone());
            let service = service_fn(move |request| {
                let answer = service(request);
                async move { Ok::<_, Infallible>(answer.await) }
            });
            tokio::spawn(async move {
                let mut http = auto::Builder::new(TokioExecutor::new());
                // As nginx does it: a stream may fill its own window, and never that of the connection.
                http.http2().initial_stream_window_size(1 << 20).initial_connection_window_size(1 << 30);
                match tls {
                    None => drop(http.serve_connection(TokioIo::new(socket), service).await),
                    Some(tls) => {
                        let Ok(stream) = tls.accept(socket).await else { return };
                        drop(http.serve_connection(TokioIo::new(stream), service).await);
                    }
                }
            });
        }
    });
    address
}

/// A body whose pieces are sent one at a time.
pub(super) fn pieces() -> (UnboundedSender<Bytes>, Body) {
    let (sender, receiver) = unbounded_channel();
    (sender, of_channel(receiver))
}

pub(super) fn of_channel(receiver: UnboundedReceiver<Bytes>) -> Body {
    let frames = futures_util::stream::unfold(receiver, |mut receiver| async {
        let piece = receiver.recv().await?;
        Some((Ok::<_, Infallible>(Frame::data(piece)), receiver))
    });
    body::boxed(StreamBody::new(frames))
}

/// Reads until `wanted` bytes have come.
pub(super) async fn read(body: &mut Incoming, wanted: usize) -> Vec<u8> {
    let mut read = Vec::new();
    while read.len() < wanted {
        let frame = body.frame().await.expect("more is to come").expect("whole");
        read.extend(frame.into_data().unwrap_or_default());
    }
    read
}

/// How much comes until the end.
pub(super) async fn drain(body: &mut Incoming) -> usize {
    let mut count = 0;
    while let Some(frame) = body.frame().await {
        count += frame.expect("whole").data_ref().map_or(0, Bytes::len);
    }
    count
}
