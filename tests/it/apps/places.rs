//! Where calls go: another host for some paths, placeholders in paths, tenants in hosts.

use super::{
    connect::Connected,
    stage::line,
    way::{BEARER, Table, Way, way},
};

/// Makes calls as `METHOD /path` behind the app; each has to arrive as said.
async fn assert_arrive(connected: &Connected, app: &str, table: &[(&str, &str)]) {
    for (call, arrives) in table {
        let found = connected.arrives(&call.replacen(" /", &format!(" /{app}/"), 1)).await;
        assert_eq!(found, *arrives, "{call}");
    }
    connected.assert_nothing_of_the_caller_left();
}

#[tokio::test]
async fn dropbox_contents_and_notifications_have_hosts_of_their_own() {
    let connected = Connected::by(&way("dropbox", "OAUTH2")).await;
    for path in [
        "upload",
        "alpha/upload",
        "download",
        "download_zip",
        "export",
        "get_preview",
        "get_thumbnail",
        "get_thumbnail_v2",
        "get_thumbnail_batch",
        "upload_session/start",
        "upload_session/append",
        "upload_session/append_v2",
        "upload_session/append_batch",
        "upload_session/finish",
    ] {
        let arrives = format!("POST https://content.dropboxapi.com/2/files/{path}");
        assert_arrive(&connected, "dropbox", &[(&format!("POST /2/files/{path}"), &arrives)]).await;
        connected.assert_carried(&[BEARER]);
    }
    let content = "POST https://content.dropboxapi.com";
    let api = "POST https://api.dropboxapi.com";
    let table = [
        ("POST /2/sharing/get_shared_link_file", format!("{content}/2/sharing/get_shared_link_file")),
        ("POST /2/account/get_photo", format!("{content}/2/account/get_photo")),
        // Names that only begin like those.
        ("POST /2/files/upload_session/finish_batch", format!("{api}/2/files/upload_session/finish_batch")),
        ("POST /2/files/upload_session/start_batch", format!("{api}/2/files/upload_session/start_batch")),
        ("POST /2/files/get_metadata", format!("{api}/2/files/get_metadata")),
        ("POST /2/files/list_folder", format!("{api}/2/files/list_folder")),
        ("POST /2/files/download/", format!("{api}/2/files/download/")),
    ];
    for (call, arrives) in table {
        assert_arrive(&connected, "dropbox", &[(call, &arrives)]).await;
    }
}

#[tokio::test]
async fn dropbox_wants_no_token_where_a_cursor_is_waited_on() {
    let connected = Connected::by(&way("dropbox", "OAUTH2")).await;
    let table = [(
        "POST /2/files/list_folder/longpoll",
        "POST https://notify.dropboxapi.com/2/files/list_folder/longpoll",
    )];
    assert_arrive(&connected, "dropbox", &table).await;
    connected.assert_carried(&[]);
}

#[tokio::test]
async fn stripe_takes_files_elsewhere_and_lists_them_here() {
    let connected = Connected::by(&way("stripe", "API_KEY")).await;
    let table = [
        ("POST /v1/files", "POST https://files.stripe.com/v1/files"),
        ("POST /v1/files?expand[]=a", "POST https://files.stripe.com/v1/files?expand[]=a"),
        ("GET /v1/files", "GET https://api.stripe.com/v1/files"),
        ("GET /v1/files/file_1", "GET https://api.stripe.com/v1/files/file_1"),
        ("POST /v1/file_links", "POST https://api.stripe.com/v1/file_links"),
        (
            "POST /v2/billing/meter_event_stream",
            "POST https://meter-events.stripe.com/v2/billing/meter_event_stream",
        ),
        (
            "POST /v2/billing/meter_event_session",
            "POST https://api.stripe.com/v2/billing/meter_event_session",
        ),
    ];
    assert_arrive(&connected, "stripe", &table).await;
}

#[tokio::test]
async fn airtable_github_and_slack_keep_some_files_elsewhere() {
    let connected = Connected::by(&way("airtable", "API_KEY")).await;
    let table = [
        (
            "POST /v0/app1/rec1/fld1/uploadAttachment",
            "POST https://content.airtable.com/v0/app1/rec1/fld1/uploadAttachment",
        ),
        (
            "POST /v0/app1/a/b/c/uploadAttachment",
            "POST https://api.airtable.com/v0/app1/a/b/c/uploadAttachment",
        ),
    ];
    assert_arrive(&connected, "airtable", &table).await;
    let connected = Connected::by(&way("github", "API_KEY")).await;
    let table = [
        (
            "POST /repos/a/b/releases/1/assets?name=x.zip",
            "POST https://uploads.github.com/repos/a/b/releases/1/assets?name=x.zip",
        ),
        ("GET /repos/a/b/releases/1/assets", "GET https://api.github.com/repos/a/b/releases/1/assets"),
    ];
    assert_arrive(&connected, "github", &table).await;
    let connected = Connected::by(&way("slack", "API_KEY")).await;
    let table = [
        ("GET /files-pri/T1-F1/a.png", "GET https://files.slack.com/files-pri/T1-F1/a.png"),
        ("POST /api/files.info", "POST https://slack.com/api/files.info"),
    ];
    assert_arrive(&connected, "slack", &table).await;
}

#[tokio::test]
async fn quickbooks_fills_the_company_in_wherever_it_stands() {
    let connected = Connected::by(&way("quickbooks", "OAUTH2")).await;
    let host = "GET https://quickbooks.api.intuit.com";
    let table = [
        (
            "GET /v3/company/:realmId/companyinfo/:realmId",
            format!("{host}/v3/company/9130357849536636/companyinfo/9130357849536636"),
        ),
        // What is written out stays.
        ("GET /v3/company/77/companyinfo/77", format!("{host}/v3/company/77/companyinfo/77")),
        // The query is the caller's own.
        (
            "GET /v3/company/:realmId/query?query=%3ArealmId+:realmId",
            format!("{host}/v3/company/9130357849536636/query?query=%3ArealmId+:realmId"),
        ),
        ("GET /v3/:realmIdentity", format!("{host}/v3/:realmIdentity")),
    ];
    for (call, arrives) in table {
        assert_arrive(&connected, "quickbooks", &[(call, &arrives)]).await;
    }
}

#[tokio::test]
async fn quickbooks_has_sandbox_companies_on_a_host_of_their_own() {
    let fields = Table::from([("environment".to_owned(), "sandbox".to_owned())]);
    let sandbox = Way { fields, ..way("quickbooks", "OAUTH2") };
    let connected = Connected::by(&sandbox).await;
    assert_eq!(connected.connection().await["metadata"]["environment"], "sandbox");
    let table = [(
        "GET /v3/company/:realmId/query",
        "GET https://sandbox-quickbooks.api.intuit.com/v3/company/9130357849536636/query",
    )];
    assert_arrive(&connected, "quickbooks", &table).await;
}

#[tokio::test]
async fn jira_fills_the_site_in_under_each_of_its_spellings() {
    let connected = Connected::by(&way("jira", "OAUTH2")).await;
    let arrives =
        "GET https://api.atlassian.com/ex/jira/11223344-a1b2-3b33-c444-def123456789/rest/api/3/issue/A-1";
    for cloud in ["{cloudId}", ":cloudId", "%7BcloudId%7D", "%3AcloudId"] {
        let call = format!("GET /ex/jira/{cloud}/rest/api/3/issue/A-1");
        assert_arrive(&connected, "jira", &[(&call, arrives)]).await;
        connected.assert_carried(&[BEARER]);
    }
}

#[tokio::test]
async fn jira_without_a_site_refuses_the_placeholder() {
    let connected = Connected::by(&way("jira", "BASIC")).await;
    let before = connected.stage.internet.seen().len();
    let reply = connected.call("GET /jira/ex/jira/:cloudId/rest/api/3/myself", &[]).await;
    let said = reply.assert_problem(400, "bad_request");
    assert!(said["detail"].as_str().unwrap().contains(":cloudId"), "{said}");
    assert_eq!(connected.stage.internet.seen().len(), before);
}

#[tokio::test]
async fn telegram_has_its_token_in_the_path_and_nowhere_else() {
    let connected = Connected::by(&way("telegram", "API_KEY")).await;
    let host = "https://api.telegram.org";
    let table = [
        ("POST /:token/sendMessage", format!("POST {host}/bot110201543:AAHdqTcv-_1/sendMessage")),
        (
            "GET /file/:token/photos/file_1.jpg",
            format!("GET {host}/file/bot110201543:AAHdqTcv-_1/photos/file_1.jpg"),
        ),
        ("GET /getMe", format!("GET {host}/getMe")),
        ("GET /x?a=:token", format!("GET {host}/x?a=:token")),
    ];
    for (call, arrives) in table {
        assert_arrive(&connected, "telegram", &[(call, &arrives)]).await;
        connected.assert_carried(&[]);
    }
}

#[tokio::test]
async fn salesforce_calls_go_to_the_instance_that_the_token_names() {
    let mut way = way("salesforce", "OAUTH2");
    way.fields = Table::from([("login_host".to_owned(), "test.salesforce.com".to_owned())]);
    way.token = "https://test.salesforce.com/services/oauth2/token".to_owned();
    way.answer = r#"{"access_token":"at.1~x","instance_url":"https://na1.salesforce.com"}"#.to_owned();
    let connected = Connected::by(&way).await;
    let table = [("GET /services/data", "GET https://na1.salesforce.com/services/data")];
    assert_arrive(&connected, "salesforce", &table).await;
    assert_eq!(connected.connection().await["metadata"]["instance_url"], "https://na1.salesforce.com");
}

#[tokio::test]
async fn google_tells_an_empty_body_from_none() {
    let connected = Connected::by(&way("google-mail", "OAUTH2")).await;
    let call = "POST /gmail/gmail/v1/users/me/messages/18c/trash";
    connected.call(call, &[("content-length", "0")]).await;
    let arrives = "POST https://gmail.googleapis.com/gmail/v1/users/me/messages/18c/trash";
    assert_eq!(line(&connected.stage.internet.newest()), arrives);
    // Google answers 411 to a POST that doesn't say its length.
    connected.assert_carried(&[BEARER, "content-length: 0"]);
}
