//! The parts of a message as Anthropic's content blocks.
//!
//! | OpenAI | Anthropic |
//! |---|---|
//! | `text`, `refusal` | `text`; one of white space is left out, the API refuses it |
//! | `image_url` with a data or http(s) URL | `image` with a base64 or url source |
//! | `file` with a PDF, text or image as data URL, or an http(s) URL | `document` or `image` |
//! | `image`, `document`, `search_result` (Anthropic's own) | the same |
//!
//! A part's `cache_control` stays on its block. A part that can't be carried is refused: an answer
//! that never saw it would mislead.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Map, Value, json};

use super::asked::{Asked, bad};
use crate::Error;

/// The blocks of a `content`, in its order.
pub(super) fn blocks(content: Option<Value>, asked: &mut Asked) -> Result<Vec<Value>, Error> {
    let parts = match content {
        None | Some(Value::Null) => return Ok(Vec::new()),
        Some(Value::String(text)) => return Ok(self::text(&text).into_iter().collect()),
        Some(Value::Array(parts)) => parts,
        Some(_) => return Err(bad("`content` must be a text or an array of parts")),
    };
    let mut blocks = Vec::with_capacity(parts.len());
    for mut part in parts {
        let cached = part.get_mut("cache_control").map(Value::take);
        let Some(mut block) = block(part, asked)? else {
            continue;
        };
        if let Some(cached) = cached.filter(|cached| !cached.is_null()) {
            block["cache_control"] = cached;
        }
        blocks.push(block);
    }
    Ok(blocks)
}

/// A block of text, where there is any.
pub(super) fn text(text: &str) -> Option<Value> {
    (!text.trim().is_empty()).then(|| json!({"type": "text", "text": text}))
}

fn block(mut part: Value, asked: &mut Asked) -> Result<Option<Value>, Error> {
    let string = |name: &str| part[name].as_str().unwrap_or_default();
    match part["type"].as_str() {
        Some("text" | "input_text") => Ok(text(string("text"))),
        Some("refusal") => Ok(text(string("refusal"))),
        Some("image_url") => {
            let image = &part["image_url"];
            if image.get("detail").is_some_and(|detail| detail != "auto") {
                asked.give_up("messages.image_url.detail");
            }
            let url = image["url"].as_str().or(image.as_str()).unwrap_or_default();
            let source = source(url).ok_or_else(|| {
                bad("it takes images as `data:image/...;base64,...` or as an http(s) URL")
            })?;
            Ok(Some(json!({"type": "image", "source": source})))
        }
        Some("file") => file(&part["file"]).map(Some),
        Some("image" | "document" | "search_result") => {
            if let Some(part) = part.as_object_mut() {
                part.shift_remove("cache_control");
            }
            Ok(Some(part))
        }
        other => {
            let other = other.unwrap_or("without a type");
            let why = format!("it takes text, images and files, not a part {other}");
            Err(bad(&why))
        }
    }
}

fn file(file: &Value) -> Result<Value, Error> {
    if file.get("file_id").is_some() {
        let why =
            "it does not know files that were uploaded elsewhere (`file_id`): send `file_data`";
        return Err(bad(why));
    }
    let source = source(file["file_data"].as_str().unwrap_or_default());
    let source = source.and_then(|mut source| {
        let kind = source["media_type"].as_str().unwrap_or_default();
        let name = if kind.starts_with("image/") {
            "image"
        } else {
            "document"
        };
        if kind.starts_with("text/") {
            source = plain(&source)?;
        } else if name == "document" && !matches!(kind, "" | "application/pdf") {
            return None;
        }
        Some((name, source))
    });
    let Some((name, source)) = source else {
        return Err(bad(
            "it takes files as `data:application/pdf;base64,...`, as text in UTF-8, as images or \
             as an http(s) URL",
        ));
    };
    let mut block = Map::new();
    block.insert("type".into(), name.into());
    block.insert("source".into(), source);
    if let Some(title) = file["filename"].as_str().filter(|_| name == "document") {
        block.insert("title".into(), title.into());
    }
    Ok(block.into())
}

/// Text of any kind is plain text to the API, and not in base64.
fn plain(source: &Value) -> Option<Value> {
    let bytes = BASE64.decode(source["data"].as_str()?).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    Some(json!({"type": "text", "media_type": "text/plain", "data": text}))
}

/// Where the bytes are: in the URL itself, or there.
fn source(url: &str) -> Option<Value> {
    if let Some(rest) = url.strip_prefix("data:") {
        let (kind, data) = rest.split_once(',')?;
        let kind = kind.strip_suffix(";base64")?;
        // `image/png;charset=...` says more than the API wants to know.
        let kind = kind.split(';').next().unwrap_or_default();
        let kind = if kind == "image/jpg" {
            "image/jpeg"
        } else {
            kind
        };
        return Some(json!({"type": "base64", "media_type": kind, "data": data}));
    }
    let is_web = url.starts_with("https://") || url.starts_with("http://");
    is_web.then(|| json!({"type": "url", "url": url}))
}
