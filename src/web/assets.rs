//! What pages load: one style sheet and one sign, from the own origin, under names that change with their content.
//!
//! The content's hash in the name lets browsers keep them for a year and never use an old one.

use std::sync::LazyLock;

use axum::{
    extract::Path,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};

use super::short_digest;

const STYLE: &str = include_str!("assets/style.css");
const MARK: &str = include_str!("assets/mark.svg");

/// Where this build's assets are.
#[derive(Debug)]
pub(super) struct Assets {
    /// The style sheet.
    pub(super) style: String,
    /// keyferry's sign.
    pub(super) mark: String,
}

/// The paths of this build.
pub(super) static ASSETS: LazyLock<Assets> = LazyLock::new(|| Assets {
    style: format!("/assets/{}.css", short_digest(STYLE.as_bytes())),
    mark: format!("/assets/{}.svg", short_digest(MARK.as_bytes())),
});

/// `GET /assets/{name}`.
pub(super) async fn serve(Path(name): Path<String>) -> Response {
    let path = format!("/assets/{name}");
    let (kind, content) = if path == ASSETS.style {
        ("text/css; charset=utf-8", STYLE)
    } else if path == ASSETS.mark {
        ("image/svg+xml", MARK)
    } else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let mut response = content.into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn assets_are_served_for_long_under_their_hash_and_nowhere_else() {
        let name = ASSETS.style.rsplit('/').next().unwrap().to_owned();
        let response = serve(Path(name)).await;
        assert_eq!(response.headers()["content-type"], "text/css; charset=utf-8");
        assert_eq!(response.headers()["cache-control"], "public, max-age=31536000, immutable");
        assert_eq!(serve(Path("style.css".into())).await.status(), 404);
    }

    #[test]
    fn wp_4_the_style_sheet_loads_nothing() {
        assert!(!STYLE.contains("url(") && !STYLE.contains("@import"));
    }
}
