//! The JSON Schema for editors is what the types say: made from them, and held against the file that ships.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use super::{
    App, Template,
    pattern::{Capture, Glob, Pattern},
};

/// Where it ships, for editors and for `keyferry app schema`.
const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/config/app.schema.json");

/// Types that are written as one text.
macro_rules! text {
    ($($name:ident: $pattern:expr;)*) => {$(
        impl JsonSchema for $name {
            fn inline_schema() -> bool {
                true
            }

            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "type": "string", "pattern": $pattern })
            }
        }
    )*};
}

text! {
    Template: "^[^$]*(\\$(\\{[^}]+\\})?[^$]*)*$";
    Pattern: "^\\^.*\\$$";
    Capture: ".";
    Glob: "^/";
}

#[test]
fn the_schema_that_ships_is_what_the_types_say() {
    let mut schema = schemars::schema_for!(App);
    schema.insert("title".to_owned(), "A keyferry app file".into());
    let made = serde_json::to_string_pretty(&schema).unwrap() + "\n";
    if std::env::var_os("INSTA_UPDATE").is_some_and(|update| update == "always") {
        std::fs::write(FILE, &made).unwrap();
    }
    let ships = std::fs::read_to_string(FILE).unwrap_or_default();
    assert!(
        ships == made,
        "config/app.schema.json is not current: run INSTA_UPDATE=always cargo test schema"
    );
}

#[test]
fn every_built_in_file_fits_the_schema_as_it_fits_the_types() {
    let schema: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(FILE).unwrap()).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let files = walkdir::WalkDir::new(concat!(env!("CARGO_MANIFEST_DIR"), "/config/apps"));
    let mut seen = 0;
    for entry in files.into_iter().map(Result::unwrap).filter(|entry| entry.file_type().is_file()) {
        let text = std::fs::read_to_string(entry.path()).unwrap();
        let file: serde_json::Value = toml::from_str(&text).unwrap();
        let errors: Vec<String> = validator.iter_errors(&file).map(|error| error.to_string()).collect();
        assert!(errors.is_empty(), "{}: {errors:?}", entry.path().display());
        seen += 1;
    }
    assert!(seen > 20, "the files were found");
    let mistyped =
        serde_json::json!({ "name": "x", "display_name": "X", "base": "https://x.test", "bse": 1 });
    assert!(!validator.is_valid(&mistyped));
}
