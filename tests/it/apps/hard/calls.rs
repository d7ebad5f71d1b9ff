//! What calls of these apps carry, beside what `fields` and `places` show.

use crate::apps::{connect::Connected, way::way};

const TENANT: &str = "xero-tenant-id: 70784a63-d24b-46a9-a4db-0e70a274b056";

#[tokio::test]
async fn xero_callers_do_not_choose_another_organisation() {
    let connected = Connected::by(&way("xero", "OAUTH2")).await;
    for mine in [
        ("xero-tenant-id", "00000000-0000-0000-0000-000000000000"),
        ("Xero-Tenant-Id", "of-the-caller"),
        ("xero_tenant_id", "of-the-caller"),
    ] {
        connected.call("GET /xero/api.xro/2.0/Invoices", &[mine]).await;
        connected.assert_carried(&["authorization: Bearer at.1~x", TENANT, "accept: application/json"]);
    }
}

#[tokio::test]
async fn dropbox_arguments_in_a_header_pass_and_its_probe_says_null() {
    let connected = Connected::by(&way("dropbox", "OAUTH2")).await;
    let seen = connected.stage.internet.take();
    let probe = seen.iter().find(|seen| seen.target() == "/2/users/get_current_account").unwrap();
    assert_eq!((probe.method(), probe.body.as_slice()), ("POST", b"null".as_slice()));
    assert_eq!(probe.header("content-type"), Some("application/json"));
    let argument = r#"{"path":"/a \u00e9.txt","mode":"add"}"#;
    connected.call("POST /dropbox/2/files/upload", &[("dropbox-api-arg", argument)]).await;
    let carried = format!("dropbox-api-arg: {argument}");
    connected.assert_carried(&["authorization: Bearer at.1~x", carried.as_str()]);
}

#[tokio::test]
async fn customer_io_has_a_key_for_each_of_its_apis() {
    let tracking = Connected::by(&way("customer-io", "BASIC")).await;
    tracking.call("PUT /customer-io/api/v1/customers/5", &[]).await;
    // site:track
    tracking.assert_carried(&["authorization: Basic c2l0ZTp0cmFjaw=="]);
}
