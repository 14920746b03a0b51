//! Blocks of content as parts of a chat message.
//!
//! | Block | Part |
//! |---|---|
//! | `text` | text |
//! | `image` of `base64` or `url` | `image_url` |
//! | `document` of `text` or `content` | its text and images, below its title and context |
//! | `document` of `base64` | `file` |
//! | `search_result` | text: title, source and content |
//!
//! Files in Anthropic's store, and documents that would have to be fetched, are refused: an
//! answer that never saw them would mislead.

use serde_json::{Value, json};

use super::BadRequest;
use super::dropped::Dropped;

/// What stands between texts that become one.
pub(super) const BETWEEN: &str = "\n\n";

/// The parts of `content`, which is a text or an array of blocks.
///
/// Blocks of other types are given to `other`.
pub(super) fn parts(
    content: &Value,
    parts: &mut Vec<Value>,
    dropped: &mut Dropped,
    mut other: impl FnMut(&str, &Value, &mut Vec<Value>, &mut Dropped) -> Result<(), BadRequest>,
) -> Result<(), BadRequest> {
    let blocks = match content {
        Value::String(text) => {
            parts.push(text_part(text));
            return Ok(());
        }
        Value::Array(blocks) => blocks,
        _ => {
            let why = "must be a text or an array of blocks";
            return Err(BadRequest::new("content", why));
        }
    };
    for (n, block) in blocks.iter().enumerate() {
        dropped.extras_of(block);
        let kind = block.get("type").and_then(Value::as_str);
        let carried = match kind {
            Some("text") => text(block).map(|text| parts.push(text_part(text))),
            Some("image") => image(block).map(|part| parts.push(part)),
            Some("document") => document(block, parts, dropped),
            Some("search_result") => search_result(block, parts, dropped),
            Some(kind) => other(kind, block, parts, dropped),
            None => Err(BadRequest::new("type", "is required: send a block's type")),
        };
        carried.map_err(|wrong| wrong.inside(format_args!("content.{n}")))?;
    }
    Ok(())
}

/// Parts as the `content` of a message: one text where all are, since some servers take no parts.
pub(super) fn content(parts: Vec<Value>) -> Value {
    match texts(&parts) {
        Some(texts) => texts.join(BETWEEN).into(),
        None => parts.into(),
    }
}

/// The texts of `parts`; `None` where one is something else.
fn texts(parts: &[Value]) -> Option<Vec<&str>> {
    let text = |part: &'_ Value| part["type"] == "text";
    let all = parts.iter().all(text);
    all.then(|| {
        parts
            .iter()
            .filter_map(|part| part["text"].as_str())
            .collect()
    })
}

/// A part that is text.
pub(super) fn text_part(text: &str) -> Value {
    json!({"type": "text", "text": text})
}

/// The text of a block of text.
pub(super) fn text(block: &Value) -> Result<&str, BadRequest> {
    let text = block.get("text").and_then(Value::as_str);
    text.ok_or_else(|| BadRequest::new("text", "is required: send a text"))
}

/// For a block that has no business where it stands.
pub(super) fn unknown(kind: &str, known: &str) -> BadRequest {
    // The caller's own word, which may be anything.
    let kind: String = kind.chars().take(64).collect();
    let kind = kind.escape_debug();
    BadRequest::new("type", format!("`{kind}` is not one of {known}"))
}

fn image(block: &Value) -> Result<Value, BadRequest> {
    let source = &block["source"];
    let url = match source["type"].as_str() {
        Some("base64") => data_url(source)?,
        Some("url") => needed(source, "url")?.into(),
        Some("file") => return Err(no_files()),
        _ => return Err(BadRequest::new("source.type", "must be `base64` or `url`")),
    };
    Ok(json!({"type": "image_url", "image_url": {"url": url}}))
}

fn document(block: &Value, out: &mut Vec<Value>, dropped: &mut Dropped) -> Result<(), BadRequest> {
    let source = &block["source"];
    let said = ["title", "context"].map(|name| block.get(name).and_then(Value::as_str));
    let head: Vec<&str> = said
        .into_iter()
        .flatten()
        .filter(|it| !it.is_empty())
        .collect();
    match source["type"].as_str() {
        Some("text") => {
            let text = needed(source, "data")?;
            let whole = [head.as_slice(), &[text]].concat();
            out.push(text_part(&whole.join("\n")));
        }
        Some("content") => {
            if !head.is_empty() {
                out.push(text_part(&head.join("\n")));
            }
            parts(&source["content"], out, dropped, |kind, _, _, _| {
                Err(unknown(kind, "text, image"))
            })
            .map_err(|wrong| wrong.inside("source"))?;
        }
        Some("base64") => {
            let [title, context] = said;
            if let Some(context) = context.filter(|it| !it.is_empty()) {
                out.push(text_part(context));
            }
            let name = title.filter(|it| !it.is_empty()).unwrap_or("document.pdf");
            let file = json!({"filename": name, "file_data": data_url(source)?});
            out.push(json!({"type": "file", "file": file}));
        }
        Some("file") => return Err(no_files()),
        Some("url") => {
            let why = "can't be fetched here: send the document itself as `base64` or `text`";
            return Err(BadRequest::new("source.url", why));
        }
        _ => {
            let why = "must be `text`, `content` or `base64`";
            return Err(BadRequest::new("source.type", why));
        }
    }
    Ok(())
}

fn search_result(
    block: &Value,
    out: &mut Vec<Value>,
    dropped: &mut Dropped,
) -> Result<(), BadRequest> {
    let head = [needed_here(block, "title")?, needed_here(block, "source")?].join("\n");
    let mut inner = vec![text_part(&head)];
    parts(&block["content"], &mut inner, dropped, |kind, _, _, _| {
        Err(unknown(kind, "text"))
    })?;
    let texts = texts(&inner).ok_or_else(|| BadRequest::new("content", "must be text"))?;
    out.push(text_part(&texts.join("\n")));
    Ok(())
}

fn data_url(source: &Value) -> Result<String, BadRequest> {
    let (kind, data) = (needed(source, "media_type")?, needed(source, "data")?);
    Ok(format!("data:{kind};base64,{data}"))
}

fn needed<'a>(source: &'a Value, field: &str) -> Result<&'a str, BadRequest> {
    needed_here(source, field).map_err(|wrong| wrong.inside("source"))
}

fn needed_here<'a>(block: &'a Value, field: &str) -> Result<&'a str, BadRequest> {
    let text = block.get(field).and_then(Value::as_str);
    text.ok_or_else(|| BadRequest::new(field, "is required: send a text"))
}

fn no_files() -> BadRequest {
    let why = "no files are stored here: send the content itself as `base64`";
    BadRequest::new("source.file_id", why)
}
