//! Sign-ins at Google, with the operator's one Google client.

use super::{
    connect::check_all,
    way::{BEARER, SIGN_IN, SignIn, WAY, Way},
};

/// Google's sign-in. Without its two own parameters there is no refresh token.
const fn google(scope: &'static str) -> SignIn {
    SignIn {
        client: "google",
        page: "https://accounts.google.com/o/oauth2/v2/auth",
        scope,
        own: &[("access_type", "offline"), ("prompt", "consent")],
        token: "https://oauth2.googleapis.com/token",
        ..SIGN_IN
    }
}

/// Asked where the API itself does not tell whose account it is.
const USER: (&str, &str) =
    ("GET https://openidconnect.googleapis.com/v1/userinfo", r#"{"sub":"1089","email":"ada@example.com"}"#);

pub(super) const WAYS: &[Way] = &[
    Way {
        app: "google-ads",
        sign_in: Some(google("https://www.googleapis.com/auth/adwords")),
        asks: &[(
            "GET https://googleads.googleapis.com/v23/customers:listAccessibleCustomers",
            r#"{"resourceNames":["customers/123","customers/456"]}"#,
        )],
        account: "customers/123",
        call: "GET /google-ads/v23/customers/123/campaigns:search?x=1",
        arrives: "GET https://googleads.googleapis.com/v23/customers/123/campaigns:search?x=1",
        carries: &[BEARER, "developer-token: dev-1"],
        ..WAY
    },
    Way {
        app: "google-calendar",
        sign_in: Some(google("https://www.googleapis.com/auth/calendar")),
        asks: &[(
            "GET https://www.googleapis.com/calendar/v3/calendars/primary",
            r#"{"id":"ada@example.com","summary":"Ada"}"#,
        )],
        account: "ada@example.com",
        call: "GET /google-calendar/calendar/v3/calendars/primary/events?maxResults=1",
        arrives: "GET https://www.googleapis.com/calendar/v3/calendars/primary/events?maxResults=1",
        ..WAY
    },
    Way {
        app: "google-docs",
        sign_in: Some(google("https://www.googleapis.com/auth/documents openid email")),
        asks: &[USER],
        account: "1089",
        call: "GET /google-docs/v1/documents/1AbC",
        arrives: "GET https://docs.googleapis.com/v1/documents/1AbC",
        ..WAY
    },
    Way {
        app: "google-drive",
        sign_in: Some(google("https://www.googleapis.com/auth/drive")),
        asks: &[(
            "GET https://www.googleapis.com/drive/v3/about?fields=user",
            r#"{"user":{"permissionId":"0623","emailAddress":"ada@example.com"}}"#,
        )],
        account: "0623",
        call: "GET /google-drive/upload/drive/v3/files?uploadType=media",
        arrives: "GET https://www.googleapis.com/upload/drive/v3/files?uploadType=media",
        ..WAY
    },
    Way {
        app: "google-mail",
        sign_in: Some(google("https://www.googleapis.com/auth/gmail.modify")),
        asks: &[(
            "GET https://gmail.googleapis.com/gmail/v1/users/me/profile",
            r#"{"emailAddress":"ada@example.com"}"#,
        )],
        account: "ada@example.com",
        call: "GET /google-mail/gmail/v1/users/me/messages?q=is%3Aunread",
        arrives: "GET https://gmail.googleapis.com/gmail/v1/users/me/messages?q=is%3Aunread",
        ..WAY
    },
    Way {
        app: "google-sheets",
        sign_in: Some(google("https://www.googleapis.com/auth/spreadsheets openid email")),
        asks: &[USER],
        account: "1089",
        call: "GET /google-sheets/v4/spreadsheets/1AbC/values/A1:B2",
        arrives: "GET https://sheets.googleapis.com/v4/spreadsheets/1AbC/values/A1:B2",
        ..WAY
    },
    Way {
        app: "google-tasks",
        sign_in: Some(google("https://www.googleapis.com/auth/tasks openid email")),
        asks: &[USER],
        account: "1089",
        call: "GET /google-tasks/tasks/v1/users/@me/lists",
        arrives: "GET https://tasks.googleapis.com/tasks/v1/users/@me/lists",
        ..WAY
    },
    Way {
        app: "youtube",
        sign_in: Some(google("https://www.googleapis.com/auth/youtube")),
        asks: &[(
            "GET https://www.googleapis.com/youtube/v3/channels?part=snippet&mine=true",
            r#"{"items":[{"id":"UC1","snippet":{"title":"Ada"}}]}"#,
        )],
        account: "UC1",
        call: "GET /youtube/youtube/v3/search?part=snippet",
        arrives: "GET https://www.googleapis.com/youtube/v3/search?part=snippet",
        ..WAY
    },
];

#[tokio::test]
async fn ads() {
    check_all(WAYS, "google-ads").await;
}

#[tokio::test]
async fn calendar() {
    check_all(WAYS, "google-calendar").await;
}

#[tokio::test]
async fn docs() {
    check_all(WAYS, "google-docs").await;
}

#[tokio::test]
async fn drive() {
    check_all(WAYS, "google-drive").await;
}

#[tokio::test]
async fn mail() {
    check_all(WAYS, "google-mail").await;
}

#[tokio::test]
async fn sheets() {
    check_all(WAYS, "google-sheets").await;
}

#[tokio::test]
async fn tasks() {
    check_all(WAYS, "google-tasks").await;
}

#[tokio::test]
async fn youtube() {
    check_all(WAYS, "youtube").await;
}
