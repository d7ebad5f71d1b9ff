//! Secrets with a mark on them go everywhere that secrets go, through the real binary at trace level; afterwards no
//! mark is found where none belongs: log lines, errors, pages, metrics, database files (LG-1, SC-1).

mod marks;
mod provider;
mod stage;
mod story;

use self::{marks::Marks, stage::Stage};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lg_1_sc_1_no_mark_is_found_in_lines_of_text() {
    sweep("text").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lg_1_sc_1_no_mark_is_found_in_lines_of_json() {
    sweep("json").await;
}

async fn sweep(format: &str) {
    let stage = Stage::start(format).await;
    story::tell(&stage).await;
    let metrics = stage.metrics().await;
    let log = stage.gateway.printed();
    let marks = stage.marks.lock().unwrap();
    marks.assert_told(&[
        "API key",
        "mistyped API key",
        "upstream key",
        "access token",
        "refresh token",
        "code",
        "state",
        "PKCE verifier",
        "session_token",
        "client_secret",
        "caller's cookie",
        "flow cookie",
        "caller's query",
        "query credential",
        "caller's path",
        "path credential",
        "request body",
        "upstream's words",
        "master key",
    ]);
    assert!(log.contains("TRACE") || log.contains("DEBUG"), "the log says everything it can:\n{log}");
    marks.assert_absent("the log", &log);
    marks.assert_absent("the metrics", &metrics);
    marks.assert_absent("the answers", &stage.said.lock().unwrap().join("\n"));
    let files = stage.database();
    assert!(files.iter().any(|(_, bytes)| bytes.starts_with(b"SQLite format 3")));
    for (name, bytes) in files {
        marks.assert_absent(&name, &String::from_utf8_lossy(&bytes));
    }
}

#[test]
fn the_sweep_finds_a_mark_in_each_of_its_disguises() {
    let mut marks = Marks::default();
    marks.add("planted", "s3cr/t+Value~of~some~length");
    for text in [
        "x s3cr/t+Value~of~some~length x",
        "only the beginning: s3cr/t+Value",
        "%73: s3cr%2Ft%2BValue~of~some~length",
        "s3cr%2ft%2bValue%7eof%7esome%7elength",
        // In Base64, behind none, one and two other bytes, in both alphabets.
        "czNjci90K1ZhbHVlfm9mfnNvbWV+bGVuZ3Ro",
        "czNjci90K1ZhbHVlfm9mfnNvbWV-bGVuZ3Ro",
        "OnMzY3IvdCtWYWx1ZX5vZn5zb21lfmxlbmd0aA==",
        "dTpzM2NyL3QrVmFsdWV+b2Z+c29tZX5sZW5ndGg=",
        "733363722f742b56616c7565",
    ] {
        assert!(!marks.found_in(text).is_empty(), "{text}");
    }
    for text in ["", "s3cr/t+Valu", "s3cr", "an innocent line"] {
        assert!(marks.found_in(text).is_empty(), "{text}");
    }
}
