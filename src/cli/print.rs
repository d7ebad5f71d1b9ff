//! Writing for people and for programs: tables, and JSON.

use std::io::{self, Write as _};

use serde::Serialize;

use crate::clock::Timestamp;

/// A line on standard output. A reader that went away, as in `| head`, is no failure.
pub(super) fn line(text: &str) -> anyhow::Result<()> {
    quiet(writeln!(io::stdout().lock(), "{text}"))
}

/// A line on standard error.
pub(super) fn error(text: &str) -> anyhow::Result<()> {
    quiet(writeln!(io::stderr().lock(), "{text}"))
}

/// One JSON document.
pub(super) fn json(value: &impl Serialize) -> anyhow::Result<()> {
    line(&serde_json::to_string_pretty(value)?)
}

/// Rows under a head, in columns as wide as they need to be; without rows what to do about that.
pub(super) fn table<const N: usize>(
    head: [&str; N],
    rows: &[[String; N]],
    empty: &str,
) -> anyhow::Result<()> {
    if rows.is_empty() {
        return line(empty);
    }
    line(columns(head, rows).trim_end())
}

fn columns<const N: usize>(head: [&str; N], rows: &[[String; N]]) -> String {
    let head = head.map(str::to_owned);
    let lines: Vec<&[String; N]> = std::iter::once(&head).chain(rows).collect();
    let width = |column: usize| {
        lines.iter().filter_map(|line| line.get(column)).map(|cell| cell.chars().count()).max()
    };
    let widths: Vec<usize> = (0..N).map(|column| width(column).unwrap_or(0)).collect();
    let mut text = String::new();
    for line in lines {
        let cells: Vec<String> =
            line.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        text.push_str(cells.join("  ").trim_end());
        text.push('\n');
    }
    text
}

/// What there may not be, for a cell of a table.
pub(super) fn or_dash(value: Option<impl ToString>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| value.to_string())
}

/// A time to the second, for a cell of a table.
pub(super) fn short(time: Timestamp) -> String {
    let text = time.to_string();
    text.split_once('.').map_or(text.clone(), |(seconds, _)| format!("{seconds}Z"))
}

fn quiet(result: io::Result<()>) -> anyhow::Result<()> {
    match result {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let rows = [["é".to_owned(), "long".to_owned()], ["abc".to_owned(), "x".to_owned()]];
        assert_eq!(columns(["A", "B"], &rows), "A    B\né    long\nabc  x\n");
    }

    #[test]
    fn times_are_short_in_tables() {
        assert_eq!(short(Timestamp::from_micros(1_500_000)), "1970-01-01T00:00:01Z");
        assert_eq!(or_dash(None::<u8>), "-");
    }
}
