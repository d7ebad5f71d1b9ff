//! The request that goes out: the catalog's host, the caller's bytes, the credential last and once.
//!
//! The order is the point: what ends at this hop and every spelling of the credential's places go first, so that no
//! field of the caller can remove, double or precede what is added.

pub(super) mod fields;
pub(super) mod path;
pub(super) mod query;

use std::{borrow::Cow, sync::Arc};

use bytes::Bytes;
use http::{
    HeaderMap, HeaderName, HeaderValue, Method, Request, Uri, Version,
    header::{CONNECTION, TE, TRAILER, VIA},
    request,
    uri::{self, PathAndQuery, Scheme},
};
use http_body::Body as _;

use super::{refusal::Refusal, route::Call, target};
use crate::{
    catalog::App,
    connections::{Base, Credential},
    net::{Body, headers, upload::Sieve},
};

/// What the answer has to know of the call.
pub(super) struct Asked {
    /// The app.
    pub(super) app: Arc<App>,
    /// The request's method.
    pub(super) method: Method,
    /// The path as the caller wrote it, behind the app.
    pub(super) path: String,
    /// Whether the caller wrote none, not even a slash: `path` is `/` then.
    pub(super) bare: bool,
    /// Which of the app's routes was taken.
    pub(super) route: Option<usize>,
    /// Whether the caller takes trailers.
    pub(super) trailers: bool,
    /// The fields that end at this hop because the caller's `Connection` says so.
    nominated: Vec<HeaderName>,
}

impl Asked {
    /// Whether the call goes out without the credential.
    pub(super) fn is_anonymous(&self) -> bool {
        self.route.and_then(|at| self.app.routes.get(at)).is_some_and(|route| route.anonymous)
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
) -> Result<(Asked, Request<Body>), Refusal> {
    let (app, at, request) = call.into_parts();
    let (head, body) = request.into_parts();
    let target = head.uri.path_and_query().map_or("/", PathAndQuery::as_str);
    let native = target.get(at..).unwrap_or_default();
    let (path, query) = target::path_and_query(native);
    let asked = Asked {
        route: app.route_for(&head.method, path),
        method: head.method.clone(),
        path: path.to_owned(),
        bare: !native.starts_with('/'),
        trailers: headers::takes_trailers(&head.headers),
        nominated: headers::nominated(&head.headers),
        app,
    };
    let anonymous = asked.is_anonymous();
    let uri = uri(&asked, query, credential, anonymous)?;
    let announced = announced(&head.headers, &asked, &body);
    let mut headers =
        fields_out(head, &asked, if anonymous { None } else { Some(credential) }, credential, via);
    if let Some(names) = announced {
        headers.insert(TRAILER, names);
    }
    let mut outgoing = Request::new(body);
    *outgoing.method_mut() = asked.method.clone();
    *outgoing.uri_mut() = uri;
    *outgoing.headers_mut() = headers;
    Ok((asked, outgoing))
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

fn uri(asked: &Asked, query: Option<&str>, credential: &Credential, anonymous: bool) -> Result<Uri, Refusal> {
    let base = destination(asked, credential)?;
    let path = filled(asked, credential, anonymous)?;
    let mut text = String::with_capacity(base.prefix.len() + path.len() + query.map_or(0, str::len) + 1);
    text.push_str(&base.prefix);
    text.push_str(&path);
    if let Some(query) = query_out(asked, query, credential, anonymous) {
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

fn filled<'a>(asked: &'a Asked, credential: &Credential, anonymous: bool) -> Result<Cow<'a, str>, Refusal> {
    let fields = asked.app.path_vars.iter().map(|var| var.token.as_str());
    let secrets =
        asked.app.auth.iter().flat_map(|way| &way.inject).filter_map(|inject| inject.path.as_deref());
    let known: Vec<&str> = fields.chain(secrets).collect();
    let values: &[_] = if anonymous { &[] } else { &credential.path_vars };
    let filled = path::fill(&asked.path, &known, values).map_err(|path::Unfilled(token)| {
        Refusal::bad_request(format!(
            "The path holds {token}, and this connection has no value for it. Write the value itself, or reconnect."
        ))
    })?;
    if matches!(filled, Cow::Owned(_)) && target::has_dot_segment(&filled) {
        return Err(Refusal::bad_request("A value of this connection can't stand in a path. Reconnect it."));
    }
    Ok(filled)
}

fn query_out<'q>(
    asked: &Asked,
    query: Option<&'q str>,
    credential: &Credential,
    anonymous: bool,
) -> Option<Cow<'q, str>> {
    let caller = query.map(|query| query::without(query, asked.app.credential_queries()));
    let emptied = caller.as_deref() == Some("") && query != Some("");
    let defaults = credential
        .default_query
        .iter()
        .filter(|(name, _)| !caller.as_deref().is_some_and(|query| query::has(query, name)));
    let secrets: &[_] = if anonymous { &[] } else { &credential.query };
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

/// `Trailer`, where there is a body that some can follow. A body of known length has none in HTTP/1.1.
fn announced(headers: &HeaderMap, asked: &Asked, body: &Body) -> Option<HeaderValue> {
    if !headers.contains_key(TRAILER) || body.size_hint().exact().is_some() {
        return None;
    }
    let any = HeaderValue::from_static("");
    let credential = asked.app.credential_headers();
    headers::announced(headers, |name| fields::trails(name, &any, credential, &asked.nominated))
}

fn fields_out(
    head: request::Parts,
    asked: &Asked,
    credential: Option<&Credential>,
    defaults: &Credential,
    via: bool,
) -> HeaderMap {
    let version = head.version;
    let mut out = passing(head.headers, asked.app.credential_headers(), &asked.nominated);
    for (name, value) in &defaults.default_headers {
        if !out.contains_key(name) {
            out.insert(name.clone(), value.clone());
        }
    }
    if asked.trailers {
        out.insert(TE, HeaderValue::from_static("trailers"));
        // HTTP/2 has no Connection: there the library would drop what it nominates.
        if !(asked.app.http2 && defaults.base.scheme == Scheme::HTTPS) {
            out.insert(CONNECTION, HeaderValue::from_static("te"));
        }
    }
    if via {
        let version = if version == Version::HTTP_2 { "2 keyferry" } else { "1.1 keyferry" };
        out.insert(VIA, HeaderValue::from_static(version));
    }
    for (name, value) in credential.into_iter().flat_map(|credential| &credential.headers) {
        out.insert(name.clone(), value.clone());
    }
    out
}

/// The caller's fields that pass, in their order.
pub(super) fn caller_fields(fields: HeaderMap, credential: &[HeaderName]) -> HeaderMap {
    let nominated = headers::nominated(&fields);
    passing(fields, credential, &nominated)
}

fn passing(fields: HeaderMap, credential: &[HeaderName], nominated: &[HeaderName]) -> HeaderMap {
    let mut out = HeaderMap::with_capacity(fields.len() + 4);
    let mut current = None;
    for (name, value) in fields {
        current = name.or(current);
        if let Some(name) = &current
            && fields::passes(name, &value, credential, nominated)
        {
            out.append(name.clone(), value);
        }
    }
    out
}

#[cfg(test)]
pub(super) mod tests;
