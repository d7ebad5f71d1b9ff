//! Log lines for machines: one JSON object for each event, on one line.
//!
//! Written here rather than by the library's own formatter, because every call writes one, and this takes a fraction
//! of the time. Spans are not shown: a line can be read alone.

use std::{
    cell::RefCell,
    error::Error,
    fmt::{self, Debug, Write as _},
    io::Write as _,
};

use time::{OffsetDateTime, format_description::BorrowedFormatItem, macros::format_description};
use tracing::{
    Event, Subscriber,
    field::{self, Field, Visit},
};
use tracing_subscriber::{Layer, fmt::MakeWriter, layer::Context};
use uuid::Uuid;

use super::{
    call::{Call, Value},
    plain::is_layout,
};

const SECOND: &[BorrowedFormatItem<'_>] =
    format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]");

/// Writes events as JSON lines to `W`.
pub(super) struct Json<W>(pub(super) W);

/// A line being written, and the last second with its text: it is the same for many lines.
struct Line {
    text: String,
    second: (i64, String),
}

thread_local! {
    static LINE: RefCell<Line> = const { RefCell::new(Line { text: String::new(), second: (i64::MIN, String::new()) }) };
}

impl<S: Subscriber, W: for<'w> MakeWriter<'w> + 'static> Layer<S> for Json<W> {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        LINE.with(|line| {
            // Taken already only if writing a value logs something itself; that line is left out.
            let Ok(mut line) = line.try_borrow_mut() else { return };
            line.write(event);
            // Where nobody takes log lines, there is nobody to tell.
            let _ = self.0.make_writer().write_all(line.text.as_bytes());
        });
    }
}

impl Line {
    fn write(&mut self, event: &Event<'_>) {
        self.text.clear();
        self.text.push_str("{\"timestamp\":\"");
        self.time(OffsetDateTime::now_utc());
        self.text.push_str("\",\"level\":\"");
        self.text.push_str(event.metadata().level().as_str());
        self.text.push('"');
        event.record(&mut Fields(&mut self.text));
        self.text.push_str(",\"target\":\"");
        self.text.push_str(event.metadata().target());
        self.text.push_str("\"}\n");
    }

    fn time(&mut self, now: OffsetDateTime) {
        let second = now.unix_timestamp();
        if self.second.0 != second {
            self.second = (second, now.format(SECOND).unwrap_or_default());
        }
        self.text.push_str(&self.second.1);
        self.text.push('.');
        // Seven digits, of which the first only keeps the zeros.
        let micros = 1_000_000 + now.microsecond();
        self.text.push_str(itoa::Buffer::new().format(micros).get(1..).unwrap_or_default());
        self.text.push('Z');
    }
}

fn number(out: &mut String, value: fmt::Arguments<'_>) {
    // A formatter of a string can't fail.
    let _ = out.write_fmt(value);
}

/// The fields of an event, each as a member of the object.
struct Fields<'l>(&'l mut String);

impl Fields<'_> {
    fn name(&mut self, field: &Field) {
        self.0.push_str(",\"");
        self.0.push_str(field.name()); // written in the code, never by a caller
        self.0.push_str("\":");
    }

    fn member(&mut self, field: &Field, value: fmt::Arguments<'_>) {
        self.name(field);
        number(self.0, value);
    }

    fn call(&mut self, call: &Call) {
        self.0.push_str(",\"message\":\"call\"");
        call.members(|name, value| {
            self.0.push_str(name);
            match value {
                Value::Text(text) => self.text(text),
                Value::Word(word) => self.word(word),
                Value::Id(id) => self.word(id.hyphenated().encode_lower(&mut Uuid::encode_buffer())),
                Value::Number(number) => self.0.push_str(itoa::Buffer::new().format(number)),
            }
        });
    }

    /// What has nothing to escape.
    fn word(&mut self, word: &str) {
        self.0.push('"');
        self.0.push_str(word);
        self.0.push('"');
    }

    fn text(&mut self, text: &str) {
        self.0.push('"');
        escape(self.0, text);
        self.0.push('"');
    }
}

impl Visit for Fields<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.name(field);
        self.text(value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.name(field);
        self.0.push_str(itoa::Buffer::new().format(value));
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.member(field, format_args!("{value}"));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.member(field, format_args!("{value}"));
    }

    fn record_error(&mut self, field: &Field, value: &(dyn Error + 'static)) {
        match value.downcast_ref() {
            Some(call) => self.call(call),
            None => self.record_debug(field, &field::display(value)),
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.name(field);
        self.0.push('"');
        // A formatter of a string can't fail.
        let _ = write!(Escaping(self.0), "{value:?}");
        self.0.push('"');
    }
}

struct Escaping<'l>(&'l mut String);

impl fmt::Write for Escaping<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        escape(self.0, text);
        Ok(())
    }
}

/// Appends `text` as the inside of a JSON string that stays on its line and in its direction.
fn escape(out: &mut String, text: &str) {
    // To the end, without stopping: that is quicker than to ask at each byte.
    let odd = |byte: u8| !(b' '..=b'~').contains(&byte) || (byte == b'"') || (byte == b'\\');
    if !text.bytes().fold(false, |found, byte| found | odd(byte)) {
        out.push_str(text);
        return;
    }
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            _ if c.is_control() || is_layout(c) => number(out, format_args!("\\u{:04x}", u32::from(c))),
            _ => out.push(c),
        }
    }
}
