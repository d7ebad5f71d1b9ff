//! Connections by credentials that somebody types in.

use super::{
    connect::check_all,
    way::{WAY, Way},
};

pub(super) const WAYS: &[Way] = &[
    Way {
        app: "airtable",
        method: "API_KEY",
        typed: &[("api_key", "patA1.b2")],
        asks: &[("GET https://api.airtable.com/v0/meta/whoami", r#"{"id":"usrA"}"#)],
        account: "usrA",
        call: "GET /airtable/v0/appB/Table%201?pageSize=3&filterByFormula=%7Ba%7D",
        arrives: "GET https://api.airtable.com/v0/appB/Table%201?pageSize=3&filterByFormula=%7Ba%7D",
        carries: &["authorization: Bearer patA1.b2"],
        ..WAY
    },
    Way {
        app: "asana",
        method: "API_KEY",
        typed: &[("api_key", "2/12/34:abcd")],
        asks: &[("GET https://app.asana.com/api/1.0/users/me", r#"{"data":{"gid":"12","email":"a@b.c"}}"#)],
        account: "12",
        call: "GET /asana/api/1.0/tasks?project=7",
        arrives: "GET https://app.asana.com/api/1.0/tasks?project=7",
        carries: &["authorization: Bearer 2/12/34:abcd"],
        ..WAY
    },
    Way {
        app: "github",
        method: "API_KEY",
        typed: &[("api_key", "github_pat_1")],
        asks: &[("GET https://api.github.com/user", r#"{"id":583231,"login":"octocat","email":null}"#)],
        account: "583231",
        call: "GET /github/repos/a/b/issues?state=open",
        arrives: "GET https://api.github.com/repos/a/b/issues?state=open",
        carries: &[
            "authorization: Bearer github_pat_1",
            "accept: application/vnd.github+json",
            "x-github-api-version: 2022-11-28",
            "user-agent: keyferry",
        ],
        ..WAY
    },
    Way {
        app: "hubspot",
        method: "API_KEY",
        typed: &[("api_key", "pat-eu1-1")],
        asks: &[("GET https://api.hubapi.com/account-info/v3/details", r#"{"portalId":62515}"#)],
        account: "62515",
        call: "GET /hubspot/crm/v3/objects/contacts?limit=1",
        arrives: "GET https://api.hubapi.com/crm/v3/objects/contacts?limit=1",
        carries: &["authorization: Bearer pat-eu1-1"],
        ..WAY
    },
    Way {
        app: "jira",
        method: "BASIC",
        typed: &[("email", "ada@example.com"), ("api_token", "ATATT=1")],
        fields: &[("site", "acme")],
        asks: &[(
            "GET https://acme.atlassian.net/rest/api/3/myself",
            r#"{"accountId":"5b10:a","displayName":"Ada","emailAddress":"ada@example.com"}"#,
        )],
        account: "5b10:a",
        call: "GET /jira/rest/api/3/search?jql=a%3Db",
        arrives: "GET https://acme.atlassian.net/rest/api/3/search?jql=a%3Db",
        // ada@example.com:ATATT=1
        carries: &["authorization: Basic YWRhQGV4YW1wbGUuY29tOkFUQVRUPTE="],
        ..WAY
    },
    Way {
        app: "linear",
        method: "API_KEY",
        typed: &[("api_key", "lin_api_1")],
        asks: &[(
            "POST https://api.linear.app/graphql",
            r#"{"data":{"viewer":{"id":"u-1","email":"ada@example.com"}}}"#,
        )],
        account: "u-1",
        call: "GET /linear/graphql?query=%7Bviewer%7Bid%7D%7D",
        arrives: "GET https://api.linear.app/graphql?query=%7Bviewer%7Bid%7D%7D",
        carries: &["authorization: lin_api_1"],
        ..WAY
    },
    Way {
        app: "notion",
        method: "API_KEY",
        typed: &[("api_key", "ntn_1")],
        asks: &[("GET https://api.notion.com/v1/users/me", r#"{"id":"b-1","bot":{"workspace_name":"W"}}"#)],
        account: "b-1",
        call: "GET /notion/v1/pages/1",
        arrives: "GET https://api.notion.com/v1/pages/1",
        carries: &["authorization: Bearer ntn_1", "notion-version: 2025-09-03"],
        ..WAY
    },
    Way {
        app: "salesforce",
        method: "CLIENT_CREDENTIALS",
        typed: &[("client_id", "3MVG9"), ("client_secret", "C0FFEE")],
        fields: &[("login_host", "acme.my.salesforce.com")],
        asks: &[
            (
                "POST https://acme.my.salesforce.com/services/oauth2/token",
                r#"{"access_token":"00D!1","instance_url":"https://acme.my.salesforce.com"}"#,
            ),
            (
                "GET https://acme.my.salesforce.com/services/oauth2/userinfo",
                r#"{"user_id":"005A","email":"a@b.c"}"#,
            ),
        ],
        account: "005A",
        call: "GET /salesforce/services/data/v60.0/query?q=SELECT+Id+FROM+Account",
        arrives: "GET https://acme.my.salesforce.com/services/data/v60.0/query?q=SELECT+Id+FROM+Account",
        carries: &["authorization: Bearer 00D!1"],
        ..WAY
    },
    Way {
        app: "slack",
        method: "API_KEY",
        typed: &[("api_key", "xoxb-1")],
        asks: &[("GET https://slack.com/api/auth.test", r#"{"ok":true,"user_id":"U1","team":"T"}"#)],
        account: "U1",
        call: "GET /slack/api/conversations.list?limit=2",
        arrives: "GET https://slack.com/api/conversations.list?limit=2",
        carries: &["authorization: Bearer xoxb-1"],
        ..WAY
    },
    Way {
        app: "stripe",
        method: "API_KEY",
        typed: &[("api_key", "sk_test_1")],
        asks: &[("GET https://api.stripe.com/v1/account", r#"{"id":"acct_1","email":"a@b.c"}"#)],
        account: "acct_1",
        call: "GET /stripe/v1/customers?limit=1&expand[]=data.subscriptions",
        arrives: "GET https://api.stripe.com/v1/customers?limit=1&expand[]=data.subscriptions",
        carries: &["authorization: Bearer sk_test_1"],
        ..WAY
    },
    Way {
        app: "telegram",
        method: "API_KEY",
        typed: &[("bot_token", "110201543:AAHdqTcv-_1")],
        asks: &[(
            "GET https://api.telegram.org/bot110201543:AAHdqTcv-_1/getMe",
            r#"{"ok":true,"result":{"id":110201543,"username":"a_bot"}}"#,
        )],
        account: "110201543",
        call: "GET /telegram/:token/getUpdates?offset=1",
        arrives: "GET https://api.telegram.org/bot110201543%3AAAHdqTcv-_1/getUpdates?offset=1",
        carries: &[],
        ..WAY
    },
    Way {
        app: "trello",
        method: "API_KEY",
        typed: &[("api_key", "key1"), ("token", "ATTA/1")],
        asks: &[("GET https://api.trello.com/1/members/me?key=key1&token=ATTA%2F1", r#"{"id":"5a"}"#)],
        account: "5a",
        call: "GET /trello/1/members/me/boards?fields=name",
        arrives: "GET https://api.trello.com/1/members/me/boards?fields=name&key=key1&token=ATTA%2F1",
        carries: &[],
        ..WAY
    },
    Way {
        app: "twilio",
        method: "BASIC",
        typed: &[("account_sid", "AC0123456789abcdef0123456789abcdef"), ("auth_token", "t0k")],
        asks: &[(
            "GET https://api.twilio.com/2010-04-01/Accounts.json",
            r#"{"accounts":[{"sid":"AC0123456789abcdef0123456789abcdef","friendly_name":"Acme"}]}"#,
        )],
        account: "AC0123456789abcdef0123456789abcdef",
        call: "GET /twilio/2010-04-01/Accounts/AC0123456789abcdef0123456789abcdef/Messages.json",
        arrives: "GET https://api.twilio.com/2010-04-01/Accounts/AC0123456789abcdef0123456789abcdef/Messages.json",
        // AC0123456789abcdef0123456789abcdef:t0k
        carries: &["authorization: Basic QUMwMTIzNDU2Nzg5YWJjZGVmMDEyMzQ1Njc4OWFiY2RlZjp0MGs="],
        ..WAY
    },
    Way {
        app: "twilio",
        method: "API_KEY",
        typed: &[
            ("account_sid", "AC0123456789abcdef0123456789abcdef"),
            ("api_key_sid", "SK0123456789abcdef0123456789abcdef"),
            ("api_key_secret", "s3c"),
        ],
        asks: &[(
            "GET https://api.twilio.com/2010-04-01/Accounts/AC0123456789abcdef0123456789abcdef/Messages.json?PageSize=1",
            r#"{"messages":[]}"#,
        )],
        call: "GET /twilio/2010-04-01/Accounts/AC0123456789abcdef0123456789abcdef/Calls.json",
        arrives: "GET https://api.twilio.com/2010-04-01/Accounts/AC0123456789abcdef0123456789abcdef/Calls.json",
        // SK0123456789abcdef0123456789abcdef:s3c
        carries: &["authorization: Basic U0swMTIzNDU2Nzg5YWJjZGVmMDEyMzQ1Njc4OWFiY2RlZjpzM2M="],
        ..WAY
    },
    Way {
        app: "zendesk",
        method: "API_KEY",
        typed: &[("email", "ada@acme.com"), ("api_token", "6wiI")],
        fields: &[("subdomain", "acme")],
        asks: &[("GET https://acme.zendesk.com/api/v2/users/me.json", r#"{"user":{"id":35436}}"#)],
        account: "35436",
        call: "GET /zendesk/api/v2/tickets.json?page=2",
        arrives: "GET https://acme.zendesk.com/api/v2/tickets.json?page=2",
        // ada@acme.com/token:6wiI
        carries: &["authorization: Basic YWRhQGFjbWUuY29tL3Rva2VuOjZ3aUk="],
        ..WAY
    },
];

#[tokio::test]
async fn airtable() {
    check_all(WAYS, "airtable").await;
}

#[tokio::test]
async fn asana() {
    check_all(WAYS, "asana").await;
}

#[tokio::test]
async fn github() {
    check_all(WAYS, "github").await;
}

#[tokio::test]
async fn hubspot() {
    check_all(WAYS, "hubspot").await;
}

#[tokio::test]
async fn jira() {
    check_all(WAYS, "jira").await;
}

#[tokio::test]
async fn linear() {
    check_all(WAYS, "linear").await;
}

#[tokio::test]
async fn notion() {
    check_all(WAYS, "notion").await;
}

#[tokio::test]
async fn salesforce() {
    check_all(WAYS, "salesforce").await;
}

#[tokio::test]
async fn slack() {
    check_all(WAYS, "slack").await;
}

#[tokio::test]
async fn stripe() {
    check_all(WAYS, "stripe").await;
}

#[tokio::test]
async fn telegram() {
    check_all(WAYS, "telegram").await;
}

#[tokio::test]
async fn trello() {
    check_all(WAYS, "trello").await;
}

#[tokio::test]
async fn twilio() {
    check_all(WAYS, "twilio").await;
}

#[tokio::test]
async fn zendesk() {
    check_all(WAYS, "zendesk").await;
}
