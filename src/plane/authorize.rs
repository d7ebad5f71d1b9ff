//! Whether the caller may make this call: what its key's rules say of the app, the method and the connection.
//!
//! Only here a permit is made, and what follows takes nothing less. Connections are held against the rules where they
//! are chosen, because what a key may not use must not be counted, hinted at or linked to either.

use http::{HeaderMap, HeaderName, Method};

use super::{authenticate::Known, refusal::Refusal};
use crate::keys::{Caller, Rules};

/// Fields by which some upstreams take a call for one of another method.
const OVERRIDES: [HeaderName; 3] = [
    HeaderName::from_static("x-http-method-override"),
    HeaderName::from_static("x-http-method"),
    HeaderName::from_static("x-method-override"),
];

/// Proof that a caller may make this call.
#[derive(Clone, Debug)]
pub(super) struct Permit(Known);

impl Permit {
    /// Who calls.
    pub(super) fn caller(&self) -> &Caller {
        self.0.caller()
    }

    /// Which connections the call may use.
    pub(super) fn rules(&self) -> &Rules {
        &self.0.caller().rules
    }
}

/// Permits a call to `app`, where there is one, or names the rule against it.
pub(super) fn permit(
    known: Known,
    app: Option<&str>,
    method: &Method,
    headers: &HeaderMap,
) -> Result<Permit, Refusal> {
    let rules = &known.caller().rules;
    app.map_or(Ok(()), |app| rules.app(app))?;
    rules.method(method)?;
    if rules.read_only && OVERRIDES.iter().any(|name| headers.contains_key(name)) {
        return Err(crate::keys::Rule::ReadOnly.into());
    }
    Ok(Permit(known))
}
