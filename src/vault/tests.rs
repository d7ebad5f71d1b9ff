use std::{fs::Permissions, os::unix::fs::PermissionsExt as _};

use base64::engine::general_purpose::STANDARD;

use super::*;

const ROW: &str = "0190b3a0-0000-7000-8000-000000000001";

fn place() -> Place<'static> {
    Place { owner: Uuid::from_u128(7), table: "grants", row: ROW, column: "sealed" }
}

fn problem(text: &str) -> String {
    Vault::from_text(text).expect_err("refused").to_string()
}

fn line(key: [u8; 32]) -> String {
    STANDARD.encode(key)
}

#[test]
fn what_was_sealed_opens_and_is_not_to_be_read_in_between() {
    let (vault, _) = Vault::generate();
    let sealed = vault.seal(&place(), b"canary-token").unwrap();
    assert_eq!(*vault.open(&place(), &sealed).unwrap(), b"canary-token");
    assert!(!sealed.data.windows(6).any(|window| window == b"canary"));
    assert_eq!(sealed.data.len(), 12 + 12 + 16);
    assert_eq!(*vault.open(&place(), &vault.seal(&place(), b"").unwrap()).unwrap(), b"");
}

#[test]
fn sc_2_a_sealed_value_opens_only_in_its_own_place() {
    let (vault, _) = Vault::generate();
    let sealed = vault.seal(&place(), b"secret").unwrap();
    let elsewhere = [
        Place { owner: Uuid::from_u128(8), ..place() },
        Place { table: "clients", ..place() },
        Place { row: "0190b3a0-0000-7000-8000-000000000002", ..place() },
        Place { column: "previous", ..place() },
        // The same bytes in all, cut at another point.
        Place { table: "grants0", row: &ROW[1..], ..place() },
    ];
    for other in elsewhere {
        assert!(matches!(vault.open(&other, &sealed), Err(VaultError::Broken)), "{other:?}");
    }
    assert!(vault.open(&place(), &sealed).is_ok());
}

#[test]
fn sc_2_any_flipped_bit_is_noticed() {
    let (vault, _) = Vault::generate();
    let sealed = vault.seal(&place(), b"secret").unwrap();
    for at in 0..sealed.data.len() {
        for bit in 0..8 {
            let mut changed = sealed.clone();
            changed.data[at] ^= 1 << bit;
            assert!(matches!(vault.open(&place(), &changed), Err(VaultError::Broken)), "byte {at} bit {bit}");
        }
    }
    for length in 0..sealed.data.len() {
        let cut = Sealed { data: sealed.data[..length].to_vec(), ..sealed.clone() };
        assert!(matches!(vault.open(&place(), &cut), Err(VaultError::Broken)), "cut to {length}");
    }
}

#[test]
fn sc_2_a_changed_key_id_is_an_error_that_says_so() {
    let (vault, text) = Vault::generate();
    let sealed = Sealed { key_id: "00000000".to_owned(), ..vault.seal(&place(), b"secret").unwrap() };
    assert!(matches!(vault.open(&place(), &sealed), Err(VaultError::UnknownKey(id)) if id == "00000000"));
    // Even where the named key is in the ring.
    let two = Vault::from_text(&format!("{}\n{}", text.expose(), line(random()))).unwrap();
    let ids: Vec<String> = two.key_ids().into_iter().map(str::to_owned).collect();
    let moved = Sealed { key_id: ids[1].clone(), ..two.seal(&place(), b"secret").unwrap() };
    assert!(matches!(two.open(&place(), &moved), Err(VaultError::Broken)));
}

#[test]
fn a_ring_opens_with_all_its_keys_and_seals_with_the_first() {
    let (old, text) = Vault::generate();
    let sealed = old.seal(&place(), b"secret").unwrap();
    let (mac, link) = (old.mac("session", b"data"), old.seal_text("link", b"target").unwrap());
    let ring = Vault::from_text(&format!("\n# new\n{}\n{}", line(random()), text.expose())).unwrap();
    assert_eq!(ring.key_ids()[1], old.key_ids()[0]);
    assert_eq!(*ring.open(&place(), &sealed).unwrap(), b"secret");
    assert!(ring.mac_matches("session", b"data", &mac));
    assert_eq!(*ring.open_text("link", &link).unwrap(), b"target");
    assert_eq!(ring.seal(&place(), b"new").unwrap().key_id, ring.key_ids()[0]);
    assert!(matches!(
        old.open(&place(), &ring.seal(&place(), b"new").unwrap()),
        Err(VaultError::UnknownKey(_))
    ));
}

#[test]
fn a_mac_holds_for_its_label_its_data_and_its_vault() {
    let (vault, _) = Vault::generate();
    let tag = vault.mac("session", b"data");
    assert!(vault.mac_matches("session", b"data", &tag));
    assert!(!vault.mac_matches("csrf", b"data", &tag));
    assert!(!vault.mac_matches("session", b"date", &tag));
    assert!(!vault.mac_matches("session", b"data", &tag[..31]));
    assert!(!vault.mac_matches("session", b"data", b""));
    assert!(!Vault::generate().0.mac_matches("session", b"data", &tag));
}

#[test]
fn sealed_text_opens_only_under_its_label_and_unchanged() {
    let (vault, _) = Vault::generate();
    let text = vault.seal_text("link", b"https://example.com").unwrap();
    assert_eq!(*vault.open_text("link", &text).unwrap(), b"https://example.com");
    assert!(vault.open_text("other", &text).is_none());
    assert!(text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)));
    for at in 0..text.len() {
        let mut changed = text.clone().into_bytes();
        changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
        assert!(vault.open_text("link", &String::from_utf8(changed).unwrap()).is_none(), "at {at}");
    }
    for nothing in ["", "AAAA", "not base64 at all!"] {
        assert!(vault.open_text("link", nothing).is_none());
    }
}

#[test]
fn sc_5_no_nonce_repeats() {
    let (vault, _) = Vault::generate();
    let nonces: std::collections::HashSet<Vec<u8>> =
        (0..10_000).map(|_| vault.seal(&place(), b"x").unwrap().data[..12].to_vec()).collect();
    assert_eq!(nonces.len(), 10_000);
}

#[test]
fn sc_3_short_long_and_unreadable_keys_are_refused() {
    assert!(problem("").contains("holds no key"));
    assert!(problem("\n# only a comment\n").contains("holds no key"));
    assert!(problem(&STANDARD.encode(random::<16>())).contains("line 1 holds 16 bytes"));
    assert!(problem(&STANDARD.encode(random::<48>())).contains("line 1 holds 48 bytes"));
    assert!(problem("# key\nchange me!").contains("line 2 is not base64"));
    let key = line(random());
    assert!(problem(&format!("{key}\n{key}")).contains("line 2 repeats"));
}

#[test]
fn sc_3_weak_and_example_keys_are_refused() {
    let examples: [[u8; 32]; 8] = [
        [0; 32],
        [0xff; 32],
        *b"change-me-change-me-change-me-12",
        *b"0123456789abcdef0123456789abcdef",
        std::array::from_fn(|at| u8::try_from(at).unwrap()),
        std::array::from_fn(|at| 255 - 2 * u8::try_from(at).unwrap()),
        std::array::from_fn(|at| [0xde, 0xad, 0xbe, 0xef][at % 4]),
        std::array::from_fn(|at| u8::try_from(at / 3).unwrap()),
    ];
    for example in examples {
        let told = problem(&line(example));
        assert!(told.contains("not random") && told.contains("head -c 32"), "{told}");
    }
}

#[test]
fn sc_3_a_missing_key_file_is_refused_and_the_way_out_is_told() {
    let dir = tempfile::tempdir().unwrap();
    let told = Vault::from_file(&dir.path().join("master.key")).expect_err("refused").to_string();
    assert!(told.contains("master.key") && told.contains("keyferry init"), "{told}");
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0, "nothing was written");
}

#[test]
fn sc_3_sc_5_a_key_file_that_others_may_read_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("master.key");
    std::fs::write(&path, Vault::generate().1.expose()).unwrap();
    for mode in [0o644, 0o640, 0o604, 0o620, 0o610] {
        std::fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        let told = Vault::from_file(&path).expect_err("refused").to_string();
        assert!(told.contains(&format!("{mode:04o}")) && told.contains("chmod 600"), "{told}");
    }
    for mode in [0o600, 0o400] {
        std::fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        assert!(Vault::from_file(&path).is_ok());
    }
}

#[test]
fn neither_vault_nor_error_nor_sealed_shows_key_material() {
    let key = line(random());
    let vault = Vault::from_text(&key).unwrap();
    let sealed = vault.seal(&place(), b"x").unwrap();
    let shown = format!("{vault:?} {sealed:?} {}", problem(&format!("{key}\n{key}")));
    assert!(!shown.contains(&key[..10]), "{shown}");
}

proptest::proptest! {
    #[test]
    fn whatever_is_sealed_comes_back(plain: Vec<u8>, owner: u128, row: String) {
        let (vault, _) = Vault::generate();
        let place = Place { owner: Uuid::from_u128(owner), table: "t", row: &row, column: "c" };
        let sealed = vault.seal(&place, &plain).unwrap();
        assert_eq!(*vault.open(&place, &sealed).unwrap(), plain);
        let moved = Place { owner: Uuid::from_u128(owner ^ 1), ..place };
        assert!(vault.open(&moved, &sealed).is_err());
    }

    #[test]
    fn no_text_brings_the_parsers_down(text: String, tail in "[0-9A-Za-z]{49}") {
        assert!(Vault::from_text(&text).is_err() || text.lines().any(|line| line.trim().len() == 44));
        assert!(Vault::generate().0.open_text("label", &text).is_none());
        assert_eq!(token::ApiKey::parse(&text), None);
        // The right shape with a checksum that fits by chance once in four billion.
        assert_eq!(token::ApiKey::parse(&format!("kf_{tail}")), None);
    }
}
