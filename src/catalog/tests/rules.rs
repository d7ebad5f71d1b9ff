//! Every rule that a file can break, broken once.

use super::*;

/// What changes in [`ACME`], and the key and words of the one complaint it earns.
type Row = (&'static str, &'static str, &'static str, &'static str);

fn check(rows: &[Row]) {
    for (from, to, at, problem) in rows {
        assert!(ACME.contains(from), "{from} is not in the example");
        let text = ACME.replacen(from, to, 1);
        let Err(errors) = Catalog::of(&[("acme", &text)], false) else { panic!("nobody minds: {to}") };
        let matches =
            |error: &&CatalogError| error.field.as_deref() == Some(at) && error.problem.contains(problem);
        let found = errors.iter().find(matches).unwrap_or_else(|| panic!("{to}\n{}", lines(&errors)));
        assert!(found.line.is_some_and(|line| line > 0), "{found}");
    }
}

#[test]
fn names_and_places() {
    check(&[
        ("name = \"acme\"", "name = \"acmee\"", "name", "both have to be the same"),
        ("\"acme-crm\"", "\"Acme\"", "aliases[0]", "no app name"),
        ("\"acme-crm\"", "\"acme--crm\"", "aliases[0]", "no app name"),
        ("\"acme-crm\"", "\"connections\"", "aliases[0]", "control API"),
        ("\"acme-crm\"", "\"~\"", "aliases[0]", "control API"),
        ("\"acme-crm\"", "\"webhooks\"", "aliases[0]", "control API"),
        ("display_name = \"Acme\"", "display_name = \" \"", "display_name", "empty"),
        ("https://docs.acme.test", "javascript:alert(1)", "docs", "https"),
        ("name = \"tenant\"", "name = \"Tenant\"", "field[0].name", "no field name"),
        ("label = \"Tenant\"", "label = \"\"", "field[0].label", "empty"),
        ("name = \"team\"", "name = \"tenant\"", "field[1].name", "another field"),
        ("name = \"team\"", "name = \"access_token\"", "field[1].name", "something else"),
        ("name = \"team\"", "name = \"account_id\"", "field[1].name", "something else"),
        ("name = \"api_key\"", "name = \"tenant\"", "auth[1].fields[0].name", "another field"),
        ("name = \"api_key\"", "name = \"region\"", "auth[1].fields[1].name", "another field"),
        ("Acme-Version", "\"Acme Version\"", "headers.Acme Version", "no header name"),
        ("Acme-Version", "x-key", "headers.x-key", "carries the credential"),
        ("Acme-Version = \"3\"", "a = \"3\"\nA = \"3\"", "headers.a", "twice"),
        ("Acme-Version", "Host", "headers.Host", "not a file's to set"),
        ("lang", "region", "query.region", "carries the credential"),
        ("\":team\"", "\"a/b\"", "path_var[0].token", "no placeholder"),
        ("header = \"X-Key\"", "path = \":teams\"", "path_var[0].token", "part of another"),
        ("\"Retry-After\"", "\"Retry After\"", "limit.retry_header", "no header name"),
        (
            "[limit]",
            "[[route]]\npath = \"/files/**\"\nbase = \"https://b.test\"\n[limit]",
            "route[1].path",
            "another route",
        ),
        (
            "path = \"/files/**\"",
            "path = \"/files/**\"\nmethods = [\"put\"]",
            "route[0].methods",
            "no request method",
        ),
        ("docs =", "unverified = [\"probe.label\"]\ndocs =", "unverified", "no key probe.label"),
    ]);
}

#[test]
fn ways_in() {
    check(&[
        ("method = \"API_KEY\"", "method = \"OAUTH2\"", "auth[1].method", "already"),
        ("method = \"API_KEY\"", "method = \"OAUTH1\"", "auth[1].sign", "is missing"),
        ("method = \"API_KEY\"", "method = \"JWT\"", "auth[1].jwt", "is missing"),
        ("method = \"API_KEY\"", "method = \"MCP\"", "auth[1].mcp", "is missing"),
        (
            "method = \"API_KEY\"",
            "method = \"MCP\"\nmcp = { url = \"https://acme.test\", domains = [\"test\"] }",
            "auth[1].mcp.domains",
            "names the domains",
        ),
        (
            "client = \"acme\"",
            "client = \"acme\"\nregister = { url = \"https://acme.test/apps\" }",
            "auth[0].client",
            "not both",
        ),
        (
            "client = \"acme\"",
            "client = \"acme\"\nmcp = { url = \"https://acme.test\", domains = [\"acme.test\"] }",
            "auth[0].mcp",
            "no use",
        ),
        (
            "client = \"acme\"",
            "client = \"acme\"\nrefresh = { client_auth = \"private_key_jwt\" }",
            "auth[0].jwt",
            "signed by it",
        ),
        (
            "client = \"acme\"",
            "client = \"acme\"\nrefresh = { spend = \"access_token\" }",
            "auth[0].refresh.params",
            "where does the access token go",
        ),
        (
            "path = \"/files/**\"",
            "path = \"/files/**\"\nanonymous = true\ninject = [{ header = \"X\", value = \"x\" }]",
            "route[0].inject",
            "anonymous",
        ),
        ("client = \"acme\"\n", "", "auth[0].client", "is missing"),
        ("token = {", "# token = {", "auth[0].token", "is missing"),
        (
            "client = \"acme\"",
            "client = \"acme\"\nfields = [{ name = \"k\", label = \"K\" }]",
            "auth[0].fields",
            "nobody types",
        ),
        ("authorize = {", "# authorize = {", "auth[0].authorize", "is missing"),
        ("method = \"API_KEY\"", "method = \"API_KEY\"\nclient = \"acme\"", "auth[1].client", "no use"),
        ("method = \"API_KEY\"", "method = \"CLIENT_CREDENTIALS\"", "auth[1].fields", "client_id is missing"),
        ("method = \"API_KEY\"", "method = \"CLIENT_CREDENTIALS\"", "auth[1].token", "is missing"),
    ]);
}

#[test]
fn what_goes_upstream_and_what_is_asked_about_it() {
    check(&[
        (
            "inject = [{ header = \"A",
            "# inject = [{ header = \"A",
            "auth[0].inject",
            "nothing would go upstream",
        ),
        ("header = \"X-Key\"", "header = \"X-Key\", query = \"k\"", "auth[1].inject[0]", "exactly one"),
        ("header = \"X-Key\", ", "", "auth[1].inject[0]", "exactly one"),
        ("header = \"X-Key\"", "header = \"X:Key\"", "auth[1].inject[0].header", "no header name"),
        ("header = \"X-Key\"", "header = \"Maton-Key\"", "auth[1].inject[0].header", "not a file's to set"),
        ("\"read\", \"write\"", "\"read\", \"read\"", "auth[0].authorize.scopes", "twice"),
        ("\"read\", \"write\"", "\"read write\"", "auth[0].authorize.scopes", "not one scope"),
        ("get = \"/me\"", "", "probe", "either get or post"),
        ("get = \"/me\"", "get = \"/me\"\npost = \"/me\"", "probe", "either get or post"),
        ("get = \"/me\"", "get = \"/me\"\nbody = \"null\"", "probe.body", "belongs to post"),
        ("get = \"/me\"", "post = \"/me\"\nbody = \"nul\"", "probe.body", "no JSON"),
        ("[probe]\nget = \"/me\"\nid = \"id\"", "", "probe", "is missing"),
        ("docs =", "no_probe = \"lazy\"\ndocs =", "no_probe", "there is a probe"),
        ("fields = [\"api_key\"]\n", "", "environment[0]", "belong together"),
        ("fields = [\"api_key\"]", "fields = [\"key\"]", "environment[0].fields", "declared nowhere"),
    ]);
}

#[test]
fn fields_and_their_sources() {
    check(&[
        ("example = \"north\"", "example = \"North\"", "field[0].example", "does not match"),
        ("example = \"north\"", "default = \"North\"", "field[0].default", "does not match"),
        ("example = \"north\"", "choices = [\"a\", \"B\"]", "field[0].choices", "does not match"),
        (
            "example = \"north\"",
            "choices = [\"a\"]\ndefault = \"b\"",
            "field[0].default",
            "none of the choices",
        ),
        ("from = \"callback\"", "from = \"callback\"\nchoices = [\"1\"]", "field[1].choices", "asked for"),
        ("label = \"Tenant\"", "label = \"Tenant\"\nmultiline = true", "base", "several lines"),
        ("from = \"callback\"", "from = \"request\"", "field[1].request", "belongs to"),
        ("from = \"callback\"", "from = \"callback\"\nchoose = true", "field[1].choose", "request.list"),
        ("methods = [\"OAUTH2\"]", "", "field[1].methods", "name the ways"),
        (
            "label = \"Tenant\"",
            "label = \"Tenant\"\nfrom = \"operator\"",
            "field[0].methods",
            "name the ways",
        ),
        ("methods = [\"OAUTH2\"]", "methods = [\"BASIC\"]", "field[1].methods", "no way BASIC"),
        ("from = \"callback\"", "from = \"callback\"\nof = \"nothing\"", "field[1].of", "declared nowhere"),
        ("from = \"callback\"", "from = \"callback\"\nof = \"tenant\"", "field[1].regex", "is missing"),
    ]);
}

#[test]
fn every_name_has_a_source_in_time() {
    check(&[
        (
            "Bearer ${access_token}",
            "Bearer ${token}",
            "auth[0].inject[0].value",
            "declared nowhere for OAUTH2",
        ),
        ("\"${api_key}\"", "\"${access_token}\"", "auth[1].inject[0].value", "declared nowhere for API_KEY"),
        (
            "value = \"${region}\", optional = true",
            "value = \"${region}\"",
            "auth[1].inject[1].value",
            "may stay empty",
        ),
        ("Acme-Version = \"3\"", "Acme-Version = \"${version}\"", "headers.Acme-Version", "declared nowhere"),
        ("Acme-Version = \"3\"", "Acme-Version = \"a\\nb\"", "headers.Acme-Version", "visible ASCII"),
        ("get = \"/me\"", "get = \"/me/${team}\"", "probe.get", "declared nowhere for API_KEY"),
        ("acme.test/authorize\"", "acme.test/${team}\"", "auth[0].authorize.url", "not known yet"),
        (
            "client = \"acme\"",
            "client = \"acme\"\nrevoke = { url = \"https://acme.test/r\", params = { t = \"${refresh_tokn}\" } }",
            "auth[0].revoke.params.t",
            "declared nowhere",
        ),
        (
            "acme.test/token\"",
            "acme.test/token\", params = { t = \"${access_token}\" }",
            "auth[0].token.params.t",
            "not known yet",
        ),
    ]);
}

#[test]
fn secrets_stay_out_of_the_browser_and_of_what_anybody_may_see() {
    check(&[
        (
            "acme.test/authorize\",",
            "acme.test/authorize\", params = { s = \"${client_secret}\" },",
            "auth[0].authorize.params.s",
            "the browser is shown this",
        ),
        (
            "name = \"team\"\nlabel = \"Team\"\npattern = \"^[0-9]+$\"\nfrom = \"callback\"\nmethods = [\"OAUTH2\"]",
            "name = \"team\"\nlabel = \"Team\"\nof = \"api_key\"\npath = \"team\"\nmethods = [\"API_KEY\"]",
            "field[1].secret",
            "taken out of api_key, a secret",
        ),
        (
            "method = \"API_KEY\"",
            "method = \"JWT\"\njwt = { algorithm = \"HS256\", key = \"${region}\" }",
            "auth[1].jwt.key",
            "has to be secret",
        ),
        ("https://${tenant}.acme.test\"", "https://${tenant}\"", "base", "tokens that people gave"),
    ]);
}

#[test]
fn urls_stay_where_they_are_written() {
    check(&[
        ("https://files.acme.test", "ftp://files.acme.test", "route[0].base", "no absolute https URL"),
        ("https://files.acme.test", "http://files.acme.test", "route[0].base", "plain_http"),
        ("https://files.acme.test", "https://files.acme.test?a=b", "route[0].base", "no query"),
        ("https://files.acme.test", "https://files.acme.test#f", "route[0].base", "no fragment"),
        ("https://files.acme.test", "https:///files", "route[0].base", "URL"),
        ("https://files.acme.test", "https://user@files.acme.test", "route[0].base", "no host"),
        ("https://files.acme.test", "https://files acme.test", "route[0].base", "no URL"),
        ("\"^[a-z0-9-]+$\"", "\"^.+$\"", "base", "lets"),
        ("\"^[a-z0-9-]+$\"", "\"^[^/]+$\"", "base", "lets"),
        ("\"^[a-z0-9-]+$\"", "'^\\w+$'", "base", "lets"),
        ("\"^[a-z0-9-]+$\"", "\"^[a-z:@]+$\"", "base", "lets"),
        ("pattern = \"^[a-z0-9-]+$\"", "", "base", "needs a pattern"),
        ("get = \"/me\"", "get = \"/me?k=${api_key}\"", "probe.get", "declared nowhere for OAUTH2"),
    ]);
}

#[test]
fn secrets_go_to_hosts_the_file_names() {
    check(&[
        // A user who could say where the token endpoint is would be sent the operator's client secret.
        (
            "https://${tenant}.acme.test/token",
            "https://${tenant}/token",
            "auth[0].token.url",
            "shown the operator's client",
        ),
        (
            "https://${tenant}.acme.test/token",
            "https://acme.${tenant}/token",
            "auth[0].token.url",
            "shown the operator's client",
        ),
        (
            "https://login.acme.test/authorize",
            "https://${tenant}/a",
            "auth[0].authorize.url",
            "shown the operator's client",
        ),
        (
            "https://${tenant}.acme.test/token",
            "https://${tenant}acme.test/token",
            "auth[0].token.url",
            "shown the operator's client",
        ),
        (
            "https://files.acme.test",
            "https://${api_key}.acme.test",
            "route[0].base",
            "declared nowhere for OAUTH2",
        ),
        ("get = \"/me\"", "get = \"https://acme.test/${access_token}\"", "probe.get", "needs a pattern"),
    ]);
}

#[test]
fn an_operator_may_say_where_the_operators_client_goes() {
    let own = ACME
        .replacen("label = \"Tenant\"", "label = \"Tenant\"\nfrom = \"operator\"\nmethods = [\"OAUTH2\"]", 1)
        .replacen("method = \"API_KEY\"", "method = \"API_KEY\"\nbase = \"https://acme.test\"", 1)
        .replace("https://${tenant}.acme.test", "https://${tenant}");
    let checked =
        |text: &str| Catalog::of(&[("acme", text)], false).map(drop).map_err(|errors| lines(&errors));
    assert_eq!(checked(&own), Ok(()));
    let users = checked(&own.replace("from = \"operator\"\n", "")).unwrap_err();
    assert!(users.contains("shown the operator's client"), "{users}");
}

#[test]
fn only_a_browser_is_sent_into_a_fragment() {
    let into = |url: &str| Catalog::of(&[("acme", &ACME.replacen(url, &format!("{url}/#/a"), 1))], false);
    assert!(into("https://login.acme.test/authorize").is_ok());
    assert!(into("https://${tenant}.acme.test/token").is_err());
}

#[test]
fn a_nonce_is_for_the_consent_only() {
    let with = |params: &str, to: &str| {
        let text = ACME.replacen(to, &format!("{to}, params = {{ {params} }}"), 1);
        Catalog::of(&[("acme", &text)], false).map(drop).map_err(|errors| lines(&errors))
    };
    assert_eq!(with("nonce = \"${nonce}\"", "acme.test/authorize\""), Ok(()));
    assert!(with("nonce = \"${nonce}\"", "acme.test/token\"").unwrap_err().contains("not known yet"));
}

#[test]
fn values_from_outside_cannot_name_a_host() {
    let field = |pattern: &str| {
        let url = format!("name = \"team\"\nlabel = \"Team\"\npattern = '{pattern}'");
        let text = ACME.replace("name = \"team\"\nlabel = \"Team\"\npattern = \"^[0-9]+$\"", &url);
        let text =
            text.replace("inject = [{ header = \"Auth", "base = \"${team}\"\ninject = [{ header = \"Auth");
        Catalog::of(&[("acme", &text)], false).map(drop).map_err(|errors| lines(&errors))
    };
    for good in [
        r"^https://[a-z0-9-]+\.acme\.test$",
        r"^https://(eu|us)\.acme\.test/[a-z0-9]+$",
        r"^https://www\.acme\.(com|eu|com\.au)$",
    ] {
        assert_eq!(field(good), Ok(()), "{good}");
    }
    for (bad, problem) in [
        (r"^https://[a-z0-9.-]+$", "end in a domain"),
        (r"^https://www\.acme\.[a-z.]+$", "end in a domain"),
        (r"^https://[a-z]+acme\.test$", "end in a domain"),
        (r"^[a-z]+://a\.acme\.test$", "start with ^https://"),
        (r"^https?://a\.acme\.test$", "start with ^https://"),
        (r"^https://[^/]+\.acme\.test$", "lets"),
        (r"^https://[a-z?]+\.acme\.test$", "lets"),
    ] {
        let found = field(bad).unwrap_err();
        assert!(found.contains(problem), "{bad}\n{found}");
    }
}
