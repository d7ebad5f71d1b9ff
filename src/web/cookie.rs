//! The cookies of the pages: short-lived, never readable by script, bound to this origin where there is TLS.
//!
//! Under https the name begins with `__Host-`, so that no other host and no plain connection can set one. Browsers
//! refuse such names over http, so the plain name is used there: that is for a machine of one's own.

use std::time::Duration;

use axum::http::{HeaderMap, HeaderValue, header};

/// No cookie lives longer.
pub(super) const LONGEST: Duration = Duration::from_mins(10);

/// Writes and reads the cookies of one control door.
#[derive(Clone, Copy, Debug)]
pub(super) struct Jar {
    /// Whether people reach the door by https.
    pub(super) secure: bool,
}

impl Jar {
    /// `Set-Cookie` for `value`, gone after [`LONGEST`].
    pub(super) fn set(self, name: &str, value: &str) -> Option<HeaderValue> {
        self.line(name, value, LONGEST)
    }

    /// `Set-Cookie` that removes it.
    pub(super) fn remove(self, name: &str) -> Option<HeaderValue> {
        self.line(name, "", Duration::ZERO)
    }

    /// The value this browser sent. Two cookies of one name are none: the second came from somewhere else.
    pub(super) fn get(self, headers: &HeaderMap, name: &str) -> Option<String> {
        let name = self.name(name);
        let mut found = headers
            .get_all(header::COOKIE)
            .iter()
            .filter_map(|line| line.to_str().ok())
            .flat_map(|line| line.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .filter(|(key, _)| *key == name)
            .map(|(_, value)| value.to_owned());
        let value = found.next()?;
        found.next().is_none().then_some(value)
    }

    fn name(self, name: &str) -> String {
        if self.secure { format!("__Host-{name}") } else { name.to_owned() }
    }

    fn line(self, name: &str, value: &str, lifetime: Duration) -> Option<HeaderValue> {
        let secure = if self.secure { "; Secure" } else { "" };
        let (name, seconds) = (self.name(name), lifetime.min(LONGEST).as_secs());
        let line = format!("{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}");
        let mut line = HeaderValue::try_from(line).ok()?;
        line.set_sensitive(true);
        Some(line)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(line: &str) -> HeaderMap {
        HeaderMap::from_iter([(header::COOKIE, HeaderValue::from_str(line).unwrap())])
    }

    #[test]
    fn wp_1_cookies_are_bound_to_the_host_under_tls_and_short_lived() {
        assert_eq!(
            Jar { secure: true }.set("kf_link", "v").unwrap(),
            "__Host-kf_link=v; Path=/; Max-Age=600; HttpOnly; SameSite=Lax; Secure"
        );
        assert_eq!(
            Jar { secure: false }.remove("kf_link").unwrap(),
            "kf_link=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax"
        );
    }

    #[test]
    fn the_right_cookie_is_read_and_a_doubled_one_is_not() {
        let jar = Jar { secure: true };
        assert_eq!(jar.get(&sent("a=1; __Host-kf=x=y;b=2"), "kf").as_deref(), Some("x=y"));
        assert_eq!(jar.get(&sent("kf=plain"), "kf"), None);
        assert_eq!(jar.get(&sent("__Host-kf=1; __Host-kf=2"), "kf"), None);
        assert_eq!(jar.get(&HeaderMap::new(), "kf"), None);
    }
}
