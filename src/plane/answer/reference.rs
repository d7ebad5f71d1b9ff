//! What a `Location` or `Link` target means, seen from the upstream that sent it (RFC 3986 5). Pure.
//!
//! Plain references keep their bytes. Whatever clients could read in two ways (backslashes, control characters, a
//! scheme without slashes) is read by the URL standard, because those that would send a key astray follow it.

use std::borrow::Cow;

use url::Url;

use crate::plane::target;

/// What a target means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Reference<'t> {
    /// A place on some host: scheme, authority, and the rest from the path on.
    Absolute(Cow<'t, str>, Cow<'t, str>, Cow<'t, str>),
    /// A place next to the request's own: the client finds it by itself.
    Relative,
    /// Not HTTP.
    OtherScheme,
    /// Nothing that can be vouched for.
    Unreadable,
}

/// Reads `target` as sent by `scheme://authority`, in answer to a request for `path`.
pub(super) fn read<'t>(target: &'t str, scheme: &'t str, authority: &'t str, path: &str) -> Reference<'t> {
    let before_query = target.split(['?', '#']).next().unwrap_or(target);
    if !target.bytes().all(is_plain) || target::has_dot_segment(before_query) {
        return by_the_standard(target, scheme, authority, path);
    }
    if let Some(rest) = target.strip_prefix("//") {
        return absolute(scheme, rest);
    }
    if target.starts_with('/') {
        return Reference::Absolute(scheme.into(), authority.into(), target.into());
    }
    match scheme_of(target) {
        Some(("http" | "https", rest)) if rest.starts_with("//") => {
            absolute(target.split(':').next().unwrap_or_default(), rest.trim_start_matches('/'))
        }
        Some(("http" | "https", _)) => by_the_standard(target, scheme, authority, path),
        Some(_) if is_http(target) => by_the_standard(target, scheme, authority, path),
        Some(_) => Reference::OtherScheme,
        None => Reference::Relative,
    }
}

fn absolute<'t>(scheme: &'t str, rest: &'t str) -> Reference<'t> {
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    match rest.split_at_checked(end) {
        Some((authority, rest)) if !authority.is_empty() && !authority.ends_with('@') => {
            Reference::Absolute(scheme.into(), authority.into(), rest.into())
        }
        _ => Reference::Unreadable,
    }
}

fn by_the_standard<'t>(target: &str, scheme: &str, authority: &str, path: &str) -> Reference<'t> {
    let base = Url::parse(&format!("{scheme}://{authority}{path}"));
    let Ok(url) = base.and_then(|base| base.join(target)) else { return Reference::Unreadable };
    if !matches!(url.scheme(), "http" | "https") {
        return Reference::OtherScheme;
    }
    let rest = url.as_str().get(url.as_str().len() - after_authority(&url)..).unwrap_or_default().to_owned();
    Reference::Absolute(url.scheme().to_owned().into(), url.authority().to_owned().into(), rest.into())
}

/// How long path, query and fragment are together.
fn after_authority(url: &Url) -> usize {
    let part = |text: Option<&str>| text.map_or(0, |text| text.len() + 1);
    url.path().len() + part(url.query()) + part(url.fragment())
}

fn scheme_of(target: &str) -> Option<(&str, &str)> {
    let (scheme, rest) = target.split_once(':')?;
    let valid = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.');
    (scheme.starts_with(|c: char| c.is_ascii_alphabetic()) && scheme.chars().all(valid))
        .then_some((scheme, rest))
}

/// `HTTP:` and `Https:` too.
fn is_http(target: &str) -> bool {
    scheme_of(target).is_some_and(|(scheme, _)| {
        scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https")
    })
}

/// The characters of RFC 3986, and those that everybody passes.
fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~:/?#[]@!$&'()*+,;=%|".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(target: &str) -> String {
        match read(target, "https", "api.example.com", "/v1/items/7") {
            Reference::Absolute(scheme, authority, rest) => format!("{scheme} {authority} {rest}"),
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn rt_5_targets_are_read_as_their_readers_read_them() {
        for (target, expected) in [
            ("https://api.example.com/a%2Fb?c=d#e", "https api.example.com /a%2Fb?c=d#e"),
            ("https://other.example:8443", "https other.example:8443 "),
            ("https://other.example?x", "https other.example ?x"),
            ("http://api.example.com/", "http api.example.com /"),
            ("https://u:p@h.example/x", "https u:p@h.example /x"),
            ("//cdn.example/x", "https cdn.example /x"),
            ("///evil.example/x", "Unreadable"),
            ("https://user@/evil.example/x", "Unreadable"),
            ("/v1/items?page=2", "https api.example.com /v1/items?page=2"),
            ("8", "Relative"),
            ("?page=2", "Relative"),
            ("#top", "Relative"),
            ("", "Relative"),
            ("../users", "https api.example.com /v1/users"),
            ("../../../../x", "https api.example.com /x"),
            ("a/%2e%2e/../b?c", "https api.example.com /v1/b?c"),
            ("myapp://callback?x", "OtherScheme"),
            ("mailto:a@b.example", "OtherScheme"),
            // what browsers and fetch() make of it
            ("/\\evil.example/x", "https evil.example /x"),
            ("\\\\evil.example/x", "https evil.example /x"),
            ("https:evil.example/x", "https api.example.com /v1/items/evil.example/x"),
            ("http:evil.example/x", "http evil.example /x"),
            ("https:/evil.example/x", "https api.example.com /evil.example/x"),
            ("https:\\\\evil.example", "https evil.example /"),
            ("HTTPS://evil.example/x", "https evil.example /x"),
            ("ht\ttps://evil.example/", "https evil.example /"),
            ("java\tscript:alert(1)", "OtherScheme"),
            ("https://exämple.com/ü?ö=1", "https xn--exmple-cua.com /%C3%BC?%C3%B6=1"),
            ("https://[::1/", "https [::1 /"),
            ("https://a b/", "Unreadable"),
        ] {
            assert_eq!(look(target), expected, "{target:?}");
        }
    }
}
