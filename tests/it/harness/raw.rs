//! A client that writes the bytes it is told and shows the bytes that come.

use std::{net::SocketAddr, time::Duration};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

/// How long a test waits for what it knows must come.
const PATIENCE: Duration = Duration::from_secs(30);

/// One connection.
pub(crate) struct Raw {
    socket: TcpStream,
    buffer: Vec<u8>,
}

/// One answer.
#[derive(Debug)]
pub(crate) struct RawReply {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Vec<u8>,
}

impl RawReply {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut fields = self.head.lines().skip(1).filter_map(|line| line.split_once(':'));
        fields.find(|(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }
}

impl Raw {
    pub(crate) async fn connect(address: SocketAddr) -> Self {
        Self { socket: TcpStream::connect(address).await.unwrap(), buffer: Vec::new() }
    }

    /// Writes these bytes; the other side may have had enough already.
    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        let _ = self.socket.write_all(bytes.as_ref()).await;
    }

    /// Ends with a reset instead of a close.
    pub(crate) fn reset(self) {
        self.socket.set_zero_linger().unwrap();
    }

    /// Says that no more comes.
    pub(crate) async fn finish(&mut self) {
        self.socket.shutdown().await.unwrap();
    }

    /// The next head, up to and with its empty line.
    pub(crate) async fn head(&mut self) -> String {
        let end = loop {
            if let Some(at) = self.buffer.windows(4).position(|window| window == b"\r\n\r\n") {
                break at + 4;
            }
            let read = self.more().await;
            assert!(read > 0, "closed before a head: {:?}", String::from_utf8_lossy(&self.buffer));
        };
        String::from_utf8(self.buffer.drain(..end).collect()).unwrap()
    }

    /// The next answer, whole; its body by `content-length`, or none.
    pub(crate) async fn reply(&mut self) -> RawReply {
        let head = self.head().await;
        let mut reply =
            RawReply { status: head.split(' ').nth(1).unwrap().parse().unwrap(), head, body: Vec::new() };
        let length = reply.header("content-length").map_or(0, |length| length.parse().unwrap());
        while self.buffer.len() < length {
            assert!(self.more().await > 0, "closed before the end of a body");
        }
        reply.body = self.buffer.drain(..length).collect();
        reply
    }

    /// What has come until `wanted` stands in it.
    pub(crate) async fn until(&mut self, wanted: &str) -> String {
        loop {
            let text = String::from_utf8_lossy(&self.buffer).into_owned();
            if text.contains(wanted) {
                self.buffer.clear();
                return text;
            }
            assert!(self.more().await > 0, "closed before {wanted:?} came: {text:?}");
        }
    }

    /// Everything until the other side closes.
    pub(crate) async fn rest(&mut self) -> Vec<u8> {
        while self.more().await > 0 {}
        std::mem::take(&mut self.buffer)
    }

    /// Reads to the end; whether that is a reset, which nobody takes for the end of an answer.
    pub(crate) async fn ends_by_reset(&mut self) -> bool {
        loop {
            match timeout(PATIENCE, self.socket.read_buf(&mut self.buffer)).await.expect("an end in time") {
                Ok(0) => return false,
                Ok(_) => {}
                Err(error) => return error.kind() == std::io::ErrorKind::ConnectionReset,
            }
        }
    }

    async fn more(&mut self) -> usize {
        let read = timeout(PATIENCE, self.socket.read_buf(&mut self.buffer));
        // A reset is an end too.
        read.await.expect("something comes in time").unwrap_or(0)
    }
}
