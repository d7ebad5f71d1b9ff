//! The request target, as text: first segment, the rest as it came, dot segments. Pure.
//!
//! Nothing here decodes and re-encodes: what is not looked at goes through byte for byte, because URL libraries
//! normalise what an upstream may tell apart.

use percent_encoding::percent_decode_str;

/// The first segment of `target` and where what follows it begins.
pub(super) fn split(target: &str) -> (&str, usize) {
    let begin = usize::from(target.starts_with('/'));
    let body = target.get(begin..).unwrap_or_default();
    let end = body.bytes().position(|byte| byte == b'/' || byte == b'?').unwrap_or(body.len());
    (body.get(..end).unwrap_or_default(), begin + end)
}

/// Where the path of a target ends: at the query, or with the target.
pub(super) fn path_end(target: &str) -> usize {
    target.bytes().position(|byte| byte == b'?').unwrap_or(target.len())
}

/// Whether some segment is `.` or `..` after one percent-decoding and before any `;`.
pub(super) fn has_dot_segment(path: &str) -> bool {
    // A dot, or an encoded one, has to stand first: no other segment is worth decoding.
    let mut begins = true;
    let suspect = path.bytes().any(|byte| {
        let found = begins && (byte == b'.' || byte == b'%');
        begins = byte == b'/';
        found
    });
    suspect && path.split('/').any(is_dot)
}

fn is_dot(segment: &str) -> bool {
    let mut name = percent_decode_str(segment).take_while(|byte| *byte != b';');
    name.next() == Some(b'.') && matches!((name.next(), name.next()), (None, _) | (Some(b'.'), None))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_first_segment_is_what_stands_before_the_next_slash_or_query() {
        for (target, app, rest) in [
            ("/stripe", "stripe", ""),
            ("/stripe/", "stripe", "/"),
            ("/stripe?a=b", "stripe", "?a=b"),
            ("/stripe/?", "stripe", "/?"),
            ("/stripe/v1/charges?a=b?c", "stripe", "/v1/charges?a=b?c"),
            ("/slack//evil.test/x", "slack", "//evil.test/x"),
            ("//slack/x", "", "/slack/x"),
            ("/%73lack/x", "%73lack", "/x"),
            ("/slack;x/", "slack;x", "/"),
            ("/slack%2Fapi", "slack%2Fapi", ""),
            ("/", "", ""),
            ("", "", ""),
        ] {
            let (found, at) = split(target);
            assert_eq!((found, &target[at..]), (app, rest), "{target}");
        }
    }

    #[test]
    fn a_path_ends_at_the_first_question_mark() {
        for (target, path) in [("", ""), ("?", ""), ("/a?b=c?d", "/a"), ("/a", "/a"), ("/?", "/")] {
            assert_eq!(&target[..path_end(target)], path, "{target}");
        }
    }

    #[test]
    fn rt_1_dot_segments_are_found() {
        for path in [
            "/v1/../x",
            "/..",
            "/.",
            "/a/.",
            "/a/./b",
            "/%2e%2e/x",
            "/%2E%2E",
            "/.%2e/x",
            "/%2e./x",
            "/%2e",
            "/..;/x",
            "/..;v=1/x",
            "/.;a",
            "/%2e%2e;x/y",
            "/..%3bx",
            "..",
            "/a//../b",
        ] {
            assert!(has_dot_segment(path), "{path}");
        }
    }

    #[test]
    fn rt_1_other_segments_with_dots_are_not() {
        for path in [
            "/v1/x",
            "/...",
            "/.well-known",
            "/a..b",
            "/..a",
            "/a..",
            "/.a",
            "/%2e%2e%2e",
            "/%252e%252e",
            "/;..",
            "/%",
            "/%2",
            "/%zz",
            "/v1.0/",
            "/a;../b",
            "/",
            "",
        ] {
            assert!(!has_dot_segment(path), "{path}");
        }
    }

    proptest! {
        #[test]
        fn rt_2_nothing_of_a_target_is_lost(target in "/[ -~]{0,40}") {
            let (app, at) = split(&target);
            prop_assert_eq!(format!("/{}{}", app, &target[at..]), target);
        }

        #[test]
        fn rt_1_a_segment_is_a_dot_segment_exactly_when_it_decodes_to_one(segment in "[.%2eE5a;/]{0,12}") {
            let decoded: Vec<u8> = percent_decode_str(&segment).collect();
            let plain = |s: &[u8]| s == b"." || s == b"..";
            let expected = segment.split('/').any(|s| {
                let decoded: Vec<u8> = percent_decode_str(s).collect();
                plain(decoded.split(|b| *b == b';').next().unwrap())
            });
            prop_assert_eq!(has_dot_segment(&segment), expected, "{:?}", decoded);
        }
    }
}
