//! Reads app files: the built-in ones, then the operator's folder over them. Every bad file is reported, not the
//! first only, and every report names file, line and key.

use std::{
    collections::BTreeMap,
    fmt, fs,
    path::{Path, PathBuf},
    sync::{Arc, LazyLock},
    time::SystemTime,
};

use rust_embed::RustEmbed;
use walkdir::{DirEntry, WalkDir};

use super::{app::App, lint, place};

/// Where the built-in files stand in the sources, for error texts.
const SHIPPED: &str = "config/apps";

#[derive(RustEmbed)]
#[folder = "config/apps"]
struct Builtin;

/// What is wrong with one app file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct CatalogError {
    /// The file, as the operator knows it.
    pub file: String,
    /// The line, counted from 1, where it can be told.
    pub line: Option<usize>,
    /// The key's path in the file: `auth[0].token.url`.
    pub field: Option<String>,
    /// What is wrong, and what would be right.
    pub problem: String,
}

impl fmt::Display for CatalogError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if let Some(line) = self.line {
            write!(f, ":{line}")?;
        }
        if let Some(field) = &self.field {
            write!(f, ": {field}")?;
        }
        write!(f, ": {}", self.problem)
    }
}

/// One app file: its name for error texts, and what it says.
pub(super) struct File {
    pub(super) name: String,
    /// The folder it stands in, which its first category has to be; only built-in files are sorted.
    pub(super) folder: Option<String>,
    pub(super) text: String,
}

impl File {
    /// What is wrong at the key `at`.
    pub(super) fn error(&self, at: String, problem: String) -> CatalogError {
        let line = place::line_of(&self.text, &at);
        CatalogError { file: self.name.clone(), line, field: Some(at), problem }
    }

    fn unreadable(path: &Path, problem: String) -> CatalogError {
        CatalogError { file: path.display().to_string(), line: None, field: None, problem }
    }
}

/// Files by slug.
pub(super) type Files = BTreeMap<String, File>;

/// An app with the file it came from.
pub(super) struct Loaded {
    pub(super) app: Arc<App>,
    pub(super) file: File,
}

/// The built-in apps, by slug: read once in the life of a program.
pub(super) static BUILTIN: LazyLock<Result<BTreeMap<String, Loaded>, Vec<CatalogError>>> =
    LazyLock::new(|| {
        let mut errors = Vec::new();
        let mut loaded = BTreeMap::new();
        for (slug, file) in builtin(&mut errors) {
            match app(&slug, &file, false) {
                Ok(app) => drop(loaded.insert(slug, Loaded { app: Arc::new(app), file })),
                Err(found) => errors.extend(found),
            }
        }
        if errors.is_empty() { Ok(loaded) } else { Err(errors) }
    });

fn builtin(errors: &mut Vec<CatalogError>) -> Files {
    let mut found = Files::new();
    for path in Builtin::iter() {
        let Some(data) = Builtin::get(&path) else { continue };
        let path = Path::new(SHIPPED).join(path.as_ref());
        let Some(slug) = slug_of(&path) else { continue };
        let folder = path.parent().and_then(Path::file_name).map(|name| name.to_string_lossy().into_owned());
        let text = String::from_utf8_lossy(&data.data).into_owned();
        let file = File { name: path.display().to_string(), folder, text };
        keep(&mut found, slug, file, errors);
    }
    found
}

/// Two files of one name would be one app less.
fn keep(found: &mut Files, slug: String, file: File, errors: &mut Vec<CatalogError>) {
    if let Some(other) = found.get(&slug) {
        let problem = format!("{} is an app file of the same name", other.name);
        return errors.push(CatalogError { file: file.name, line: None, field: None, problem });
    }
    found.insert(slug, file);
}

/// The files of the operator's folder and the folders in it.
pub(super) fn folder(dir: &Path) -> Result<Files, Vec<CatalogError>> {
    let (mut found, mut errors) = (Files::new(), Vec::new());
    for entry in walk(dir) {
        let path = match entry {
            Ok(entry) if entry.file_type().is_dir() => continue,
            Ok(entry) => entry.into_path(),
            Err(error) => {
                let path = error.path().unwrap_or(dir);
                errors.push(File::unreadable(path, format!("can't be read: {error}")));
                continue;
            }
        };
        let Some(slug) = slug_of(&path) else { continue };
        match fs::read_to_string(&path) {
            Ok(text) => {
                let file = File { name: path.display().to_string(), folder: None, text };
                keep(&mut found, slug, file, &mut errors);
            }
            Err(error) => errors.push(File::unreadable(&path, format!("can't be read: {error}"))),
        }
    }
    if errors.is_empty() { Ok(found) } else { Err(errors) }
}

/// Everything in a folder but what is hidden: editors' files, and the folders that a mounted configuration map keeps.
/// Links are not followed, so that no folder is its own.
fn walk(dir: &Path) -> impl Iterator<Item = walkdir::Result<DirEntry>> {
    let shown =
        |entry: &DirEntry| entry.depth() == 0 || !entry.file_name().as_encoded_bytes().starts_with(b".");
    WalkDir::new(dir).sort_by_file_name().into_iter().filter_entry(shown)
}

/// What a folder looked like: names, sizes and times of its files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stamp(Vec<(PathBuf, Option<(SystemTime, u64)>)>);

impl Stamp {
    /// Of a folder now.
    #[must_use]
    pub fn of(dir: &Path) -> Self {
        let files = walk(dir).filter_map(Result::ok).map(DirEntry::into_path);
        let looked = |path: PathBuf| {
            // Of what a link leads to: that is what is read.
            let found = fs::metadata(&path).ok();
            let stamp = found.and_then(|found| Some((found.modified().ok()?, found.len())));
            (path, stamp)
        };
        Self(files.filter(|path| slug_of(path).is_some()).map(looked).collect())
    }
}

/// The slug of an app file, by its name; other files are none of ours.
fn slug_of(path: &Path) -> Option<String> {
    let toml = path.extension()?.to_str()? == "toml";
    toml.then(|| path.file_stem()?.to_str().map(str::to_owned)).flatten()
}

/// One file as an app, checked by every lint that needs no other file.
pub(super) fn app(slug: &str, file: &File, plain_http: bool) -> Result<App, Vec<CatalogError>> {
    let mut app = parse(file).map_err(|error| vec![error])?;
    let findings = lint::findings(&mut app, slug, file, plain_http);
    if findings.is_empty() {
        return Ok(app);
    }
    Err(findings.into_iter().map(|finding| file.error(finding.at, finding.problem)).collect())
}

fn parse(file: &File) -> Result<App, CatalogError> {
    let failed = |field: Option<String>, error: &toml::de::Error| CatalogError {
        file: file.name.clone(),
        line: error.span().map(|span| line_at(&file.text, span.start)),
        field: field.filter(|path| path != "."),
        problem: problem(error.message()),
    };
    let document = toml::Deserializer::parse(&file.text).map_err(|error| failed(None, &error))?;
    serde_path_to_error::deserialize(document)
        .map_err(|error| failed(Some(error.path().to_string()), error.inner()))
}

/// An error's text in our words: for a mistyped key or word the nearest one comes first.
fn problem(message: &str) -> String {
    let Some((said, known)) = message.split_once(", expected ") else { return message.to_owned() };
    let quoted = |text: &str| text.split('`').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>();
    let (Some(wrong), known) = (quoted(said).pop(), quoted(known)) else { return message.to_owned() };
    let near = known.iter().rev().max_by(|a, b| strsim::jaro(&wrong, a).total_cmp(&strsim::jaro(&wrong, b)));
    match near.filter(|near| strsim::jaro(&wrong, near) > 0.7) {
        Some(near) => format!("`{wrong}` is unknown here: did you mean `{near}`?"),
        None => format!("`{wrong}` is unknown here; known are {}", known.join(", ")),
    }
}

/// The line of a byte, counted from 1.
pub(super) fn line_at(text: &str, byte: usize) -> usize {
    text.bytes().take(byte).filter(|byte| *byte == b'\n').count() + 1
}
