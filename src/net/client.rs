//! The one outgoing HTTP client: pooled, over verified TLS, HTTP/2 where the upstream offers it, behind the guard.
//!
//! It follows no redirect, reads no proxy from the environment and has no total time limit. A request is sent again
//! only if nothing of it can have been processed: by the pool when it had not been written at all, and here, once, when
//! it is idempotent, has no body, and the connection had been kept from an earlier call (RFC 9110 9.2.2).

use std::{path::PathBuf, pin::pin, sync::Arc, time::Duration};

use bytes::Bytes;
use http::{
    HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Version,
    header::{CONTENT_LENGTH, CONTENT_TYPE, TRANSFER_ENCODING},
    uri::Scheme,
};
use http_body::Body as _;
use hyper::body::Incoming;
use ipnet::IpNet;
use tokio::time::timeout;

use super::{
    body::{self, Body, BoxError, ReadError},
    dial::Dial,
    guard::{Forbidden, Guard, Guarded, Resolve, Vetted},
    own::{Loop, Own},
    pool::{Lease, Pool, PoolError},
    spare::Spare,
    stream::Streamed,
    tls::{self, TlsError},
    upload::{Patience, Progress, Sieve, Stall, Upload, UploadFault},
    waits::Waits,
};

/// What may be dialled, and how long everything may take.
#[derive(Clone, Debug)]
pub struct Egress {
    /// Private ranges that may be dialled.
    pub allow: Vec<IpNet>,
    /// The gateway's own doors, which are never dialled.
    pub own: Own,
    /// Whether `http://` is permitted.
    pub plain_http: bool,
    /// Further certificates to trust, PEM.
    pub ca_file: Option<PathBuf>,
    /// For name, TCP and TLS together.
    pub connect_timeout: Duration,
    /// From the last byte of the request to the answer's head.
    pub first_byte_timeout: Duration,
    /// Between two bytes of a body.
    pub idle_timeout: Duration,
}

impl Default for Egress {
    fn default() -> Self {
        Self {
            allow: Vec::new(),
            own: Own::default(),
            plain_http: false,
            ca_file: None,
            connect_timeout: Duration::from_secs(10),
            first_byte_timeout: Duration::from_mins(2),
            idle_timeout: Duration::from_mins(5),
        }
    }
}

/// What a 401 carries along inside the house, where the request can be sent a second time: idempotent, without a body.
#[derive(Clone)]
pub struct Refused(pub Arc<Spare>);

/// Why there is no answer. No text of these names an address or shows a URL.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// The address may not be dialled.
    #[error(transparent)]
    Forbidden(#[from] Forbidden),
    /// It would come in again.
    #[error(transparent)]
    Loop(#[from] Loop),
    /// `http://`, which the settings don't permit.
    #[error("the upstream has no https address; the operator can permit http with egress.plain_http")]
    PlainHttp,
    /// Name, TCP or TLS failed.
    #[error("the upstream can't be reached")]
    Unreachable(#[source] BoxError),
    /// The connection ended, or what came is not HTTP.
    #[error("the upstream broke off or did not speak HTTP")]
    Protocol(#[source] BoxError),
    /// No head in time.
    #[error("the upstream did not answer in time")]
    Timeout,
    /// The caller's side of the upload failed.
    #[error(transparent)]
    Upload(#[from] UploadFault),
}

/// Why a small answer could not be fetched.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// There is no answer.
    #[error(transparent)]
    Send(#[from] SendError),
    /// Its body broke off or is too long.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// It took too long.
    #[error("no complete answer within {0:?}")]
    Deadline(Duration),
}

/// An answer's head, and what has to live as long as its body.
type Answer = (Response<Incoming>, Lease);

/// The outgoing client.
#[derive(Clone)]
pub struct Client(Arc<Inner>);

#[derive(Clone)]
struct Inner {
    /// HTTP/2 where ALPN agrees on it, else HTTP/1.1.
    newest: Pool,
    /// HTTP/1.1 only.
    http1: Pool,
    vetted: Vetted,
    plain_http: bool,
    first_byte: Duration,
    idle: Duration,
    /// Who waits for an answer's head.
    waits: Arc<Waits>,
}

/// What one request asks of the client beside itself.
pub struct Terms {
    /// Whether HTTP/2 may be offered.
    pub http2: bool,
    /// How long the request's body may be.
    pub body_limit: Option<u64>,
    /// Which of the request's trailers go along.
    pub trailers: Option<Sieve>,
    /// Whether the answer may be another protocol, which is spoken over HTTP/1.1 only.
    pub upgrade: bool,
    /// How many bytes of it have to come in a second while the upstream waits for them; 0: any.
    pub body_rate: u32,
}

impl Default for Terms {
    fn default() -> Self {
        Self { http2: true, body_limit: None, body_rate: 0, trailers: None, upgrade: false }
    }
}

impl Client {
    /// A client that dials what `egress` permits of what `resolver` finds.
    pub fn new(egress: &Egress, resolver: Arc<dyn Resolve>) -> Result<Self, TlsError> {
        let tls = tls::client(egress.ca_file.as_deref())?;
        let vetted = Vetted::new(Guard::new(egress.allow.clone()), resolver);
        let tcp = Guarded::new(vetted.clone(), egress.own.clone(), |tcp| {
            tcp.enforce_http(false);
            tcp.set_nodelay(true);
            tcp.set_connect_timeout(Some(egress.connect_timeout));
            tcp.set_keepalive(Some(Duration::from_mins(1)));
        });
        let newest = Dial::new(tcp.clone(), tls.clone(), true, egress.connect_timeout);
        let http1 = Dial::new(tcp, tls, false, egress.connect_timeout);
        Ok(Self(Arc::new(Inner {
            newest: Pool::new(newest),
            http1: Pool::new(http1),
            vetted,
            plain_http: egress.plain_http,
            first_byte: egress.first_byte_timeout,
            idle: egress.idle_timeout,
            waits: Arc::default(),
        })))
    }

    /// The same client with connections of its own, for another thread.
    #[must_use]
    pub fn apart(&self) -> Self {
        let (newest, http1) = (self.0.newest.apart(), self.0.http1.apart());
        Self(Arc::new(Inner { newest, http1, waits: Arc::default(), ..(*self.0).clone() }))
    }

    /// Whether `host` may be dialled, as names stand now: for what is about to be stored. Dialling asks again.
    pub async fn vet(&self, host: &str) -> Result<(), Forbidden> {
        if self.0.vetted.permits(host).await { Ok(()) } else { Err(Forbidden) }
    }

    /// Sends `request` and gives the answer's head; its body follows as it arrives.
    pub async fn send(&self, request: Request<Body>) -> Result<Response<Body>, SendError> {
        self.exchange(Box::new(request), Terms::default()).await.map(|response| response.map(body::boxed))
    }

    /// As [`Client::send`], on the given terms, and with the body not boxed yet.
    pub async fn exchange(
        &self,
        mut request: Box<Request<Body>>,
        terms: Terms,
    ) -> Result<Response<Streamed>, SendError> {
        if request.uri().scheme() != Some(&Scheme::HTTPS) && !self.0.plain_http {
            return Err(SendError::PlainHttp);
        }
        *request.version_mut() = Version::HTTP_11; // the pool turns it into HTTP/2 where that was agreed
        let pool = if terms.http2 && !terms.upgrade { &self.0.newest } else { &self.0.http1 };
        let may_switch = terms.upgrade;
        let ((response, lease), upload) = if request.body().is_end_stream() {
            *request.body_mut() = body::absent(); // a length of 0 goes along where the caller has said so
            (self.ask(pool, &mut Some(request)).await?, None)
        } else {
            if terms.body_limit.is_some_and(|limit| request.body().size_hint().lower() > limit) {
                return Err(UploadFault::TooLarge.into());
            }
            // Apart, so that a request without a body needs no room for this.
            Box::pin(self.upload(pool, request, terms)).await?
        };
        // Where nothing is made of an answer, its connection ends with the lease.
        let is_switched = response.status() == StatusCode::SWITCHING_PROTOCOLS;
        if is_switched && !may_switch {
            return Err(SendError::Protocol("the protocol was switched unasked".into()));
        }
        if is_ambiguous(&response) {
            return Err(SendError::Protocol("the answer is framed in more than one way".into()));
        }
        let lease = if is_switched {
            lease.detach();
            None
        } else {
            Some(lease)
        };
        Ok(response.map(|body| Streamed::new(body, self.0.idle, upload, lease)))
    }

    /// All of a caller's body, if it has at most `limit` bytes and they keep coming.
    pub async fn hold(&self, body: Body, limit: usize, rate: u32) -> Result<Bytes, UploadFault> {
        let patience = Patience { first_byte: self.0.idle, idle: self.0.idle, rate };
        let (body, progress) = Upload::new(body, None, None);
        tokio::select! {
            held = body::read(body, limit) => held.map_err(|error| match error {
                ReadError::TooLarge(_) => UploadFault::TooLarge,
                ReadError::Broken(_) => UploadFault::Broken,
            }),
            _ = progress.stall(patience) => Err(UploadFault::Stalled),
        }
    }

    /// How long a stream may be silent.
    pub fn idle_timeout(&self) -> Duration {
        self.0.idle
    }

    /// A small answer, whole: at most `limit` bytes within `deadline`.
    pub async fn fetch(
        &self,
        request: Request<Bytes>,
        limit: usize,
        deadline: Duration,
    ) -> Result<Response<Bytes>, FetchError> {
        let whole = async {
            let (head, body) = self.send(request.map(body::full)).await?.into_parts();
            Ok(Response::from_parts(head, body::read(body, limit).await?))
        };
        timeout(deadline, whole).await.unwrap_or(Err(FetchError::Deadline(deadline)))
    }

    /// A request without a body: sent once more if it is idempotent and was sent on a kept connection that was dead.
    async fn ask(&self, pool: &Pool, request: &mut Option<Box<Request<Body>>>) -> Result<Answer, SendError> {
        let spare = request
            .as_ref()
            .filter(|request| request.method().is_idempotent())
            .map(|request| Spare::of(request));
        let mut outcome = self.once(pool, request, false).await?;
        let Some(spare) = spare else { return outcome.map_err(failure) };
        if outcome.as_ref().is_err_and(PoolError::is_stale) {
            *request = Some(Box::new(spare.request()));
            outcome = Box::pin(self.once(pool, request, true)).await?;
        }
        if let Ok((response, _)) = &mut outcome
            && response.status() == StatusCode::UNAUTHORIZED
        {
            response.extensions_mut().insert(Refused(Arc::new(spare)));
        }
        outcome.map_err(failure)
    }

    async fn once(
        &self,
        pool: &Pool,
        request: &mut Option<Box<Request<Body>>>,
        fresh: bool,
    ) -> Result<Result<Answer, PoolError>, SendError> {
        let answer = pin!(pool.send(request, fresh));
        self.0.waits.within(self.0.first_byte, answer).await.ok_or(SendError::Timeout)
    }

    async fn upload(
        &self,
        pool: &Pool,
        request: Box<Request<Body>>,
        terms: Terms,
    ) -> Result<(Answer, Option<Arc<Progress>>), SendError> {
        let (mut head, body) = request.into_parts();
        if matches!(head.method, Method::GET | Method::HEAD) && body.size_hint().exact().is_none() {
            // Without this the library takes a body of unknown length for none, with these methods.
            head.headers.insert(TRANSFER_ENCODING, HeaderValue::from_static("chunked"));
        }
        let rate = if is_conversation(&head.headers) { 0 } else { terms.body_rate };
        let patience = Patience { first_byte: self.0.first_byte, idle: self.0.idle, rate };
        let (body, progress) = Upload::new(body, terms.body_limit, terms.trailers);
        let mut request = Some(Box::new(Request::from_parts(head, body::boxed(body))));
        let answer = pool.send(&mut request, false);
        tokio::select! {
            outcome = answer => match outcome {
                Ok(answer) => Ok((answer, Some(progress))),
                Err(error) => Err(progress.fault().map_or_else(|| failure(error), SendError::Upload)),
            },
            stall = progress.stall(patience) => Err(match stall {
                Stall::Upstream => SendError::Timeout,
                Stall::Caller => UploadFault::Stalled.into(),
            }),
        }
    }
}

impl std::fmt::Debug for Client {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Client").finish_non_exhaustive()
    }
}

/// Whether an HTTP/1.1 answer could be read in two ways (RFC 9112 6.3). The library would take one of them; passed on
/// with the other one's length, a cut answer would look whole.
fn is_ambiguous(response: &Response<Incoming>) -> bool {
    let headers = response.headers();
    let mut codings = headers.get_all(TRANSFER_ENCODING).iter();
    let Some(coding) = codings.next().filter(|_| response.version() != Version::HTTP_2) else { return false };
    codings.next().is_some()
        || headers.contains_key(CONTENT_LENGTH)
        || !coding.as_bytes().eq_ignore_ascii_case(b"chunked")
}

/// Whether a body is no upload but one side of a conversation, whose messages come when there is something to say.
fn is_conversation(headers: &HeaderMap) -> bool {
    headers.get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"application/grpc"))
}

fn failure(error: PoolError) -> SendError {
    let PoolError::Connect(error) = error else { return SendError::Protocol(error.into()) };
    if causes(&*error).any(<dyn std::error::Error>::is::<Forbidden>) {
        return Forbidden.into();
    }
    if causes(&*error).any(<dyn std::error::Error>::is::<Loop>) {
        return Loop.into();
    }
    SendError::Unreachable(error)
}

fn causes<'e>(
    error: &'e (dyn std::error::Error + 'static),
) -> impl Iterator<Item = &'e (dyn std::error::Error + 'static)> {
    std::iter::successors(Some(error), |cause| match cause.downcast_ref::<std::io::Error>() {
        // io::Error hides its own cause behind get_ref: source() is already the cause's cause.
        Some(io) => io.get_ref().map(|inner| inner as _),
        None => cause.source(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::net::guard::SystemResolver;
    use tower::Service as _;

    #[tokio::test]
    async fn a_small_write_to_an_upstream_does_not_wait_for_a_fuller_packet() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let allow = vec!["127.0.0.0/8".parse().unwrap()];
        let egress = Egress { allow, plain_http: true, ..Egress::default() };
        let client = Client::new(&egress, Arc::new(SystemResolver)).unwrap();
        let url: http::Uri = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
        for pool in [&client.0.newest, &client.apart().0.http1] {
            assert!(pool.dial().call(url.clone()).await.unwrap().has_nodelay());
        }
    }
}
