//! An upstream that does to each connection whatever a test says, byte by byte, and counts the connections.

use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    time::timeout,
};

/// How long a test waits for what it knows must come.
const PATIENCE: Duration = Duration::from_secs(30);

/// The upstream. It lives as long as the test's runtime.
pub(crate) struct Peer {
    pub(crate) address: SocketAddr,
    accepted: Arc<AtomicUsize>,
}

impl Peer {
    /// Gives each connection to `script`.
    pub(crate) async fn start<F>(script: impl Fn(Line) -> F + Send + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let accepted = Arc::<AtomicUsize>::default();
        let count = Arc::clone(&accepted);
        tokio::spawn(async move {
            loop {
                let (socket, _) = listener.accept().await.unwrap();
                let number = count.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(script(Line { socket, number, buffer: Vec::new() }));
            }
        });
        Self { address, accepted }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// How many connections there were so far.
    pub(crate) fn accepted(&self) -> usize {
        self.accepted.load(Ordering::SeqCst)
    }
}

/// One connection.
pub(crate) struct Line {
    socket: TcpStream,
    /// Counts the connections of this upstream.
    pub(crate) number: usize,
    buffer: Vec<u8>,
}

impl Line {
    /// The next request's head; none when the gateway closed before one was whole.
    pub(crate) async fn head(&mut self) -> Option<String> {
        loop {
            if let Some(at) = self.buffer.windows(4).position(|window| window == b"\r\n\r\n") {
                return Some(String::from_utf8(self.buffer.drain(..at + 4).collect()).unwrap());
            }
            if self.more().await == 0 {
                return None;
            }
        }
    }

    /// Waits until these bytes have come, and forgets what came up to them.
    pub(crate) async fn until(&mut self, wanted: &[u8]) {
        loop {
            if let Some(at) = self.buffer.windows(wanted.len()).position(|window| window == wanted) {
                self.buffer.drain(..at + wanted.len());
                return;
            }
            assert!(self.more().await > 0, "closed before {wanted:?} came");
        }
    }

    /// Writes these bytes; false if nobody takes them any more.
    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        self.socket.write_all(bytes.as_ref()).await.is_ok()
    }

    /// What has come by now and was not asked for yet.
    pub(crate) fn at_hand(&mut self) -> Vec<u8> {
        let mut chunk = [0; 1024];
        while let Ok(read @ 1..) = self.socket.try_read(&mut chunk) {
            self.buffer.extend(&chunk[..read]);
        }
        std::mem::take(&mut self.buffer)
    }

    /// Says that no more comes, and can still be sent to.
    pub(crate) async fn finish(&mut self) {
        self.socket.shutdown().await.unwrap();
    }

    /// Says that no more comes, and goes on listening until the gateway closes.
    pub(crate) async fn half_close(mut self) {
        self.socket.shutdown().await.unwrap();
        self.closed().await;
    }

    /// Ends with a reset instead of a close.
    pub(crate) fn reset(self) {
        self.socket.set_zero_linger().unwrap();
    }

    /// Waits until the gateway closes or resets; what came until then.
    pub(crate) async fn closed(&mut self) -> Vec<u8> {
        while self.more().await > 0 {}
        std::mem::take(&mut self.buffer)
    }

    async fn more(&mut self) -> usize {
        let read = timeout(PATIENCE, self.socket.read_buf(&mut self.buffer));
        read.await.expect("something comes in time").unwrap_or(0)
    }
}
