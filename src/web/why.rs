//! Why a sign-in failed, from the word for it to a message that people understand.
//!
//! Providers' own codes (RFC 6749 4.1.2.1 and 5.2, `OpenID` Connect Core 3.1.2.6) and the gateway's; the raw word is
//! shown beside the message, for whoever helps.

/// The messages `why-…` and `todo-…` for a reason.
pub(super) fn message(reason: &str) -> &'static str {
    match reason {
        "access_denied"
        | "user_cancelled"
        | "user_denied"
        | "consent_required"
        | "user_cancelled_login"
        | "user_cancelled_authorize"
        | "rejected" => "denied",
        "invalid_scope"
        | "unauthorized_client"
        | "invalid_client"
        | "invalid_request"
        | "unsupported_response_type"
        | "unsupported_grant_type"
        | "redirect_uri_mismatch"
        | "invalid_target" => "wrongly-asked",
        "client_misconfigured" | "app_misconfigured" => "not-set-up",
        "server_error" | "temporarily_unavailable" | "provider_unavailable" | "provider_answer_unusable" => {
            "provider"
        }
        "provider_rate_limited" | "slow_down" => "busy",
        "access_refused" => "refused",
        "field_missing" => "not-told",
        "field_refused" => "not-allowed",
        "not_among" => "not-among",
        "cancelled" => "cancelled",
        "expired"
        | "expired_token"
        | "invalid_grant"
        | "bad_verification_code"
        | "invalid_code"
        | "code_expired"
        | "code_missing" => "expired",
        "login_required" | "interaction_required" | "account_selection_required" => "signed-out",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::words::Words;

    #[test]
    fn every_refusal_has_a_reason_and_a_way_on_in_every_language() {
        let known = [
            "access_denied",
            "invalid_scope",
            "app_misconfigured",
            "provider_unavailable",
            "slow_down",
            "access_refused",
            "field_missing",
            "field_refused",
            "not_among",
            "cancelled",
            "invalid_grant",
            "login_required",
            "whatever",
        ];
        for words in Words::all() {
            let mut seen = std::collections::BTreeSet::new();
            for reason in known {
                let of = |part: &str| words.with(&format!("{part}-{}", message(reason)), &[("app", "Desk")]);
                let (why, todo) = (of("why"), of("todo"));
                assert!(!why.starts_with("why-") && !todo.starts_with("todo-"), "{} {reason}", words.tag);
                assert!(why.chars().count() > 8 && seen.insert(why), "{} {reason}", words.tag);
            }
        }
    }
}
