//! Which app a request is for: its first path segment, or the first label of its host.
//!
//! Names are compared byte for byte. A host is taken for an app's only below `app_domain`, and never the gateway's
//! own public host.

use std::{borrow::Cow, net::IpAddr, ops::Range, sync::Arc};

use http::{HeaderMap, Method, Request, Uri, header::HOST, uri::PathAndQuery};

use super::{authenticate::Credentials, refusal::Refusal, target};
use crate::{
    catalog::{App, Apps, Catalog},
    net::Body,
};

/// The first segment of sealed redirect targets.
pub const SEALED: &str = "~";

/// The names by which this gateway is called.
#[derive(Clone, Debug)]
pub struct Names {
    /// Host of the public URL.
    own: Option<String>,
    /// `.` and the domain of the apps' hosts.
    suffix: String,
}

/// A request whose app is known.
pub(super) struct Call {
    app: Arc<App>,
    /// Where in the target the path behind the app stands.
    path: Range<usize>,
    request: Box<Request<Body>>,
}

impl Names {
    /// The names of a gateway with this public URL and this domain for its apps.
    #[must_use]
    pub fn new(gateway_url: &str, app_domain: &str) -> Self {
        let own = gateway_url.parse::<Uri>().ok().and_then(|uri| uri.host().map(str::to_owned));
        Self { own, suffix: format!(".{app_domain}") }
    }

    /// The app's label, where a request is addressed to an app's own host.
    #[must_use]
    pub fn label<'r, B>(&self, request: &'r Request<B>) -> Option<Cow<'r, str>> {
        let host = host(request)?;
        // As it is written nearly always, asked first: that is quicker.
        if self.own.as_ref().is_some_and(|own| own == host || own.eq_ignore_ascii_case(host)) {
            return None;
        }
        let (label, suffix) = host.split_at_checked(host.len().checked_sub(self.suffix.len())?)?;
        if !suffix.eq_ignore_ascii_case(&self.suffix) {
            return None;
        }
        let lower = !label.bytes().any(|byte| byte.is_ascii_uppercase());
        Some(if lower { Cow::Borrowed(label) } else { Cow::Owned(label.to_ascii_lowercase()) })
    }
}

impl Names {
    /// Whether `host` is one by which this gateway is called: its own, an app's, or this machine's.
    #[must_use]
    pub fn are_of(&self, host: &str) -> bool {
        let end = |suffix: &str| host.len().checked_sub(suffix.len()).and_then(|at| host.get(at..));
        let literal = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
        self.own.as_ref().is_some_and(|own| own.eq_ignore_ascii_case(host))
            || end(&self.suffix).is_some_and(|end| end.eq_ignore_ascii_case(&self.suffix))
            || host.eq_ignore_ascii_case("localhost")
            || literal.is_ok_and(|address| address.is_loopback())
    }
}

/// The host a request names, without its port: `:authority` in HTTP/2, else `Host`.
fn host<B>(request: &Request<B>) -> Option<&str> {
    if let Some(host) = request.uri().host() {
        return Some(host);
    }
    let field = request.headers().get(HOST)?.to_str().ok()?;
    let port = if field.ends_with(']') { None } else { field.bytes().rposition(|byte| byte == b':') };
    field.get(..port.unwrap_or(field.len()))
}

impl Call {
    /// The app.
    pub(super) fn app(&self) -> &Arc<App> {
        &self.app
    }

    /// The request's method.
    pub(super) fn method(&self) -> &Method {
        self.request.method()
    }

    /// The request's header fields.
    pub(super) fn headers(&self) -> &HeaderMap {
        self.request.headers()
    }

    /// What the request shows of its caller.
    pub(super) fn credentials(&self) -> Credentials<'_> {
        Credentials::of(&self.request, self.app.credential_headers())
    }

    /// The same call by the app's file that a credential was prepared by: files may be read again in mid-call.
    pub(super) fn by(mut self, edition: u64, apps: &Apps) -> Result<Self, Refusal> {
        if self.app.edition() != edition {
            let now = apps.app(&self.app.name).filter(|app| app.edition() == edition);
            self.app = now.ok_or(Refusal::FileChanged)?;
        }
        Ok(self)
    }

    /// App, where in the target the path behind it stands, and the request.
    pub(super) fn into_parts(self) -> (Arc<App>, Range<usize>, Box<Request<Body>>) {
        (self.app, self.path, self.request)
    }
}

/// The call that `request` means.
pub(super) fn find(catalog: &Catalog, names: &Names, request: Box<Request<Body>>) -> Result<Call, Refusal> {
    let target = request.uri().path_and_query().map_or("/", PathAndQuery::as_str);
    if !target.starts_with('/') {
        return Err(Refusal::bad_request("The request target has to start with a slash."));
    }
    let label = names.label(&request);
    let (slug, at) = match &label {
        Some(label) => (label.as_ref(), 0),
        None => target::split(target),
    };
    let Some(app) = catalog.app(slug) else { return Err(Refusal::app_unknown(catalog, slug)) };
    let path = at..target::path_end(target);
    if target.get(path.clone()).is_none_or(target::has_dot_segment) {
        return Err(Refusal::bad_request(
            "The path holds a segment . or .. (also written %2e). Send the path it leads to.",
        ));
    }
    let app = Arc::clone(app);
    drop(label);
    Ok(Call { app, path, request })
}

/// The sealed text of a request for a sealed redirect target.
pub(super) fn sealed<'r>(names: &Names, request: &'r Request<Body>) -> Option<&'r str> {
    let target = request.uri().path_and_query()?.as_str();
    let (first, at) = target::split(target);
    if first != SEALED || names.label(request).is_some() {
        return None;
    }
    let path = target.get(at..target::path_end(target))?;
    Some(path.strip_prefix('/').unwrap_or(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    const APP: &str = r#"
        name = "slack"
        display_name = "Slack"
        base = "https://slack.com/api"
        no_probe = "a test"
        [[auth]]
        method = "API_KEY"
        fields = [{ name = "api_key", label = "Key", secret = true }]
        inject = [{ header = "Authorization", value = "Bearer ${api_key}" }]
    "#;

    fn find(host: &str, target: &str) -> Result<String, Refusal> {
        let catalog = Catalog::of(&[("slack", APP)], false).unwrap();
        let names = Names::new("https://gw.example.com", "example.com");
        let request =
            Request::builder().uri(target).header("host", host).body(crate::net::body::empty()).unwrap();
        let call = super::find(&catalog, &names, Box::new(request))?;
        let target = call.request.uri().path_and_query().unwrap().as_str().to_owned();
        Ok(target[call.path.start..].to_owned())
    }

    #[test]
    fn rt_4_only_the_exact_first_segment_is_the_app() {
        assert_eq!(find("gw.example.com", "/slack/a//b?c").unwrap(), "/a//b?c");
        for target in
            ["/%73lack/", "/SLACK/", "//slack/", "/slack%2Fapi", "/slack;x/", "/slack.evil/", "/", "/slac"]
        {
            assert!(matches!(find("gw.example.com", target), Err(Refusal::AppUnknown { .. })), "{target}");
        }
    }

    #[test]
    fn rt_1_a_dot_segment_is_refused_before_anything_else_is_done() {
        for target in ["/slack/..", "/slack/%2e%2e/x", "/slack/a/..;/b"] {
            assert!(matches!(find("gw.example.com", target), Err(Refusal::BadRequest(_))), "{target}");
        }
    }

    #[test]
    fn an_apps_own_host_takes_the_whole_path() {
        for host in ["slack.example.com", "slack.example.com:8080", "SLACK.Example.Com"] {
            assert_eq!(find(host, "/slack/x").unwrap(), "/slack/x", "{host}");
        }
        for host in
            ["gw.example.com", "gw.example.com:8080", "example.com", "10.0.0.1", "keyferry:8080", "[::1]:80"]
        {
            assert_eq!(find(host, "/slack/x").unwrap(), "/x", "{host}");
        }
        for host in ["nope.example.com", "a.slack.example.com", ".example.com"] {
            assert!(matches!(find(host, "/slack/x"), Err(Refusal::AppUnknown { .. })), "{host}");
        }
    }
}
