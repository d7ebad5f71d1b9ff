//! The request target, as text: first segment, the rest as it came, dot segments. Pure.
//!
//! Nothing here decodes and re-encodes: what is not looked at goes through byte for byte, because URL libraries
//! normalise what an upstream may tell apart.

use percent_encoding::percent_decode_str;

/// The first segment of `target` and where what follows it begins.
pub(super) fn split(target: &str) -> (&str, usize) {
    let body = target.strip_prefix('/').unwrap_or(target);
    let end = body.find(['/', '?']).unwrap_or(body.len());
    (body.get(..end).unwrap_or_default(), target.len() - body.len() + end)
}

/// Path and query of a target; an empty path means `/`.
pub(super) fn path_and_query(target: &str) -> (&str, Option<&str>) {
    let (path, query) = match target.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (target, None),
    };
    (if path.is_empty() { "/" } else { path }, query)
}

/// Whether some segment is `.` or `..` after one percent-decoding and before any `;`.
pub(super) fn has_dot_segment(path: &str) -> bool {
    path.split('/').any(is_dot)
}

fn is_dot(segment: &str) -> bool {
    // A dot, or an encoded one, has to stand first: no other segment is worth decoding.
    if !segment.starts_with(['.', '%']) {
        return false;
    }
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
    fn an_empty_path_means_the_root_and_a_lone_question_mark_stays() {
        assert_eq!(path_and_query(""), ("/", None));
        assert_eq!(path_and_query("?"), ("/", Some("")));
        assert_eq!(path_and_query("/a?b=c?d"), ("/a", Some("b=c?d")));
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
