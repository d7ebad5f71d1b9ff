//! HTTP/2 frames that cost the sender nothing: counted as they are read, and too many of a kind end the connection.
//!
//! The library bounds what piles up, not what it has to answer or skip again and again. Here only frame heads are
//! looked at; what frames mean stays the library's business. Each kind has a budget that comes back with time, and with
//! what honest peers send such frames for: requests, and bytes that they were sent.

use std::{
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::Instant,
};

use crate::telemetry::{Flood, Metrics};

/// The preface that stands before the first frame (RFC 9113 3.4).
const PREFACE: usize = 24;
/// Length, type, flags and stream (RFC 9113 4.1).
const HEAD: usize = 9;

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const PRIORITY: u8 = 2;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const WINDOW_UPDATE: u8 = 8;
const CONTINUATION: u8 = 9;
const END_STREAM: u8 = 1;
const PADDED: u8 = 8;

/// What one kind of frame may cost.
#[derive(Clone, Copy)]
struct Terms {
    kind: Flood,
    /// How many may come at once.
    burst: u32,
    /// How many more in each second,
    second: u32,
    /// for each request,
    request: f32,
    /// and for each KiB that was sent.
    sent: f32,
}

const TERMS: [Terms; 7] = [
    // A caller who gives up half of what it asks for, for as long as it likes, is still one of its kind.
    Terms { kind: Flood::RapidReset, burst: 200, second: 20, request: 0.5, sent: 0.0 },
    Terms { kind: Flood::Settings, burst: 50, second: 1, request: 0.0, sent: 0.0 },
    // Peers measure a path by pings while they are sent data.
    Terms { kind: Flood::Ping, burst: 200, second: 20, request: 0.0, sent: 0.25 },
    Terms { kind: Flood::EmptyData, burst: 100, second: 10, request: 1.0, sent: 0.0 },
    Terms { kind: Flood::Priority, burst: 200, second: 10, request: 2.0, sent: 0.0 },
    Terms { kind: Flood::WindowUpdate, burst: 500, second: 50, request: 2.0, sent: 1.0 },
    Terms { kind: Flood::Unknown, burst: 100, second: 10, request: 1.0, sent: 0.0 },
];

/// What is left of one budget.
#[derive(Clone, Copy)]
struct Budget {
    left: f32,
    at: Instant,
    requests: u32,
    sent: u64,
}

/// Finds the heads of frames in bytes, however they are cut.
struct Walker {
    /// Bytes until the next frame's head.
    skip: usize,
    head: [u8; HEAD],
    have: usize,
}

impl Walker {
    /// The type, flags and length of the next frame whose head ends in `bytes`, of which it leaves what follows.
    fn next(&mut self, bytes: &mut &[u8]) -> Option<(u8, u8, usize)> {
        let (_, rest) = bytes.split_at(self.skip.min(bytes.len()));
        self.skip -= bytes.len() - rest.len();
        let (head, rest) = rest.split_at((HEAD - self.have).min(rest.len()));
        *bytes = rest;
        for byte in head {
            if let Some(place) = self.head.get_mut(self.have) {
                *place = *byte;
            }
            self.have += 1;
        }
        if self.have < HEAD {
            return None;
        }
        self.have = 0;
        let [high, middle, low, kind, flags, ..] = self.head;
        self.skip = (usize::from(high) << 16) | (usize::from(middle) << 8) | usize::from(low);
        Some((kind, flags, self.skip))
    }
}

/// Reads along.
struct Meter {
    walker: Walker,
    requests: u32,
    sent: u64,
    budgets: [Budget; TERMS.len()],
}

impl Meter {
    fn new() -> Self {
        let full =
            |terms: Terms| Budget { left: whole(terms.burst), at: Instant::now(), requests: 0, sent: 0 };
        let walker = Walker { skip: PREFACE, head: [0; HEAD], have: 0 };
        Self { walker, requests: 0, sent: 0, budgets: TERMS.map(full) }
    }

    /// Looks at bytes as they came; the kind of which there are too many.
    fn read(&mut self, mut bytes: &[u8]) -> Result<(), Flood> {
        let mut outcome = Ok(());
        while let Some((kind, flags, length)) = self.walker.next(&mut bytes) {
            outcome = outcome.and(self.frame(kind, flags, length));
        }
        outcome
    }

    fn frame(&mut self, kind: u8, flags: u8, length: usize) -> Result<(), Flood> {
        // One byte can say that there is no padding.
        let empty = length <= usize::from(flags & PADDED != 0) && flags & END_STREAM == 0;
        match kind {
            HEADERS => {
                self.requests = self.requests.wrapping_add(1);
                Ok(())
            }
            DATA if empty => self.charge(Flood::EmptyData),
            // Of what makes up one head the library counts the parts.
            DATA | CONTINUATION | GOAWAY => Ok(()),
            PRIORITY => self.charge(Flood::Priority),
            RST_STREAM => self.charge(Flood::RapidReset),
            SETTINGS => self.charge(Flood::Settings),
            PING => self.charge(Flood::Ping),
            WINDOW_UPDATE => self.charge(Flood::WindowUpdate),
            _ => self.charge(Flood::Unknown),
        }
    }

    fn charge(&mut self, kind: Flood) -> Result<(), Flood> {
        let now = Instant::now();
        let found = TERMS.iter().zip(&mut self.budgets).find(|(terms, _)| terms.kind == kind);
        let Some((terms, budget)) = found else { return Ok(()) };
        let requests = whole(self.requests.wrapping_sub(budget.requests));
        let sent = whole(u32::try_from((self.sent - budget.sent) / 1024).unwrap_or(u32::MAX));
        let time = now.duration_since(budget.at).as_secs_f32();
        let earned = time * whole(terms.second) + requests * terms.request + sent * terms.sent;
        let left = (budget.left + earned).min(whole(terms.burst)) - 1.0;
        *budget = Budget {
            left,
            at: now,
            requests: self.requests,
            // What makes no whole KiB yet counts next time.
            sent: self.sent - (self.sent - budget.sent) % 1024,
        };
        if left < 0.0 { Err(kind) } else { Ok(()) }
    }
}

/// Numbers of this size keep their value.
#[expect(clippy::cast_precision_loss, reason = "budgets are small, and what is large only fills them")]
fn whole(number: u32) -> f32 {
    number as f32
}

/// Reads what the library says to a peer that floods it: the one sign of it is a word in its last frame.
struct Farewell {
    walker: Walker,
    /// Bytes of that frame that are still to come, and those that have.
    missing: usize,
    text: Vec<u8>,
}

impl Farewell {
    const WORDS: [(&str, Flood); 5] = [
        ("too_many_internal_resets", Flood::MadeYouReset),
        ("too_many_resets", Flood::RapidReset),
        ("too_many_continuations", Flood::Continuation),
        ("header_list_way_too_large", Flood::Continuation),
        ("too_many_data_frames", Flood::EmptyData),
    ];
    /// The longest word and what stands before it.
    const LONGEST: usize = 64;

    fn new() -> Self {
        Self { walker: Walker { skip: 0, head: [0; HEAD], have: 0 }, missing: 0, text: Vec::new() }
    }

    /// Looks at bytes that were written; the kind of flood that they tell of.
    fn wrote(&mut self, mut bytes: &[u8]) -> Option<Flood> {
        loop {
            if self.missing > 0 {
                let (text, rest) = bytes.split_at(self.missing.min(bytes.len()));
                self.text.extend_from_slice(text);
                (self.missing, self.walker.skip) = (self.missing - text.len(), self.walker.skip - text.len());
                bytes = rest;
                if self.missing == 0 {
                    let text = String::from_utf8_lossy(&self.text);
                    let found =
                        Self::WORDS.iter().find(|(word, _)| text.contains(word)).map(|(_, kind)| *kind);
                    self.text.clear();
                    if found.is_some() {
                        return found;
                    }
                }
            }
            if let (GOAWAY, _, length) = self.walker.next(&mut bytes)? {
                self.missing = length.min(Self::LONGEST);
            }
        }
    }
}

/// A stream that carries HTTP/2 to this side. Its reads fail when there is too much of something.
pub(super) struct Metered<S> {
    inner: S,
    meter: Meter,
    farewell: Farewell,
    metrics: Metrics,
}

impl<S> Metered<S> {
    /// Reads along from the preface on.
    pub(super) fn new(inner: S, metrics: Metrics) -> Self {
        Self { inner, meter: Meter::new(), farewell: Farewell::new(), metrics }
    }

    fn wrote(&mut self, bytes: &[u8]) {
        self.meter.sent += bytes.len() as u64;
        self.farewell.wrote(bytes).into_iter().for_each(|kind| self.metrics.flooded(kind));
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Metered<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.inner).poll_read(cx, buffer))?;
        let read = buffer.filled().get(before..).unwrap_or_default();
        let Err(kind) = self.meter.read(read) else { return Poll::Ready(Ok(())) };
        self.metrics.flooded(kind);
        Poll::Ready(Err(io::Error::other(kind)))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Metered<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let sent = ready!(Pin::new(&mut self.inner).poll_write(cx, bytes))?;
        self.wrote(bytes.get(..sent).unwrap_or_default());
        Poll::Ready(Ok(sent))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let sent = ready!(Pin::new(&mut self.inner).poll_write_vectored(cx, slices))?;
        let mut left = sent;
        for slice in slices {
            let written = slice.get(..left.min(slice.len())).unwrap_or_default();
            left -= written.len();
            self.wrote(written);
        }
        Poll::Ready(Ok(sent))
    }
}

#[cfg(test)]
mod tests;
