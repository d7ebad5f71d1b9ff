//! An upstream that speaks HTTP/2 over TLS and takes so many streams on a connection: it echoes what it was asked, or
//! lets the caller hang, and knows how many hang.

use std::{
    convert::Infallible,
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use http::{Request, Response};
use http_body_util::BodyExt as _;
use hyper::{body::Incoming, server::conn::http2, service::service_fn};
use hyper_util::rt::{TokioExecutor, TokioIo};
use keyferry::net::{Body, body};
use tempfile::TempDir;
use tokio::{net::TcpListener, sync::watch, time::timeout};

use super::{resolver::Names, secure::Certificate, world::Plan};

const NAME: &str = "api.streams.test";
/// How long a test waits for what it knows must come.
const PATIENCE: Duration = Duration::from_secs(30);

/// The upstream. It lives as long as the test's runtime.
pub(crate) struct Streams {
    address: SocketAddr,
    state: Arc<State>,
    dir: TempDir,
}

struct State {
    hanging: watch::Sender<usize>,
    open: watch::Sender<usize>,
    seen: Mutex<Vec<(String, String)>>,
}

/// One more of something, until it is dropped.
struct OneMore(watch::Sender<usize>);

impl OneMore {
    fn of(count: &watch::Sender<usize>) -> Self {
        count.send_modify(|count| *count += 1);
        Self(count.clone())
    }
}

impl Drop for OneMore {
    fn drop(&mut self) {
        self.0.send_modify(|count| *count -= 1);
    }
}

impl Streams {
    /// Takes `most` streams on each connection.
    pub(crate) async fn start(most: u32) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (certificate, dir) = (Certificate::of(NAME), tempfile::tempdir().unwrap());
        certificate.write(dir.path());
        let acceptor = certificate.server(&["h2"]);
        let state = Arc::new(State {
            hanging: watch::Sender::new(0),
            open: watch::Sender::new(0),
            seen: Mutex::default(),
        });
        let shared = Arc::clone(&state);
        tokio::spawn(async move {
            loop {
                let (socket, _) = listener.accept().await.unwrap();
                let (acceptor, state) = (acceptor.clone(), Arc::clone(&shared));
                tokio::spawn(async move {
                    let _open = OneMore::of(&state.open);
                    let Ok(stream) = acceptor.accept(socket).await else { return };
                    let service = service_fn(|request| answer(request, Arc::clone(&state)));
                    let mut server = http2::Builder::new(TokioExecutor::new());
                    let _ = server
                        .max_concurrent_streams(most)
                        .serve_connection(TokioIo::new(stream), service)
                        .await;
                });
            }
        });
        Self { address, state, dir }
    }

    pub(crate) fn url(&self) -> String {
        format!("https://{NAME}:{}", self.address.port())
    }

    /// `plan` with a gateway that finds and trusts this upstream.
    pub(crate) fn known_to(&self, mut plan: Plan) -> Plan {
        plan.resolver = Arc::new(Names::default());
        plan.settings.egress.ca_file = Some(self.dir.path().join("cert.pem"));
        plan
    }

    /// Target and `authorization` of every request since this was asked last.
    pub(crate) fn take_seen(&self) -> Vec<(String, String)> {
        std::mem::take(&mut *self.state.seen.lock().unwrap())
    }

    /// How many connections are open.
    pub(crate) fn open(&self) -> usize {
        *self.state.open.borrow()
    }

    /// Waits until so many requests hang.
    pub(crate) async fn until_hanging(&self, wanted: usize) {
        let mut hanging = self.state.hanging.subscribe();
        let reached = hanging.wait_for(|hanging| *hanging == wanted);
        let reached = timeout(PATIENCE, reached).await.map(|reached| *reached.unwrap());
        assert_eq!(reached.unwrap_or(*self.state.hanging.borrow()), wanted, "hang in time");
    }
}

/// Echoes target and `authorization`; `/hang` is never answered, and `/big` is more than any buffer on the way takes.
async fn answer(request: Request<Incoming>, state: Arc<State>) -> Result<Response<Body>, Infallible> {
    let target = request.uri().path_and_query().unwrap().to_string();
    let bearer = request.headers()["authorization"].to_str().unwrap().to_owned();
    let echo = format!("{target} {bearer}");
    let hangs = target.contains("/hang");
    state.seen.lock().unwrap().push((target, bearer));
    let _hanging = hangs.then(|| OneMore::of(&state.hanging));
    if hangs {
        std::future::pending::<()>().await;
    }
    #[expect(clippy::disallowed_methods, reason = "tests read whole requests")]
    let _ = request.into_body().collect().await;
    let answer = if echo.contains("/big") { body::full(vec![b'x'; 32 << 20]) } else { body::full(echo) };
    Ok(Response::new(answer))
}
