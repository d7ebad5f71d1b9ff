//! The pages in real Chromium: by keyboard, without script, on a narrow phone, in both colour schemes and other
//! languages, held against axe-core; what attackers try with them; and pictures of each in `target/screens`.

use super::{
    gateway::{Gateway, free_port},
    process::project,
    tools::{chromium, node},
};

/// Apps whose provider, API and attacker are the script's own server at `port`.
fn apps(port: u16) -> [(&'static str, String); 3] {
    let server = format!("http://127.0.0.1:{port}");
    let consent = |rest: &str| {
        format!(
            r#"
            base = "{server}"
            {rest}
            [[auth]]
            method = "OAUTH2"
            client = "buoy"
            authorize = {{ url = "{server}/authorize", scopes = ["openid", "berths.read", "berths.write"] }}
            token = {{ url = "{server}/token" }}
            revoke = {{ url = "{server}/revoke" }}
            inject = [{{ header = "Authorization", value = "Bearer ${{access_token}}" }}]
            [probe]
            get = "/me"
            id = "id"
            label = "name"
            email = "email"
            [scopes]
            "berths.read" = "See which berths are taken"
            "berths.write" = "Book and free berths"
            "#
        )
    };
    let site = format!(
        r#"
        [[field]]
        name = "harbour"
        label = "Harbour"
        from = "request"
        path = "id"
        choose = true
        request = {{ get = "{server}/harbours", list = "", label = "name" }}
        "#
    );
    [
        ("buoy", format!("name = \"buoy\"\ndisplay_name = \"Buoy\"\n{}", consent(""))),
        ("moorings", format!("name = \"moorings\"\ndisplay_name = \"Moorings\"\n{}", consent(&site))),
        ("lighthouse", keyed(&server)),
    ]
}

/// An app whose users type in a key, and more.
fn keyed(server: &str) -> String {
    format!(
        r#"
        name = "lighthouse"
        display_name = "Lighthouse"
        base = "{server}/${{coast}}"
        [[field]]
        name = "coast"
        label = "Coast"
        help = "The first word of your address."
        example = "north"
        pattern = "^[a-z]+$"
        [[field]]
        name = "region"
        label = "Region"
        choices = ["eu", "us"]
        [[auth]]
        method = "API_KEY"
        docs = "https://example.com/docs"
        fields = [
            {{ name = "api_key", label = "API key", secret = true }},
            {{ name = "seal", label = "Private key", help = "The whole file.", secret = true, multiline = true, optional = true }},
        ]
        inject = [{{ header = "X-Api-Key", value = "${{api_key}}" }}]
        [probe]
        get = "/me"
        id = "id"
        label = "name"
        "#
    )
}

/// Runs the walks of the script that are called like this.
fn walk(name: &str) {
    let port = free_port();
    let client = "[clients.buoy]\nclient_id = \"keyferry\"\nclient_secret = \"not a secret\"\n";
    let back = format!("control.return_urls = [\"http://127.0.0.1:{port}/back\"]\n");
    let gateway = Gateway::start(&apps(port), &(back.clone() + client));
    let careful = Gateway::start(&apps(port), &format!("{back}connections.confirm = true\n{client}"));
    let mut script = node("pages.mjs");
    script
        .env("BROWSER", chromium())
        .env("PORT", port.to_string())
        .env("WALK", name)
        .env("SCREENS", project("target/screens"))
        .env("CAREFUL_CONTROL", careful.control())
        .env("CAREFUL_KEY", careful.key());
    assert!(gateway.serves(&mut script).contains("pages ok"));
}

#[test]
fn every_state_of_every_page_is_one_to_show_in_both_schemes_on_any_width_and_in_any_language() {
    walk("look");
}

#[test]
fn a_keyboard_is_enough_and_so_is_a_browser_without_script() {
    walk("reach");
}

#[test]
fn oc_2_oc_3_oc_5_robots_other_sites_and_other_browsers_get_nowhere() {
    walk("strangers");
}

#[test]
fn wp_2_wp_3_wp_4_names_do_nothing_frames_stay_empty_and_nothing_is_left_behind() {
    walk("hostile");
}

#[test]
fn oc_11_only_a_listed_address_is_returned_to() {
    walk("back");
}
