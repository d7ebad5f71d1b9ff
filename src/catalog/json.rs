//! Dotted paths into JSON: `user.id`, `accounts.0.sid`.

use serde_json::Value;

/// What stands at `path`: object members by name, array elements by number; the whole for an empty path.
#[must_use]
pub fn json_path<'v>(value: &'v Value, path: &str) -> Option<&'v Value> {
    if path.is_empty() {
        return Some(value);
    }
    path.split('.').try_fold(value, |value, step| match value {
        Value::Object(members) => members.get(step),
        Value::Array(elements) => elements.get(step.parse::<usize>().ok()?),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn names_lead_into_objects_and_numbers_into_arrays() {
        let value = json!({"accounts": [{"sid": "AC1"}], "user": {"id": 7, "0": "zero"}});
        assert_eq!(json_path(&value, "accounts.0.sid"), Some(&json!("AC1")));
        assert_eq!(json_path(&value, "user.id"), Some(&json!(7)));
        assert_eq!(json_path(&value, "user.0"), Some(&json!("zero")));
        assert_eq!(json_path(&value, ""), Some(&value));
        for nowhere in ["accounts.1", "accounts.sid", "user.id.x", "user..id", "nobody", ".", "accounts.-1"] {
            assert_eq!(json_path(&value, nowhere), None, "{nowhere}");
        }
    }
}
