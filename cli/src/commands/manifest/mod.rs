//! Reads what `apply`, `diff` and `delete -f` are given: YAML or JSON, one or many documents, lists,
//! tables, folders, stdin.

use std::path::PathBuf;

use serde_json::Value;
use shared::name::Name;

use crate::failure::{Failure, Result};
use crate::resource::{Resource, Selection};

mod documents;

use documents::{Found, documents};

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
///
/// Shape: a document or file that is wrong is a failure of its own, and does not hide the others. A
/// table is one document: where a row is wrong, none of its rows is there.
/// Errors: there is nothing at all.
pub(super) fn read(paths: &[PathBuf]) -> Result<Vec<Result<Entry>>> {
    Ok(entries(documents(paths)?))
}

fn entries(found: Vec<Result<Found>>) -> Vec<Result<Entry>> {
    let mut entries = Vec::new();
    let mut wrong_tables = Vec::new();
    for found in found {
        let table = found.as_ref().ok().and_then(|found| found.table.clone());
        let entry = found.and_then(entry);
        if entry.is_err() {
            wrong_tables.extend(table.clone());
        }
        entries.push((table, entry));
    }
    let is_wrong = |table: &Option<String>| {
        let table = table.as_ref();
        table.is_some_and(|table| wrong_tables.contains(table))
    };
    entries.retain(|(table, entry)| entry.is_err() || !is_wrong(table));
    entries.into_iter().map(|(_, entry)| entry).collect()
}

/// What the files name, for a verb that does not look at the rest.
pub(super) fn named(paths: &[PathBuf]) -> Result<Vec<Selection>> {
    let mut selections = Vec::new();
    for found in documents(paths)? {
        let found = found?;
        let resource = resource_of(&found.document, &found.place)?;
        let name = match resource {
            Resource::Job => resource.name_in(&found.document).parse(),
            _ => name_of(&found.document).parse(),
        };
        let names = vec![name.map_err(no_name(&found.place))?];
        selections.push(Selection { resource, names });
    }
    Ok(selections)
}

fn entry(found: Found) -> Result<Entry> {
    let Found {
        document, place, ..
    } = found;
    let resource = resource_of(&document, &place)?;
    can_be_applied(resource, &place)?;
    let name: Name = name_of(&document).parse().map_err(no_name(&place))?;
    check(resource, &document)
        .map_err(|why| Failure::failed(format!("{place} (`{name}`) is not valid")).cause(why))?;
    Ok(Entry {
        resource,
        name,
        document,
        place,
    })
}

fn name_of(document: &Value) -> &str {
    let name = document.pointer("/metadata/name");
    let name = name.or_else(|| document.get("name"));
    name.and_then(Value::as_str).unwrap_or_default()
}

fn no_name(place: &str) -> impl FnOnce(shared::name::BadName) -> Failure {
    move |why| Failure::failed(format!("{place} has no usable name")).caused_by(&why)
}

/// What is made once can't be made to be as a file says.
fn can_be_applied(resource: Resource, place: &str) -> Result<()> {
    match resource {
        Resource::Token => Err(Failure::failed(format!("{place} is a token"))
            .cause("a token's value is made by the server and shown once")
            .hint("mcpctl create token NAME --role ROLE")),
        Resource::Job => Err(Failure::failed(format!("{place} is a job"))
            .cause("a job is submitted, and runs once")
            .hint("mcpctl jobs submit -f FILE, with a job on each line")),
        _ => Ok(()),
    }
}

/// Says what is wrong with a document, as the server would.
pub(super) fn check(resource: Resource, document: &Value) -> Result<(), String> {
    let document = document.clone();
    let checked = match resource {
        Resource::Llm => shared::llm::parse(document).err().map(|e| e.to_string()),
        Resource::Alias => shared::alias::parse(document).err().map(|e| e.to_string()),
        Resource::Price => shared::price::parse(document).err().map(|e| e.to_string()),
        Resource::Secret | Resource::Token | Resource::Job => None,
    };
    checked.map_or(Ok(()), Err)
}

/// The type by `kind`, or by the fields that only one type has in its flat form.
fn resource_of(document: &Value, place: &str) -> Result<Resource> {
    let kind = document.get("kind").and_then(Value::as_str);
    let known = |resource: &Resource| Some(resource.kind()) == kind;
    if let Some(resource) = Resource::ALL.into_iter().find(known) {
        return Ok(resource);
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

    fn entries(text: &str) -> Vec<Result<Entry>> {
        let mut found = Vec::new();
        documents::parse(text, "f", &mut found);
        super::entries(found)
    }

    fn read_text(text: &str) -> String {
        let each = entries(text).into_iter().map(|entry| match entry {
            Ok(entry) => format!("{}/{}", entry.resource.singular(), entry.name),
            Err(failure) => format!("{:?}", failure.lines()),
        });
        each.collect::<Vec<_>>().join(" ")
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
        let entries: Vec<_> = entries(prices).into_iter().map(Result::unwrap).collect();
        assert_eq!(entries[0].document["spec"]["cachedInput"], 1.25);
        assert_eq!(entries[1].place, "f, document 1, row 2");
        let wrong = read_text("kind: PriceList\nprices: {a: {input: 1}, b: {output: 1}}");
        assert!(
            wrong.contains("row 2 (`b`)") && !wrong.contains("price/a"),
            "{wrong}"
        );
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
        assert!(read_text("kind: Job\nid: x").contains("jobs submit"));
        let mixed = read_text("kind: Pod\n---\nname: a\ntype: demo\nmodel: m\n");
        assert!(mixed.ends_with(" llm/a"), "{mixed}");
        assert!(read_text("kind: Token\nmetadata: {name: t}").contains("create token"));
        assert!(read_text("name: x\ntype: openai\nmodel: m").contains("`url`"));
        assert!(read_text("kind: Llm\nspec: {}").contains("name"));
    }
}
