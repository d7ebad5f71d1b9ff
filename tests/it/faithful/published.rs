//! Calls as they are published: what people have in their scripts, from the documentation of 87 apps.

use std::collections::BTreeSet;

use http::Version;

use crate::harness::{
    caller::{Caller, Payload},
    raw::Raw,
    upstream::{Seen, Upstream},
    world::{Plan, World},
};

/// One of them.
#[derive(Clone, Debug)]
pub(crate) struct Published {
    pub(crate) app: &'static str,
    pub(crate) method: &'static str,
    /// A space is `%20`: there is no other way to send one. In a query a quote is `%22`, see below.
    pub(crate) target: String,
    pub(crate) content_type: Option<&'static str>,
    pub(crate) body: String,
}

/// All of them.
pub(crate) fn published() -> Vec<Published> {
    let (mut app, mut calls) = ("", Vec::new());
    for line in include_str!("../data/published_calls.txt").lines() {
        if let Some(name) = line.strip_prefix('[') {
            app = name.strip_suffix(']').unwrap();
        } else if !line.is_empty() && !line.starts_with('#') {
            let columns: Vec<&str> = line.split('\t').collect();
            let body = match columns.get(2) {
                Some(kind) if columns.get(3).is_none() => format!("{kind} for {}\r\n", columns[1]),
                _ => String::new(),
            };
            let (path, query) = columns[1].split_at(columns[1].find('?').unwrap_or(columns[1].len()));
            let target = path.replace(' ', "%20") + &query.replace(' ', "%20").replace('"', "%22");
            calls.push(Published {
                app,
                method: columns[0],
                target,
                content_type: columns.get(2).copied(),
                body,
            });
        }
    }
    calls
}

/// What has to arrive of a call: method, target, content type, body.
type Arrives = (String, String, Option<String>, Vec<u8>);

fn arrived(seen: &Seen) -> Arrives {
    let content_type = seen.header("content-type").map(str::to_owned);
    (seen.method().to_owned(), seen.target().to_owned(), content_type, seen.body.clone())
}

fn expected(call: &Published) -> Arrives {
    let content_type = call.content_type.map(str::to_owned);
    (call.method.to_owned(), call.target.clone(), content_type, call.body.clone().into_bytes())
}

/// A gateway with every app of `calls` at one upstream.
async fn stage(calls: &[Published]) -> (Upstream, World) {
    let upstream = Upstream::start().await;
    let apps: BTreeSet<&str> = calls.iter().map(|call| call.app).collect();
    let plan = apps.iter().fold(Plan::default(), |plan, app| plan.key_app(app, &upstream.url()));
    let world = plan.start().await;
    for app in apps {
        world.connect(app, "sk_real").await;
    }
    (upstream, world)
}

/// Writes a call to the byte, and expects the upstream's own answer.
async fn send(raw: &mut Raw, key: &str, call: &Published) {
    let kind = call.content_type.map(|kind| format!("content-type: {kind}\r\n")).unwrap_or_default();
    let length = match call.body.len() {
        0 => String::new(),
        length => format!("content-length: {length}\r\n"),
    };
    let line = format!("{} /{}{} HTTP/1.1\r\n", call.method, call.app, call.target);
    let fields = format!("host: localhost\r\n{kind}{length}authorization: Bearer {key}\r\n");
    raw.send(format!("{line}{fields}\r\n{}", call.body)).await;
    let reply = raw.reply().await;
    assert_eq!((reply.status, reply.text()), (200, r#"{"ok":true}"#), "{call:?}");
}

#[tokio::test]
async fn every_published_call_arrives_as_it_was_sent() {
    let calls = published();
    assert_eq!(calls.len(), 2922);
    let (upstream, world) = stage(&calls).await;
    let mut raw = Raw::connect(world.gateway).await;
    for call in &calls {
        send(&mut raw, &world.key, call).await;
    }
    let seen = upstream.seen();
    assert_eq!(seen.len(), calls.len());
    for (seen, call) in seen.iter().zip(&calls) {
        assert_eq!(arrived(seen), expected(call), "{}", call.app);
        assert_eq!(seen.header("authorization"), Some("Bearer sk_real"), "{}", call.app);
    }
}

#[tokio::test]
async fn every_published_call_arrives_as_it_was_sent_over_http2() {
    let calls = published();
    let (upstream, world) = stage(&calls).await;
    let mut caller = Caller::connect(&world, Version::HTTP_2).await;
    for call in &calls {
        let kind: Vec<(&str, &[u8])> =
            call.content_type.iter().map(|kind| ("content-type", kind.as_bytes())).collect();
        let body = match call.body.as_str() {
            "" => Payload::Absent,
            body => Payload::Fixed(body.into()),
        };
        let reply = caller.call(call.method, &format!("/{}{}", call.app, call.target), &kind, &body).await;
        assert_eq!((reply.status.as_u16(), reply.text()), (200, r#"{"ok":true}"#), "{call:?}");
    }
    let seen = upstream.seen();
    assert_eq!(seen.len(), calls.len());
    for (seen, call) in seen.iter().zip(&calls) {
        assert_eq!(arrived(seen), expected(call), "{}", call.app);
    }
}

/// The HTTP library takes a quote in a path and refuses one in a query; so do those of many callers, who send `%22`.
#[tokio::test]
async fn a_raw_quote_in_a_query_is_refused_and_not_repaired() {
    let (upstream, world) = stage(&published()[..1]).await;
    for (target, status) in [("/a\"b", 200), ("/a?b=\"c\"", 400)] {
        let mut raw = Raw::connect(world.gateway).await;
        let key = &world.key;
        let line = format!("GET /active-campaign{target} HTTP/1.1");
        raw.send(format!("{line}\r\nhost: localhost\r\nauthorization: Bearer {key}\r\n\r\n")).await;
        assert_eq!(raw.reply().await.status, status, "{target}");
    }
    assert_eq!(upstream.only().target(), "/a\"b");
}

/// Published calls with bytes that gateways like to decode, encode, sort, join or lose.
const AWKWARD: &[(&str, &str, &str)] = &[
    ("brackets", "clickup", "GET /api/v2/team/{team_id}/task?statuses[]=to%20do&assignees[]=123"),
    ("brackets", "airtable", "DELETE /v0/{baseId}/{tableIdOrName}?records[]=recXXXXX&records[]=recYYYYY"),
    (
        "brackets within brackets",
        "airtable",
        "GET /v0/{baseId}/{tableIdOrName}?sort[0][field]=Created&sort[0][direction]=desc",
    ),
    ("a name in brackets", "active-campaign", "GET /api/3/contacts?orders[id]=ASC&id_greater=100"),
    ("a name in brackets", "make", "GET /api/v2/scenarios?organizationId=123&pg[offset]=0&pg[limit]=50"),
    ("encoded brackets", "stripe", "GET /v1/prices/id-1?expand%5B%5D=v1&expand%5B%5D=v+2"),
    ("quotes", "google-meet", "GET /v2/conferenceRecords?filter=space.name=%22spaces/abc123%22"),
    ("JSON", "jotform", "GET /form/{formId}/submissions?filter={%22created_at:gt%22:%222024-01-01%22}"),
    (
        "JSON in braces",
        "meta-ads",
        "GET /v25.0/act_{ad_account_id}/insights?fields=impressions,clicks,spend&time_range={%22since%22:%222026-01-01%22,%22until%22:%222026-01-31%22}",
    ),
    ("apostrophes", "microsoft-excel", "GET /v1.0/me/drive/root/search(q='.xlsx')"),
    ("apostrophes", "one-drive", "GET /v1.0/me/drive/root/search(q='query')"),
    ("apostrophes", "sharepoint", "GET /v1.0/drives/{drive_id}/root/search(q='{query}')"),
    (
        "encoded apostrophes",
        "one-drive",
        "GET /v1.0/me/drive/root/search(q='name%20contains%20%27Q3%20report%27%20and%20trashed%20%3D%20false')",
    ),
    (
        "encoded apostrophes",
        "quickbooks",
        "GET /v3/company/:realmId/query?query=SELECT%20*%20FROM%20Account%20WHERE%20AccountType%20%3D%20%27Bank%27",
    ),
    ("braces", "github", "GET /orgs/{org}"),
    ("parentheses", "linkedin-community-management", "GET /rest/people/(id:{personId})"),
    (
        "a space, which can only be sent as %20",
        "microsoft-teams",
        "GET /v1.0/me/onlineMeetings?$filter=JoinWebUrl%20eq%20'{encoded-join-url}'",
    ),
    (
        "a space, which can only be sent as %20",
        "sharepoint",
        "GET /v1.0/sites/{site_id}/lists/{list_id}/items?$expand=fields&$top=50&$orderby=createdDateTime%20desc",
    ),
    ("%20", "github", "GET /gitignore/templates/My%20F%C3%B6n"),
    ("%20", "one-drive", "GET /v1.0/me/drive/root:/docs/read%20me.md"),
    ("%20", "airtable", "GET /v0/{baseId}/{tableIdOrName}?view=Grid%20view&maxRecords=100"),
    ("plus", "hubspot", "GET /crm/v3/objects/deals/deal-id-1?properties=email%2Cfirst+name"),
    (
        "plus",
        "google-calendar",
        "POST /calendar/v3/calendars/primary/events/quickAdd?text=deploy+finished+%E2%9C%85",
    ),
    (
        "plus and %20, which are not the same",
        "google-calendar",
        "POST /calendar/v3/calendars/team%20calendar@group.calendar.google.com/events/quickAdd?text=deploy+finished+%E2%9C%85&sendUpdates=send-updates-1",
    ),
    (
        "an encoded slash",
        "google-search-console",
        "POST /webmasters/v3/sites/https%3A%2F%2Fexample.com/searchAnalytics/query",
    ),
    (
        "an encoded slash in the query",
        "github",
        "GET /search/issues?q=repo%3Aocto-org%2Fhello-world+is%3Apr+is%3Aopen+author%3Auser-1&per_page=10",
    ),
    (
        "an encoded slash in the query",
        "stripe",
        "GET /v1/products?active=active-1&shippable=shippable-1&url=https%3A%2F%2Fexample.com%2Fa%3Fb%3Dc%26d%3De&limit=10&starting_after=starting-after-1&ending_before=ending-before-1",
    ),
    (
        "raw UTF-8",
        "google-contacts",
        "GET /v1/people:searchContacts?query=홍길동&readMask=names,phoneNumbers,emailAddresses",
    ),
    ("a colon in the path", "google-contacts", "POST /v1/people:createContact"),
    ("a colon in the path", "google-ads", "GET /v23/customers:listAccessibleCustomers"),
    ("a colon in the path", "google-merchant", "POST /reports/v1/accounts/{accountId}/reports:search"),
    ("colons around", "sharepoint", "GET /v1.0/sites/{hostname}:/"),
    ("an encoded colon", "google-sheets", "GET /v4/spreadsheets/SHEET_ID/values/Sheet1%21A1%3AD10"),
    (
        "an encoded colon",
        "google-search-console",
        "POST /webmasters/v3/sites/sc-domain%3Aexample.com/searchAnalytics/query",
    ),
    ("an at sign", "posthog", "GET /api/users/@me/"),
    ("an at sign", "google-tasks", "GET /tasks/v1/users/@me/lists"),
    ("an at sign", "slack", "GET /api/users.lookupByEmail?email=user@example.com"),
    ("an asterisk", "quickbooks", "GET /v3/company/:realmId/query?query=SELECT%20*%20FROM%20Account"),
    ("an exclamation mark", "google-sheets", "GET /v4/spreadsheets/SHEET_ID/values/Sheet1!A1:D10"),
    ("a dollar sign", "microsoft-teams", "GET /v1.0/me/joinedTeams?$top=10"),
    ("a dollar sign", "one-note", "GET /v1.0/me/onenote/notebooks?$select=id,displayName"),
    (
        "two equals signs",
        "youtube-analytics",
        "GET /v2/reports?ids=channel==MINE&startDate=2025-01-01&endDate=2025-01-31&metrics=views,likes,comments",
    ),
    ("a comma", "meta-ads", "GET /v25.0/me?fields=id,name,email"),
    ("a comma", "squarespace", "GET /1.0/profiles?filter=isCustomer,true"),
    (
        "a key twice",
        "google-sheets",
        "GET /v4/spreadsheets/{spreadsheetId}/values:batchGet?ranges=Sheet1!A1:B10&ranges=Sheet2!A1:C5",
    ),
    ("a slash at the end", "eventbrite", "GET /v3/formats/"),
    ("a slash at the end", "posthog", "GET /api/projects/"),
    (
        "a slash at the end of the path, and a query",
        "posthog",
        "GET /api/projects/{project_id}/persons/?limit=10",
    ),
    (
        "a slash at the end of the path, and a query",
        "eventbrite",
        "GET /v3/organizations/{org_id}/events/?page_size=50",
    ),
    (
        "a long one",
        "github",
        "GET /search/issues?q=name+contains+%27Q3+report%27+and+trashed+%3D+false+is%3Apr+repo%3Aocto-org%2Fhello-world+user%3Aocto-org+state%3Astate-1+author%3Aauthor-1+assignee%3Aassignee-1+label%3Abug+label%3A%22help+wanted%22+language%3Alanguage-1+base%3Abase-1+head%3Ahead-1&sort=sort-1&order=order-1&per_page=10",
    ),
    ("a dot in a segment", "github", "GET /repos/{owner}/{repo}/compare/{base}...{head}"),
];

#[tokio::test]
async fn published_calls_with_awkward_bytes_arrive_one_by_one() {
    let calls = published();
    let (upstream, world) = stage(&calls).await;
    for (what, app, line) in AWKWARD {
        let (method, target) = line.split_once(' ').unwrap();
        let is_it = |call: &&Published| call.app == *app && call.method == method && call.target == target;
        let call =
            calls.iter().find(is_it).unwrap_or_else(|| panic!("{what}: {app} {line} is not published"));
        let before = upstream.seen().len();
        send(&mut Raw::connect(world.gateway).await, &world.key, call).await;
        let seen = upstream.seen();
        assert_eq!(seen.len(), before + 1, "{what}");
        assert_eq!(arrived(&seen[before]), expected(call), "{what}");
    }
}
