//! The targets of a `Link` field (RFC 8288 3): each one given to a function, everything else kept. Pure.

/// `value` with every target between `<` and `>` replaced by what `target` gives for it.
pub(super) fn with_targets(value: &str, mut target: impl FnMut(&str) -> String) -> String {
    let mut out = String::with_capacity(value.len());
    let mut rest = value;
    while let Some((before, found, behind)) = next(rest) {
        out.push_str(before);
        out.push('<');
        out.push_str(&target(found));
        out.push('>');
        rest = behind;
    }
    out.push_str(rest);
    out
}

/// What stands before the next target, the target, and what follows it. One in a quoted parameter is none.
fn next(text: &str) -> Option<(&str, &str, &str)> {
    let (mut quoted, mut escaped) = (false, false);
    let open = text.bytes().position(|byte| {
        let opens = byte == b'<' && !quoted;
        quoted ^= byte == b'"' && !escaped;
        escaped = quoted && byte == b'\\' && !escaped;
        opens
    })?;
    let (target, behind) = text.get(open + 1..)?.split_once('>')?;
    Some((text.get(..open)?, target, behind))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn each_target_is_replaced_and_the_rest_kept() {
        for (value, expected) in [
            ("<a>; rel=\"next\", <b>; rel=last", "<A>; rel=\"next\", <B>; rel=last"),
            ("<a,b;c>;rel=next", "<A,B;C>;rel=next"),
            ("<a>; title=\"x <b>, \\\" <c>\", <d>", "<A>; title=\"x <b>, \\\" <c>\", <D>"),
            ("<>", "<>"),
            ("no target", "no target"),
            ("<unclosed", "<unclosed"),
            ("", ""),
        ] {
            assert_eq!(with_targets(value, str::to_uppercase), expected, "{value}");
        }
    }

    proptest! {
        #[test]
        fn replacing_by_the_same_changes_nothing(value in "[<>\"\\\\a ;,=]{0,40}") {
            prop_assert_eq!(with_targets(&value, str::to_owned), value);
        }
    }
}
