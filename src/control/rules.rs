//! What a key's rules mean at this API: which requests it may make, which connections are there for it, and which
//! rules a new key can have.
//!
//! Requests are held against the rules before any handler runs, so that a new route can't forget them.

use axum::http::Method;

use super::{Control, problem::Refusal};
use crate::{
    connections::{Connection, ConnectionError},
    id::{ConnectionId, OwnerId},
    keys::{Caller, Rule, RuleError, Rules},
};

/// Whether a key with these rules may make a request with this method and path.
pub(super) fn admit(rules: &Rules, method: &Method, path: &str) -> Result<(), Refusal> {
    let Some(first) = rules.first() else { return Ok(()) };
    if !rules.control && path != "/user" {
        return Err(refused(Rule::Control, "This key may not use the control API, except GET /user"));
    }
    rules.method(method).map_err(|rule| refused(rule, "This key may only look, not change anything"))?;
    let reads = [Method::GET, Method::HEAD, Method::OPTIONS].contains(method);
    // Else it could make itself, or another key, one that may do more.
    if !reads && path != "/connections" && !path.starts_with("/connections/") {
        return Err(refused(first, "A key with rules can't change keys, owners or OAuth clients"));
    }
    Ok(())
}

/// 403, by this rule.
fn refused(rule: Rule, what: &str) -> Refusal {
    let name = rule.name();
    Refusal::not_allowed(format!("{what} (rule: {name}). Use a key without this rule.")).with("rule", name)
}

impl From<RuleError> for Refusal {
    fn from(error: RuleError) -> Self {
        Self::invalid(&format!("rules.{}", error.field), &error.problem)
    }
}

impl Control {
    /// The connection of this id. One that the caller's key may not use is not there for it, like a foreign one.
    pub(super) async fn connection(
        &self,
        caller: &Caller,
        owner: OwnerId,
        id: ConnectionId,
    ) -> Result<Connection, Refusal> {
        let connection = self.0.connections.get(owner, id).await?;
        if caller.rules.connection(&connection.app, id).is_err() {
            return Err(ConnectionError::Unknown.into());
        }
        Ok(connection)
    }

    /// Whether the caller's key may make a connection to this app.
    pub(super) fn may_connect(&self, caller: &Caller, slug: &str) -> Result<(), Refusal> {
        // An app that isn't there is for the body's own check to tell.
        let Some(app) = self.0.apps.app(slug) else { return Ok(()) };
        let outside = |rule| refused(rule, "This key may not connect this app").app(&app.name);
        caller.rules.app(&app.name).map_err(outside)?;
        match caller.rules.connections {
            Some(_) => {
                Err(refused(Rule::Connections, "This key may use some connections only, and make none"))
            }
            None => Ok(()),
        }
    }

    /// Rules for a key of `owner`, as they are kept; or which of them can't be.
    pub(super) async fn rules(&self, owner: OwnerId, rules: Rules) -> Result<Rules, Refusal> {
        let rules = rules.checked(&self.0.apps.now())?;
        for (at, id) in rules.connections.iter().flatten().enumerate() {
            match self.0.connections.get(owner, *id).await {
                Err(ConnectionError::Unknown) => {
                    let field = format!("rules.connections[{at}]");
                    return Err(Refusal::invalid(&field, "the key's owner has no such connection"));
                }
                found => found?,
            };
        }
        Ok(rules)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn ak_5_requests_are_held_against_the_rules() {
        let open = [("GET", "/user"), ("HEAD", "/user")];
        let looks = [("GET", "/connections"), ("GET", "/connections/x"), ("GET", "/keys"), ("GET", "/apps")];
        let connects = [("POST", "/connections"), ("DELETE", "/connections/x"), ("PATCH", "/connections/x")];
        let manages = [
            ("POST", "/keys"),
            ("PATCH", "/keys/x"),
            ("POST", "/keys/x/rotate"),
            ("DELETE", "/keys/x"),
            ("PUT", "/apps/x/client"),
            ("POST", "/owners"),
            ("DELETE", "/owners/x"),
            ("POST", "/connectionsx"),
            ("POST", "/what-comes-later"),
        ];
        let none: [Option<&str>; 3] = [None; 3];
        for (rules, [look, connect, manage]) in [
            (json!({}), none),
            (json!({"apps": ["stripe"]}), [None, None, Some("apps")]),
            (json!({"connections": []}), [None, None, Some("connections")]),
            (json!({"read_only": true}), [None, Some("read_only"), Some("read_only")]),
            (json!({"control": false}), [Some("control"); 3]),
            (json!({"control": false, "read_only": true}), [Some("control"); 3]),
        ] {
            let rules: Rules = serde_json::from_value(rules).unwrap();
            let groups = [(&open[..], None), (&looks, look), (&connects, connect), (&manages, manage)];
            for (requests, expected) in groups {
                for (method, path) in requests {
                    let refusal = admit(&rules, &method.parse().unwrap(), path).err();
                    let body = refusal.map(|refusal| refusal.problem().detail.clone());
                    let told = expected.map(|rule| format!("(rule: {rule})"));
                    assert_eq!(body.is_some(), told.is_some(), "{rules:?} {method} {path}");
                    assert!(body.unwrap_or_default().contains(&told.unwrap_or_default()), "{method} {path}");
                }
            }
        }
    }
}
