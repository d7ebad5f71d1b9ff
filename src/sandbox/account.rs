//! The two people with an account here, and what a client may be allowed to do in their name.

use serde::Serialize;

/// Somebody with an account.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub(super) struct Account {
    /// Subject identifier.
    #[serde(rename = "sub")]
    pub(super) id: &'static str,
    pub(super) name: &'static str,
    pub(super) email: &'static str,
}

/// Everybody, the one offered first at the head.
pub(super) static ACCOUNTS: [Account; 2] = [
    Account { id: "acct_sam", name: "Sam Sandbox", email: "sam@sandbox.test" },
    Account { id: "acct_alex", name: "Alex Example", email: "alex@sandbox.test" },
];

/// The account with this id.
pub(super) fn find(id: &str) -> Option<&'static Account> {
    ACCOUNTS.iter().find(|account| account.id == id)
}

/// One thing a client may be allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scope {
    Profile,
    ReadItems,
    WriteItems,
}

impl Scope {
    pub(super) const ALL: [Self; 3] = [Self::Profile, Self::ReadItems, Self::WriteItems];

    /// The name in requests and answers.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Profile => "profile",
            Self::ReadItems => "items.read",
            Self::WriteItems => "items.write",
        }
    }

    /// What the consent page says it means.
    pub(super) const fn meaning(self) -> &'static str {
        match self {
            Self::Profile => "See your name and e-mail address",
            Self::ReadItems => "See your items",
            Self::WriteItems => "Create and delete items",
        }
    }
}

/// The scopes of a space-separated list, each once; the first unknown name as the error.
pub(super) fn scopes(list: &str) -> Result<Vec<Scope>, String> {
    let mut found = Vec::new();
    for name in list.split(' ').filter(|name| !name.is_empty()) {
        let scope = Scope::ALL.into_iter().find(|scope| scope.as_str() == name).ok_or(name)?;
        if !found.contains(&scope) {
            found.push(scope);
        }
    }
    Ok(found)
}

/// The list as requests and answers write it.
pub(super) fn list(scopes: &[Scope]) -> String {
    scopes.iter().map(|scope| scope.as_str()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_read_once_each_and_unknown_ones_are_named() {
        assert_eq!(scopes("items.read  profile items.read"), Ok(vec![Scope::ReadItems, Scope::Profile]));
        assert_eq!(scopes("profile admin"), Err("admin".to_owned()));
        assert_eq!(list(&Scope::ALL), "profile items.read items.write");
    }
}
