//! Codes, refresh tokens and access tokens: which exist, whose they are, and what ends them.
//!
//! Protocol rules only, no HTTP. A grant is what one consent began: it has one current refresh token. Presenting a
//! spent code or a spent refresh token means that somebody holds a copy, so the whole grant ends (RFC 9700 2.2.2).

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use super::{
    SandboxSettings,
    account::{Account, Scope},
    error::Refusal,
    random,
};
use crate::clock::{Clock, Timestamp};

/// How long an expired code is remembered, to notice when it comes back.
const MEMORY: Duration = Duration::from_mins(10);

/// What somebody agreed to.
#[derive(Clone, Debug)]
pub(super) struct Consent {
    pub(super) client: String,
    pub(super) redirect_uri: String,
    pub(super) challenge: String,
    pub(super) scopes: Vec<Scope>,
    pub(super) account: &'static Account,
}

/// What a token request is answered with.
#[derive(Debug)]
pub(super) struct Tokens {
    pub(super) access: String,
    pub(super) refresh: String,
    pub(super) lifetime: Duration,
    pub(super) scopes: Vec<Scope>,
}

/// Whom an access token speaks for, and what it may do.
#[derive(Clone, Debug)]
pub(super) struct Bearer {
    pub(super) account: &'static Account,
    pub(super) scopes: Vec<Scope>,
}

/// All grants of this sandbox.
pub(super) struct Grants {
    clock: Clock,
    access_lifetime: Duration,
    code_lifetime: Duration,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    last: u64,
    codes: HashMap<String, Code>,
    grants: HashMap<GrantId, Grant>,
    refresh_tokens: HashMap<String, GrantId>,
    access_tokens: HashMap<String, Access>,
}

type GrantId = u64;

struct Code {
    consent: Consent,
    expires: Timestamp,
    spent: Option<GrantId>,
}

struct Grant {
    consent: Consent,
    current: String,
}

struct Access {
    grant: GrantId,
    scopes: Vec<Scope>,
    expires: Timestamp,
}

impl Grants {
    /// None yet.
    pub(super) fn new(settings: &SandboxSettings, clock: Clock) -> Self {
        let SandboxSettings { access_lifetime, code_lifetime, .. } = *settings;
        Self { clock, access_lifetime, code_lifetime, state: Mutex::default() }
    }

    /// A code for this consent, good once.
    pub(super) fn code(&self, consent: Consent) -> String {
        let code = random::text();
        let (now, mut state) = (self.clock.now(), self.state());
        let expires = now + self.code_lifetime;
        state.codes.retain(|_, old| now < old.expires + MEMORY);
        state.codes.insert(code.clone(), Code { consent, expires, spent: None });
        code
    }

    /// Tokens for a code (RFC 6749 4.1.3, RFC 7636 4.6).
    pub(super) fn redeem(
        &self,
        client: &str,
        code: &str,
        redirect_uri: Option<&str>,
        verifier: &str,
    ) -> Result<Tokens, Refusal> {
        let (now, mut state) = (self.clock.now(), self.state());
        let consent = state.take_code(client, code, now)?;
        if redirect_uri != Some(consent.redirect_uri.as_str()) {
            return Err(Refusal::invalid_grant("redirect_uri is not the one of the authorization request"));
        }
        if !random::same(&random::challenge(verifier), &consent.challenge) {
            return Err(Refusal::invalid_grant("code_verifier does not fit the code_challenge"));
        }
        let grant = state.begin(consent.clone());
        if let Some(spent) = state.codes.get_mut(code) {
            spent.spent = Some(grant);
        }
        Ok(state.issue(grant, consent.scopes, now, self.access_lifetime))
    }

    /// New tokens for a refresh token, which is spent by that (RFC 6749 6).
    pub(super) fn refresh(
        &self,
        client: &str,
        token: &str,
        narrowed: Option<Vec<Scope>>,
    ) -> Result<Tokens, Refusal> {
        let mut state = self.state();
        let id = state.refresh_tokens.get(token).copied();
        let known = id.and_then(|id| Some((id, state.grants.get(&id)?)));
        let Some((id, grant)) = known.filter(|(_, grant)| grant.consent.client == client) else {
            return Err(Refusal::invalid_grant("the refresh token is unknown or was revoked"));
        };
        if grant.current != token {
            state.end(id);
            return Err(Refusal::invalid_grant(
                "the refresh token was used before; the whole grant has ended",
            ));
        }
        let granted = grant.consent.scopes.clone();
        let scopes = narrowed.unwrap_or_else(|| granted.clone());
        if scopes.iter().any(|scope| !granted.contains(scope)) {
            return Err(Refusal::new("invalid_scope", "the scope asks for more than was granted"));
        }
        Ok(state.issue(id, scopes, self.clock.now(), self.access_lifetime))
    }

    /// Ends a token (RFC 7009 2.1): a refresh token ends its grant, an access token only itself. An unknown one is
    /// as good as ended.
    pub(super) fn revoke(&self, client: &str, token: &str) -> Result<(), Refusal> {
        let mut state = self.state();
        let access = state.access_tokens.get(token).map(|access| access.grant);
        let refresh = state.refresh_tokens.get(token).copied();
        let Some(id) = access.or(refresh) else { return Ok(()) };
        if state.grants.get(&id).is_some_and(|grant| grant.consent.client != client) {
            return Err(Refusal::new("unauthorized_client", "the token was issued to another client"));
        }
        match refresh {
            Some(id) => state.end(id),
            None => drop(state.access_tokens.remove(token)),
        }
        Ok(())
    }

    /// Whom a valid access token speaks for.
    pub(super) fn bearer(&self, token: &str) -> Option<Bearer> {
        let state = self.state();
        let access = state.access_tokens.get(token).filter(|access| self.clock.now() < access.expires)?;
        let grant = state.grants.get(&access.grant)?;
        Some(Bearer { account: grant.consent.account, scopes: access.scopes.clone() })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Spends a code, whatever comes of it: whoever guesses at the rest gets one try.
    fn take_code(&mut self, client: &str, code: &str, now: Timestamp) -> Result<Consent, Refusal> {
        let found = self.codes.get_mut(code).filter(|found| found.consent.client == client);
        let Some(found) = found else {
            return Err(Refusal::invalid_grant("the code is unknown"));
        };
        if let Some(grant) = found.spent.replace(0) {
            self.end(grant);
            return Err(Refusal::invalid_grant("the code was used before; what it gave has ended"));
        }
        if found.expires <= now {
            return Err(Refusal::invalid_grant("the code has expired"));
        }
        Ok(found.consent.clone())
    }

    fn begin(&mut self, consent: Consent) -> GrantId {
        self.last += 1;
        self.grants.insert(self.last, Grant { consent, current: String::new() });
        self.last
    }

    fn issue(&mut self, id: GrantId, scopes: Vec<Scope>, now: Timestamp, lifetime: Duration) -> Tokens {
        self.access_tokens.retain(|_, access| now < access.expires);
        let (access, refresh) = (format!("sbx_at_{}", random::text()), format!("sbx_rt_{}", random::text()));
        self.access_tokens
            .insert(access.clone(), Access { grant: id, scopes: scopes.clone(), expires: now + lifetime });
        self.refresh_tokens.insert(refresh.clone(), id);
        if let Some(grant) = self.grants.get_mut(&id) {
            grant.current.clone_from(&refresh);
        }
        Tokens { access, refresh, lifetime, scopes }
    }

    fn end(&mut self, id: GrantId) {
        self.grants.remove(&id);
        self.access_tokens.retain(|_, access| access.grant != id);
        self.refresh_tokens.retain(|_, grant| *grant != id);
    }
}

#[cfg(test)]
mod tests;
