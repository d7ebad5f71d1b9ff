//! What the pages look like, as reviewed snapshots, and what holds for every page.

use std::{collections::BTreeMap, sync::LazyLock};

use super::*;

/// Names that stay the same when the style sheet changes.
static FIXED: LazyLock<Assets> =
    LazyLock::new(|| Assets { style: "/assets/style.css".to_owned(), mark: "/assets/mark.svg".to_owned() });

fn scopes(names: &[&str]) -> Vec<ScopeLine> {
    names.iter().map(|name| ScopeLine::new(name, &BTreeMap::new())).collect()
}

fn consent() -> ConnectPage {
    ConnectPage {
        assets: &FIXED,
        steps: steps(Some("Zendesk"), 0),
        app: Monogram::new("Zendesk"),
        owner: Monogram::new("Acme Support"),
        again: false,
        notice: None,
        connection_name: Some("help desk".into()),
        account: None,
        environment: None,
        ways: vec![
            Way { href: "?method=OAUTH2".into(), label: "Sign in".into(), now: true },
            Way { href: "?method=API_KEY".into(), label: "API token".into(), now: false },
        ],
        scopes: scopes(&["read", "write", "email"]),
        connection_id: "0192".into(),
        csrf: "csrf".into(),
        method: "OAUTH2",
        fields: vec![Input {
            id: "f-subdomain".into(),
            posted_as: "f.subdomain".into(),
            label: "Subdomain".into(),
            help: Some("The first part of your Zendesk address.".into()),
            example: Some("acme".into()),
            pattern: Some(r"[a-z0-9][a-z0-9\-]*".into()),
            advice: "Write it like acme.".into(),
            required: true,
            longest: 255,
            ..Input::default()
        }],
        find: None,
        leaves: true,
        leaves_to: Some("acme.zendesk.com".into()),
    }
}

fn typed_in() -> ConnectPage {
    let secret = Input {
        id: "f-api_key".into(),
        posted_as: "f.api_key".into(),
        label: "Secret key".into(),
        help: Some("Begins with sk_live_ or sk_test_.".into()),
        example: Some("sk_test_…".into()),
        advice: "Please write it like sk_test_…".into(),
        wrong: Some("doesn’t look like a Stripe key".into()),
        required: true,
        secret: true,
        longest: 255,
        ..Input::default()
    };
    let choice = |value: &str, label: &str| Choice { value: value.into(), label: label.into() };
    let environment = Input {
        id: "f-environment".into(),
        posted_as: "f.environment".into(),
        label: "Environment".into(),
        value: "test".into(),
        choices: vec![choice("live", "Live"), choice("test", "Test")],
        ..Input::default()
    };
    ConnectPage {
        steps: steps(None, 0),
        app: Monogram::new("Stripe"),
        again: true,
        notice: Some("Stripe refuses this key. Check that you copied all of it.".into()),
        account: Some("ada@example.com".into()),
        environment: Some("Test".into()),
        ways: Vec::new(),
        scopes: Vec::new(),
        method: "API_KEY",
        fields: vec![secret, environment],
        find: Some("https://dashboard.stripe.com/apikeys".into()),
        leaves: false,
        leaves_to: None,
        ..consent()
    }
}

fn many_scopes() -> ConnectPage {
    let names = ["openid", "email", "offline_access", "https://mail.google.com/", "a", "b", "c", "d"];
    ConnectPage {
        app: Monogram::new("Google Mail"),
        ways: Vec::new(),
        scopes: scopes(&names),
        fields: Vec::new(),
        ..consent()
    }
}

fn success() -> SuccessPage {
    SuccessPage {
        assets: &FIXED,
        steps: steps(Some("Google Mail"), 2),
        app: Monogram::new("Google Mail"),
        owner: "Acme Support".into(),
        account: Some("ada@example.com".into()),
        connection_name: Some("help desk".into()),
        waiting: false,
        note: None,
    }
}

fn failure() -> FailurePage {
    FailurePage {
        assets: &FIXED,
        title: "Google Mail was not connected".into(),
        what: "You or Google Mail said no on its page.".into(),
        said: Some("The user denied the request".into()),
        reason: Some("access_denied".into()),
        who: "Google Mail".into(),
        advice: "If that was a slip, try again and choose Allow.".into(),
        retry: Some("https://connect.example/connect?session_token=x".into()),
        request_id: "0192".into(),
    }
}

/// Every page there is.
fn all() -> [(&'static str, String); 8] {
    [
        ("consent", consent().render().unwrap()),
        ("many_scopes", many_scopes().render().unwrap()),
        ("typed_in", typed_in().render().unwrap()),
        ("success", success().render().unwrap()),
        ("failure", failure().render().unwrap()),
        (
            "away",
            AwayPage { assets: &FIXED, name: "Desk", url: "https://desk.example/?a=1&b=2" }.render().unwrap(),
        ),
        ("gone", GonePage { assets: &FIXED }.render().unwrap()),
        ("home", HomePage { assets: &FIXED, gateway: "https://gateway.example.com" }.render().unwrap()),
    ]
}

#[test]
fn the_pages_are_the_ones_that_were_reviewed() {
    for (name, html) in all() {
        insta::assert_snapshot!(name, html);
    }
}

#[test]
fn every_page_can_be_read_aloud_and_needs_no_script() {
    for (name, html) in all() {
        assert!(html.starts_with("<!doctype html>") && html.contains("<html lang=\"en\">"), "{name}");
        assert_eq!(html.matches("<h1").count(), 1, "{name}");
        assert_eq!(html.matches("<main").count(), 1, "{name}");
        assert!(html.contains("name=\"viewport\"") && html.contains("<title>"), "{name}");
        for forbidden in ["<script", " style=", "<style", "onclick", "javascript:"] {
            assert!(!html.contains(forbidden), "{name} has {forbidden}");
        }
    }
}

#[test]
fn every_input_has_its_label_and_its_hints() {
    let html = typed_in().render().unwrap() + &consent().render().unwrap();
    for id in ["f-api_key", "f-environment", "f-subdomain"] {
        assert!(html.contains(&format!("<label for=\"{id}\"")), "{id}");
        assert!(html.contains(&format!("aria-describedby=\"{id}-help {id}-wrong\"")), "{id}");
        assert!(
            html.contains(&format!("id=\"{id}-help\"")) && html.contains(&format!("id=\"{id}-wrong\"")),
            "{id}"
        );
    }
}

#[test]
fn wp_4_pages_load_from_their_own_origin_only() {
    for (name, html) in all() {
        for part in html
            .split(" src=\"")
            .skip(1)
            .chain(html.split("<link ").skip(1).filter_map(|l| l.split_once("href=\"").map(|l| l.1)))
        {
            assert!(part.starts_with("/assets/"), "{name}: {}", &part[..30]);
        }
    }
}

#[test]
fn wp_2_markup_in_any_name_or_message_is_inert() {
    let hostile = "</title><script>alert(1)</script>\" onmouseover=\"x{{7*7}}";
    let some = || Some(hostile.to_owned());
    let mut page = typed_in();
    (page.app, page.owner) = (Monogram::new(hostile), Monogram::new(hostile));
    (page.connection_name, page.account, page.environment, page.notice) = (some(), some(), some(), some());
    page.scopes = scopes(&[hostile]);
    page.ways = vec![
        Way { href: "?x".into(), label: hostile.into(), now: true },
        Way { href: "?y".into(), label: hostile.into(), now: false },
    ];
    for field in &mut page.fields {
        (field.help, field.example, field.wrong, field.pattern, field.title) =
            (some(), some(), some(), some(), some());
        (field.label, field.value) = (hostile.to_owned(), hostile.to_owned());
    }
    let failure = FailurePage { what: hostile.into(), said: some(), who: hostile.into(), ..failure() };
    let success = SuccessPage {
        account: some(),
        connection_name: some(),
        owner: hostile.into(),
        note: some(),
        ..success()
    };
    for html in [page.render().unwrap(), failure.render().unwrap(), success.render().unwrap()] {
        assert!(html.contains("&#60;script&#62;alert(1)"));
        for raw in ["<script", "\" onmouseover"] {
            assert!(!html.contains(raw), "{raw}");
        }
        assert!(html.contains("{{7*7}}") && !html.contains("x49"));
    }
}
