//! What fuzz targets need of the plane: one app with everything a rewrite can meet, and what becomes of a request.

mod key;
mod location;
mod route;

use std::sync::{Arc, LazyLock};

use http::{HeaderName, HeaderValue, Request, header::AUTHORIZATION, uri};
use http_body::Body as _;

pub use self::{key::key, location::location, route::route};
use super::{
    authenticate, rewrite,
    rewrite::Asked,
    route::{Call, Names, find},
    select,
};
use crate::{
    catalog::Catalog,
    clock::Seldom,
    connections::{Base, Credential},
    net::{Body, body, upload::Upload},
    vault::Secret,
};

/// The credential that goes out.
pub(crate) const SECRET: &str = "s3cr3t/k3y";
const GATEWAY: &str = "https://gw.example.com";

/// An app with everything that a rewrite can meet.
pub(super) const APP: &str = r#"
    name = "acme"
    display_name = "Acme"
    base = "https://api.acme.example/base"
    no_probe = "a test"

    [headers]
    Acme-Version = "2026-01-01"
    [query]
    v = "2"

    [[route]]
    path = "/upload/**"
    base = "https://upload.acme.example"

    [[field]]
    name = "tenant"
    label = "Tenant"
    pattern = "^[a-z0-9-]+$"
    [[path_var]]
    token = ":tenant"
    value = "${tenant}"

    [[auth]]
    method = "API_KEY"
    fields = [{ name = "api_key", label = "Key", secret = true }]
    inject = [
        { header = "X-Api-Key", value = "${api_key}" },
        { query = "api_key", value = "${api_key}" },
        { path = ":token", value = "${api_key}" },
    ]
"#;

/// The gateway that inputs meet.
struct Stage {
    catalog: Catalog,
    names: Names,
    credential: Credential,
}

static STAGE: LazyLock<Stage> = LazyLock::new(|| Stage {
    catalog: Catalog::of(&[("acme", APP)], false).unwrap_or_default(),
    names: Names::new(GATEWAY, "example.com"),
    credential: credential(),
});

/// Where requests go.
pub(super) fn base(authority: &'static str, prefix: &str) -> Base {
    Base {
        scheme: uri::Scheme::HTTPS,
        authority: uri::Authority::from_static(authority),
        prefix: prefix.to_owned(),
    }
}

/// What goes onto requests to that app.
pub(super) fn credential() -> Credential {
    Credential {
        generation: 1,
        edition: 1,
        expires: None,
        unproven: Arc::default(),
        noted: Seldom::default(),
        base: base("api.acme.example", "/base"),
        routes: vec![Some(base("upload.acme.example", ""))],
        headers: vec![(HeaderName::from_static("x-api-key"), HeaderValue::from_static(SECRET))],
        query: vec![("api_key".to_owned(), Secret::from(SECRET))],
        default_headers: vec![(
            HeaderName::from_static("acme-version"),
            HeaderValue::from_static("2026-01-01"),
        )],
        default_query: vec![("v".to_owned(), "2".to_owned())],
        path_vars: vec![
            (":tenant".to_owned(), Secret::from("tenant-12345")),
            (":token".to_owned(), Secret::from(SECRET)),
        ],
        routes_own: Vec::new(),
        signer: None,
    }
}

/// The call that `request` means.
fn call(request: Request<Body>) -> Option<Call> {
    find(&STAGE.catalog, &STAGE.names, Box::new(request)).ok()
}

/// What goes out for `request`, whoever sends it, if anything does.
fn outgoing(request: Request<Body>) -> Option<(Asked, Box<Request<Body>>)> {
    let call = call(request)?;
    let _ = authenticate::find(call.headers(), &[AUTHORIZATION]);
    let _ = select::wanted(call.headers()).ok()?;
    rewrite::outgoing(call, &STAGE.credential, true).ok()
}

/// The request that goes upstream for `request`, if one does, with the body as the client sends it.
pub(crate) fn sent(request: Request<Body>) -> Option<Request<Body>> {
    let (asked, request) = outgoing(request)?;
    if request.body().is_end_stream() {
        return Some(*request);
    }
    Some(request.map(|body| body::boxed(Upload::new(body, None, Some(asked.sieve())).0)))
}
