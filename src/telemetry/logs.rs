//! Log lines on standard error: text for people, or one JSON object a line.
//!
//! `log.filter` decides what keyferry itself says. Other crates never say more than `info`, whatever it asks for:
//! below that, HTTP libraries print headers and database drivers print rows.

use std::{
    backtrace::Backtrace,
    io::{self, IsTerminal},
    panic::PanicHookInfo,
    sync::OnceLock,
};

use tracing::{Level, Metadata, Subscriber, subscriber::SetGlobalDefaultError};
use tracing_subscriber::{
    EnvFilter, Layer,
    filter::filter_fn,
    fmt::{self, MakeWriter},
    layer::SubscriberExt,
    registry::LookupSpan,
};

use super::{Metrics, json::Json, lines::Lines, plain};
use crate::config::{Log, LogFormat};

/// Why logging can't begin.
#[derive(Debug, thiserror::Error)]
pub enum LogsError {
    /// `log.filter` isn't a level or a list of directives.
    #[error("log.filter: {0}")]
    Filter(#[from] tracing_subscriber::filter::ParseError),
    /// There is no thread for it.
    #[error("starting the thread that writes the log: {0}")]
    Thread(#[from] io::Error),
    /// This process already logs to somewhere.
    #[error("logging was set up before")]
    Twice(#[from] SetGlobalDefaultError),
}

/// Where this process logs to, once it does.
static LINES: OnceLock<Lines> = OnceLock::new();

/// Begins to log to standard error. Once in a process, which calls [`flush`] before it ends.
pub fn init(settings: &Log) -> Result<(), LogsError> {
    let lines = Lines::to(io::stderr())?;
    tracing::subscriber::set_global_default(subscriber(settings, lines.clone())?)?;
    LINES.get_or_init(|| lines);
    Ok(())
}

/// Writes down the lines that still wait.
pub fn flush() {
    if let Some(lines) = LINES.get() {
        lines.deliver();
    }
}

/// What turns events into lines written to `out`.
pub fn subscriber<W>(settings: &Log, out: W) -> Result<impl Subscriber + Send + Sync, LogsError>
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let filter = EnvFilter::builder().parse(&settings.filter)?;
    let own = filter_fn(is_ours_or_quiet);
    Ok(tracing_subscriber::registry().with(filter).with(own).with(lines(settings.format, out)))
}

/// From now on a panic is one log line that says where, and is counted. Not what: the text of a panic can quote data.
pub fn report_panics(metrics: &Metrics) {
    let metrics = metrics.clone();
    std::panic::set_hook(Box::new(move |panic| {
        metrics.panicked();
        report(panic);
    }));
}

fn report(panic: &PanicHookInfo<'_>) {
    let place = panic.location().map_or_else(|| "somewhere".to_owned(), ToString::to_string);
    let thread = std::thread::current().name().unwrap_or("unnamed").to_owned();
    // Empty unless RUST_BACKTRACE asks for it; it names functions, not values.
    let trace = Backtrace::capture().to_string();
    tracing::error!(place, thread, trace, "a bug: the program panicked");
}

fn is_ours_or_quiet(event: &Metadata<'_>) -> bool {
    *event.level() <= Level::INFO || event.target().starts_with("keyferry")
}

fn lines<S, W>(format: LogFormat, out: W) -> Box<dyn Layer<S> + Send + Sync>
where
    S: Subscriber + for<'s> LookupSpan<'s>,
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    match format {
        LogFormat::Json => Json(out).boxed(),
        LogFormat::Text => {
            let colours = io::stderr().is_terminal();
            fmt::layer().fmt_fields(plain::fields()).with_ansi(colours).with_writer(out).boxed()
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{
        error::Error,
        sync::{Arc, Mutex},
        time::Duration,
    };

    use super::*;
    use crate::{
        catalog::Catalog,
        clock::Timestamp,
        id::{ConnectionId, KeyId, OwnerId},
        net::request_id::RequestId,
        telemetry::Call,
    };

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl std::io::Write for Lines {
        fn write(&mut self, line: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(line);
            Ok(line.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn logged(filter: &str, format: LogFormat, log: impl FnOnce()) -> String {
        let (lines, settings) = (Lines::default(), Log { filter: filter.to_owned(), format });
        let out = lines.clone();
        tracing::subscriber::with_default(subscriber(&settings, move || out.clone()).unwrap(), log);
        let bytes = lines.0.lock().unwrap().clone();
        String::from_utf8(bytes).unwrap()
    }

    const NASTY: &str = "a\r\nb\u{1b}[31mc\u{2028}d\u{202e}e\u{85}f";

    #[test]
    fn lg_2_whatever_is_logged_stays_one_line() {
        for format in [LogFormat::Text, LogFormat::Json] {
            let text = logged("info", format, || {
                let span = tracing::info_span!("call", path = %NASTY);
                span.in_scope(|| tracing::info!(plain = NASTY, shown = %NASTY, "about {NASTY}"));
            });
            let (line, rest) = text.split_at(text.len() - 1);
            assert_eq!(rest, "\n");
            let found: Vec<char> = line.chars().filter(|c| !(' '..='~').contains(c)).collect();
            assert!(found.is_empty(), "{format:?} {found:?}: {line}");
        }
    }

    #[test]
    fn json_lines_say_the_same_as_was_logged() {
        let line = logged("info", LogFormat::Json, || tracing::warn!(path = NASTY, "hear"));
        let value: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(
            (&value["level"], &value["message"], &value["path"]),
            (&"WARN".into(), &"hear".into(), &NASTY.into())
        );
    }

    fn call() -> Call {
        let now = Timestamp::from_micros(1_700_000_000_000_000);
        let file =
            "name = \"slack\"\ndisplay_name = \"Slack\"\nbase = \"https://slack.test\"\nno_probe = \"a test\"
            [[auth]]\nmethod = \"API_KEY\"\nfields = [{ name = \"api_key\", label = \"Key\", secret = true }]
            inject = [{ header = \"Authorization\", value = \"Bearer ${api_key}\" }]";
        let catalog = Catalog::of(&[("slack", file)], false).unwrap();
        Call {
            request_id: RequestId::new(now),
            app: catalog.app("slack").cloned(),
            caller: Some((OwnerId::new(now), KeyId::new(now))),
            connection: Some(ConnectionId::new(now)),
            status: 200,
            sent_again: false,
            reason: Some("a \"reason\"\n"),
            end: "Complete",
            first_byte: Some(Duration::from_micros(1_500)),
            duration: Duration::from_secs(2),
        }
    }

    #[test]
    fn lg_2_the_line_of_a_call_says_the_same_in_both_formats() {
        let call = call();
        let log =
            |format| logged("info", format, || tracing::info!(message = &call as &(dyn Error + 'static)));
        let (json, text) = (log(LogFormat::Json), log(LogFormat::Text));
        let value: serde_json::Value = serde_json::from_str(&json).unwrap();
        let (owner, key) = call.caller.unwrap();
        for (name, told) in [
            ("request_id", call.request_id.to_string()),
            ("app", "slack".to_owned()),
            ("owner", owner.to_string()),
            ("key", key.to_string()),
            ("connection", call.connection.unwrap().to_string()),
            ("end", "Complete".to_owned()),
        ] {
            assert_eq!(value[name], told, "{json}");
            assert!(text.contains(&format!(" {name}=\"{told}\"")), "{name}: {text}");
        }
        for (name, told) in [("status", 200), ("first_byte_us", 1_500), ("duration_us", 2_000_000)] {
            assert_eq!(value[name], told, "{json}");
            assert!(text.contains(&format!(" {name}={told}")), "{name}: {text}");
        }
        assert_eq!((&value["message"], &value["reason"]), (&"call".into(), &"a \"reason\"\n".into()));
        assert_eq!([&json, &text].map(|line| line.matches('\n').count()), [1, 1], "{text}");
        let none = logged("warn", LogFormat::Json, || {
            tracing::info!(message = &call as &(dyn Error + 'static));
        });
        assert_eq!(none, "", "the filter is asked");
    }

    #[test]
    fn any_other_error_is_shown_by_its_text() {
        let error = io::Error::other(NASTY);
        let line = logged("info", LogFormat::Json, || {
            tracing::warn!(cause = &error as &(dyn Error + 'static), "here");
        });
        let value: serde_json::Value = serde_json::from_str(&line).unwrap();
        assert_eq!(value["cause"], NASTY);
    }

    #[test]
    fn lg_1_other_crates_never_say_more_than_info() {
        let text = logged("trace", LogFormat::Text, || {
            tracing::trace!(target: "hyper::proto", "headers and all");
            tracing::debug!(target: "sqlx::query", "rows and all");
            tracing::info!(target: "hyper::proto", "listening");
            tracing::trace!("ours");
        });
        assert!(!text.contains("and all"), "{text}");
        assert!(text.contains("listening") && text.contains("ours"), "{text}");
    }

    #[test]
    fn a_filter_that_makes_no_sense_is_an_error() {
        let settings = Log { filter: "keyferry=loud".to_owned(), format: LogFormat::Text };
        assert!(matches!(subscriber(&settings, io::stderr), Err(LogsError::Filter(_))));
    }
}
