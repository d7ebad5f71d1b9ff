//! An upstream that keeps the raw bytes of every request and answers with raw bytes.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::TcpListener,
    sync::{mpsc::UnboundedReceiver, watch},
};
use tokio_rustls::TlsAcceptor;

/// How long a test waits for what it knows must come.
const PATIENCE: Duration = Duration::from_secs(30);

/// One request, as its bytes came.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    /// Everything up to and with the empty line.
    pub(crate) head: String,
    /// The same, byte for byte.
    pub(crate) raw: Vec<u8>,
    pub(crate) body: Vec<u8>,
    /// The lines behind a chunked body.
    pub(crate) trailers: String,
    /// Counts the connections of this upstream.
    pub(crate) connection: usize,
}

impl Seen {
    pub(crate) fn method(&self) -> &str {
        self.head.split(' ').next().unwrap()
    }

    /// Path and query, byte for byte.
    pub(crate) fn target(&self) -> &str {
        self.head.split(' ').nth(1).unwrap()
    }

    /// Every value of a field, in order.
    pub(crate) fn all(&self, name: &str) -> Vec<&str> {
        let fields = self.head.lines().skip(1).filter_map(|line| line.split_once(':'));
        fields.filter(|(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim()).collect()
    }

    /// Every field as it came, in order.
    pub(crate) fn fields(&self) -> Vec<(String, Vec<u8>)> {
        let lines = self
            .raw
            .split(|byte| *byte == b'\n')
            .skip(1)
            .map(|line| line.strip_suffix(b"\r").unwrap_or(line));
        lines
            .filter_map(|line| {
                let at = line.iter().position(|byte| *byte == b':')?;
                Some((String::from_utf8(line[..at].to_vec()).unwrap(), line[at + 1..].trim_ascii().to_vec()))
            })
            .collect()
    }

    /// The one value of a field.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let all = self.all(name);
        assert!(all.len() < 2, "{name} came {} times:\n{}", all.len(), self.head);
        all.first().copied()
    }
}

/// What to answer.
pub(crate) enum Answer {
    /// These bytes; then the next request.
    Bytes(Vec<u8>),
    /// These bytes; then the connection is closed.
    Close(Vec<u8>),
    /// Nothing, until the gateway goes away.
    Hang,
    /// These bytes, and then each of those that come; the connection is closed when no more can come.
    Stream(Vec<u8>, UnboundedReceiver<Vec<u8>>),
}

impl Answer {
    /// 200 with this body.
    pub(crate) fn ok(body: &str) -> Self {
        Self::with("200 OK", "", body)
    }

    /// This status line's end, these raw fields (each with its CRLF), this body.
    pub(crate) fn with(status: &str, fields: &str, body: &str) -> Self {
        let length = body.len();
        Self::Bytes(
            format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\n{fields}\r\n{body}").into_bytes(),
        )
    }
}

trait Socket: AsyncRead + AsyncWrite + Unpin + Send {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Socket for S {}

type Script = Arc<dyn Fn(&Seen) -> Answer + Send + Sync>;

/// The upstream. It lives as long as the test's runtime.
pub(crate) struct Upstream {
    pub(crate) address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
    open: watch::Sender<usize>,
}

impl Upstream {
    /// Answers every request with 200 and `{"ok":true}`.
    pub(crate) async fn start() -> Self {
        Self::answering(|_| Answer::ok(r#"{"ok":true}"#)).await
    }

    pub(crate) async fn answering(script: impl Fn(&Seen) -> Answer + Send + Sync + 'static) -> Self {
        Self::behind(None, script).await
    }

    /// Behind TLS, where an acceptor is given.
    pub(super) async fn behind(
        tls: Option<TlsAcceptor>,
        script: impl Fn(&Seen) -> Answer + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::<Mutex<Vec<Seen>>>::default();
        let (script, kept): (Script, _) = (Arc::new(script), Arc::clone(&seen));
        let open = watch::Sender::new(0);
        let counted = open.clone();
        tokio::spawn(async move {
            for connection in 0.. {
                let (socket, _) = listener.accept().await.unwrap();
                let (tls, script, kept) = (tls.clone(), Arc::clone(&script), Arc::clone(&kept));
                let counted = counted.clone();
                counted.send_modify(|open| *open += 1);
                tokio::spawn(async move {
                    match tls {
                        None => serve(socket, connection, script, kept).await,
                        // Who does not trust the certificate hangs up.
                        Some(tls) => {
                            if let Ok(socket) = tls.accept(socket).await {
                                serve(socket, connection, script, kept).await;
                            }
                        }
                    }
                    counted.send_modify(|open| *open -= 1);
                });
            }
        });
        Self { address, seen, open }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Waits until so many connections are open.
    pub(crate) async fn until_open(&self, wanted: usize) {
        let mut open = self.open.subscribe();
        let reached = open.wait_for(|open| *open == wanted);
        tokio::time::timeout(PATIENCE, reached).await.expect("so many connections in time").unwrap();
    }

    /// Every request so far.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// Every request since the last look.
    pub(crate) fn take(&self) -> Vec<Seen> {
        std::mem::take(&mut self.seen.lock().unwrap())
    }

    /// The only request so far.
    #[track_caller]
    pub(crate) fn only(&self) -> Seen {
        let seen = self.seen();
        assert_eq!(seen.len(), 1, "{seen:#?}");
        seen.into_iter().next().unwrap()
    }

    /// Asserts that nothing arrived.
    #[track_caller]
    pub(crate) fn assert_untouched(&self) {
        assert!(self.seen().is_empty(), "{:#?}", self.seen());
    }
}

async fn serve(mut socket: impl Socket, connection: usize, script: Script, kept: Arc<Mutex<Vec<Seen>>>) {
    let mut buffer = Vec::new();
    while let Some(seen) = request(&mut socket, &mut buffer, connection).await {
        kept.lock().unwrap().push(seen.clone());
        match script(&seen) {
            Answer::Bytes(bytes) => {
                if socket.write_all(&bytes).await.is_err() {
                    return;
                }
            }
            Answer::Close(bytes) => {
                let _ = socket.write_all(&bytes).await;
                return;
            }
            Answer::Hang => {
                let _ = socket.read(&mut [0; 1]).await;
                return;
            }
            Answer::Stream(first, mut more) => {
                socket.write_all(&first).await.unwrap();
                while let Some(bytes) = more.recv().await {
                    if socket.write_all(&bytes).await.is_err() {
                        return;
                    }
                }
                return;
            }
        }
    }
}

/// The next request; none when the other side closed.
async fn request(socket: &mut impl Socket, buffer: &mut Vec<u8>, connection: usize) -> Option<Seen> {
    let end = loop {
        if let Some(at) = find(buffer, b"\r\n\r\n") {
            break at + 4;
        }
        more(socket, buffer).await?;
    };
    let raw = buffer.drain(..end).collect::<Vec<_>>();
    let head = String::from_utf8_lossy(&raw).into_owned();
    let mut seen = Seen { head, raw, body: Vec::new(), trailers: String::new(), connection };
    if seen.header("transfer-encoding").is_some() {
        (seen.body, seen.trailers) = chunked(socket, buffer).await?;
    } else if let Some(length) = seen.header("content-length").map(|length| length.parse::<usize>().unwrap())
    {
        while buffer.len() < length {
            more(socket, buffer).await?;
        }
        seen.body = buffer.drain(..length).collect();
    }
    Some(seen)
}

async fn more(socket: &mut impl Socket, buffer: &mut Vec<u8>) -> Option<()> {
    let read = socket.read_buf(buffer).await.ok()?;
    (read > 0).then_some(())
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

/// A chunked body (RFC 9112 7.1); none when it broke off.
async fn chunked(socket: &mut impl Socket, buffer: &mut Vec<u8>) -> Option<(Vec<u8>, String)> {
    let mut body = Vec::new();
    loop {
        let size = usize::from_str_radix(line(socket, buffer).await?.trim(), 16).unwrap();
        if size == 0 {
            break;
        }
        while buffer.len() < size + 2 {
            more(socket, buffer).await?;
        }
        body.extend(buffer.drain(..size));
        assert_eq!(line(socket, buffer).await?, "\r\n", "a chunk ends with its line");
    }
    let mut trailers = String::new();
    loop {
        let line = line(socket, buffer).await?;
        if line == "\r\n" {
            return Some((body, trailers));
        }
        trailers += &line;
    }
}

/// The next line, with its end.
async fn line(socket: &mut impl Socket, buffer: &mut Vec<u8>) -> Option<String> {
    let end = loop {
        if let Some(at) = find(buffer, b"\r\n") {
            break at + 2;
        }
        more(socket, buffer).await?;
    };
    Some(String::from_utf8(buffer.drain(..end).collect()).unwrap())
}
