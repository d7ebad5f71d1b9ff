use super::*;
use crate::sandbox::{SandboxClient, account::ACCOUNTS};

const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const BACK: &str = "http://localhost:8081/callback/sandbox";

struct Bench {
    clock: Clock,
    grants: Grants,
}

impl Bench {
    fn new() -> Self {
        let clock = Clock::test(Timestamp::from_micros(0));
        let client = SandboxClient {
            id: "demo".to_owned(),
            secret: String::new(),
            name: String::new(),
            redirect_uris: Vec::new(),
        };
        let grants = Grants::new(&SandboxSettings::new(String::new(), client), clock.clone());
        Self { clock, grants }
    }

    fn code(&self) -> String {
        self.grants.code(Consent {
            client: "demo".to_owned(),
            redirect_uri: BACK.to_owned(),
            challenge: random::challenge(VERIFIER),
            scopes: vec![Scope::Profile, Scope::ReadItems],
            account: &ACCOUNTS[0],
        })
    }

    fn redeem(&self, code: &str) -> Result<Tokens, &'static str> {
        self.grants.redeem("demo", code, Some(BACK), VERIFIER).map_err(|refusal| refusal.error)
    }

    fn refresh(&self, token: &str) -> Result<Tokens, &'static str> {
        self.grants.refresh("demo", token, None).map_err(|refusal| refusal.error)
    }

    fn tokens(&self) -> Tokens {
        self.redeem(&self.code()).unwrap()
    }

    fn opens(&self, access: &str) -> bool {
        self.grants.bearer(access).is_some()
    }
}

#[test]
fn a_code_gives_tokens_for_the_account_that_agreed() {
    let bench = Bench::new();
    let tokens = bench.tokens();
    let bearer = bench.grants.bearer(&tokens.access).unwrap();
    assert_eq!(bearer.account.email, "sam@sandbox.test");
    assert_eq!(bearer.scopes, [Scope::Profile, Scope::ReadItems]);
}

#[test]
fn a_code_that_comes_back_ends_what_it_gave() {
    let bench = Bench::new();
    let code = bench.code();
    let tokens = bench.redeem(&code).unwrap();
    assert_eq!(bench.redeem(&code).unwrap_err(), "invalid_grant");
    assert!(!bench.opens(&tokens.access));
    assert_eq!(bench.refresh(&tokens.refresh).unwrap_err(), "invalid_grant");
}

#[test]
fn a_wrong_verifier_redirect_or_client_gives_nothing_and_spends_the_code() {
    let bench = Bench::new();
    let other = "x".repeat(43);
    for (client, redirect, verifier, spent) in [
        ("demo", Some(BACK), other.as_str(), true),
        ("demo", Some("http://localhost:8081/callback/other"), VERIFIER, true),
        ("demo", None, VERIFIER, true),
        // Another client must not be able to burn a code that isn't its own.
        ("other", Some(BACK), VERIFIER, false),
    ] {
        let code = bench.code();
        let refusal = bench.grants.redeem(client, &code, redirect, verifier).unwrap_err();
        assert_eq!(refusal.error, "invalid_grant", "{client} {redirect:?}");
        assert_eq!(bench.redeem(&code).is_err(), spent, "{client} {redirect:?}");
    }
}

#[test]
fn a_code_expires() {
    let bench = Bench::new();
    let (early, late) = (bench.code(), bench.code());
    bench.clock.advance(Duration::from_secs(59));
    assert!(bench.redeem(&early).is_ok());
    bench.clock.advance(Duration::from_secs(1));
    assert_eq!(bench.redeem(&late).unwrap_err(), "invalid_grant");
}

#[test]
fn an_access_token_expires_and_a_refresh_gives_another() {
    let bench = Bench::new();
    let first = bench.tokens();
    bench.clock.advance(Duration::from_mins(1));
    assert!(!bench.opens(&first.access));
    let second = bench.refresh(&first.refresh).unwrap();
    assert!(bench.opens(&second.access));
    assert_ne!(first.refresh, second.refresh);
    assert!(bench.refresh(&second.refresh).is_ok());
}

#[test]
fn a_spent_refresh_token_ends_the_whole_grant_but_no_other() {
    let bench = Bench::new();
    let (first, other) = (bench.tokens(), bench.tokens());
    let second = bench.refresh(&first.refresh).unwrap();
    assert_eq!(bench.refresh(&first.refresh).unwrap_err(), "invalid_grant");
    assert!(!bench.opens(&second.access));
    assert_eq!(bench.refresh(&second.refresh).unwrap_err(), "invalid_grant");
    assert!(bench.opens(&other.access));
}

#[test]
fn a_refresh_may_ask_for_less_but_not_for_more() {
    let bench = Bench::new();
    let first = bench.tokens();
    let more = bench.grants.refresh("demo", &first.refresh, Some(vec![Scope::WriteItems]));
    assert_eq!(more.unwrap_err().error, "invalid_scope");
    let less = bench.grants.refresh("demo", &first.refresh, Some(vec![Scope::Profile])).unwrap();
    assert_eq!(bench.grants.bearer(&less.access).unwrap().scopes, [Scope::Profile]);
    // The grant itself keeps what was agreed to.
    assert_eq!(bench.refresh(&less.refresh).unwrap().scopes, [Scope::Profile, Scope::ReadItems]);
}

#[test]
fn another_client_can_neither_refresh_nor_revoke() {
    let bench = Bench::new();
    let tokens = bench.tokens();
    let refused = bench.grants.refresh("other", &tokens.refresh, None).unwrap_err();
    assert_eq!(refused.error, "invalid_grant");
    assert_eq!(bench.grants.revoke("other", &tokens.access).unwrap_err().error, "unauthorized_client");
    assert!(bench.opens(&tokens.access));
    assert!(bench.refresh(&tokens.refresh).is_ok());
}

#[test]
fn revoking_a_refresh_token_ends_the_grant_and_an_access_token_only_itself() {
    let bench = Bench::new();
    let tokens = bench.tokens();
    bench.grants.revoke("demo", &tokens.access).unwrap();
    assert!(!bench.opens(&tokens.access));
    let next = bench.refresh(&tokens.refresh).unwrap();
    bench.grants.revoke("demo", &next.refresh).unwrap();
    assert!(!bench.opens(&next.access));
    assert_eq!(bench.refresh(&next.refresh).unwrap_err(), "invalid_grant");
    assert!(bench.grants.revoke("demo", "never-was").is_ok());
}
