//! Sign-ins at everybody else.

use super::{
    connect::check_all,
    way::{BEARER, Proof, SIGN_IN, SignIn, WAY, Way},
};

pub(super) const WAYS: &[Way] = &[
    Way {
        app: "airtable",
        sign_in: Some(SignIn {
            client: "airtable",
            page: "https://airtable.com/oauth2/v1/authorize",
            scope: "data.records:read data.records:write schema.bases:read",
            token: "https://airtable.com/oauth2/v1/token",
            proof: Proof::Basic,
            ..SIGN_IN
        }),
        asks: &[("GET https://api.airtable.com/v0/meta/whoami", r#"{"id":"usrA","scopes":[]}"#)],
        account: "usrA",
        call: "GET /airtable/v0/meta/bases",
        arrives: "GET https://api.airtable.com/v0/meta/bases",
        ..WAY
    },
    Way {
        app: "asana",
        sign_in: Some(SignIn {
            client: "asana",
            page: "https://app.asana.com/-/oauth_authorize",
            scope: "default",
            token: "https://app.asana.com/-/oauth_token",
            ..SIGN_IN
        }),
        asks: &[("GET https://app.asana.com/api/1.0/users/me", r#"{"data":{"gid":"12"}}"#)],
        account: "12",
        call: "GET /asana/api/1.0/projects?limit=2",
        arrives: "GET https://app.asana.com/api/1.0/projects?limit=2",
        ..WAY
    },
    Way {
        app: "dropbox",
        sign_in: Some(SignIn {
            client: "dropbox",
            page: "https://www.dropbox.com/oauth2/authorize",
            scope: "account_info.read files.metadata.write files.content.read files.content.write sharing.write",
            own: &[("token_access_type", "offline")],
            token: "https://api.dropboxapi.com/oauth2/token",
            ..SIGN_IN
        }),
        asks: &[(
            "POST https://api.dropboxapi.com/2/users/get_current_account",
            r#"{"account_id":"dbid:1","email":"a@b.c"}"#,
        )],
        account: "dbid:1",
        call: "POST /dropbox/2/files/list_folder",
        arrives: "POST https://api.dropboxapi.com/2/files/list_folder",

        ..WAY
    },
    Way {
        app: "github",
        sign_in: Some(SignIn {
            client: "github",
            page: "https://github.com/login/oauth/authorize",
            scope: "repo read:org read:user workflow",
            token: "https://github.com/login/oauth/access_token",
            answer: r#"{"access_token":"at.1~x","scope":"repo,read:org","token_type":"bearer"}"#,
            ..SIGN_IN
        }),
        asks: &[("GET https://api.github.com/user", r#"{"id":583231,"login":"octocat"}"#)],
        account: "583231",
        call: "GET /github/user/repos?per_page=1",
        arrives: "GET https://api.github.com/user/repos?per_page=1",
        carries: &[
            BEARER,
            "accept: application/vnd.github+json",
            "x-github-api-version: 2022-11-28",
            "user-agent: keyferry",
        ],
        ..WAY
    },
    Way {
        app: "hubspot",
        sign_in: Some(SignIn {
            client: "hubspot",
            page: "https://app.hubspot.com/oauth/authorize",
            scope: "oauth crm.objects.contacts.read crm.objects.companies.read crm.objects.deals.read",
            token: "https://api.hubapi.com/oauth/v1/token",
            ..SIGN_IN
        }),
        asks: &[("GET https://api.hubapi.com/account-info/v3/details", r#"{"portalId":62515}"#)],
        account: "62515",
        call: "GET /hubspot/crm/v3/objects/deals",
        arrives: "GET https://api.hubapi.com/crm/v3/objects/deals",
        ..WAY
    },
    Way {
        app: "jira",
        sign_in: Some(SignIn {
            client: "atlassian",
            page: "https://auth.atlassian.com/authorize",
            scope: "offline_access read:jira-work write:jira-work read:jira-user",
            own: &[("audience", "api.atlassian.com"), ("prompt", "consent")],
            token: "https://auth.atlassian.com/oauth/token",
            proof: Proof::Json,
            ..SIGN_IN
        }),
        asks: &[
            (
                "GET https://api.atlassian.com/oauth/token/accessible-resources",
                r#"[{"id":"11223344-a1b2-3b33-c444-def123456789","name":"acme"}]"#,
            ),
            (
                "GET https://api.atlassian.com/oauth/token/accessible-resources",
                r#"[{"id":"11223344-a1b2-3b33-c444-def123456789","name":"acme"}]"#,
            ),
        ],
        account: "11223344-a1b2-3b33-c444-def123456789",
        call: "GET /jira/ex/jira/:cloudId/rest/api/3/myself",
        arrives: "GET https://api.atlassian.com/ex/jira/11223344-a1b2-3b33-c444-def123456789/rest/api/3/myself",
        ..WAY
    },
    Way {
        app: "linear",
        sign_in: Some(SignIn {
            client: "linear",
            page: "https://linear.app/oauth/authorize",
            scope: "read,write",
            own: &[("prompt", "consent"), ("actor", "user")],
            token: "https://api.linear.app/oauth/token",
            ..SIGN_IN
        }),
        asks: &[(
            "POST https://api.linear.app/graphql",
            r#"{"data":{"viewer":{"id":"u-1","email":"a@b.c"}}}"#,
        )],
        account: "u-1",
        call: "POST /linear/graphql",
        arrives: "POST https://api.linear.app/graphql",

        ..WAY
    },
    Way {
        app: "notion",
        sign_in: Some(SignIn {
            client: "notion",
            page: "https://api.notion.com/v1/oauth/authorize",
            own: &[("owner", "user")],
            token: "https://api.notion.com/v1/oauth/token",
            proof: Proof::BasicJson,
            answer: r#"{"access_token":"at.1~x","token_type":"bearer","workspace_id":"11223344-a1b2-3b33-c444-def123456789","bot_id":"b-1"}"#,
            ..SIGN_IN
        }),
        asks: &[("GET https://api.notion.com/v1/users/me", r#"{"id":"b-1","bot":{"workspace_name":"W"}}"#)],
        account: "b-1",
        call: "GET /notion/v1/users?page_size=1",
        arrives: "GET https://api.notion.com/v1/users?page_size=1",
        carries: &[BEARER, "notion-version: 2025-09-03"],
        ..WAY
    },
    Way {
        app: "quickbooks",
        sign_in: Some(SignIn {
            client: "quickbooks",
            page: "https://appcenter.intuit.com/connect/oauth2",
            scope: "com.intuit.quickbooks.accounting",
            back: &[("realmId", "9130357849536636")],
            token: "https://oauth.platform.intuit.com/oauth2/v1/tokens/bearer",
            proof: Proof::Basic,
            ..SIGN_IN
        }),
        asks: &[(
            "GET https://quickbooks.api.intuit.com/v3/company/9130357849536636/companyinfo/9130357849536636",
            r#"{"CompanyInfo":{"Id":"1","CompanyName":"Acme"}}"#,
        )],
        account: "1",
        call: "GET /quickbooks/v3/company/:realmId/query?query=select%20%2a%20from%20Bill",
        arrives: "GET https://quickbooks.api.intuit.com/v3/company/9130357849536636/query?query=select%20%2a%20from%20Bill",
        carries: &[BEARER, "accept: application/json"],
        ..WAY
    },
    Way {
        app: "salesforce",
        sign_in: Some(SignIn {
            client: "salesforce",
            page: "https://login.salesforce.com/services/oauth2/authorize",
            scope: "api refresh_token offline_access",
            own: &[("prompt", "consent")],
            token: "https://login.salesforce.com/services/oauth2/token",
            answer: r#"{"access_token":"at.1~x","refresh_token":"rt","instance_url":"https://acme--uat.sandbox.my.salesforce.com"}"#,
            ..SIGN_IN
        }),
        asks: &[(
            "GET https://acme--uat.sandbox.my.salesforce.com/services/oauth2/userinfo",
            r#"{"user_id":"005A","email":"a@b.c"}"#,
        )],
        account: "005A",
        call: "GET /salesforce/services/data/v60.0/sobjects",
        arrives: "GET https://acme--uat.sandbox.my.salesforce.com/services/data/v60.0/sobjects",
        ..WAY
    },
    Way {
        app: "slack",
        sign_in: Some(SignIn {
            client: "slack",
            page: "https://slack.com/oauth/v2/authorize",
            scope: "channels:read,chat:write,users:read",
            pkce: false,
            token: "https://slack.com/api/oauth.v2.access",
            answer: r#"{"ok":true,"access_token":"at.1~x","token_type":"bot","scope":"chat:write","team":{"id":"T9TK3CUKW"}}"#,
            ..SIGN_IN
        }),
        asks: &[("GET https://slack.com/api/auth.test", r#"{"ok":true,"user_id":"U1","team":"T"}"#)],
        account: "U1",
        call: "GET /slack/api/users.list",
        arrives: "GET https://slack.com/api/users.list",
        ..WAY
    },
    Way {
        app: "stripe",
        sign_in: Some(SignIn {
            client: "stripe",
            page: "https://connect.stripe.com/oauth/authorize",
            scope: "read_write",
            token: "https://connect.stripe.com/oauth/token",
            proof: Proof::FormSecretOnly,
            answer: r#"{"access_token":"sk_test_1","livemode":false,"stripe_user_id":"acct_1","scope":"read_write"}"#,
            ..SIGN_IN
        }),
        asks: &[("GET https://api.stripe.com/v1/account", r#"{"id":"acct_1","email":"a@b.c"}"#)],
        account: "acct_1",
        call: "GET /stripe/v1/balance",
        arrives: "GET https://api.stripe.com/v1/balance",
        carries: &["authorization: Bearer sk_test_1"],
        ..WAY
    },
    Way {
        app: "zendesk",
        fields: &[("subdomain", "acme")],
        sign_in: Some(SignIn {
            client: "zendesk",
            page: "https://acme.zendesk.com/oauth/authorizations/new",
            scope: "read write",
            token: "https://acme.zendesk.com/oauth/tokens",
            with: &[("expires_in", "1800")],
            ..SIGN_IN
        }),
        asks: &[(
            "GET https://acme.zendesk.com/api/v2/users/me.json",
            r#"{"user":{"id":35436,"email":"a@b.c"}}"#,
        )],
        account: "35436",
        call: "GET /zendesk/api/v2/search.json?query=type%3Aticket",
        arrives: "GET https://acme.zendesk.com/api/v2/search.json?query=type%3Aticket",
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
async fn dropbox() {
    check_all(WAYS, "dropbox").await;
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
async fn quickbooks() {
    check_all(WAYS, "quickbooks").await;
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
async fn zendesk() {
    check_all(WAYS, "zendesk").await;
}
