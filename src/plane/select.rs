//! Which connection a call names, if it names one.

use http::{HeaderMap, HeaderName};

use super::refusal::Refusal;
use crate::id::ConnectionId;

/// The field that chooses a connection, under each of its names. The first one also stands in every answer. No constant:
/// that would be made anew for each comparison.
pub(super) static FIELDS: [HeaderName; 3] = [
    HeaderName::from_static("maton-connection"),
    HeaderName::from_static("x-maton-connection"),
    HeaderName::from_static("keyferry-connection"),
];

/// The connection that `headers` name. The same one twice is fine.
pub(super) fn wanted(headers: &HeaderMap) -> Result<Option<ConnectionId>, Refusal> {
    // Nearly nobody names one: to go over the names once is quicker than three look-ups.
    if !headers.keys().any(|name| FIELDS.contains(name)) {
        return Ok(None);
    }
    let mut wanted = None;
    for value in FIELDS.iter().flat_map(|name| headers.get_all(name)) {
        let id = value.to_str().ok().filter(|text| text.len() == 36).and_then(|text| text.parse().ok());
        let id: ConnectionId = id.ok_or_else(|| {
            Refusal::bad_request(
                "Maton-Connection has to be one connection_id, a UUID from GET /connections.",
            )
        })?;
        if wanted.is_some_and(|other| other != id) {
            return Err(Refusal::bad_request(
                "The request names two different connections. Name one of them.",
            ));
        }
        wanted = Some(id);
    }
    Ok(wanted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    const ONE: &str = "0198c1a0-0000-7000-8000-000000000001";
    const TWO: &str = "0198c1a0-0000-7000-8000-000000000002";

    fn look(fields: &[(&'static str, &str)]) -> Result<Option<ConnectionId>, ()> {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.append(HeaderName::from_static(name), HeaderValue::from_str(value).unwrap());
        }
        wanted(&headers).map_err(drop)
    }

    #[test]
    fn ci_3_one_connection_under_any_of_its_names() {
        let one = Ok(Some(ONE.parse().unwrap()));
        assert_eq!(look(&[]), Ok(None));
        for name in ["maton-connection", "x-maton-connection", "keyferry-connection"] {
            assert_eq!(look(&[(name, ONE)]), one);
        }
        assert_eq!(look(&[("maton-connection", ONE), ("maton-connection", ONE)]), one);
        assert_eq!(look(&[("maton-connection", ONE), ("keyferry-connection", &ONE.to_uppercase())]), one);
    }

    #[test]
    fn ci_3_malformed_and_contradicting_fields_are_refused() {
        let list = format!("{ONE}, {ONE}");
        for value in
            ["", "x", &list, &format!("{{{ONE}}}"), &ONE.replace('-', ""), &format!("urn:uuid:{ONE}")]
        {
            assert_eq!(look(&[("maton-connection", value)]), Err(()), "{value}");
        }
        assert_eq!(look(&[("maton-connection", ONE), ("maton-connection", TWO)]), Err(()));
        assert_eq!(look(&[("maton-connection", ONE), ("x-maton-connection", TWO)]), Err(()));
    }
}
