//! `GET /openapi.json`: the description of this API, made from the handlers themselves.

use bytes::Bytes;
use utoipa::openapi::{
    Components, Info, OpenApi,
    security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme},
};

const SCHEME: &str = "key";

/// What stands around the routes.
pub(super) fn frame() -> OpenApi {
    let mut info = Info::new("keyferry control API", env!("CARGO_PKG_VERSION"));
    info.description = Some(
        "Connections, keys, owners and apps of a keyferry gateway. Every refusal has the shape of Problem and the \
         header Keyferry-Error."
            .to_owned(),
    );
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some("An API key of this gateway."))
        .build();
    let mut components = Components::new();
    components.add_security_scheme(SCHEME, SecurityScheme::Http(bearer));
    let mut frame = OpenApi::new(info, utoipa::openapi::Paths::new());
    frame.components = Some(components);
    frame.security = Some(vec![SecurityRequirement::new(SCHEME, Vec::<String>::new())]);
    frame
}

/// The document as it is served.
pub(super) fn document(description: &OpenApi) -> Bytes {
    Bytes::from(description.to_pretty_json().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_description_is_the_one_that_was_reviewed() {
        let description = crate::control::described().into_openapi();
        insta::with_settings!({ snapshot_path => "snapshots" }, {
            insta::assert_snapshot!("openapi", description.to_pretty_json().unwrap());
        });
    }
}
