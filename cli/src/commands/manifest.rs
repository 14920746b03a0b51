//! Reads what `apply` is given: YAML or JSON, one or many documents, lists, folders, stdin.

use std::io::Read;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use shared::name::Name;

use crate::exit_code::Exit;
use crate::failure::{Failure, Result};
use crate::resource::Resource;

/// The largest manifest, in bytes.
const MAX_BYTES: u64 = 16 << 20;

/// One resource of a manifest.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) resource: Resource,
    pub(super) name: Name,
    /// As it stands in the file.
    pub(super) document: Value,
    /// Where it stands, for messages: `llms.yaml, document 2`.
    pub(super) place: String,
}

/// Reads all files in order; a folder's files by name.
pub(super) fn read(paths: &[PathBuf]) -> Result<Vec<Entry>> {
    let mut entries = Vec::new();
    for path in paths {
        if path.as_os_str() == "-" {
            let mut text = String::new();
            let stdin = std::io::stdin().lock().take(MAX_BYTES);
            read_text(stdin, &mut text, Path::new("stdin"))?;
            parse(&text, "stdin", &mut entries)?;
            continue;
        }
        for file in files(path)? {
            let mut text = String::new();
            let open = std::fs::File::open(&file).map_err(unreadable(&file))?;
            read_text(open.take(MAX_BYTES), &mut text, &file)?;
            parse(&text, &file.display().to_string(), &mut entries)?;
        }
    }
    if entries.is_empty() {
        return Err(
            Failure::failed("there is nothing to apply").cause("the files hold no documents")
        );
    }
    Ok(entries)
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

fn parse(text: &str, file: &str, entries: &mut Vec<Entry>) -> Result<()> {
    let wrong = |why: String| Failure::failed(format!("{file} can't be read")).cause(why);
    let documents: Vec<Value> = if text.trim_start().starts_with('{') {
        // JSON, where a second document may follow without a `---`.
        let each = serde_json::Deserializer::from_str(text).into_iter::<Value>();
        each.collect::<Result<_, _>>()
            .map_err(|why| wrong(why.to_string()))?
    } else {
        serde_saphyr::from_multiple(text).map_err(|why| wrong(why.to_string()))?
    };
    for (at, document) in documents.into_iter().enumerate() {
        let place = format!("{file}, document {}", at + 1);
        collect(document, place, entries)?;
    }
    Ok(())
}

fn collect(document: Value, place: String, entries: &mut Vec<Entry>) -> Result<()> {
    if document.is_null() {
        return Ok(());
    }
    let is_list = document
        .get("kind")
        .and_then(Value::as_str)
        .is_some_and(|kind| kind.ends_with("List"));
    if let (true, Some(Value::Array(items))) = (is_list, document.get("items")) {
        for (at, item) in items.iter().enumerate() {
            collect(item.clone(), format!("{place}, item {}", at + 1), entries)?;
        }
        return Ok(());
    }
    if let Some(rows) = table_rows(&document, &place)? {
        for (at, row) in rows.into_iter().enumerate() {
            collect(row, format!("{place}, row {}", at + 1), entries)?;
        }
        return Ok(());
    }
    let resource = resource_of(&document, &place)?;
    let name = document
        .pointer("/metadata/name")
        .or_else(|| document.get("name"));
    let name = name.and_then(Value::as_str).unwrap_or_default();
    let name: Name = name.parse().map_err(|why: shared::name::BadName| {
        Failure::failed(format!("{place} has no usable name")).caused_by(&why)
    })?;
    check(resource, &document)
        .map_err(|why| Failure::failed(format!("{place} (`{name}`) is not valid")).cause(why))?;
    entries.push(Entry {
        resource,
        name,
        document,
        place,
    });
    Ok(())
}

/// Says what is wrong with a document, as the server would.
fn check(resource: Resource, document: &Value) -> Result<(), String> {
    let document = document.clone();
    let checked = match resource {
        Resource::Llm => shared::llm::parse(document).err().map(|e| e.to_string()),
        Resource::Alias => shared::alias::parse(document).err().map(|e| e.to_string()),
        Resource::Price => shared::price::parse(document).err().map(|e| e.to_string()),
        Resource::Secret | Resource::Token => None,
    };
    checked.map_or(Ok(()), Err)
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

/// The type by `kind`, or by the fields that only one type has in its flat form.
fn resource_of(document: &Value, place: &str) -> Result<Resource> {
    let kind = document.get("kind").and_then(Value::as_str);
    let known = |resource: &Resource| Some(resource.kind()) == kind;
    if let Some(resource) = Resource::ALL.into_iter().find(known) {
        return if resource == Resource::Token {
            Err(Failure::failed(format!("{place} is a token"))
                .cause("a token's value is made by the server and shown once")
                .hint("mcpctl create token NAME --role ROLE"))
        } else {
            Ok(resource)
        };
    }
    let has = |field| document.get(field).is_some();
    match kind {
        None | Some("public" | "virtual") if has("type") && has("model") => Ok(Resource::Llm),
        None if has("data") => Ok(Resource::Secret),
        Some(kind) => Err(Failure::failed(format!("{place} has the kind `{kind}`"))
            .cause("known kinds are Llm, Alias, Price and Secret")),
        None => Err(Failure::failed(format!("{place} says not what it is"))
            .cause("there is no `kind`")
            .hint("begin it with `apiVersion: mcpctl/v1` and `kind: Llm`")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_text(text: &str) -> String {
        let mut entries = Vec::new();
        match parse(text, "f", &mut entries) {
            Ok(()) => {
                let each = entries
                    .iter()
                    .map(|e| format!("{}/{}", e.resource.singular(), e.name));
                each.collect::<Vec<_>>().join(" ")
            }
            Err(failure) => format!("{:?}", failure.lines()),
        }
    }

    #[test]
    fn yaml_json_lists_and_flat_forms_are_understood() {
        let flat = "name: a\ntype: demo\nmodel: m\n";
        assert_eq!(read_text(flat), "llm/a");
        assert_eq!(
            read_text(&format!(
                "---\n{flat}---\n---\nkind: Secret\nmetadata: {{name: s}}\nspec: {{data: {{k: v}}}}\n"
            )),
            "llm/a secret/s"
        );
        let json = r#"{"name":"a","type":"demo","model":"m"}"#;
        assert_eq!(read_text(&format!("{json}\n{json}")), "llm/a llm/a");
        assert_eq!(
            read_text(&format!(r#"{{"kind":"LlmList","items":[{json}]}}"#)),
            "llm/a"
        );
        assert_eq!(read_text("name: s\ndata: {k: v}"), "secret/s");
        assert_eq!(
            read_text("kind: Alias\nname: smart\nmodel: m\n---\nkind: Price\nname: m\ninput: 1\n"),
            "alias/smart price/m"
        );
    }

    #[test]
    fn a_table_stands_for_one_document_a_row() {
        let prices = "kind: PriceList\nprices:\n  gpt-4o: {input: 2.5, output: 10, cachedInput: 1.25}\n  m: {input: 0}\n";
        assert_eq!(read_text(prices), "price/gpt-4o price/m");
        let mut entries = Vec::new();
        parse(prices, "f", &mut entries).unwrap();
        assert_eq!(entries[0].document["spec"]["cachedInput"], 1.25);
        assert_eq!(entries[1].place, "f, document 1, row 2");
        let aliases = "kind: AliasList\naliases:\n  smart: {model: m}\n  code: {llms: [a, b]}\n";
        assert_eq!(read_text(aliases), "alias/smart alias/code");
        assert!(
            read_text("kind: PriceList\nprices: {a: {output: 1}}")
                .contains("row 1 (`a`) is not valid")
        );
        assert!(read_text("kind: PriceList\nprice: {}").contains("prices: {NAME"));
    }

    #[test]
    fn a_wrong_document_is_named_by_its_place() {
        assert!(read_text("a: [1").contains("f can't be read"));
        assert!(read_text("name: x\n---\nkind: Pod\n").contains("f, document 1"));
        assert!(read_text("kind: Token\nmetadata: {name: t}").contains("create token"));
        assert!(read_text("name: x\ntype: openai\nmodel: m").contains("`url`"));
        assert!(read_text("kind: Llm\nspec: {}").contains("name"));
    }
}
