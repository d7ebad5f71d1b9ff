//! Parameters of a query or a form, as RFC 6749 3.1 wants them: an empty one counts as absent, a doubled one is
//! an error.

/// The parameters of one request.
pub(super) struct Params(Vec<(String, String)>);

impl Params {
    /// Reads a query or an `application/x-www-form-urlencoded` body.
    pub(super) fn parse(text: &[u8]) -> Self {
        Self(form_urlencoded::parse(text).into_owned().filter(|(_, value)| !value.is_empty()).collect())
    }

    /// The first value of `name`.
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    /// The first name that stands there twice.
    pub(super) fn doubled(&self) -> Option<&str> {
        let names = || self.0.iter().map(|(name, _)| name.as_str());
        names()
            .enumerate()
            .find(|(index, name)| names().take(*index).any(|before| before == *name))
            .map(|(_, name)| name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_parameters_are_absent_and_doubled_ones_are_found() {
        let params = Params::parse(b"a=1&b=&c=%20x&a=2");
        assert_eq!((params.get("a"), params.get("b"), params.get("c")), (Some("1"), None, Some(" x")));
        assert_eq!(params.doubled(), Some("a"));
        assert_eq!(Params::parse(b"a=1&b=1").doubled(), None);
    }
}
