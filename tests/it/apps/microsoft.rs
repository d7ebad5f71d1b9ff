//! Sign-ins at Microsoft, whose one API serves several apps.

use super::{
    connect::check_all,
    way::{SIGN_IN, SignIn, WAY, Way},
};

/// Microsoft's sign-in, for whoever has an account.
const fn microsoft(scope: &'static str) -> SignIn {
    SignIn {
        client: "microsoft",
        page: "https://login.microsoftonline.com/common/oauth2/v2.0/authorize",
        scope,
        own: &[("response_mode", "query")],
        token: "https://login.microsoftonline.com/common/oauth2/v2.0/token",
        ..SIGN_IN
    }
}

const USER: (&str, &str) =
    ("GET https://graph.microsoft.com/v1.0/me", r#"{"id":"48d3","userPrincipalName":"ada@example.com"}"#);

pub(super) const WAYS: &[Way] = &[
    Way {
        app: "microsoft-teams",
        sign_in: Some(microsoft(
            "offline_access User.Read Team.ReadBasic.All Channel.ReadBasic.All ChannelMessage.Send Chat.ReadWrite",
        )),
        asks: &[USER],
        account: "48d3",
        call: "GET /microsoft-teams/v1.0/me/joinedTeams",
        arrives: "GET https://graph.microsoft.com/v1.0/me/joinedTeams",
        ..WAY
    },
    Way {
        app: "one-drive",
        sign_in: Some(microsoft("offline_access User.Read Files.ReadWrite.All")),
        asks: &[USER],
        account: "48d3",
        call: "GET /one-drive/v1.0/me/drive/root:/a.txt:/content",
        arrives: "GET https://graph.microsoft.com/v1.0/me/drive/root:/a.txt:/content",
        ..WAY
    },
    Way {
        app: "outlook",
        sign_in: Some(microsoft(
            "offline_access User.Read Mail.ReadWrite Mail.Send Calendars.ReadWrite Contacts.ReadWrite",
        )),
        asks: &[USER],
        account: "48d3",
        call: "GET /outlook/v1.0/me/messages?$top=1",
        arrives: "GET https://graph.microsoft.com/v1.0/me/messages?$top=1",
        ..WAY
    },
    // Some organizations let nobody in by the common door.
    Way {
        app: "outlook",
        fields: &[("tenant", "contoso.onmicrosoft.com")],
        sign_in: Some(SignIn {
            client: "microsoft",
            page: "https://login.microsoftonline.com/contoso.onmicrosoft.com/oauth2/v2.0/authorize",
            scope: "offline_access User.Read Mail.ReadWrite Mail.Send Calendars.ReadWrite Contacts.ReadWrite",
            own: &[("response_mode", "query")],
            token: "https://login.microsoftonline.com/contoso.onmicrosoft.com/oauth2/v2.0/token",
            ..SIGN_IN
        }),
        asks: &[USER],
        account: "48d3",
        call: "GET /microsoft-outlook/v1.0/me/events",
        arrives: "GET https://graph.microsoft.com/v1.0/me/events",
        ..WAY
    },
];

#[tokio::test]
async fn teams() {
    check_all(WAYS, "microsoft-teams").await;
}

#[tokio::test]
async fn one_drive() {
    check_all(WAYS, "one-drive").await;
}

#[tokio::test]
async fn outlook() {
    check_all(WAYS, "outlook").await;
}
