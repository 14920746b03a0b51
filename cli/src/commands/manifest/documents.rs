//! The documents of files: read, split, and lists and tables taken apart.

use std::io::Read;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::exit_code::Exit;
use crate::failure::{Failure, Result};
use crate::resource::Resource;
use crate::yaml;

/// The largest manifest, in bytes.
const MAX_BYTES: u64 = 16 << 20;

/// One document, and where it stands.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) document: Value,
    pub(super) place: String,
    /// The place of the table of which it is a row.
    pub(super) table: Option<String>,
}

/// Reads all files in order; a folder's files by name.
///
/// Errors: there is nothing at all.
pub(super) fn documents(paths: &[PathBuf]) -> Result<Vec<Result<Found>>> {
    let mut all = Vec::new();
    for path in paths {
        if path.as_os_str() == "-" {
            let mut text = String::new();
            let stdin = std::io::stdin().lock().take(MAX_BYTES);
            match read_text(stdin, &mut text, Path::new("stdin")) {
                Ok(()) => parse(&text, "stdin", &mut all),
                Err(why) => all.push(Err(why)),
            }
            continue;
        }
        match files(path) {
            Ok(files) => files.iter().for_each(|file| read_file(file, &mut all)),
            Err(why) => all.push(Err(why)),
        }
    }
    if all.is_empty() {
        return Err(
            Failure::failed("there is nothing to read").cause("the files hold no documents")
        );
    }
    Ok(all)
}

fn read_file(file: &Path, all: &mut Vec<Result<Found>>) {
    let mut text = String::new();
    let read = std::fs::File::open(file)
        .map_err(unreadable(file))
        .and_then(|open| read_text(open.take(MAX_BYTES), &mut text, file));
    match read {
        Ok(()) => parse(&text, &file.display().to_string(), all),
        Err(why) => all.push(Err(why)),
    }
}

fn read_text(mut from: impl Read, text: &mut String, path: &Path) -> Result<()> {
    from.read_to_string(text).map_err(unreadable(path))?;
    Ok(())
}

fn files(path: &Path) -> Result<Vec<PathBuf>> {
    if !path.is_dir() {
        return Ok(vec![path.into()]);
    }
    let mut files = Vec::new();
    for entry in std::fs::read_dir(path).map_err(unreadable(path))? {
        let file = entry.map_err(unreadable(path))?.path();
        let extension = file.extension().and_then(|e| e.to_str());
        if matches!(extension, Some("yaml" | "yml" | "json")) && file.is_file() {
            files.push(file);
        }
    }
    files.sort();
    Ok(files)
}

fn unreadable(path: &Path) -> impl FnOnce(std::io::Error) -> Failure {
    let path = path.display().to_string();
    move |why| {
        let exit = match why.kind() {
            std::io::ErrorKind::NotFound => Exit::NotFound,
            _ => Exit::Failure,
        };
        Failure::new(exit, format!("can't read {path}")).caused_by(&why)
    }
}

/// Takes the documents of a text apart. What can't be read is one failure.
pub(super) fn parse(text: &str, file: &str, all: &mut Vec<Result<Found>>) {
    let documents: Result<Vec<Value>, String> = if text.trim_start().starts_with('{') {
        // JSON, where a second document may follow without a `---`.
        let each = serde_json::Deserializer::from_str(text).into_iter::<Value>();
        each.collect::<Result<_, _>>()
            .map_err(|why| why.to_string())
    } else {
        yaml::all(text)
    };
    let documents = match documents {
        Ok(documents) => documents,
        Err(why) => {
            let failure = Failure::failed(format!("{file} can't be read")).cause(why);
            return all.push(Err(failure));
        }
    };
    for (at, document) in documents.into_iter().enumerate() {
        let place = format!("{file}, document {}", at + 1);
        collect(document, place, all);
    }
}

fn collect(document: Value, place: String, all: &mut Vec<Result<Found>>) {
    if document.is_null() {
        return;
    }
    let is_list = document
        .get("kind")
        .and_then(Value::as_str)
        .is_some_and(|kind| kind.ends_with("List"));
    if let (true, Some(Value::Array(items))) = (is_list, document.get("items")) {
        for (at, item) in items.iter().enumerate() {
            collect(item.clone(), format!("{place}, item {}", at + 1), all);
        }
        return;
    }
    match table_rows(&document, &place) {
        Ok(Some(rows)) => all.extend(rows.into_iter().enumerate().map(|(at, document)| {
            Ok(Found {
                document,
                place: format!("{place}, row {}", at + 1),
                table: Some(place.clone()),
            })
        })),
        Ok(None) => all.push(Ok(Found {
            document,
            place,
            table: None,
        })),
        Err(why) => all.push(Err(why)),
    }
}

/// The documents that a table stands for: `kind: PriceList` with `prices: {NAME: {...}}`, and the
/// same for aliases; `None` where the document is no table.
fn table_rows(document: &Value, place: &str) -> Result<Option<Vec<Value>>> {
    let kind = document.get("kind").and_then(Value::as_str);
    let resource = match kind {
        Some("PriceList") => Resource::Price,
        Some("AliasList") => Resource::Alias,
        _ => return Ok(None),
    };
    let field = resource.plural();
    let Some(Value::Object(rows)) = document.get(field) else {
        return Err(Failure::failed(format!(
            "{place} is a {} without rows",
            resource.kind_of_list()
        ))
        .cause(format!(
            "it has neither `items: [...]` nor `{field}: {{NAME: ...}}`"
        )));
    };
    let rows = rows.iter().map(|(name, spec)| {
        json!({"apiVersion": shared::API_VERSION, "kind": resource.kind(),
            "metadata": {"name": name}, "spec": spec})
    });
    Ok(Some(rows.collect()))
}
