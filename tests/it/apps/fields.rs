//! What calls carry: defaults that callers override, credentials that they can't.

use super::{
    connect::Connected,
    stage::line,
    way::{BEARER, Table, Way, way},
};

#[tokio::test]
async fn notion_callers_choose_the_version_or_get_ours() {
    for way in [way("notion", "OAUTH2"), way("notion", "API_KEY")] {
        let connected = Connected::by(&way).await;
        let credential = if way.has_page() { BEARER } else { "authorization: Bearer ntn_1" };
        connected.call("GET /notion/v1/users", &[]).await;
        connected.assert_carried(&[credential, "notion-version: 2025-09-03"]);
        connected.call("GET /notion/v1/users", &[("notion-version", "2022-06-28")]).await;
        connected.assert_carried(&[credential, "notion-version: 2022-06-28"]);
    }
}

#[tokio::test]
async fn github_callers_override_each_default_by_itself() {
    let connected = Connected::by(&way("github", "API_KEY")).await;
    connected.call("GET /github/user", &[("accept", "text/html"), ("user-agent", "mine")]).await;
    connected.assert_carried(&[
        "authorization: Bearer github_pat_1",
        "accept: text/html",
        "user-agent: mine",
        "x-github-api-version: 2022-11-28",
    ]);
}

#[tokio::test]
async fn google_ads_carries_the_operators_token_and_a_manager_only_if_there_is_one() {
    let ads = way("google-ads", "OAUTH2");
    let connected = Connected::by(&ads).await;
    let call = "POST /google-ads/v23/customers/1/googleAds:search";
    let evil = [("developer-token", "of-the-caller"), ("Developer_Token", "of-the-caller")];
    connected.call(call, &evil).await;
    connected.assert_carried(&[BEARER, "developer-token: dev-1"]);
    connected.call(call, &[("login-customer-id", "5556667777")]).await;
    connected.assert_carried(&[BEARER, "developer-token: dev-1", "login-customer-id: 5556667777"]);
    connected.assert_nothing_of_the_caller_left();

    let fields = Table::from([("login_customer_id".to_owned(), "1112223333".to_owned())]);
    let managed = Way { fields, ..ads };
    let connected = Connected::by(&managed).await;
    connected.call(call, &[]).await;
    connected.assert_carried(&[BEARER, "developer-token: dev-1", "login-customer-id: 1112223333"]);
    connected.call(call, &[("login-customer-id", "5556667777")]).await;
    connected.assert_carried(&[BEARER, "developer-token: dev-1", "login-customer-id: 5556667777"]);
}

#[tokio::test]
async fn trello_gets_both_of_its_parameters_once_whatever_the_caller_writes() {
    let connected = Connected::by(&way("trello", "API_KEY")).await;
    let host = "GET https://api.trello.com";
    for (call, arrives) in [
        ("GET /trello/1/boards/b", "/1/boards/b?key=key1&token=ATTA%2F1"),
        ("GET /trello/1/boards/b?", "/1/boards/b?key=key1&token=ATTA%2F1"),
        ("GET /trello/1/boards/b?fields=a&fields=b", "/1/boards/b?fields=a&fields=b&key=key1&token=ATTA%2F1"),
        (
            "GET /trello/1/boards/b?key=of-the-caller&a=1&TOKEN=of-the-caller",
            "/1/boards/b?a=1&key=key1&token=ATTA%2F1",
        ),
        ("GET /trello/1/b?%6bey=of-the-caller&tok%65n[]=of-the-caller", "/1/b?key=key1&token=ATTA%2F1"),
        ("GET /trello/1/b?keyword=k&tokens=t", "/1/b?keyword=k&tokens=t&key=key1&token=ATTA%2F1"),
    ] {
        connected.call(call, &[]).await;
        assert_eq!(line(&connected.stage.internet.newest()), format!("{host}{arrives}"), "{call}");
        connected.assert_carried(&[]);
    }
    connected.assert_nothing_of_the_caller_left();
}

#[tokio::test]
async fn zendesk_tokens_go_out_as_basic_behind_the_address() {
    let connected = Connected::by(&way("zendesk", "API_KEY")).await;
    connected.call("GET /zendesk/api/v2/users/me", &[("x-authorization", "passes")]).await;
    let seen = connected.stage.internet.newest();
    // base64 of ada@acme.com/token:6wiI
    assert_eq!(seen.header("authorization"), Some("Basic YWRhQGFjbWUuY29tL3Rva2VuOjZ3aUk="));
    assert_eq!(seen.header("x-authorization"), Some("passes"));
}
