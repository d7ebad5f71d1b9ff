//! The built-in apps against a table written by hand from the providers' documentation, not from the files.

use super::*;

/// One way into one app: where calls go, what carries the credential, where OAuth goes.
struct Expected(&'static str, Method, &'static str, &'static str, &'static str);

use Method::{ApiKey, Basic, ClientCredentials, Oauth2};

const GOOGLE: &str = "https://accounts.google.com/o/oauth2/v2/auth https://oauth2.googleapis.com/token";
const MICROSOFT: &str = "https://login.microsoftonline.com/${tenant}/oauth2/v2.0/authorize \
                         https://login.microsoftonline.com/${tenant}/oauth2/v2.0/token";
const BEARER: &str = "Authorization: Bearer ${access_token}";
const KEY: &str = "Authorization: Bearer ${api_key}";

#[rustfmt::skip]
const TABLE: [Expected; 39] = [
    Expected("airtable", Oauth2, "https://api.airtable.com", BEARER, "https://airtable.com/oauth2/v1/authorize https://airtable.com/oauth2/v1/token"),
    Expected("airtable", ApiKey, "https://api.airtable.com", KEY, ""),
    Expected("asana", Oauth2, "https://app.asana.com", BEARER, "https://app.asana.com/-/oauth_authorize https://app.asana.com/-/oauth_token"),
    Expected("asana", ApiKey, "https://app.asana.com", KEY, ""),
    Expected("dropbox", Oauth2, "https://api.dropboxapi.com", BEARER, "https://www.dropbox.com/oauth2/authorize https://api.dropboxapi.com/oauth2/token"),
    Expected("github", Oauth2, "https://api.github.com", BEARER, "https://github.com/login/oauth/authorize https://github.com/login/oauth/access_token"),
    Expected("github", ApiKey, "https://api.github.com", KEY, ""),
    Expected("google-ads", Oauth2, "https://googleads.googleapis.com", "Authorization: Bearer ${access_token}, developer-token: ${developer_token}", GOOGLE),
    Expected("google-calendar", Oauth2, "https://www.googleapis.com", BEARER, GOOGLE),
    Expected("google-docs", Oauth2, "https://docs.googleapis.com", BEARER, GOOGLE),
    Expected("google-drive", Oauth2, "https://www.googleapis.com", BEARER, GOOGLE),
    Expected("google-mail", Oauth2, "https://gmail.googleapis.com", BEARER, GOOGLE),
    Expected("google-sheets", Oauth2, "https://sheets.googleapis.com", BEARER, GOOGLE),
    Expected("google-tasks", Oauth2, "https://tasks.googleapis.com", BEARER, GOOGLE),
    Expected("hubspot", Oauth2, "https://api.hubapi.com", BEARER, "https://app.hubspot.com/oauth/authorize https://api.hubapi.com/oauth/v1/token"),
    Expected("hubspot", ApiKey, "https://api.hubapi.com", KEY, ""),
    Expected("jira", Oauth2, "https://api.atlassian.com", BEARER, "https://auth.atlassian.com/authorize https://auth.atlassian.com/oauth/token"),
    Expected("jira", Basic, "https://${site}.atlassian.net", "Authorization: Basic ${base64(email + ':' + api_token)}", ""),
    Expected("linear", Oauth2, "https://api.linear.app", BEARER, "https://linear.app/oauth/authorize https://api.linear.app/oauth/token"),
    Expected("linear", ApiKey, "https://api.linear.app", "Authorization: ${api_key}", ""),
    Expected("microsoft-teams", Oauth2, "https://graph.microsoft.com", BEARER, MICROSOFT),
    Expected("notion", Oauth2, "https://api.notion.com", BEARER, "https://api.notion.com/v1/oauth/authorize https://api.notion.com/v1/oauth/token"),
    Expected("notion", ApiKey, "https://api.notion.com", KEY, ""),
    Expected("one-drive", Oauth2, "https://graph.microsoft.com", BEARER, MICROSOFT),
    Expected("outlook", Oauth2, "https://graph.microsoft.com", BEARER, MICROSOFT),
    Expected("quickbooks", Oauth2, "https://quickbooks.api.intuit.com", BEARER, "https://appcenter.intuit.com/connect/oauth2 https://oauth.platform.intuit.com/oauth2/v1/tokens/bearer"),
    Expected("salesforce", Oauth2, "${instance_url}", BEARER, "https://${login_host}/services/oauth2/authorize https://${login_host}/services/oauth2/token"),
    Expected("salesforce", ClientCredentials, "${instance_url}", BEARER, " https://${login_host}/services/oauth2/token"),
    Expected("slack", Oauth2, "https://slack.com", BEARER, "https://slack.com/oauth/v2/authorize https://slack.com/api/oauth.v2.access"),
    Expected("slack", ApiKey, "https://slack.com", KEY, ""),
    Expected("stripe", ApiKey, "https://api.stripe.com", KEY, ""),
    Expected("stripe", Oauth2, "https://api.stripe.com", BEARER, "https://connect.stripe.com/oauth/authorize https://connect.stripe.com/oauth/token"),
    Expected("telegram", ApiKey, "https://api.telegram.org", "path :token: bot${bot_token}", ""),
    Expected("trello", ApiKey, "https://api.trello.com", "?key=${api_key}, ?token=${token}", ""),
    Expected("twilio", Basic, "https://api.twilio.com", "Authorization: Basic ${base64(account_sid + ':' + auth_token)}", ""),
    Expected("twilio", ApiKey, "https://api.twilio.com", "Authorization: Basic ${base64(api_key_sid + ':' + api_key_secret)}", ""),
    Expected("youtube", Oauth2, "https://www.googleapis.com", BEARER, GOOGLE),
    Expected("zendesk", Oauth2, "https://${subdomain}.zendesk.com", BEARER, "https://${subdomain}.zendesk.com/oauth/authorizations/new https://${subdomain}.zendesk.com/oauth/tokens"),
    Expected("zendesk", ApiKey, "https://${subdomain}.zendesk.com", "Authorization: Basic ${base64(email + '/token:' + api_token)}", ""),
];

fn injected(way: &Auth) -> String {
    let one = |inject: &auth::Inject| match (&inject.header, &inject.query, &inject.path) {
        (Some(header), ..) => format!("{header}: {}", inject.value.as_str()),
        (_, Some(query), _) => format!("?{query}={}", inject.value.as_str()),
        (.., Some(path)) => format!("path {path}: {}", inject.value.as_str()),
        _ => String::new(),
    };
    way.inject.iter().map(one).collect::<Vec<_>>().join(", ")
}

fn endpoints(way: &Auth) -> String {
    let authorize = way.authorize.as_ref().map(|it| it.url.as_str());
    match (&authorize, &way.token) {
        (_, Some(token)) => format!("{} {}", authorize.unwrap_or_default(), token.url.as_str()),
        _ => String::new(),
    }
}

#[test]
fn every_way_of_every_app_is_as_the_table_says() {
    let catalog = builtin();
    for Expected(name, method, base, credential, oauth) in &TABLE {
        let app = catalog.app(name).unwrap_or_else(|| panic!("{name} is missing"));
        let way = app.way(*method).unwrap_or_else(|| panic!("{name} has no {method}"));
        assert_eq!(app.base_of(way, None).as_str(), *base, "{name} {method}");
        assert_eq!(injected(way), *credential, "{name} {method}");
        assert_eq!(endpoints(way), *oauth, "{name} {method}");
    }
}

#[test]
fn hundreds_of_apps_are_shipped_and_each_has_one_name() {
    let catalog = builtin();
    assert!(catalog.iter().count() >= 580, "{}", catalog.iter().count());
    for app in catalog.iter() {
        for slug in std::iter::once(&app.name).chain(&app.aliases) {
            assert_eq!(catalog.app(slug).unwrap().name, app.name, "{slug}");
        }
    }
}

#[test]
fn the_first_way_is_the_one_most_people_take() {
    let catalog = builtin();
    for (name, method) in
        [("stripe", ApiKey), ("twilio", Basic), ("github", Oauth2), ("zendesk", Oauth2), ("trello", ApiKey)]
    {
        assert_eq!(catalog.app(name).unwrap().auth[0].method, method, "{name}");
    }
}

#[test]
fn one_operators_client_serves_a_family() {
    let catalog = builtin();
    let of = |client: &str| {
        let mine = |app: &&Arc<App>| app.auth.iter().any(|way| way.client.as_deref() == Some(client));
        catalog.iter().filter(mine).map(|app| app.name.clone()).collect::<Vec<_>>()
    };
    for (client, app) in [
        ("google", "google-ads"),
        ("google", "google-vertex-ai"),
        ("google", "youtube"),
        ("microsoft", "azure-blob-storage"),
        ("microsoft", "outlook"),
        ("microsoft", "sharepoint"),
        ("atlassian", "jira"),
        ("atlassian", "confluence"),
        ("zoho", "zoho-crm"),
        ("zoho", "zoho-sign"),
        ("meta", "facebook-page"),
        ("meta", "whatsapp-business"),
        ("slack", "slack"),
        ("slack", "slack-user"),
    ] {
        assert!(of(client).contains(&app.to_owned()), "{app} has another client than {client}");
    }
    // Apps of one house whose clients are registered apart.
    for (one, other) in [("instagram", "threads"), ("zoom", "zoom-admin"), ("dropbox", "dropbox-business")] {
        assert!(of(one) == [one] && of(other) == [other], "{one} and {other}");
    }
}

#[test]
fn paths_lead_to_their_hosts() {
    let catalog = builtin();
    for (app, method, path, host) in [
        ("dropbox", "POST", "/2/files/upload", "content.dropboxapi.com"),
        ("dropbox", "POST", "/2/files/upload_session/start", "content.dropboxapi.com"),
        ("dropbox", "POST", "/2/files/upload_session/append_v2", "content.dropboxapi.com"),
        ("dropbox", "POST", "/2/files/upload_session/finish", "content.dropboxapi.com"),
        ("dropbox", "POST", "/2/files/upload_session/finish_batch", "api.dropboxapi.com"),
        ("dropbox", "POST", "/2/files/upload/x", "api.dropboxapi.com"),
        ("dropbox", "POST", "/2/files/list_folder", "api.dropboxapi.com"),
        ("dropbox", "POST", "/2/files/list_folder/longpoll", "notify.dropboxapi.com"),
        ("stripe", "POST", "/v1/files", "files.stripe.com"),
        ("stripe", "GET", "/v1/files", "api.stripe.com"),
        ("stripe", "GET", "/v1/files/file_1", "api.stripe.com"),
        ("stripe", "POST", "/v1/customers", "api.stripe.com"),
        ("stripe", "POST", "/v2/billing/meter_event_stream", "meter-events.stripe.com"),
        ("github", "POST", "/repos/o/r/releases/1/assets", "uploads.github.com"),
        ("github", "GET", "/repos/o/r/releases/1/assets", "api.github.com"),
        ("slack", "GET", "/files-pri/T1-F1/a.txt", "files.slack.com"),
        ("slack", "POST", "/api/chat.postMessage", "slack.com"),
        ("airtable", "POST", "/v0/app1/rec1/fld1/uploadAttachment", "content.airtable.com"),
        ("airtable", "POST", "/v0/app1/tbl1", "api.airtable.com"),
    ] {
        let app = catalog.app(app).unwrap();
        let route = app.route_for(&method.parse().unwrap(), path);
        let base = route.map_or(&app.base, |at| &app.routes[at].base);
        assert_eq!(base.authority(), host, "{} {method} {path}", app.name);
    }
}

#[test]
fn only_the_long_poll_goes_without_a_credential() {
    let catalog = builtin();
    let anonymous = |app: &Arc<App>| {
        let name = app.name.clone();
        app.routes
            .iter()
            .filter(|route| route.anonymous)
            .map(move |route| format!("{name} {}", route.path.as_str()))
            .collect::<Vec<_>>()
    };
    let found: Vec<String> = catalog.iter().flat_map(anonymous).collect();
    assert_eq!(
        found,
        ["dropbox /2/files/list_folder/longpoll", "dropbox-business /2/files/list_folder/longpoll"]
    );
}

#[test]
fn every_scope_asked_for_is_told_in_words() {
    for app in builtin().iter() {
        for scope in app.auth.iter().filter_map(|way| way.authorize.as_ref()).flat_map(|it| &it.scopes) {
            assert!(app.scopes.contains_key(scope), "{} says nothing of {scope}", app.name);
        }
    }
}

#[test]
fn what_a_user_types_in_is_explained() {
    for app in builtin().iter() {
        let asked = app.fields.iter().filter(|it| it.from == field::Source::User && it.of.is_none());
        for field in asked {
            let shown = field.example.is_some() || !field.choices.is_empty();
            assert!(field.help.is_some() || shown, "{} {}", app.name, field.name);
            assert!(field.default.is_some() || shown, "{} {} shows no value", app.name, field.name);
        }
        for field in app.auth.iter().flat_map(|way| &way.fields) {
            assert!(field.help.is_some() || field.example.is_some(), "{} {}", app.name, field.name);
        }
    }
}

#[test]
fn the_hard_cases_say_what_makes_them_hard() {
    let catalog = builtin();
    let way = |app: &str, method| catalog.app(app).unwrap().way(method).unwrap().clone();
    let token = |app: &str| way(app, Oauth2).token.unwrap();
    assert_eq!(token("slack").ok, Some(("ok".to_owned(), true.into())));
    assert_eq!(way("slack", Oauth2).authorize.unwrap().separator, ",");
    assert_eq!(token("stripe").client_auth, auth::ClientAuth::SecretOnly);
    assert_eq!(token("notion").client_auth, auth::ClientAuth::Basic);
    assert_eq!(token("notion").format, auth::Format::Json);
    assert_eq!(token("jira").format, auth::Format::Json);
    for app in ["airtable", "quickbooks"] {
        assert_eq!(token(app).client_auth, auth::ClientAuth::Basic, "{app}");
    }
    let dropbox = catalog.app("dropbox").unwrap().probe.as_ref().unwrap();
    assert_eq!(
        (dropbox.post.as_ref().unwrap().as_str(), dropbox.body.as_deref()),
        ("/2/users/get_current_account", Some("null"))
    );
    let google = way("google-mail", Oauth2).authorize.unwrap();
    assert_eq!(google.params["access_type"].as_str(), "offline");
    assert_eq!(google.params["prompt"].as_str(), "consent");
    let ads = catalog.app("google-ads").unwrap();
    let source = |name: &str| {
        ads.fields.iter().find(|field| field.name == name).map(|field| (field.from, field.optional))
    };
    assert_eq!(source("developer_token"), Some((field::Source::Operator, false)));
    assert_eq!(source("login_customer_id"), Some((field::Source::User, true)));
    assert_eq!(ads.headers["login-customer-id"].as_str(), "${login_customer_id}");
}
