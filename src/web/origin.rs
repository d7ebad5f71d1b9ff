//! Where a page's form may lead: `form-action` of its policy has to name every hop behind the button.
//!
//! Chromium holds not only the first redirect after a form against it but each one that follows, and many providers
//! send the browser on to another host of theirs before they show anything. Which ones, nobody writes down: so
//! https leads anywhere, and plain http only to the very host that the app's file names.

/// The source expressions (CSP 3, 2.3.1) for a form that leads to `url`, a template or a filled one.
pub(super) fn sources_of(url: &str) -> Option<String> {
    if let Some(rest) = url.strip_prefix("http://") {
        let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
        return plain(host).then(|| format!("http://{host} https:"));
    }
    (url.starts_with("https://") || url.starts_with("${")).then(|| "https:".to_owned())
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
    fn https_leads_anywhere_and_http_only_to_the_host_that_is_named() {
        for (url, sources) in [
            ("https://accounts.google.com/o/oauth2/v2/auth", Some("https:")),
            ("https://${subdomain}.zendesk.com/oauth", Some("https:")),
            ("${instance_url}/oauth", Some("https:")),
            ("http://127.0.0.1:9000/authorize?x=1", Some("http://127.0.0.1:9000 https:")),
            ("http://${host}/oauth", None),
            ("http://a;b/", None),
            ("javascript:alert(1)", None),
        ] {
            assert_eq!(sources_of(url).as_deref(), sources, "{url}");
        }
    }
}
