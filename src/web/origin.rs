//! Which origins a page's form may lead to: `form-action` of its policy has to name where a POST redirects.
//!
//! A tenant's host isn't known before it is typed in: then everything under the fixed part of the name is allowed,
//! and where nothing of the name is fixed, any https host.

/// The source expression (CSP 3, 2.3.1) for the origin of `url`, a template or a filled one.
pub(super) fn source_of(url: &str) -> Option<String> {
    let (scheme, rest) = url.split_once("://")?;
    let open = scheme.contains("${");
    if !open && scheme != "https" && scheme != "http" {
        return None;
    }
    let host = authority(rest);
    let Some(end) = host.rfind('}') else {
        return (!open && plain(host)).then(|| format!("{scheme}://{host}"));
    };
    let fixed = host.get(end + 1..).unwrap_or_default();
    let scheme = if open { "https" } else { scheme };
    let under = fixed.split_once('.').map(|(_, name)| name).filter(|name| name.contains('.') && plain(name));
    Some(under.map_or_else(|| format!("{scheme}:"), |name| format!("{scheme}://*.{name}")))
}

/// The part before the path; a `/` inside a placeholder doesn't end it.
fn authority(rest: &str) -> &str {
    let mut depth = 0_u32;
    let end = rest.find(|c| {
        match c {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth == 0 && matches!(c, '/' | '?' | '#')
    });
    end.and_then(|end| rest.get(..end)).unwrap_or(rest)
}

/// Only characters of a host and port: nothing that could end the directive.
fn plain(host: &str) -> bool {
    !host.is_empty()
        && host.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':' | '[' | ']'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fixed_host_is_named_and_a_tenants_host_is_bounded() {
        for (url, source) in [
            ("https://accounts.google.com/o/oauth2/v2/auth", Some("https://accounts.google.com")),
            ("http://127.0.0.1:9000/authorize?x=1", Some("http://127.0.0.1:9000")),
            ("https://${subdomain}.zendesk.com/oauth", Some("https://*.zendesk.com")),
            ("https://app-${region}.example.co.uk/x", Some("https://*.example.co.uk")),
            ("https://${host}/oauth", Some("https:")),
            ("https://${domain}.com/oauth", Some("https:")),
            ("${instance}/oauth", None),
            ("javascript:alert(1)", None),
            ("https://a;b/", None),
        ] {
            assert_eq!(source_of(url).as_deref(), source, "{url}");
        }
    }
}
