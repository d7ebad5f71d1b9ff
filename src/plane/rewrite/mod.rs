//! The request that goes out: the catalog's host, the caller's bytes, the credential last and once.
//!
//! The order is the point: what ends at this hop and every spelling of the credential's places goes or is overwritten, so that no
//! field of the caller can remove, double or precede what is added.

pub(super) mod fields;
pub(super) mod path;
pub(super) mod query;

use std::{borrow::Cow, mem, ops::Range, sync::Arc};

use bytes::Bytes;
use http::{
    HeaderMap, HeaderName, HeaderValue, Method, Request, Uri, Version,
    header::{CONNECTION, TE, TRAILER, VIA},
    uri::{self, PathAndQuery, Scheme},
};
use http_body::Body as _;

use super::{refusal::Refusal, route::Call, target};
use crate::{
    catalog::App,
    connections::{Base, Credential, Own},
    net::{Body, headers, upload::Sieve},
    vault::Secret,
};

/// What the answer has to know of the call.
pub(super) struct Asked {
    /// The app.
    pub(super) app: Arc<App>,
    /// The request's method.
    pub(super) method: Method,
    /// The target as the caller wrote it, and where in it the path behind the app stands.
    target: Uri,
    path: Range<usize>,
    /// Which of the app's routes was taken.
    pub(super) route: Option<usize>,
    /// Whether the caller takes trailers.
    pub(super) trailers: bool,
    /// The fields that end at this hop because the caller's `Connection` says so.
    nominated: Vec<HeaderName>,
}

impl Asked {
    fn target(&self) -> &str {
        self.target.path_and_query().map_or("/", PathAndQuery::as_str)
    }

    /// The path as the caller wrote it, behind the app.
    pub(super) fn path(&self) -> &str {
        if self.is_bare() { "/" } else { self.target().get(self.path.clone()).unwrap_or("/") }
    }

    /// Whether the caller wrote no path behind the app, not even a slash.
    pub(super) fn is_bare(&self) -> bool {
        self.path.is_empty()
    }

    fn query(&self) -> Option<&str> {
        self.target().get(self.path.end + 1..)
    }

    /// Whether the call goes out without the credential.
    pub(super) fn is_anonymous(&self) -> bool {
        self.route.and_then(|at| self.app.routes.get(at)).is_some_and(|route| route.anonymous)
    }

    /// Whether the route says what goes onto the request, instead of the way in.
    pub(super) fn has_own_credential(&self) -> bool {
        let route = self.route.and_then(|at| self.app.routes.get(at));
        route.is_some_and(|route| route.anonymous || route.inject.is_some())
    }

    /// Which of the request's trailers go along.
    pub(super) fn sieve(&self) -> Sieve {
        let (app, nominated) = (Arc::clone(&self.app), self.nominated.clone());
        Box::new(move |name, value| fields::trails(name, value, app.credential_headers(), &nominated))
    }
}

/// The outgoing request of `call`.
pub(super) fn outgoing(
    call: Call,
    credential: &Credential,
    via: bool,
) -> Result<(Asked, Box<Request<Body>>), Refusal> {
    let (app, path, mut request) = call.into_parts();
    let mut asked = Asked {
        app,
        method: request.method().clone(),
        target: mem::take(request.uri_mut()),
        path,
        route: None,
        trailers: false,
        nominated: Vec::new(),
    };
    asked.route = asked.app.route_for(&asked.method, asked.path());
    let onto = Onto::of(&asked, credential);
    *request.uri_mut() = uri(&asked, credential, onto)?;
    let written = onto.headers;
    let fields = passing(mem::take(request.headers_mut()), &mut asked, written, request.body());
    let via = via.then_some(if request.version() == Version::HTTP_2 { "2 keyferry" } else { "1.1 keyferry" });
    *request.headers_mut() = fields_out(fields, &asked, credential, written, via);
    request.extensions_mut().clear();
    Ok((asked, request))
}

/// The same request with a newer credential in the place of the `old` one.
pub(super) fn renewed(
    mut request: Request<Body>,
    asked: &Asked,
    old: &Credential,
    new: &Credential,
) -> Result<Box<Request<Body>>, Refusal> {
    let onto = Onto::of(asked, new);
    *request.uri_mut() = uri(asked, new, onto)?;
    let fields = request.headers_mut();
    // A default that is the same stays where it stands; what the caller sent instead of one is not touched.
    for field in old.default_headers.iter().filter(|field| !new.default_headers.contains(field)) {
        if fields.get_all(&field.0).iter().eq([&field.1]) {
            fields.remove(&field.0);
        }
    }
    let is_left_out = |name: &HeaderName| !onto.headers.iter().any(|(known, _)| known == name);
    for (name, _) in Onto::of(asked, old).headers.iter().filter(|(name, _)| is_left_out(name)) {
        fields.remove(name);
    }
    for (name, value) in &new.default_headers {
        fields.entry(name).or_insert_with(|| value.clone());
    }
    onto.headers.iter().for_each(|(name, value)| drop(fields.insert(name.clone(), value.clone())));
    Ok(Box::new(request))
}

/// What goes onto one call: nothing, what its route says, or what the way in says.
#[derive(Clone, Copy)]
struct Onto<'c> {
    headers: &'c [(HeaderName, HeaderValue)],
    query: &'c [(String, Secret)],
    path_vars: &'c [(String, Secret)],
}

impl<'c> Onto<'c> {
    fn of(asked: &Asked, credential: &'c Credential) -> Self {
        let own = asked.route.and_then(|at| credential.routes_own.get(at)).and_then(Option::as_ref);
        match own {
            _ if asked.is_anonymous() => Self { headers: &[], query: &[], path_vars: &[] },
            Some(Own { headers, query, path_vars }) => Self { headers, query, path_vars },
            None => {
                let Credential { headers, query, path_vars, .. } = credential;
                Self { headers, query, path_vars }
            }
        }
    }
}

/// Where a call goes: the base of its route, or the app's.
fn destination<'c>(asked: &Asked, credential: &'c Credential) -> Result<&'c Base, Refusal> {
    match asked.route {
        None => Ok(&credential.base),
        Some(at) => credential.routes.get(at).and_then(Option::as_ref).ok_or_else(|| {
            Refusal::bad_request(format!(
                "This path of {} needs a value that the connection hasn't got. Reconnect it with all its fields.",
                asked.app.name
            ))
        }),
    }
}

fn uri(asked: &Asked, credential: &Credential, onto: Onto<'_>) -> Result<Uri, Refusal> {
    let base = destination(asked, credential)?;
    let path = filled(asked, onto.path_vars)?;
    let query = query_out(asked, credential, onto.query);
    // Exactly what it takes: then it is not copied once more.
    let length = base.prefix.len() + path.len() + query.as_ref().map_or(0, |query| query.len() + 1);
    let mut text = String::with_capacity(length);
    text.push_str(&base.prefix);
    text.push_str(&path);
    if let Some(query) = query {
        text.push('?');
        text.push_str(&query);
    }
    let malformed = || Refusal::bad_request("The path or query holds a character that no URL may have.");
    let mut parts = uri::Parts::default();
    parts.scheme = Some(base.scheme.clone());
    parts.authority = Some(base.authority.clone());
    parts.path_and_query = Some(PathAndQuery::from_maybe_shared(Bytes::from(text)).map_err(|_| malformed())?);
    Uri::from_parts(parts).map_err(|_| malformed())
}

fn filled<'a>(asked: &'a Asked, values: &[(String, Secret)]) -> Result<Cow<'a, str>, Refusal> {
    let fields = asked.app.path_vars.iter().map(|var| var.token.as_str());
    let secrets = asked.app.injects().filter_map(|inject| inject.path.as_deref());
    let known: Vec<&str> = fields.chain(secrets).collect();
    let filled = path::fill(asked.path(), &known, values).map_err(|path::Unfilled(token)| {
        Refusal::bad_request(format!(
            "The path holds {token}, and this connection has no value for it. Write the value itself, or reconnect."
        ))
    })?;
    if matches!(filled, Cow::Owned(_)) && target::has_dot_segment(&filled) {
        return Err(Refusal::bad_request("A value of this connection can't stand in a path. Reconnect it."));
    }
    Ok(filled)
}

fn query_out<'a>(
    asked: &'a Asked,
    credential: &Credential,
    secrets: &[(String, Secret)],
) -> Option<Cow<'a, str>> {
    let query = asked.query();
    let caller = query.map(|query| query::without(query, asked.app.credential_queries()));
    let emptied = caller.as_deref() == Some("") && query != Some("");
    let defaults = credential
        .default_query
        .iter()
        .filter(|(name, _)| !caller.as_deref().is_some_and(|query| query::has(query, name)));
    let mut added = defaults
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .chain(secrets.iter().map(|(name, value)| (name.as_str(), value.expose())))
        .peekable();
    if added.peek().is_none() {
        return if emptied { None } else { caller };
    }
    let mut out = caller.clone().unwrap_or_default().into_owned();
    added.for_each(|(name, value)| query::add(&mut out, name, value));
    Some(Cow::Owned(out))
}

/// The caller's fields that pass. What they say to this hop is kept in `asked`.
fn passing(
    fields: HeaderMap,
    asked: &mut Asked,
    written: &[(HeaderName, HeaderValue)],
    body: &Body,
) -> HeaderMap {
    let app = Arc::clone(&asked.app);
    if fields::all_pass(&fields, app.credential_headers(), written) {
        return fields;
    }
    asked.trailers = headers::takes_trailers(&fields);
    asked.nominated = headers::nominated(&fields);
    let announced = announced(&fields, asked, body);
    let mut out = fields::passing(fields, app.credential_headers(), &asked.nominated);
    if let Some(names) = announced {
        out.insert(TRAILER, names);
    }
    out
}

/// `Trailer`, where there is a body that some can follow. A body of known length has none in HTTP/1.1.
fn announced(headers: &HeaderMap, asked: &Asked, body: &Body) -> Option<HeaderValue> {
    if !headers.contains_key(TRAILER) || body.size_hint().exact().is_some() {
        return None;
    }
    let any = HeaderValue::from_static("");
    let credential = asked.app.credential_headers();
    headers::announced(headers, |name| fields::trails(name, &any, credential, &asked.nominated))
}

/// The caller's fields with those that the gateway sets; `written`, the credential's own, come last.
fn fields_out(
    mut out: HeaderMap,
    asked: &Asked,
    credential: &Credential,
    written: &[(HeaderName, HeaderValue)],
    via: Option<&'static str>,
) -> HeaderMap {
    for (name, value) in &credential.default_headers {
        if !out.contains_key(name) {
            out.insert(name.clone(), value.clone());
        }
    }
    if asked.trailers {
        out.insert(TE, HeaderValue::from_static("trailers"));
        // HTTP/2 has no Connection: there the library would drop what it nominates.
        if !(asked.app.http2 && credential.base.scheme == Scheme::HTTPS) {
            out.insert(CONNECTION, HeaderValue::from_static("te"));
        }
    }
    if let Some(via) = via {
        out.insert(VIA, HeaderValue::from_static(via));
    }
    for (name, value) in written {
        out.insert(name.clone(), value.clone());
    }
    out
}

/// The caller's fields that pass, in their order.
pub(super) fn caller_fields(fields: HeaderMap, credential: &[HeaderName]) -> HeaderMap {
    let nominated = headers::nominated(&fields);
    fields::passing(fields, credential, &nominated)
}

#[cfg(test)]
pub(super) mod tests;
