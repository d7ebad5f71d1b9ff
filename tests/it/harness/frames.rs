//! A client that writes HTTP/2 frames by hand, so that it can break every rule (RFC 9113, RFC 7541).
//!
//! Fields go out as literals without index and without Huffman code; of answers it understands the status.

use std::{net::SocketAddr, time::Duration};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

/// How long a test waits for what it knows must come.
const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) const DATA: u8 = 0;
pub(crate) const HEADERS: u8 = 1;
pub(crate) const PRIORITY: u8 = 2;
pub(crate) const RST_STREAM: u8 = 3;
pub(crate) const SETTINGS: u8 = 4;
pub(crate) const PING: u8 = 6;
pub(crate) const GOAWAY: u8 = 7;
pub(crate) const WINDOW_UPDATE: u8 = 8;
pub(crate) const CONTINUATION: u8 = 9;

pub(crate) const END_STREAM: u8 = 1;
pub(crate) const END_HEADERS: u8 = 4;

/// What came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// An answer.
    Status(u16),
    /// The stream was reset with this code.
    Reset(u32),
    /// The connection was ended: by GOAWAY with this code, or without a word.
    Away(Option<u32>),
}

/// One frame.
#[derive(Debug)]
pub(crate) struct Frame {
    pub(crate) kind: u8,
    pub(crate) flags: u8,
    pub(crate) stream: u32,
    pub(crate) payload: Vec<u8>,
}

/// One connection, past the prefaces.
pub(crate) struct Frames {
    socket: TcpStream,
    buffer: Vec<u8>,
}

impl Frames {
    pub(crate) async fn connect(address: SocketAddr) -> Self {
        let mut socket = TcpStream::connect(address).await.unwrap();
        let preface = [&b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"[..], &frame(SETTINGS, 0, 0, b"")].concat();
        socket.write_all(&preface).await.unwrap();
        Self { socket, buffer: Vec::new() }
    }

    /// Writes these bytes; false if the other side has had enough.
    pub(crate) async fn send(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        let write = timeout(PATIENCE, self.socket.write_all(bytes.as_ref()));
        write.await.expect("written in time").is_ok()
    }

    /// Throws away what has come so far, so that the other side is never kept from writing; whether it has closed.
    pub(crate) fn skim(&mut self) -> bool {
        loop {
            match self.socket.try_read(&mut [0; 4096]) {
                Ok(0) => return true,
                Ok(_) => {}
                Err(error) => return error.kind() != std::io::ErrorKind::WouldBlock,
            }
        }
    }

    /// The next frame; none when the other side closed.
    pub(crate) async fn next(&mut self) -> Option<Frame> {
        while self.buffer.len() < 9 || self.buffer.len() < 9 + length(&self.buffer) {
            let read = timeout(PATIENCE, self.socket.read_buf(&mut self.buffer));
            if read.await.expect("something comes in time").unwrap_or(0) == 0 {
                return None;
            }
        }
        let whole: Vec<u8> = self.buffer.drain(..9 + length(&self.buffer)).collect();
        let stream = u32::from_be_bytes(whole[5..9].try_into().unwrap()) & 0x7fff_ffff;
        Some(Frame { kind: whole[3], flags: whole[4], stream, payload: whole[9..].to_vec() })
    }

    /// What comes of this stream.
    pub(crate) async fn outcome(&mut self, stream: u32) -> Outcome {
        while let Some(frame) = self.next().await {
            match (frame.kind, frame.stream) {
                (HEADERS, found) if found == stream => return Outcome::Status(status(&frame.payload)),
                (RST_STREAM, found) if found == stream => return Outcome::Reset(code(&frame.payload)),
                (GOAWAY, _) => return Outcome::Away(Some(code(&frame.payload[4..]))),
                _ => {}
            }
        }
        Outcome::Away(None)
    }

    /// The code with which the connection is ended, whatever comes before.
    pub(crate) async fn ended(&mut self) -> Option<u32> {
        let mut found = None;
        while let Some(frame) = self.next().await {
            if frame.kind == GOAWAY {
                found = Some(code(&frame.payload[4..]));
            }
        }
        found
    }
}

fn length(head: &[u8]) -> usize {
    usize::from(head[0]) << 16 | usize::from(head[1]) << 8 | usize::from(head[2])
}

fn code(payload: &[u8]) -> u32 {
    u32::from_be_bytes(payload[..4].try_into().unwrap())
}

/// A frame.
pub(crate) fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// A HEADERS frame with these fields, whole.
pub(crate) fn headers(stream: u32, flags: u8, fields: &[(&str, &str)]) -> Vec<u8> {
    frame(HEADERS, END_HEADERS | flags, stream, &block(fields))
}

/// Fields as literals.
pub(crate) fn block(fields: &[(&str, &str)]) -> Vec<u8> {
    let mut out = Vec::new();
    for (name, value) in fields {
        out.push(0x10);
        text(&mut out, name);
        text(&mut out, value);
    }
    out
}

fn text(out: &mut Vec<u8>, text: &str) {
    let mut length = text.len();
    if length < 127 {
        out.push(u8::try_from(length).unwrap());
    } else {
        out.push(127);
        length -= 127;
        while length >= 128 {
            out.push(u8::try_from(length % 128).unwrap() | 128);
            length /= 128;
        }
        out.push(u8::try_from(length).unwrap());
    }
    out.extend(text.as_bytes());
}

/// The status at the head of a header block, as the server here encodes it in the first answer of a connection.
fn status(block: &[u8]) -> u16 {
    const KNOWN: [u16; 7] = [200, 204, 206, 304, 400, 404, 500];
    match block[0] {
        indexed @ 0x88..=0x8e => KNOWN[usize::from(indexed - 0x88)],
        _ if block[1] & 0x80 == 0 => String::from_utf8_lossy(&block[2..5]).parse().unwrap(),
        _ => digits(&block[2..2 + usize::from(block[1] & 0x7f)]),
    }
}

/// Three digits in Huffman code (RFC 7541 B): 0 to 2 have five bits, the others six.
fn digits(coded: &[u8]) -> u16 {
    let mut bits = coded.iter().flat_map(|byte| (0..8).rev().map(move |at| u16::from(byte >> at & 1)));
    let mut number = 0;
    for _ in 0..3 {
        let five = bits.by_ref().take(5).fold(0, |all, bit| all << 1 | bit);
        let digit = if five < 3 { five } else { (five << 1 | bits.next().unwrap()) - 0x19 + 3 };
        number = number * 10 + digit;
    }
    number
}
