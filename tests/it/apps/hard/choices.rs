//! Sign-ins that open several accounts at once: whoever signed in says which one is meant.

use http::Method;

use crate::{
    apps::{
        expected,
        stage::{CODE, Stage, line},
        way::{Way, way},
    },
    harness::browser::{Browser, Page},
};

/// Signs in where there are several, and picks this one; the connection's id.
async fn picked(stage: &Stage, way: &Way, value: &str) -> String {
    let made = stage.create(&expected::visit(way)).await.unwrap();
    let browser = Browser::new(&stage.world);
    let consent = browser.leave(&made).await;
    let page = browser.come_back(&way.app, &consent, &[("code", CODE)]).await;
    assert!(page.path.starts_with("/choose/"), "{}: {}", page.path, page.text());
    let id = made["connection_id"].as_str().unwrap().to_owned();
    assert_eq!(stage.connection(&id).await["status"], "PENDING", "nothing is connected before");
    let reply = post(&browser, &page, value).await;
    assert_eq!(reply, 303, "one that is offered");
    assert_eq!(stage.connection(&id).await["status"], "ACTIVE");
    id
}

async fn post(browser: &Browser, page: &Page, value: &str) -> u16 {
    let mut form = form_urlencoded::Serializer::new(String::new());
    let form = form.extend_pairs(page.hidden()).append_pair("candidate", value).finish();
    let headers = [("sec-fetch-site", "same-origin"), ("content-type", "application/x-www-form-urlencoded")];
    browser.send(Method::POST, "/choose", &headers, &form).await.status.as_u16()
}

/// A gateway and a provider where the one request of this way tells of two.
async fn stage(way: &mut Way, both: &str) -> Stage {
    for ask in way.asks.iter_mut().flatten() {
        ask[1] = both.to_owned();
    }
    let stage = expected::stage(std::slice::from_ref(way)).await;
    expected::provide(&stage, way);
    stage
}

#[tokio::test]
async fn xero_has_the_organisation_that_was_picked() {
    let mut xero = way("xero", "OAUTH2");
    let both = r#"[{"tenantId":"70784a63-d24b-46a9-a4db-0e70a274b056","tenantName":"Acme"},
        {"tenantId":"8f1c1f3e-0a3e-4f4f-9f0e-7d1f9d2f3a11","tenantName":"Demo"}]"#;
    let stage = stage(&mut xero, both).await;
    let id = picked(&stage, &xero, "8f1c1f3e-0a3e-4f4f-9f0e-7d1f9d2f3a11").await;
    stage.send(&id, "GET /xero/api.xro/2.0/Invoices", &[]).await;
    let seen = stage.internet.newest();
    assert_eq!(seen.header("xero-tenant-id"), Some("8f1c1f3e-0a3e-4f4f-9f0e-7d1f9d2f3a11"));
}

#[tokio::test]
async fn jira_has_the_site_that_was_picked() {
    let mut jira = way("jira", "OAUTH2");
    let both = r#"[{"id":"11223344-a1b2-3b33-c444-def123456789","name":"acme"},
        {"id":"99999999-a1b2-3b33-c444-def123456789","name":"other"}]"#;
    let stage = stage(&mut jira, both).await;
    let id = picked(&stage, &jira, "99999999-a1b2-3b33-c444-def123456789").await;
    stage.send(&id, "GET /jira/ex/jira/:cloudId/rest/api/3/myself", &[]).await;
    let expected =
        "GET https://api.atlassian.com/ex/jira/99999999-a1b2-3b33-c444-def123456789/rest/api/3/myself";
    assert_eq!(line(&stage.internet.newest()), expected);
}
