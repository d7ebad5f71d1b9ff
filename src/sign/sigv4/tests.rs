use http::Method;
use proptest::prelude::*;

use super::*;

/// The credential scope of AWS's published test suite.
fn signer(service: &str, session: Option<&str>) -> SigV4 {
    let key = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".into();
    let session = session.map(Secret::from);
    SigV4::new((service, "us-east-1"), &"AKIDEXAMPLE".into(), &key, session.as_ref())
}

/// 2015-08-30T12:36:00Z.
const NOW: Timestamp = Timestamp::from_micros(1_440_938_160_000_000);

fn request(method: Method, target: &str, headers: &[(&'static str, &str)]) -> Request<()> {
    let mut request = Request::builder().method(method).uri(format!("https://example.amazonaws.com{target}"));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    request.body(()).unwrap()
}

fn signature_in(fields: &[(&str, String)]) -> String {
    let (_, value) = fields.iter().find(|(name, _)| *name == "authorization").unwrap();
    value.rsplit_once("Signature=").unwrap().1.to_owned()
}

/// Everything is signed there, also what [`is_signed`] leaves out.
fn suite(signer: &SigV4, request: &Request<()>, body: &[u8], settings: SigningSettings) -> String {
    signature_in(&signer.fields(request, SignableBody::Bytes(body), NOW, settings, |_| true).unwrap())
}

#[test]
fn the_published_test_suite_of_aws_has_its_signatures() {
    const UNRESERVED: &str = "/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    for (name, target, headers, signature) in [
        ("get-vanilla", "/", &[][..], "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
        (
            "get-vanilla-query-order-encoded",
            "/?Param-3=Value3&Param=Value2&%E1%88%B4=Value1",
            &[],
            "371d3713e185cc334048618a97f809c9ffe339c62934c032af5a0e595648fcac",
        ),
        (
            "get-vanilla-query-order-key-case",
            "/?Param2=value2&Param1=value1",
            &[],
            "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
        ),
        (
            "get-header-value-multiline", // obsolete folding, which HTTP turns into spaces
            "/",
            &[("my-header1", "value1   value2      value3")],
            "cfd34249e4b1c8d6b91ef74165d41a32e5fab3306300901bb65a51a73575eefd",
        ),
        (
            "get-header-value-trim",
            "/",
            &[("my-header1", " value1"), ("my-header2", " \"a   b   c\"")],
            "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736",
        ),
        (
            "get-unreserved",
            UNRESERVED,
            &[],
            "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f",
        ),
        (
            "get-slashes-normalized",
            "//example//",
            &[],
            "9a624bd73a37c9a373b5312afbebe7a714a789de108f0bdfe846570885f57e84",
        ),
    ] {
        // That suite encodes a path once.
        let mut settings = SigningSettings::default();
        settings.percent_encoding_mode = PercentEncodingMode::Single;
        let request = request(Method::GET, target, headers);
        assert_eq!(suite(&signer("service", None), &request, b"", settings), signature, "{name}");
    }
}

#[test]
fn a_form_and_a_session_token_are_signed_as_in_the_test_suite() {
    let mut settings = SigningSettings::default();
    settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
    let form = [("content-type", "application/x-www-form-urlencoded"), ("content-length", "13")];
    assert_eq!(
        suite(&signer("service", None), &request(Method::POST, "/", &form), b"Param1=value1", settings),
        "d3875051da38690788ef43de4db0d8f280229d82040bfac253562e56c3f20e0b",
        "post-x-www-form-urlencoded"
    );
    let token = "6e86291e8372ff2a2260956d9b8aae1d763fbf315fa00fa31553b73ebf194267";
    let with_session = signer("service", Some(token));
    assert_eq!(
        suite(&with_session, &request(Method::GET, "/", &[]), b"", SigningSettings::default()),
        "07ec1639c89043aa0e3e2de82b96708f198cceab042d4a97044c66dd9f74e7f8",
        "get-vanilla-with-session-token"
    );
}

#[test]
fn what_stands_for_a_body_depends_on_service_caller_and_tls() {
    let hash = "A".repeat(64);
    for (service, stated, tls, expected) in [
        ("s3", None, true, Ok(Payload::Unsigned)),
        ("s3", None, false, Ok(Payload::Hash)),
        ("s3", Some("UNSIGNED-PAYLOAD"), true, Ok(Payload::Unsigned)),
        ("s3", Some("UNSIGNED-PAYLOAD"), false, Ok(Payload::Hash)),
        ("s3", Some(hash.as_str()), false, Ok(Payload::Stated("a".repeat(64)))),
        ("s3", Some("STREAMING-UNSIGNED-PAYLOAD-TRAILER"), true, Ok(Payload::Trailer)),
        ("s3", Some("STREAMING-AWS4-HMAC-SHA256-PAYLOAD"), true, Err(Unsignable::Chunked)),
        ("sqs", None, true, Ok(Payload::Hash)),
        ("sqs", Some("UNSIGNED-PAYLOAD"), true, Ok(Payload::Hash)),
        ("sqs", Some(hash.as_str()), true, Ok(Payload::Stated("a".repeat(64)))),
    ] {
        let scheme = if tls { "https" } else { "http" };
        let mut request = Request::put(format!("{scheme}://x.test/"));
        if let Some(stated) = stated {
            request = request.header(CONTENT_SHA256, stated);
        }
        let payload = signer(service, None).payload(&request.body(()).unwrap());
        assert_eq!(payload, expected, "{service} {stated:?} {tls}");
    }
}

#[test]
fn hd_6_the_signers_own_fields_are_written_anew() {
    let mine =
        [("x-amz-date", "20000101T000000Z"), (CONTENT_SHA256, "UNSIGNED-PAYLOAD"), ("x-amz-acl", "private")];
    let mut s3 = request(Method::PUT, "/b/k", &mine);
    signer("s3", Some("session")).sign(&mut s3, None, NOW).unwrap();
    assert_eq!(s3.headers()["x-amz-date"], "20150830T123600Z");
    assert_eq!(s3.headers()[CONTENT_SHA256], "UNSIGNED-PAYLOAD");
    assert_eq!(s3.headers()["x-amz-security-token"], "session");
    let value = s3.headers()["authorization"].to_str().unwrap();
    let signed = "SignedHeaders=host;x-amz-acl;x-amz-content-sha256;x-amz-date;x-amz-security-token,";
    assert!(value.starts_with("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/s3/aws4_request"));
    assert!(value.contains(signed), "{value}");

    let mut other = request(Method::POST, "/", &mine);
    signer("sqs", None).sign(&mut other, Some(b"a"), NOW).unwrap();
    assert!(
        !other.headers().contains_key(CONTENT_SHA256)
            && !other.headers().contains_key("x-amz-security-token")
    );
}

#[test]
fn the_path_of_s3_is_signed_as_s3_writes_it() {
    let signed = |target: &str| {
        let mut request = request(Method::GET, target, &[]);
        signer("s3", None).sign(&mut request, Some(b""), NOW).unwrap();
        request.headers()["authorization"].to_str().unwrap().to_owned()
    };
    assert_eq!(signed("/b/a(1)!:@.txt"), signed("/b/a%281%29%21%3A%40.txt"), "one object, two spellings");
    assert_eq!(signed("/b/%7ea"), signed("/b/~a"));
    assert_ne!(signed("/b//a"), signed("/b/a"), "two objects");
}

#[test]
fn a_signer_prints_no_secret() {
    let printed = format!("{:?}", signer("s3", Some("token")));
    assert_eq!(printed, "SigV4 { service: \"s3\", region: \"us-east-1\", .. }");
}

proptest! {
    #[test]
    fn a_signature_leaves_path_and_query_as_they_are(target in "/[!-~]{0,30}(\\?[!-~]{0,30})?") {
        let Ok(uri) = format!("https://x.test{target}").parse::<Uri>() else { return Ok(()) };
        for service in ["s3", "sqs"] {
            let mut request = Request::get(uri.clone()).header("x-amz-meta-a", "b").body(()).unwrap();
            let signed = signer(service, None).sign(&mut request, Some(b""), NOW);
            prop_assert_eq!(signed, Ok(()));
            prop_assert_eq!(request.uri(), &uri);
            prop_assert!(request.headers().contains_key("authorization"));
        }
    }
}
