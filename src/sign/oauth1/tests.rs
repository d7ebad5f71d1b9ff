use super::*;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros(seconds * 1_000_000)
}

fn uri(text: &str) -> Uri {
    text.parse().unwrap()
}

/// The photos example of OAuth Core 1.0a, appendix A (RFC 5849 1.2 has the same client and token).
fn photos(signature: Signature) -> OAuth1 {
    let client = (&"dpf43f3p2l4k3l03".into(), &"kd94hf93k423kf44".into());
    OAuth1::new(signature, client, Some((&"nnch734d00sl2jdk".into(), &"pfkkdhi9sl3r4s00".into())))
}

fn signature_in(value: &Secret) -> String {
    let (_, rest) = value.expose().split_once("oauth_signature=\"").unwrap();
    percent_encoding::percent_decode_str(rest.trim_end_matches('"')).decode_utf8().unwrap().into_owned()
}

#[test]
fn the_request_of_oauth_core_appendix_a_has_its_published_signature() {
    let stamp = Stamp { nonce: "kllo9940pd9333jh", time: at(1_191_242_096) };
    let photo = uri("http://photos.example.net/photos?file=vacation.jpg&size=original");
    let value = photos(Signature::HmacSha1).authorization(&Method::GET, &photo, None, &[], &stamp).unwrap();
    assert_eq!(signature_in(&value), "tR3+Ty81lMeYAr/Fid0kMTYa/WM=");
}

#[test]
fn the_plaintext_signature_of_appendix_a_is_both_secrets() {
    let client = (&"dpf43f3p2l4k3l03".into(), &"kd94hf93k423kf44".into());
    let stamp = Stamp { nonce: "hsu94j3884jdopsl", time: at(1_191_242_090) };
    let target = uri("https://photos.example.net/request_token");
    let plain = OAuth1::new(Signature::Plaintext, client, None).with_realm("http://photos.example.net/");
    let value = plain.unwrap().authorization(&Method::POST, &target, None, &[], &stamp).unwrap();
    assert!(value.expose().starts_with("OAuth realm=\"http://photos.example.net/\", oauth_consumer_key="));
    assert!(value.expose().ends_with("oauth_signature=\"kd94hf93k423kf44%26\""));
}

/// RFC 5849 3.4.1.1 prints this base string; its body and query have parameters twice, empty, and oddly encoded.
#[test]
fn the_base_string_of_rfc_5849_comes_out() {
    let target = uri("http://example.com/request?b5=%3D%253D&a3=a&c%40=&a2=r%20b");
    let protocol = [
        ("oauth_consumer_key", "9djdj82h48djs9d2"),
        ("oauth_token", "kkk9d7dh3k39sjv7"),
        ("oauth_signature_method", "HMAC-SHA1"),
        ("oauth_timestamp", "137131201"),
        ("oauth_nonce", "7d8f3e4a"),
    ];
    let protocol = protocol.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let query = pairs(target.query().unwrap().as_bytes());
    let all = protocol.into_iter().chain(query).chain(pairs(b"c2&a3=2+q")).collect();
    assert_eq!(
        base_string(&Method::POST, &target, all).unwrap(),
        "POST&http%3A%2F%2Fexample.com%2Frequest&a2%3Dr%2520b%26a3%3D2%2520q%26a3%3Da%26b5%3D%253D%25253D%26c%2540%3D%26\
         c2%3D%26oauth_consumer_key%3D9djdj82h48djs9d2%26oauth_nonce%3D7d8f3e4a%26oauth_signature_method%3DHMAC-SHA1%26\
         oauth_timestamp%3D137131201%26oauth_token%3Dkkk9d7dh3k39sjv7"
    );
}

#[test]
fn hosts_and_ports_are_normal_in_the_base_string_as_rfc_5849_says() {
    for (written, normal) in [
        ("HTTP://EXAMPLE.COM:80/r%20v/X?id=123", "http://example.com/r%20v/X"),
        ("https://www.example.net:8080/?q=1", "https://www.example.net:8080/"),
        ("https://example.com:443/", "https://example.com/"),
        ("https://example.com", "https://example.com/"),
    ] {
        assert_eq!(base_uri(&uri(written)).unwrap(), normal, "{written}");
    }
    assert_eq!(base_uri(&uri("/no/host")), Err(Unsignable::Malformed));
}

#[test]
fn a_form_is_signed_and_no_other_body() {
    let stamp = Stamp { nonce: "n", time: at(1) };
    let signer = photos(Signature::HmacSha256);
    let told = |kind: &str, body: &[u8]| {
        let mut request = Request::post("https://x.test/").header(CONTENT_TYPE, kind).body(()).unwrap();
        let covers = signer.covers_body(request.headers());
        signer.sign(&mut request, Some(body), &stamp).unwrap();
        (covers, request.headers()[AUTHORIZATION].to_str().unwrap().to_owned())
    };
    for form in ["application/x-www-form-urlencoded", "Application/X-WWW-Form-Urlencoded ; charset=utf-8"] {
        assert!(told(form, b"a=1").0, "{form}");
        assert_ne!(told(form, b"a=1").1, told(form, b"a=2").1, "{form}");
        assert_eq!(told(form, b"a=r+b&&").1, told(form, b"a=r%20b").1, "one parameter, spelled twice");
    }
    for other in ["application/json", "multipart/form-data", "application/x-www-form-urlencoded2", ""] {
        assert!(!told(other, b"a=1").0, "{other}");
        assert_eq!(told(other, b"a=1").1, told(other, b"a=2").1, "{other}");
    }
    assert!(!photos(Signature::Plaintext).covers_body(&HeaderMap::new()));
}

#[test]
fn a_realm_that_could_end_its_quotes_is_none() {
    for realm in ["a\"b", "a\\b", "a\r\nb", "é"] {
        assert!(photos(Signature::HmacSha1).with_realm(realm).is_none(), "{realm:?}");
    }
    assert!(photos(Signature::HmacSha1).with_realm("1234567_SB1").is_some());
}

#[test]
fn a_signer_prints_no_secret() {
    let printed = format!("{:?}", photos(Signature::Plaintext));
    for secret in ["kd94hf93k423kf44", "pfkkdhi9sl3r4s00", "nnch734d00sl2jdk", "dpf43f3p2l4k3l03"] {
        assert!(!printed.contains(secret), "{printed}");
    }
}
