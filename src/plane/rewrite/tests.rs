use std::sync::Arc;

use http::{HeaderName, HeaderValue, Method, Request, header::HOST};
use proptest::prelude::*;

use super::*;
use crate::{
    catalog::Catalog,
    net::body,
    plane::{
        fuzzing::{self, APP, base},
        route::{self, Names},
    },
    vault::Secret,
};

/// What the fuzzed app doesn't have: a route on which no credential goes along.
const PUBLIC: &str = r#"
    [[route]]
    path = "/public/**"
    base = "https://cdn.acme.example"
    anonymous = true
"#;

fn catalog() -> Catalog {
    Catalog::of(&[("acme", &format!("{APP}{PUBLIC}"))], false).unwrap()
}

pub(in crate::plane) fn credential() -> Credential {
    let mut credential = fuzzing::credential();
    credential.routes.push(Some(base("cdn.acme.example", "")));
    credential
}

/// An app whose credential is a header and nothing else.
fn plain() -> (Catalog, Credential) {
    let app = r#"
        name = "acme"
        display_name = "Acme"
        base = "https://api.acme.example"
        no_probe = "a test"
        [[auth]]
        method = "API_KEY"
        fields = [{ name = "api_key", label = "Key", secret = true }]
        inject = [{ header = "Authorization", value = "Bearer ${api_key}" }]
    "#;
    let credential = Credential {
        base: base("api.acme.example", ""),
        routes: Vec::new(),
        headers: vec![(http::header::AUTHORIZATION, HeaderValue::from_static("Bearer upstream"))],
        query: Vec::new(),
        default_headers: Vec::new(),
        default_query: Vec::new(),
        path_vars: Vec::new(),
        ..credential()
    };
    (Catalog::of(&[("acme", app)], false).unwrap(), credential)
}

pub(in crate::plane) fn call(
    catalog: &Catalog,
    method: Method,
    target: &str,
    headers: &[(&str, &str)],
) -> Call {
    let mut request = Request::builder().method(method).uri(target).header(HOST, "localhost:8080");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let names = Names::new("http://localhost:8080", "localhost");
    route::find(catalog, &names, Box::new(request.body(body::empty()).unwrap())).unwrap()
}

fn sent(target: &str, headers: &[(&str, &str)]) -> Request<Body> {
    *outgoing(call(&catalog(), Method::GET, target, headers), &credential(), false).unwrap().1
}

/// All but the host, which the client names by the URL.
fn fields(request: &Request<Body>) -> Vec<String> {
    let fields = request.headers().iter().filter(|(name, _)| *name != HOST);
    fields.map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect()
}

#[test]
fn hd_6_the_credential_goes_on_once_in_each_of_its_places() {
    let request = sent(
        "/acme/x?a=1&API%5FKEY=mine&b=2",
        &[("authorization", "Bearer mine"), ("x-api-key", "mine"), ("x_api_key", "mine")],
    );
    assert_eq!(request.uri(), "https://api.acme.example/base/x?a=1&b=2&v=2&api_key=s3cr3t%2Fk3y");
    assert_eq!(fields(&request), ["acme-version: 2026-01-01", "x-api-key: s3cr3t/k3y"]);
}

#[test]
fn defaults_give_way_to_what_the_caller_sends() {
    let request = sent("/acme/x?v=1", &[("acme-version", "2020-01-01")]);
    assert_eq!(request.uri().query(), Some("v=1&api_key=s3cr3t%2Fk3y"));
    assert_eq!(request.headers()["acme-version"], "2020-01-01");
}

#[test]
fn placeholders_are_filled_and_a_route_takes_its_own_host() {
    assert_eq!(sent("/acme/t/:tenant/b:token/x", &[]).uri().path(), "/base/t/tenant-12345/bs3cr3t%2Fk3y/x");
    let upload = sent("/acme/upload/a?v=9", &[]);
    assert_eq!(upload.uri(), "https://upload.acme.example/upload/a?v=9&api_key=s3cr3t%2Fk3y");
    assert!(upload.headers().contains_key("x-api-key"));
}

#[test]
fn an_anonymous_route_gets_no_credential_and_still_none_of_the_callers() {
    let request = sent("/acme/public/a?api_key=mine&v=1", &[("x-api-key", "mine")]);
    assert_eq!(request.uri(), "https://cdn.acme.example/public/a?v=1");
    assert!(!request.headers().contains_key("x-api-key"));
}

#[test]
fn hd_6_a_route_with_a_credential_of_its_own_gets_that_one_and_no_other() {
    let app = r#"
        name = "acme"
        display_name = "Acme"
        base = "https://api.acme.example"
        no_probe = "a test"
        [[auth]]
        method = "API_KEY"
        fields = [{ name = "api_key", label = "Key", secret = true }, { name = "track", label = "T", secret = true }]
        inject = [{ header = "Authorization", value = "Bearer ${api_key}" }, { query = "key", value = "${api_key}" }]
        [[route]]
        path = "/track/**"
        base = "https://track.acme.example"
        inject = [{ header = "X-Track", value = "${track}" }, { query = "site", value = "${track}" }]
    "#;
    let catalog = Catalog::of(&[("acme", app)], false).unwrap();
    let (_, way) = plain();
    let own = Own {
        headers: vec![(HeaderName::from_static("x-track"), HeaderValue::from_static("own"))],
        query: vec![("site".to_owned(), Secret::from("own"))],
        path_vars: Vec::new(),
    };
    let credential = Credential {
        routes: vec![Some(base("track.acme.example", ""))],
        routes_own: vec![Some(own)],
        query: vec![("key".to_owned(), Secret::from("upstream"))],
        ..way
    };
    let mine = [("authorization", "Bearer mine"), ("x_track", "mine"), ("X-TRACK", "mine")];
    let sent = |target: &str| {
        let call = call(&catalog, Method::GET, target, &mine);
        let (_, request) = outgoing(call, &credential, false).unwrap();
        (request.uri().to_string(), fields(&request))
    };
    // What either of them writes is taken away on both.
    assert_eq!(
        sent("/acme/track/x?a=1&SITE=mine&key=mine"),
        ("https://track.acme.example/track/x?a=1&site=own".to_owned(), vec!["x-track: own".to_owned()])
    );
    assert_eq!(
        sent("/acme/x?a=1&SITE=mine&key=mine"),
        (
            "https://api.acme.example/x?a=1&key=upstream".to_owned(),
            vec!["authorization: Bearer upstream".to_owned()]
        )
    );
}

#[test]
fn hd_2_nominated_fields_go_first_and_the_credential_stays() {
    let (catalog, credential) = plain();
    let headers =
        [("connection", "authorization, x-a, host, content-length, accept"), ("x-a", "1"), ("x-b", "2")];
    let call = call(&catalog, Method::GET, "/acme/x", &headers);
    let (_, request) = outgoing(call, &credential, false).unwrap();
    assert_eq!(fields(&request), ["x-b: 2", "authorization: Bearer upstream"]);
}

#[test]
fn hd_3_te_trailers_and_via_are_made_anew() {
    let (catalog, credential) = plain();
    let headers = [("te", "gzip, trailers"), ("via", "1.0 other"), ("upgrade", "h2c"), ("trailer", "x")];
    let call = call(&catalog, Method::GET, "/acme/x", &headers);
    let (asked, request) = outgoing(call, &credential, true).unwrap();
    assert!(asked.trailers);
    assert_eq!(fields(&request), ["te: trailers", "via: 1.1 keyferry", "authorization: Bearer upstream"]);
}

#[test]
fn fields_keep_their_order_and_repetitions() {
    let (catalog, credential) = plain();
    let headers =
        [("b", "1"), ("a", "2"), ("cookie", "x"), ("b", "3"), ("accept-encoding", "br"), ("a", "4")];
    let call = call(&catalog, Method::GET, "/acme/x", &headers);
    let (_, request) = outgoing(call, &credential, false).unwrap();
    assert_eq!(
        fields(&request),
        ["b: 1", "b: 3", "a: 2", "a: 4", "accept-encoding: br", "authorization: Bearer upstream"]
    );
}

#[test]
fn hd_6_a_credential_takes_the_place_of_the_callers_where_nothing_else_has_to_go() {
    let (catalog, credential) = plain();
    let headers = [
        ("b", "1"),
        ("authorization", "mine"),
        ("a", "2"),
        ("b", "3"),
        ("authorization", "mine too"),
        ("c_d", "4"),
    ];
    let call = call(&catalog, Method::GET, "/acme/x", &headers);
    let (_, request) = outgoing(call, &credential, false).unwrap();
    assert_eq!(fields(&request), ["b: 1", "b: 3", "authorization: Bearer upstream", "a: 2", "c_d: 4"]);
    assert!(request.extensions().is_empty());
}

#[test]
fn hd_1_a_key_in_the_value_of_any_field_is_found_also_where_no_name_has_to_go() {
    let (catalog, credential) = plain();
    let key = crate::vault::token::ApiKey::generate();
    let headers = [("authorization", "mine"), ("a", "1"), ("x-custom", key.reveal()), ("x-custom", "2")];
    let call = call(&catalog, Method::GET, "/acme/x", &headers);
    let (_, request) = outgoing(call, &credential, false).unwrap();
    assert_eq!(fields(&request), ["a: 1", "x-custom: 2", "authorization: Bearer upstream"]);
}

#[test]
fn rt_3_the_authority_is_the_catalogs_whatever_the_path_says() {
    let (catalog, credential) = plain();
    for path in
        ["//evil.test/x", "/http://evil.test/", "/@evil.test/", "/:80/x", "/\\evil.test", "/?@evil.test"]
    {
        let Ok(target) = format!("/acme{path}").parse::<Uri>() else { continue };
        let call = call(&catalog, Method::GET, &target.to_string(), &[]);
        let (_, request) = outgoing(call, &credential, false).unwrap();
        assert_eq!(request.uri().authority().unwrap(), "api.acme.example", "{path}");
        assert_eq!(request.uri().path_and_query().unwrap(), path);
    }
}

#[test]
fn an_empty_native_path_is_the_root() {
    let (catalog, credential) = plain();
    for (target, native) in [
        ("/acme", "/"),
        ("/acme/", "/"),
        ("/acme?", "/?"),
        ("/acme/?", "/?"),
        ("/acme?a", "/?a"),
        ("/acme//", "//"),
    ] {
        let call = call(&catalog, Method::GET, target, &[]);
        let (_, request) = outgoing(call, &credential, false).unwrap();
        assert_eq!(request.uri().path_and_query().unwrap(), native, "{target}");
    }
}

#[test]
fn a_placeholder_without_a_value_is_a_400_that_names_it() {
    let mut credential = credential();
    credential.path_vars.clear();
    let call = call(&catalog(), Method::GET, "/acme/:tenant", &[]);
    let Err(refusal) = outgoing(call, &credential, false).map(drop) else { panic!("filled") };
    let problem = refusal.problem(Some("acme"));
    assert_eq!((problem.status.as_u16(), problem.reason), (400, "bad_request"));
    assert!(problem.detail.contains(":tenant"));
}

#[test]
fn a_value_that_would_be_a_dot_segment_is_refused() {
    let mut credential = credential();
    credential.path_vars = vec![(":tenant".to_owned(), Secret::from(".."))];
    let call = call(&catalog(), Method::GET, "/acme/:tenant/x", &[]);
    assert!(outgoing(call, &credential, false).is_err());
}

proptest! {
    #[test]
    fn rt_2_path_and_query_go_out_as_they_came(native in "/[!-~]{0,40}") {
        prop_assume!(!native.contains('#') && !target::has_dot_segment(native.split('?').next().unwrap()));
        let Ok(uri) = format!("/acme{native}").parse::<Uri>() else { return Ok(()) };
        prop_assume!(uri.path_and_query().is_some_and(|target| target.as_str() == format!("/acme{native}")));
        let (catalog, credential) = plain();
        let (_, request) = outgoing(call(&catalog, Method::GET, &format!("/acme{native}"), &[]), &credential, false).unwrap();
        prop_assert_eq!(request.uri().path_and_query().unwrap().as_str(), native);
        prop_assert_eq!(request.uri().authority().unwrap().as_str(), "api.acme.example");
    }

    #[test]
    fn hd_1_no_field_of_the_caller_becomes_a_second_credential(name in "[aAuUtThHoOrRiIzZnN_-]{8,16}", value in "[ -~]{0,20}") {
        let (catalog, credential) = plain();
        prop_assume!(HeaderName::from_bytes(name.as_bytes()).is_ok());
        let call = call(&catalog, Method::GET, "/acme/x", &[(&name, &value), ("Authorization", "mine")]);
        let (_, request) = outgoing(call, &credential, false).unwrap();
        let like = |name: &HeaderName| name.as_str().replace('_', "-").trim_matches('-') == "authorization";
        prop_assert_eq!(request.headers().iter().filter(|(name, _)| like(name)).count(), 1);
        prop_assert_eq!(&request.headers()["authorization"], "Bearer upstream");
    }
}

proptest! {
    #[test]
    fn hd_4_hd_6_what_goes_out_is_what_passes_and_the_credential_once(
        names in proptest::collection::vec(
            "(authorization|Authorization_|x-[ab]|cookie|connection|te|accept|proxy-x|x_maton-a|host_)", 0..6,
        ),
    ) {
        let (catalog, credential) = plain();
        let headers: Vec<_> = names.iter().map(|name| (name.as_str(), "a, x-a")).collect();
        let call = call(&catalog, Method::GET, "/acme/x", &headers);
        let mut wanted: Vec<String> = names
            .iter()
            .filter(|name| matches!(name.as_str(), "x-a" | "x-b" | "accept"))
            .filter(|name| *name != "x-a" || !names.iter().any(|other| other == "connection"))
            .map(|name| format!("{name}: a, x-a"))
            .chain(["authorization: Bearer upstream".to_owned()])
            .collect();
        let (_, request) = outgoing(call, &credential, false).unwrap();
        let mut found = fields(&request);
        wanted.sort();
        found.sort();
        prop_assert_eq!(found, wanted);
    }
}

pub(in crate::plane) fn asked(method: Method, target: &str) -> Asked {
    let call = call(&catalog(), method, target, &[]);
    let app = Arc::clone(call.app());
    let (asked, _) = outgoing(call, &credential(), false).unwrap();
    assert!(Arc::ptr_eq(&asked.app, &app));
    asked
}
