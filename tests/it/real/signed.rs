//! Signatures, made once more by libraries that nobody here wrote: botocore is client and verifier, oauthlib verifier.

use super::{gateway::Gateway, process::Running, tools::python};
use crate::harness::secure::Certificate;

fn aws(service: &str, base: &str) -> String {
    format!(
        r#"
        name = "{service}"
        display_name = "{service}"
        base = "{base}"
        no_probe = "a test's upstream"
        [[auth]]
        method = "API_KEY"
        fields = [
            {{ name = "id", label = "Access key" }},
            {{ name = "key", label = "Secret key", secret = true }},
            {{ name = "session", label = "Session", secret = true, optional = true }},
        ]
        [auth.sign]
        kind = "sigv4"
        service = "{service}"
        region = "eu-west-1"
        access_key_id = "${{id}}"
        secret_access_key = "${{key}}"
        session_token = "${{session}}"
        "#
    )
}

fn oauth1(name: &str, signature: &str, base: &str) -> String {
    format!(
        r#"
        name = "{name}"
        display_name = "{name}"
        base = "{base}"
        no_probe = "a test's upstream"
        [[auth]]
        method = "OAUTH1"
        fields = [
            {{ name = "account", label = "Account" }},
            {{ name = "consumer_key", label = "Consumer key", secret = true }},
            {{ name = "consumer_secret", label = "Consumer secret", secret = true }},
            {{ name = "token", label = "Token", secret = true }},
            {{ name = "token_secret", label = "Token secret", secret = true }},
        ]
        [auth.sign]
        kind = "oauth1"
        signature = "{signature}"
        realm = "${{account}}"
        consumer_key = "${{consumer_key}}"
        consumer_secret = "${{consumer_secret}}"
        token = "${{token}}"
        token_secret = "${{token_secret}}"
        "#
    )
}

#[test]
fn botocore_and_oauthlib_make_the_same_signatures_of_what_arrives() {
    let folder = tempfile::tempdir().unwrap();
    let (cert, key) = Certificate::of("localhost").write(folder.path());
    let mut server = python("signed_server.py");
    server.env("CERT", &cert).env("CERT_KEY", &key);
    let mut server = Running::start(&mut server, folder.path().join("server.log"));
    let port: u16 = server.until("the verifier", |printed| {
        printed.lines().find_map(|line| line.strip_prefix("ready ")?.parse().ok())
    });
    let base = format!("https://localhost:{port}");
    let apps = [
        ("s3", aws("s3", &base)),
        ("sqs", aws("sqs", &base)),
        ("dynamodb", aws("dynamodb", &base)),
        ("sha1", oauth1("sha1", "HMAC-SHA1", &base)),
        ("sha256", oauth1("sha256", "HMAC-SHA256", &base)),
        ("plaintext", oauth1("plaintext", "PLAINTEXT", &base)),
    ];
    let gateway = Gateway::start(&apps, &format!("egress.ca_file = \"{}\"\n", cert.display()));
    assert!(gateway.serves(&mut python("signed.py")).contains("signed ok"));
}
