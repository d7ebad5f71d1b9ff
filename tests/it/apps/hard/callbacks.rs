//! What comes back with the code, and what a forger makes of it.

use http::Method;
use serde_json::json;

use crate::apps::{
    connect::Connected,
    params::of_request,
    stage::{line, lines},
    way::{Table, Way, way},
};

fn table(pairs: &[(&str, &str)]) -> Table {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// Tries to connect, which must fail for this reason; what was asked of the provider.
async fn refused(way: &Way, reason: &str) -> Vec<String> {
    let (stage, made) = Connected::tried(way).await;
    let why = made.unwrap_err();
    assert!(why.contains(&format!("\"FAILED\" \"{reason}\"")), "{why}");
    if !stage.internet.seen().is_empty() && crate::apps::given::is_told(&way.app, &way.method) {
        // What was given is ended.
        stage.until(|seen| seen.target().contains("revoke")).await;
    }
    lines(&stage.internet.take())
}

#[tokio::test]
async fn zoho_codes_go_to_no_accounts_server_of_a_forgers() {
    let zoho = way("zoho-crm", "OAUTH2");
    for forged in [
        "https://accounts.zoho.eu.evil.example",
        "https://evil.example/accounts.zoho.eu",
        "https://accounts.zoho.evil",
        "https://evil@accounts.zoho.eu",
        "https://accounts.zoho.eu:8443",
        "http://accounts.zoho.eu",
        "https://accounts-zoho.eu",
    ] {
        let back = table(&[("location", "eu"), ("accounts-server", forged)]);
        let asked = refused(&Way { back, ..zoho.clone() }, "field_refused").await;
        assert!(asked.is_empty(), "{forged}: {asked:?}");
    }
}

#[tokio::test]
async fn zoho_tokens_go_to_no_api_domain_of_a_forgers() {
    let zoho = way("zoho-crm", "OAUTH2");
    for forged in ["https://www.zohoapis.eu.evil.example", "https://evil.example", "http://www.zohoapis.eu"] {
        let answer = zoho.answer.replace("https://www.zohoapis.eu", forged);
        let asked = refused(&Way { answer, ..zoho.clone() }, "field_refused").await;
        // The grant may have been ended again by now: where it was given.
        assert_eq!(asked[0], "POST https://accounts.zoho.eu/oauth/v2/token", "{forged}");
        assert!(asked.iter().all(|line| line.starts_with("POST https://accounts.zoho.eu/")), "{asked:?}");
    }
}

#[tokio::test]
async fn quickbooks_without_a_company_is_no_connection() {
    let quickbooks = Way { back: Table::new(), ..way("quickbooks", "OAUTH2") };
    let (stage, made) = Connected::tried(&quickbooks).await;
    assert!(made.unwrap_err().contains("\"field_missing\""));
    assert!(stage.internet.take().is_empty(), "the code is not spent for nothing");
    let reply = stage.world.get("/quickbooks/v3/company/:realmId/query").await;
    let said = reply.assert_problem(400, "connection_required");
    assert!(said["detail"].as_str().unwrap().contains("quickbooks"), "{said}");
}

#[tokio::test]
async fn docusign_goes_only_where_docusign_is() {
    let docusign = way("docusign", "OAUTH2");
    for forged in
        ["https://demo.docusign.net.evil.example", "https://evil.example", "http://demo.docusign.net"]
    {
        let mut way = docusign.clone();
        for ask in way.asks.iter_mut().flatten() {
            ask[1] = ask[1].replace("https://demo.docusign.net", forged);
        }
        let asked = refused(&way, "field_refused").await;
        assert!(asked.iter().all(|line| line.contains("https://account-d.docusign.com/")), "{asked:?}");
    }
}

#[tokio::test]
async fn kommo_codes_go_to_kommo_whatever_the_referer() {
    for referer in ["evil.example", "acme.kommo.com.evil.example", "evil.example/acme.kommo.com", ""] {
        let kommo = Way { back: table(&[("referer", referer)]), ..way("kommo", "OAUTH2") };
        let (stage, made) = Connected::tried(&kommo).await;
        made.unwrap_err();
        assert!(stage.internet.take().is_empty(), "{referer}");
    }
}

#[tokio::test]
async fn shopify_callbacks_are_signed_or_refused() {
    let shopify = way("shopify", "OAUTH2");
    assert!(Connected::tried(&shopify).await.1.is_ok());
    // No signature; one that is somebody else's; one beside which something was added.
    let unsigned = Way { signed_back: String::new(), ..shopify.clone() };
    let mut forged = unsigned.clone();
    forged.back.insert("hmac".to_owned(), "0".repeat(64));
    for way in [unsigned, forged] {
        let (stage, made) = Connected::tried(&way).await;
        made.unwrap_err();
        assert!(stage.internet.take().is_empty(), "the code stays unspent");
    }
}

#[tokio::test]
async fn shopify_shops_are_shops() {
    let (stage, _) = Connected::tried(&way("shopify", "API_KEY")).await;
    stage.internet.take();
    for shop in ["evil.com/", "evil.com#", "evil.com?", "evil.com/.myshopify.com", "a.b", "evil@a", "-a", ""]
    {
        let body = json!({"app": "shopify", "method": "API_KEY", "fields": {"subdomain": shop},
            "credentials": {"api_key": "shpat_1"}});
        let reply = stage.world.api(&stage.world.key, Method::POST, "/connections", Some(body)).await;
        reply.assert_problem(422, "invalid");
    }
    assert!(stage.internet.take().is_empty());
}

#[tokio::test]
async fn amazon_codes_come_by_their_own_name_and_no_other() {
    let mut amazon = way("amazon-selling-partner", "OAUTH2");
    amazon.back.insert("code".to_owned(), "of-somebody-else".to_owned());
    let connected = Connected::by(&amazon).await;
    let token =
        connected.stage.internet.take().into_iter().find(|seen| line(seen).contains("/auth/o2/token"));
    assert_eq!(of_request(&token.unwrap())["code"], crate::apps::stage::CODE);
    // The ordinary name alone brings no code.
    amazon.back.remove("code");
    amazon.code = "code".to_owned();
    assert!(refused(&amazon, "code_missing").await.is_empty());
}
