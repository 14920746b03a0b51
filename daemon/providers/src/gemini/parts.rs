//! The parts of a message: text, images, sound and files.
//!
//! | OpenAI | Gemini |
//! |---|---|
//! | `text`, `refusal` | `text`; an empty one is left out, which Gemini would refuse |
//! | `image_url`, `video_url`: a `data:` URL | `inlineData` |
//! | the same: any other URL | `fileData` |
//! | `input_audio` | `inlineData` of `audio/...` |
//! | `file.file_data`; `file.file_id` that is a URL | `inlineData`; `fileData` |
//!
//! A part of another type is refused: an answer that never saw it would mislead.

use serde_json::{Value, json};

use super::asked::{Asked, bad};
use crate::Error;

/// Gemini's parts for a message's `content` (or for the `images` of an answer that comes back).
pub(super) fn read(content: &Value, asked: &mut Asked) -> Result<Vec<Value>, Error> {
    match content {
        Value::Null => Ok(Vec::new()),
        Value::String(text) => Ok(text_part(text).into_iter().collect()),
        Value::Array(parts) => {
            let parts = parts.iter().map(|one| part(one, asked));
            let parts: Result<Vec<_>, Error> = parts.collect();
            Ok(parts?.into_iter().flatten().collect())
        }
        _ => Err(bad("`content` must be a text or an array of parts")),
    }
}

fn part(part: &Value, asked: &mut Asked) -> Result<Option<Value>, Error> {
    let kind = part["type"].as_str();
    match kind {
        Some(kind @ ("text" | "refusal")) => Ok(text_part(part[kind].as_str().unwrap_or_default())),
        Some(kind @ ("image_url" | "video_url")) => {
            let url = &part[kind];
            if url["detail"]
                .as_str()
                .is_some_and(|detail| detail != "auto")
            {
                asked.note("image_url.detail");
            }
            let url = url["url"].as_str().or(url.as_str()).unwrap_or_default();
            media(url).map(Some)
        }
        Some("input_audio") => {
            let audio = &part["input_audio"];
            let Some(data) = audio["data"].as_str() else {
                return Err(bad("`input_audio.data` is missing"));
            };
            let format = audio["format"].as_str().unwrap_or("wav");
            Ok(Some(inline(&format!("audio/{format}"), data)))
        }
        Some("file") => {
            let file = &part["file"];
            let source = file["file_data"].as_str().or(file["file_id"].as_str());
            media(source.unwrap_or_default()).map(Some)
        }
        other => Err(bad(&format!(
            "it takes text, images, sound and files, not a part {}",
            other.unwrap_or("without a type")
        ))),
    }
}

fn text_part(text: &str) -> Option<Value> {
    (!text.is_empty()).then(|| json!({"text": text}))
}

fn inline(mime_type: &str, data: &str) -> Value {
    json!({"inlineData": {"mimeType": mime_type, "data": data}})
}

/// A `data:` URL inline, another URL as a reference that Gemini fetches.
fn media(url: &str) -> Result<Value, Error> {
    if let Some(rest) = url.strip_prefix("data:") {
        let (head, data) = rest.split_once(',').unwrap_or((rest, ""));
        let kind = head.strip_suffix(";base64").filter(|_| !data.is_empty());
        let mime_type = kind.and_then(|kind| kind.split(';').next());
        return match mime_type.filter(|mime_type| mime_type.contains('/')) {
            Some(mime_type) => Ok(inline(mime_type, data)),
            None => Err(bad(
                "a `data:` URL must be `data:TYPE/SUBTYPE;base64,...` with content",
            )),
        };
    }
    let known = ["https://", "http://", "gs://"];
    if !known.iter().any(|scheme| url.starts_with(scheme)) {
        return Err(bad(
            "an image or a file must come as a `data:` URL or as an https URL",
        ));
    }
    let mut file = json!({"fileUri": url});
    if let Some(mime_type) = mime_type_of(url) {
        file["mimeType"] = mime_type.into();
    }
    Ok(json!({"fileData": file}))
}

/// By the ending of the path; Gemini finds the others out for itself.
fn mime_type_of(url: &str) -> Option<&'static str> {
    let path = url.split(['?', '#']).next()?;
    let (_, name) = path.rsplit_once('/')?;
    let (_, ending) = name.rsplit_once('.')?;
    Some(match &*ending.to_ascii_lowercase() {
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "webp" => "image/webp",
        "heic" => "image/heic",
        "heif" => "image/heif",
        "gif" => "image/gif",
        "pdf" => "application/pdf",
        "mp4" => "video/mp4",
        "wav" => "audio/wav",
        "mp3" => "audio/mp3",
        _ => return None,
    })
}
