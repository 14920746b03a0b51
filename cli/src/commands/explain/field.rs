//! `mcpctl explain TYPE.FIELD.FIELD`: one field of a type, and those that stand in it.

use serde_json::{Value, json};

use super::schema::{Field, Schemas};
use crate::args::Format;
use crate::args::gateway::Explain;
use crate::exit_code::Exit;
use crate::failure::{Failure, Result};
use crate::near_miss::nearest;
use crate::output::Output;
use crate::resource::Resource;

/// Levels of `--recursive`: deeper than any type of ours.
const MAX_DEPTH: usize = 12;

pub(super) fn explain(args: &Explain, output: &Output) -> Result<Exit> {
    let asked = args.field.as_deref().unwrap_or_default();
    let (word, path) = asked.split_once('.').unwrap_or((asked, ""));
    let resource = Resource::named(word).map_err(|why| match nearest(word, ["route"]) {
        Some(route) => why.hint(format!("did you mean `explain {route} NAME`?")),
        None => why,
    })?;
    let schemas = Schemas::load()?;
    let field = find(&schemas, resource, path)?;
    match output.format {
        Format::Json | Format::Yaml => {
            output.document(&document(&schemas, &field, args.recursive, 0))?;
        }
        Format::Name => output.line(&dotted(resource, path))?,
        Format::Table | Format::Wide => {
            let width = output.width().map(usize::from);
            output.data(&page(
                &schemas,
                resource,
                path,
                &field,
                args.recursive,
                width,
            ))?;
        }
    }
    Ok(Exit::Done)
}

/// Goes down the path.
fn find<'s>(schemas: &'s Schemas, resource: Resource, path: &str) -> Result<Field<'s>> {
    let mut field = schemas.root(resource).ok_or_else(|| {
        let singular = resource.singular();
        Failure::failed(format!("the fields of `{singular}` are not described"))
    })?;
    let mut gone = String::new();
    for name in path.split('.').filter(|name| !name.is_empty()) {
        // `items[*]` and `items[]` mean what `items` does here.
        let name = name.split('[').next().unwrap_or(name);
        let children = schemas.children(&field);
        let found = children.iter().find(|child| child.name == name).cloned();
        field = found.ok_or_else(|| unknown(schemas, resource, &gone, name, &children))?;
        if !gone.is_empty() {
            gone.push('.');
        }
        gone += name;
    }
    Ok(field)
}

/// Offers the near name, also where `spec.` was left out.
fn unknown(
    schemas: &Schemas,
    resource: Resource,
    gone: &str,
    name: &str,
    children: &[Field<'_>],
) -> Failure {
    let place = dotted(resource, gone);
    let failure = Failure::usage(format!("`{place}` has no field `{name}`"));
    if children.is_empty() {
        return failure.hint(format!("nothing stands in it: mcpctl explain {place}"));
    }
    let deeper = children.iter().find_map(|child| {
        let inner = schemas.children(child);
        let found = inner.iter().any(|inner| inner.name == name);
        found.then(|| format!("{place}.{}.{name}", child.name))
    });
    let near = nearest(name, children.iter().map(|child| child.name));
    let near = near.map(|near| format!("{place}.{near}"));
    match deeper.or(near) {
        Some(near) => failure.hint(format!("did you mean `{near}`?")),
        None => {
            let names: Vec<_> = children.iter().map(|child| child.name).collect();
            failure.hint(format!("it has {}", names.join(", ")))
        }
    }
}

fn dotted(resource: Resource, path: &str) -> String {
    match path {
        "" => resource.singular().into(),
        path => format!("{}.{path}", resource.singular()),
    }
}

fn page(
    schemas: &Schemas,
    resource: Resource,
    path: &str,
    field: &Field<'_>,
    recursive: bool,
    width: Option<usize>,
) -> String {
    let mut page = format!(
        "KIND:     {}\nVERSION:  {}\n",
        resource.kind(),
        resource.api_version()
    );
    if !path.is_empty() {
        page += &format!("\nFIELD:    {path} {}\n", kind(schemas, field));
    }
    if is_read_only(resource, path) {
        page += "          set by the server\n";
    }
    let description = describe(schemas, field);
    if !description.is_empty() {
        page += "\nDESCRIPTION:\n";
        page += &wrapped(&description, 2, width);
    }
    let values = schemas.values(field);
    if !values.is_empty() {
        page += &format!("\nVALUES:\n{}", wrapped(&values.join(", "), 2, width));
    }
    let children = schemas.children(field);
    if !children.is_empty() {
        page += "\nFIELDS:\n";
        for child in &children {
            list(schemas, child, recursive, 1, width, &mut page);
        }
    }
    page
}

fn list(
    schemas: &Schemas,
    field: &Field<'_>,
    recursive: bool,
    depth: usize,
    width: Option<usize>,
    page: &mut String,
) {
    let indent = 2 * depth;
    let kind = kind(schemas, field);
    *page += &format!("{:indent$}{} {kind}\n", "", field.name);
    if recursive {
        // Names alone, so that the whole fits before one's eyes.
        if depth < MAX_DEPTH {
            for child in schemas.children(field) {
                list(schemas, &child, true, depth + 1, width, page);
            }
        }
        return;
    }
    let mut text = describe(schemas, field);
    let values = schemas.values(field);
    // One value says what the type says already.
    if values.len() > 1 {
        text = format!("{text} One of {}.", values.join(", "));
    }
    *page += &wrapped(text.trim(), indent + 2, width);
}

fn kind(schemas: &Schemas, field: &Field<'_>) -> String {
    let required = if field.required { " (required)" } else { "" };
    format!("<{}>{required}", schemas.type_of(field))
}

/// Its description, with its default and how it is written, where it does not say so itself.
fn describe(schemas: &Schemas, field: &Field<'_>) -> String {
    let mut text = field.description.to_owned();
    // Of a type that stands for itself only where it comes from is said.
    if text.starts_with("`GET ") {
        text.clear();
    }
    if let Some(default) = field.default.filter(|_| !text.contains("Default:")) {
        text += &format!(" Default: {}.", query::text(default));
    }
    let examples = schemas.examples(field);
    if !examples.is_empty() {
        text += &format!(" Such as {}.", examples.join(", "));
    }
    text.trim().into()
}

/// What no writer can set.
fn is_read_only(resource: Resource, path: &str) -> bool {
    let first = path.split('.').next().unwrap_or_default();
    let of_server = ["id", "owner", "createdAt", "updatedAt", "resourceVersion"];
    let in_metadata = path.strip_prefix("metadata.");
    resource != Resource::Job
        && (first == "status" || in_metadata.is_some_and(|name| of_server.contains(&name)))
}

fn document(schemas: &Schemas, field: &Field<'_>, recursive: bool, depth: usize) -> Value {
    let mut shown = json!({"name": field.name, "type": schemas.type_of(field),
        "required": field.required, "description": describe(schemas, field)});
    let values = schemas.values(field);
    if !values.is_empty() {
        shown["values"] = values.into();
    }
    let children = schemas.children(field);
    if !children.is_empty() && (depth == 0 || recursive && depth < MAX_DEPTH) {
        let fields = children.iter();
        let fields = fields.map(|child| document(schemas, child, recursive, depth + 1));
        shown["fields"] = fields.collect();
    }
    shown
}

/// Lines of words, indented; as long as they are where there is no width.
fn wrapped(text: &str, indent: usize, width: Option<usize>) -> String {
    let room = width.map_or(usize::MAX, |width| width.saturating_sub(indent).max(20));
    let mut lines = vec![String::new()];
    let mut used = 0;
    for word in text.split_whitespace() {
        let length = word.chars().count();
        if used > 0 && used + 1 + length > room {
            lines.push(String::new());
            used = 0;
        }
        if let Some(line) = lines.last_mut() {
            if used > 0 {
                line.push(' ');
                used += 1;
            }
            *line += word;
            used += length;
        }
    }
    let lines = lines.iter().filter(|line| !line.is_empty());
    lines
        .map(|line| format!("{:indent$}{line}\n", ""))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_is_described_down_to_its_leaves() {
        let schemas = Schemas::load().unwrap();
        for resource in Resource::ALL {
            let root = find(&schemas, resource, "").unwrap();
            let page = page(&schemas, resource, "", &root, true, None);
            assert!(page.lines().count() > 8, "{page}");
            assert!(
                !page.contains("<any>") || resource == Resource::Job,
                "{page}"
            );
        }
    }

    #[test]
    fn words_are_wrapped_to_the_width() {
        assert_eq!(wrapped("a b", 2, None), "  a b\n");
        let text = "one two three four five six seven";
        for line in wrapped(text, 2, Some(24)).lines() {
            assert!(line.len() <= 24 && line.starts_with("  "), "{line}");
        }
        assert_eq!(wrapped("", 2, None), "");
    }
}
