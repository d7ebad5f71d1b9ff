//! Where log lines go: gathered in memory and written together by a thread of their own, so that no call waits for a
//! disk or a terminal, and a line costs no system call.
//!
//! What is gathered is at most a few hundredths of a second old. A sink that takes nothing any more costs lines, which
//! are counted and told, never memory without end.

use std::{
    io::{self, Write},
    mem,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};

use tracing_subscriber::fmt::MakeWriter;

/// How long lines are gathered.
const GATHER: Duration = Duration::from_millis(50);
/// Bytes that wait for a sink at most.
const MOST: usize = 8 * 1024 * 1024;
/// Bytes of room that are kept.
const SPARE: usize = 1024 * 1024;

/// Takes lines. A clone gathers in the same place.
#[derive(Clone)]
pub(super) struct Lines(Arc<Place>);

struct Place {
    waiting: Mutex<Waiting>,
    some: Condvar,
    /// Held while what was gathered is being written.
    sink: Mutex<Sink>,
}

struct Sink {
    out: Box<dyn Write + Send>,
    /// Room for lines.
    spare: Vec<u8>,
}

#[derive(Default)]
struct Waiting {
    bytes: Vec<u8>,
    lost: u64,
}

impl Lines {
    /// Lines that end in `out`.
    pub(super) fn to(out: impl Write + Send + 'static) -> io::Result<Self> {
        let (waiting, some) = (Mutex::default(), Condvar::default());
        let lines = Self(Arc::new(Place {
            waiting,
            some,
            sink: Mutex::new(Sink { out: Box::new(out), spare: Vec::new() }),
        }));
        let writer = lines.clone();
        thread::Builder::new().name("log".to_owned()).spawn(move || {
            loop {
                writer.wait();
                thread::sleep(GATHER);
                writer.deliver();
            }
        })?;
        Ok(lines)
    }

    fn wait(&self) {
        let nothing = |waiting: &mut Waiting| waiting.bytes.is_empty();
        drop(self.0.some.wait_while(self.waiting(), nothing).unwrap_or_else(PoisonError::into_inner));
    }

    /// Writes what has gathered, now.
    pub(super) fn deliver(&self) {
        let mut sink = self.0.sink.lock().unwrap_or_else(PoisonError::into_inner);
        // The room of what was written last time is for what comes now, which would grow by being copied again and again.
        let empty = Waiting { bytes: mem::take(&mut sink.spare), lost: 0 };
        let Waiting { mut bytes, lost } = mem::replace(&mut *self.waiting(), empty);
        if lost > 0 {
            bytes.extend_from_slice(format!("{{\"lost_log_lines\":{lost}}}\n").as_bytes());
        }
        // Where nobody takes log lines, there is nobody to tell.
        let _ = sink.out.write_all(&bytes).and_then(|()| sink.out.flush());
        bytes.clear();
        bytes.shrink_to(SPARE);
        sink.spare = bytes;
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Write for Lines {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let mut waiting = self.waiting();
        if waiting.bytes.len() + line.len() > MOST {
            waiting.lost += 1;
            return Ok(line.len());
        }
        let first = waiting.bytes.is_empty();
        waiting.bytes.extend_from_slice(line);
        drop(waiting);
        if first {
            self.0.some.notify_one();
        }
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Lines {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    /// A sink that tells what it got, and can be held.
    struct Told(mpsc::Sender<Vec<u8>>, Arc<Mutex<()>>);

    impl Write for Told {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            drop(self.1.lock());
            self.0.send(bytes.to_vec()).map_err(io::Error::other)?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn lines_arrive_in_their_order_and_the_last_ones_at_the_end() {
        let (told, heard) = mpsc::channel();
        let mut lines = Lines::to(Told(told, Arc::default())).unwrap();
        lines.write_all(b"one\n").unwrap();
        lines.write_all(b"two\n").unwrap();
        let mut all = Vec::new();
        while all != b"one\ntwo\n" {
            all.extend(heard.recv().unwrap());
        }
        lines.write_all(b"three\n").unwrap();
        lines.deliver();
        assert_eq!(heard.recv().unwrap(), b"three\n");
    }

    #[test]
    fn a_sink_that_takes_nothing_costs_lines_and_says_how_many() {
        let (told, heard) = mpsc::channel();
        let hold = Arc::new(Mutex::new(()));
        let stopped = hold.lock().unwrap();
        let mut lines = Lines::to(Told(told, Arc::clone(&hold))).unwrap();
        let megabyte = vec![b'x'; 1024 * 1024];
        (0..30).for_each(|_| lines.write_all(&megabyte).unwrap());
        drop(stopped);
        lines.deliver();
        let all: Vec<u8> = heard.try_iter().flatten().collect();
        let text = String::from_utf8(all).unwrap();
        let kept = text.matches('x').count() / megabyte.len();
        let lost: usize = text
            .split("lost_log_lines\":")
            .skip(1)
            .map(|rest| rest[..rest.find('}').unwrap()].parse::<usize>().unwrap())
            .sum();
        assert!(lost > 0 && kept + lost == 30, "{kept} kept, {lost} lost");
    }
}
