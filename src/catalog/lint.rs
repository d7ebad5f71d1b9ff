//! What a file may say and still be wrong: rules that the types can't hold, checked once when it is read.

use super::{
    app::App,
    load::{CatalogError, File},
};

/// One thing that is wrong, and where.
pub(super) struct Finding {
    at: String,
    problem: String,
}

impl Finding {
    pub(super) fn in_file(self, file: &File) -> CatalogError {
        CatalogError { file: file.name.clone(), line: None, field: Some(self.at), problem: self.problem }
    }
}

/// Everything wrong with `app`, which stands in the file of `slug`.
pub(super) fn findings(app: &mut App, slug: &str, _plain_http: bool) -> Vec<Finding> {
    let mut found = Vec::new();
    if app.name != slug {
        let problem = format!("{:?} stands in the file of {slug:?}: both have to be the same", app.name);
        found.push(Finding { at: "name".to_owned(), problem });
    }
    if let Err(name) = app.compute() {
        found.push(Finding { at: "auth".to_owned(), problem: format!("{name:?} is no header name") });
    }
    found
}
