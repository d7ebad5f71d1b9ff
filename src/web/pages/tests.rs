//! What the pages look like, as reviewed snapshots, and what holds for every page.

use std::{collections::BTreeMap, sync::LazyLock};

use super::*;
use crate::web::{assets::Assets, words::tests::strip};

/// Names that stay the same when the style sheet changes.
static FIXED: LazyLock<Assets> =
    LazyLock::new(|| Assets { style: "/assets/style.css".to_owned(), mark: "/assets/mark.svg".to_owned() });

fn frame(words: &Words) -> Frame {
    Frame::new(words).dressed(&FIXED)
}

fn scopes(words: &Words, names: &[&str]) -> Vec<ScopeLine> {
    let known = BTreeMap::from([("read".to_owned(), "Read your tickets".to_owned())]);
    names.iter().map(|name| ScopeLine::new(words, name, &known)).collect()
}

fn consent(words: &Words) -> ConnectPage {
    ConnectPage {
        t: Frame::at(words, "/connect/0192?method=OAUTH2").dressed(&FIXED),
        steps: steps(words, Some("Zendesk"), 0),
        app: Monogram::new("Zendesk"),
        owner: Monogram::new("Acme Support"),
        again: false,
        confirms: false,
        notice: None,
        connection_name: Some("help desk".into()),
        account: None,
        environment: None,
        ways: vec![
            Way { href: "?method=OAUTH2".into(), label: words.say("way-sign-in"), now: true },
            Way { href: "?method=API_KEY".into(), label: "API token".into(), now: false },
        ],
        scopes: scopes(words, &["read", "write", "email"]),
        connection_id: "0192".into(),
        csrf: "csrf".into(),
        method: "OAUTH2",
        fields: vec![Input {
            id: "f-subdomain".into(),
            posted_as: "f.subdomain".into(),
            label: words.say("label-subdomain"),
            lang: words.tag,
            help: Some("The first part of your Zendesk address.".into()),
            example: Some("acme".into()),
            pattern: Some(r"[a-z0-9][a-z0-9\-]*".into()),
            advice: words.with("wrong-form", &[("example", "acme")]),
            required: true,
            longest: 255,
            ..Input::default()
        }],
        find: None,
        leaves: true,
        leaves_to: Some("acme.zendesk.com".into()),
    }
}

fn typed_in(words: &Words) -> ConnectPage {
    let secret = Input {
        id: "f-api_key".into(),
        posted_as: "f.api_key".into(),
        label: words.say("label-secret-key"),
        lang: words.tag,
        help: Some("Begins with sk_live_ or sk_test_.".into()),
        example: Some("sk_test_…".into()),
        advice: words.with("wrong-form", &[("example", "sk_test_…")]),
        wrong: Some(words.with("rejected", &[("app", "Stripe")])),
        required: true,
        kind: Kind::Secret,
        longest: 255,
        focus: true,
        ..Input::default()
    };
    let private = Input {
        id: "f-private".into(),
        posted_as: "f.private".into(),
        label: "Private key".into(),
        lang: "en",
        kind: Kind::Lines,
        required: true,
        longest: 16384,
        ..Input::default()
    };
    let choice = |value: &str, label: &str| Choice { value: value.into(), label: label.into() };
    let environment = Input {
        id: "f-environment".into(),
        posted_as: "f.environment".into(),
        label: words.say("label-environment"),
        lang: words.tag,
        value: "test".into(),
        choices: vec![choice("live", "Live"), choice("test", "Test")],
        ..Input::default()
    };
    ConnectPage {
        steps: steps(words, None, 0),
        app: Monogram::new("Stripe"),
        again: true,
        confirms: true,
        notice: Some(words.with("not-reached", &[("app", "Stripe")])),
        account: Some("ada@example.com".into()),
        environment: Some("Test".into()),
        ways: Vec::new(),
        scopes: Vec::new(),
        method: "API_KEY",
        fields: vec![secret, private, environment],
        find: Some("https://dashboard.stripe.com/apikeys".into()),
        leaves: false,
        leaves_to: None,
        ..consent(words)
    }
}

fn many_scopes(words: &Words) -> ConnectPage {
    let names = ["openid", "email", "offline_access", "https://mail.google.com/", "a", "b", "c", "d"];
    ConnectPage {
        app: Monogram::new("Google Mail"),
        ways: Vec::new(),
        scopes: scopes(words, &names),
        fields: Vec::new(),
        ..consent(words)
    }
}

fn choose(words: &Words) -> ChoosePage {
    let candidate = |id: &str, label: &str, focus| Candidate {
        id: id.into(),
        value: format!("{id}-value"),
        label: label.into(),
        focus,
    };
    ChoosePage {
        t: Frame::at(words, "/choose/ticket").dressed(&FIXED),
        steps: steps(words, Some("Zendesk"), 1),
        app: Monogram::new("Zendesk"),
        owner: Monogram::new("Acme Support"),
        label: "Site".into(),
        candidates: vec![candidate("c-0", "Acme North", true), candidate("c-1", "c-1-value", false)],
        wrong: true,
        ticket: "ticket".into(),
        csrf: "csrf".into(),
    }
}

fn success(words: &Words) -> SuccessPage {
    SuccessPage {
        t: frame(words),
        steps: steps(words, Some("Google Mail"), 2),
        app: Monogram::new("Google Mail"),
        owner: "Acme Support".into(),
        account: Some(Account { name: "Ada Lovelace".into(), more: vec!["ada@example.com".into()] }),
        connection_name: Some("help desk".into()),
        environment: None,
        granted: scopes(words, &["read", "email"]),
        missing: scopes(words, &["write"]),
        waiting: None,
        unprobed: false,
    }
}

fn waiting(words: &Words) -> SuccessPage {
    let call = "POST https://c.example/connections/0192/confirm".to_owned();
    let waiting = Some(Waiting { other: true, call });
    SuccessPage { waiting, unprobed: true, missing: Vec::new(), ..success(words) }
}

fn failure(words: &Words) -> FailurePage {
    let with = |key| words.with(key, &[("app", "Google Mail")]);
    FailurePage {
        t: frame(words),
        title: with("failed-title"),
        what: with("why-denied"),
        said: Some("The user denied the request".into()),
        reason: Some("access_denied".into()),
        who: "Google Mail".into(),
        advice: with("todo-denied"),
        retry: Some("https://connect.example/connect?session_token=x".into()),
        request_id: "0192".into(),
    }
}

/// Every page there is.
fn all(words: &Words) -> Vec<(&'static str, String)> {
    let url = "https://desk.example/?a=1&b=2";
    let title = words.with("away-title", &[("place", "Desk")]);
    vec![
        ("consent", consent(words).render().unwrap()),
        ("many_scopes", many_scopes(words).render().unwrap()),
        ("typed_in", typed_in(words).render().unwrap()),
        ("choose", choose(words).render().unwrap()),
        ("success", success(words).render().unwrap()),
        ("waiting", waiting(words).render().unwrap()),
        ("failure", failure(words).render().unwrap()),
        ("away", AwayPage { t: Frame::once(words).dressed(&FIXED), title, url }.render().unwrap()),
        ("gone", GonePage { t: frame(words) }.render().unwrap()),
        ("home", HomePage { t: frame(words), gateway: "https://gateway.example.com" }.render().unwrap()),
    ]
}

#[test]
fn the_pages_are_the_ones_that_were_reviewed() {
    for (name, html) in all(&Words::english()) {
        insta::assert_snapshot!(name, html);
    }
}

#[test]
fn every_word_of_a_page_is_a_messages_or_somebodys() {
    let data = [
        "keyferry",
        "Zendesk",
        "Acme Support",
        "help desk",
        "read",
        "Read your tickets",
        "write",
        "email",
        "API token",
        "The first part of your Zendesk address.",
        "acme.zendesk.com",
        "Begins with sk_live_ or sk_test_.",
        "sk_test_…",
        "Stripe",
        "Private key",
        "Live",
        "Site",
        "Acme North",
        "c-0-value",
        "c-1-value",
        "Test",
        "ada@example.com",
        "openid",
        "offline_access",
        "https://mail.google.com/",
        "mail.google.com",
        "Google Mail",
        "Ada Lovelace",
        "The user denied the request",
        "access_denied",
        "Desk",
        "acme",
        "https://gateway.example.com",
        "POST https://c.example/connections/0192/confirm",
        "/openapi.json",
    ];
    let mut data: Vec<_> = data.into_iter().chain(Words::all().iter().map(|words| words.name)).collect();
    data.sort_by_key(|text| std::cmp::Reverse(text.len()));
    for (name, html) in all(&Words::marked()) {
        let monograms = |text: &str| text.replace("AS</span>", "</span>").replace("GM</span>", "</span>");
        let shown = monograms(html.split_once("<title>").unwrap().1);
        let shown = strip(&strip(&shown, "<", ">"), "⟦", "⟧");
        let left = data.iter().fold(shown, |text, known| text.replace(known, ""));
        let words: Vec<_> = left
            .split_whitespace()
            .filter(|word| word.chars().filter(|c| c.is_alphabetic()).count() > 1)
            .collect();
        assert!(words.is_empty(), "{name}: {words:?}");
        assert!(html.matches('⟦').count() >= 4, "{name} has messages");
    }
}

#[test]
fn every_page_says_its_language_and_leads_to_the_others() {
    for words in Words::all() {
        for (name, html) in all(words) {
            assert!(html.contains(&format!("<html lang=\"{}\">", words.tag)), "{name}");
            let now = format!("lang={0}\" lang=\"{0}\" hreflang=\"{0}\" aria-current=\"true\">", words.tag);
            let switches = usize::from(name != "away");
            assert_eq!(html.matches(&now).count(), switches, "{name} {}", words.tag);
            assert_eq!(html.matches(" hreflang=").count(), switches * 5, "{name} {}", words.tag);
        }
    }
}

#[test]
fn every_page_can_be_read_aloud_and_needs_no_script() {
    for (name, html) in all(&Words::english()) {
        assert!(html.starts_with("<!doctype html>"), "{name}");
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
    let english = Words::english();
    let html = typed_in(&english).render().unwrap() + &consent(&english).render().unwrap();
    for id in ["f-api_key", "f-private", "f-environment", "f-subdomain"] {
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
    for (name, html) in all(&Words::english()) {
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
    let english = Words::english();
    let mut page = typed_in(&english);
    (page.app, page.owner) = (Monogram::new(hostile), Monogram::new(hostile));
    (page.connection_name, page.account, page.environment, page.notice) = (some(), some(), some(), some());
    page.scopes = scopes(&english, &[hostile]);
    page.ways = vec![
        Way { href: "?x".into(), label: hostile.into(), now: true },
        Way { href: "?y".into(), label: hostile.into(), now: false },
    ];
    for field in &mut page.fields {
        (field.help, field.example, field.wrong, field.pattern, field.title) =
            (some(), some(), some(), some(), some());
        (field.label, field.value) = (hostile.to_owned(), hostile.to_owned());
    }
    let failure =
        FailurePage { what: hostile.into(), said: some(), who: hostile.into(), ..failure(&english) };
    let success = SuccessPage {
        account: Some(Account { name: hostile.into(), more: vec![hostile.into()] }),
        app: Monogram::new(hostile),
        connection_name: some(),
        owner: hostile.into(),
        granted: scopes(&english, &[hostile]),
        waiting: Some(Waiting { other: false, call: hostile.into() }),
        ..success(&english)
    };
    let mut choose = choose(&english);
    choose.label = hostile.into();
    for one in &mut choose.candidates {
        (one.label, one.value) = (hostile.into(), hostile.into());
    }
    for html in [
        choose.render().unwrap(),
        page.render().unwrap(),
        failure.render().unwrap(),
        success.render().unwrap(),
    ] {
        assert!(html.contains("&#60;script&#62;alert(1)"));
        for raw in ["<script", "\" onmouseover"] {
            assert!(!html.contains(raw), "{raw}");
        }
        assert!(html.contains("{{7*7}}") && !html.contains("x49"));
    }
}
