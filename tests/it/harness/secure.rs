//! TLS for tests: a certificate made on the spot, and an upstream that speaks HTTP/1.1 or HTTP/2 over it.

use std::{
    convert::Infallible,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{Arc, Mutex},
};

use bytes::Bytes;
use http::{HeaderMap, Request, Response, request::Parts};
use http_body_util::BodyExt as _;
use hyper::{body::Incoming, service::service_fn};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
};
use keyferry::net::{Body, body};
use rustls::{ServerConfig, crypto::aws_lc_rs};
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::{
    resolver::Names,
    world::{Plan, World},
};

/// A self-signed certificate for a name.
pub(crate) struct Certificate(rcgen::CertifiedKey<rcgen::KeyPair>);

impl Certificate {
    pub(crate) fn of(name: &str) -> Self {
        Self(rcgen::generate_simple_self_signed([name.to_owned()]).unwrap())
    }

    /// One that was good until some years ago.
    pub(crate) fn expired(name: &str) -> Self {
        let mut params = rcgen::CertificateParams::new([name.to_owned()]).unwrap();
        params.not_before = rcgen::date_time_ymd(2001, 1, 1);
        params.not_after = rcgen::date_time_ymd(2002, 1, 1);
        let signing_key = rcgen::KeyPair::generate().unwrap();
        Self(rcgen::CertifiedKey { cert: params.self_signed(&signing_key).unwrap(), signing_key })
    }

    /// Writes certificate and key into `dir`, as PEM.
    pub(crate) fn write(&self, dir: &Path) -> (PathBuf, PathBuf) {
        let (cert, key) = (dir.join("cert.pem"), dir.join("key.pem"));
        std::fs::write(&cert, self.0.cert.pem()).unwrap();
        std::fs::write(&key, self.0.signing_key.serialize_pem()).unwrap();
        (cert, key)
    }

    pub(crate) fn server(&self, alpn: &[&str]) -> TlsAcceptor {
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(self.0.signing_key.serialize_der()));
        let mut config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![self.0.cert.der().clone()], key)
            .unwrap();
        config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
        TlsAcceptor::from(Arc::new(config))
    }
}

/// The number of the connection a request came on, among its extensions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Connection(pub(crate) usize);

type Script = Arc<dyn Fn(&Parts, &Bytes) -> Response<Body> + Send + Sync>;

/// An upstream behind TLS.
pub(crate) struct Secure {
    pub(crate) address: SocketAddr,
    seen: Kept,
}

/// One request.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) head: Parts,
    pub(crate) body: Bytes,
    pub(crate) trailers: Option<HeaderMap>,
}

type Kept = Arc<Mutex<Vec<Asked>>>;

impl Secure {
    /// Serves these protocols with this certificate.
    pub(crate) async fn start(
        certificate: &Certificate,
        alpn: &[&str],
        script: impl Fn(&Parts, &Bytes) -> Response<Body> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, acceptor) = (listener.local_addr().unwrap(), certificate.server(alpn));
        let seen = Kept::default();
        let (script, kept): (Script, _) = (Arc::new(script), Arc::clone(&seen));
        tokio::spawn(async move {
            for number in 0.. {
                let (socket, _) = listener.accept().await.unwrap();
                let (acceptor, script, kept) = (acceptor.clone(), Arc::clone(&script), Arc::clone(&kept));
                tokio::spawn(async move {
                    let Ok(stream) = acceptor.accept(socket).await else { return };
                    let service = service_fn(move |mut request: Request<Incoming>| {
                        request.extensions_mut().insert(Connection(number));
                        answer(request, Arc::clone(&script), Arc::clone(&kept))
                    });
                    let mut http = auto::Builder::new(TokioExecutor::new());
                    http.http2().max_header_list_size(1 << 20);
                    let _ = http.serve_connection(TokioIo::new(stream), service).await;
                });
            }
        });
        Self { address, seen }
    }

    /// Every request so far.
    pub(crate) fn seen(&self) -> Vec<Asked> {
        self.seen.lock().unwrap().clone()
    }
}

async fn answer(
    request: Request<Incoming>,
    script: Script,
    kept: Kept,
) -> Result<Response<Body>, Infallible> {
    let (head, body) = request.into_parts();
    #[expect(clippy::disallowed_methods, reason = "tests read whole requests")]
    let body = body.collect().await.unwrap();
    let (trailers, body) = (body.trailers().cloned(), body.to_bytes());
    let response = script(&head, &body);
    kept.lock().unwrap().push(Asked { head, body, trailers });
    Ok(response)
}

/// 200 with this body.
pub(crate) fn ok(text: &'static str) -> Response<Body> {
    Response::new(body::full(text))
}

/// A gateway with the app `secure` at an upstream behind TLS, which speaks these protocols.
pub(crate) async fn stage(
    alpn: &[&str],
    script: impl Fn() -> Response<Body> + Send + Sync + 'static,
) -> (Secure, World) {
    let certificate = Certificate::of("api.secure.test");
    let upstream = Secure::start(&certificate, alpn, move |_, _| script()).await;
    let dir = tempfile::tempdir().unwrap();
    let mut plan = Plan::default()
        .key_app("secure", &format!("https://api.secure.test:{}", upstream.address.port()))
        .set(|settings| settings.egress.ca_file = Some(certificate.write(dir.path()).0));
    plan.resolver = Arc::new(Names::default());
    let world = plan.start().await;
    world.connect("secure", "sk_real").await;
    (upstream, world)
}
