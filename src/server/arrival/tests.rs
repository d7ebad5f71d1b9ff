use super::*;
use std::time::Duration;

const LIMITS: Limits = Limits {
    head_bytes: 65_536,
    head_fields: 5,
    target_bytes: 40,
    connections: 1,
    websockets: true,
    head_timeout: Duration::from_secs(1),
    idle_timeout: Duration::from_secs(1),
    grace: Duration::ZERO,
};

fn look(request: http::request::Builder) -> (u16, Option<String>) {
    let mut request = request.body(empty()).unwrap();
    match refusal(&request, &LIMITS) {
        Some(problem) => (problem.status.as_u16(), Some(problem.reason.to_owned())),
        None => (options(&mut request).map_or(0, |answer| answer.status().as_u16()), None),
    }
}

fn get(headers: &[(&str, &str)]) -> (u16, Option<String>) {
    look(headers.iter().fold(Request::builder().uri("/stripe/"), |r, (name, value)| r.header(*name, *value)))
}

fn is(answer: &(u16, Option<String>), status: u16, reason: &str) {
    assert_eq!(*answer, (status, Some(reason.to_owned())));
}

const OK: (u16, Option<String>) = (0, None);

#[test]
fn rp_12_a_name_with_a_quotation_mark_is_none() {
    let request = |name| {
        let name = HeaderName::from_lowercase(name).unwrap();
        Request::builder().version(Version::HTTP_2).uri("http://h/").header(name, "1")
    };
    is(&look(request(b"x\"y")), 400, "bad_request");
    assert_eq!(look(request(b"x'y")), OK);
}

#[test]
fn rp_3_rp_13_one_length_frames_a_body() {
    for second in ["5", "6"] {
        let two = [("host", "h"), ("content-length", "5"), ("content-length", second)];
        is(&get(&two), 400, "bad_request");
    }
    for length in ["", "+5", "5,5", "9223372036854775808"] {
        is(&get(&[("host", "h"), ("content-length", length)]), 400, "bad_request");
    }
    assert_eq!(get(&[("host", "h"), ("content-length", "9223372036854775807")]), OK);
}

#[test]
fn rp_2_only_one_single_chunked_frames_a_body() {
    assert_eq!(get(&[("host", "h"), ("transfer-encoding", "Chunked")]), OK);
    for value in [",chunked", "chunked,", "chunked, identity", "xchunked", "gzip, chunked", "", "\tchunked x"]
    {
        is(&get(&[("host", "h"), ("transfer-encoding", value)]), 501, "not_implemented");
    }
    let twice = [("host", "h"), ("transfer-encoding", "chunked"), ("transfer-encoding", "chunked")];
    is(&get(&twice), 400, "bad_request");
    is(&get(&[("host", "h"), ("transfer-encoding", "chunked"), ("content-length", "5")]), 400, "bad_request");
    let old = Request::builder().version(Version::HTTP_10).header("transfer-encoding", "chunked").uri("/");
    is(&look(old), 400, "bad_request");
}

#[test]
fn rp_6_there_is_one_host_and_it_is_one() {
    is(&get(&[]), 400, "bad_request");
    is(&get(&[("host", "a"), ("host", "a")]), 400, "bad_request");
    for host in ["a b", "a/b", "u@a", "a,b", "", "a:b:c", "a?b"] {
        is(&get(&[("host", host)]), 400, "bad_request");
    }
    for host in ["a", "a:80", "[::1]:8080", "127.0.0.1"] {
        assert_eq!(get(&[("host", host)]), OK, "{host}");
    }
    is(&look(Request::builder().uri("http://evil.test/").header("host", "a")), 400, "bad_request");
    is(&look(Request::builder().uri("http://u@a/").version(Version::HTTP_2)), 400, "bad_request");
    assert_eq!(look(Request::builder().uri("http://a:8080/").header("host", "A:8080")), OK);
    assert_eq!(look(Request::builder().uri("http://a/").version(Version::HTTP_2)), OK);
    assert_eq!(look(Request::builder().uri("/").version(Version::HTTP_10)), OK);
}

#[test]
fn rp_7_connect_trace_and_options_of_the_server_are_answered_here() {
    let with = |method: &str, uri: &str| Request::builder().method(method).uri(uri).header("host", "h");
    is(&look(with("TRACE", "/stripe/")), 405, "method_not_allowed");
    is(&look(with("CONNECT", "h:80")), 405, "method_not_allowed");
    is(&look(with("GET", "*")), 400, "bad_request");
    assert_eq!(look(with("OPTIONS", "*")).0, 200);
    assert_eq!(look(with("OPTIONS", "/stripe/").header("max-forwards", "0")).0, 200);
    assert_eq!(look(with("OPTIONS", "/stripe/")), OK);
    assert_eq!(look(with("GET", "/stripe/").header("max-forwards", "0")), OK);
}

#[test]
fn rp_7_max_forwards_counts_down() {
    let mut request =
        Request::options("/stripe/").header("host", "h").header("max-forwards", "3").body(empty()).unwrap();
    assert!(options(&mut request).is_none());
    assert_eq!(request.headers()["max-forwards"], "2");
}

#[test]
fn rp_8_other_versions_of_http_are_refused() {
    is(&look(Request::builder().uri("/").version(Version::HTTP_3)), 505, "http_version");
    is(&look(Request::builder().uri("/").version(Version::HTTP_09)), 505, "http_version");
}

#[test]
fn rp_8_a_body_never_ends_with_the_connection() {
    let post = || Request::post("/").version(Version::HTTP_10);
    is(&look(post()), 400, "bad_request");
    assert_eq!(look(post().header("content-length", "0")), OK);
    assert_eq!(look(Request::get("/").version(Version::HTTP_10)), OK);
}

#[test]
fn rp_9_no_other_expectation_is_met() {
    assert_eq!(get(&[("host", "h"), ("expect", "100-Continue")]), OK);
    is(&get(&[("host", "h"), ("expect", "x")]), 417, "expectation_failed");
}

#[test]
fn rp_11_target_and_fields_are_bounded() {
    is(
        &look(Request::builder().uri(format!("/{}", "x".repeat(40))).header("host", "h")),
        414,
        "target_too_long",
    );
    let many: Vec<_> = (0..5).map(|n| (["a", "b", "c", "d", "e"][n], "1")).chain([("host", "h")]).collect();
    is(&get(&many), 431, "head_too_large");
    // The target, and each field with what stands around it.
    let long = "x".repeat(65_536 - "/stripe/".len() - "host: h\r\n".len() - "a: \r\n".len());
    assert_eq!(get(&[("host", "h"), ("a", &long)]), OK);
    is(&get(&[("host", "h"), ("aa", &long)]), 431, "head_too_large");
}

#[test]
fn a_program_in_a_page_is_no_navigation() {
    let headers = |value: &'static str| {
        HeaderMap::from_iter([(HeaderName::from_static("sec-fetch-dest"), value.parse().unwrap())])
    };
    assert!(is_navigation(&headers("document")) && is_navigation(&headers("iframe")));
    assert!(!is_navigation(&headers("empty")) && !is_navigation(&HeaderMap::new()));
}
