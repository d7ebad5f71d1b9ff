//! One event, one line: whatever a caller puts into a path or a name, it can't begin a new line, colour the terminal
//! or turn the direction of the text.

use std::fmt::{self, Debug, Write as _};
use std::io;

use tracing::field::Field;
use tracing_subscriber::{
    field::MakeExt,
    fmt::{
        FormatFields, MakeWriter,
        format::{self, Writer},
    },
};

/// The fields of a text line, escaped.
pub(super) fn fields() -> impl for<'w> FormatFields<'w> + Send + Sync + 'static {
    format::debug_fn(field).delimited(" ")
}

fn field(out: &mut Writer<'_>, field: &Field, value: &dyn Debug) -> fmt::Result {
    if field.name() != "message" {
        write!(out, "{}=", field.name())?;
    }
    write!(Escaping(out), "{value:?}")
}

struct Escaping<'a, 'w>(&'a mut Writer<'w>);

impl fmt::Write for Escaping<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        text.chars().try_for_each(|c| match c {
            _ if c.is_control() || is_layout(c) => write!(self.0, "{}", c.escape_default()),
            _ => self.0.write_char(c),
        })
    }
}

/// Characters beyond ASCII that end a line or turn the direction of the text.
fn is_layout(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Where JSON lines go. JSON escapes what is ASCII, but leaves those others; `\u2028` is the same string to a parser.
pub(super) struct JsonLines<W>(pub(super) W);

impl<'w, W: MakeWriter<'w>> MakeWriter<'w> for JsonLines<W> {
    type Writer = JsonLine<W::Writer>;

    fn make_writer(&'w self) -> Self::Writer {
        JsonLine(self.0.make_writer())
    }
}

/// The writer of one JSON line, which arrives whole.
pub(super) struct JsonLine<W>(W);

impl<W: io::Write> io::Write for JsonLine<W> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(line);
        if !text.contains(is_layout) {
            self.0.write_all(line)?;
            return Ok(line.len());
        }
        let mut escaped = String::with_capacity(text.len());
        for c in text.chars() {
            if is_layout(c) {
                // A formatter of a string can't fail.
                let _ = write!(escaped, "\\u{:04x}", u32::from(c));
            } else {
                escaped.push(c);
            }
        }
        self.0.write_all(escaped.as_bytes())?;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}
