//! The language of the pages: what the browser asks for, what a person chooses, all the way through a flow.

use http::Method;
use serde_json::json;

use super::{browser::Browser, connection, world};
use crate::harness::browser::between;

/// The language a page says it is in.
fn lang(html: &str) -> &str {
    between(html, "<html lang=\"", "\"")
}

#[tokio::test]
async fn a_page_is_in_the_language_that_the_browser_asks_for() {
    let (world, _upstream) = world().await;
    let browser = Browser::new(&world);
    for (accept, tag, words) in [
        ("de-AT,de;q=0.9,en;q=0.8", "de", "Dieser Link ist nicht mehr gültig"),
        ("fr, ja;q=0.5, zh;q=0.4", "ja", "このリンクは使えません"),
        ("fr", "en", "This link can’t be used"),
    ] {
        let asked = [("accept-language", accept)];
        let reply = browser.send(Method::GET, "/connect?session_token=no", &asked, "").await;
        assert_eq!((lang(reply.text()), reply.header("content-language")), (tag, Some(tag)), "{accept}");
        assert!(reply.text().contains(words), "{}", reply.text());
    }
    assert!(browser.cookies.borrow().is_empty(), "nothing was chosen, nothing is kept");
}

#[tokio::test]
async fn a_language_that_was_chosen_lasts_to_the_end_of_the_flow() {
    let (world, _upstream) = world().await;
    let made = connection(&world, json!({"app": "desk"})).await;
    let browser = Browser::new(&world);
    let page = browser.open_link(&made).await;
    assert_eq!(lang(page.text()), "en");
    let switch = between(page.text(), "href=\"/connect/", "\" lang=\"es\"");
    let switch = switch.rsplit("href=\"").next().unwrap().replace("&#38;", "&");
    let page = browser.open(&switch).await;
    assert_eq!(page.reply.status, 200);
    assert!(lang(page.text()) == "es" && page.text().contains("Conectar Desk"), "{}", page.text());
    let consent = browser.press(&page, &[]).await.header("location").unwrap().to_owned();
    let done = browser.come_back("desk", &consent, &[("code", "c")]).await;
    assert!(lang(done.text()) == "es" && done.text().contains("Desk está conectado"), "{}", done.text());
    let there = done.path.clone();
    let german = browser.open(&format!("{there}?lang=de")).await;
    assert!(german.text().contains("Desk ist verbunden"), "the page about it is there in any language");
    assert_eq!(lang(browser.open("/").await.text()), "de");
}

#[tokio::test]
async fn oc_12_a_refusal_is_told_in_the_persons_language_with_the_providers_code_beside_it() {
    let (world, _upstream) = world().await;
    let made = connection(&world, json!({"app": "desk"})).await;
    let browser = Browser::new(&world);
    let page = browser.open_link(&made).await;
    let page = browser.open(&format!("{}?lang=zh", page.path)).await;
    let consent = browser.press(&page, &[]).await.header("location").unwrap().to_owned();
    let refused = [("error", "access_denied"), ("error_description", "<b>no</b>")];
    let failed = browser.come_back("desk", &consent, &refused).await;
    assert_eq!(lang(failed.text()), "zh");
    for shown in ["Desk 未连接", "<code>access_denied</code>", "&#60;b&#62;no&#60;/b&#62;"] {
        assert!(failed.text().contains(shown), "{shown}: {}", failed.text());
    }
}

#[tokio::test]
async fn what_a_program_reads_stays_english() {
    let (world, _upstream) = world().await;
    let bad = json!({"app": "no-such-app"});
    let bearer = format!("Bearer {}", world.key);
    let headers =
        [("authorization", bearer.as_str()), ("content-type", "application/json"), ("accept-language", "de")];
    let reply = Browser::new(&world).send(Method::POST, "/connections", &headers, &bad.to_string()).await;
    assert!(reply.text().contains("is unknown"), "{}", reply.text());
}
