//! Files that go with a message.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::failure::{Failure, Result};

/// The largest text, in bytes: more than most context windows hold.
const MAX_TEXT_BYTES: u64 = 1 << 20;
/// The largest image, in bytes: below what a server takes as a body, also in base 64.
const MAX_IMAGE_BYTES: u64 = 10 << 20;

/// A file as it was when it was attached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Attachment {
    pub(super) name: String,
    pub(super) content: Content,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Content {
    Text(String),
    /// A `data:` URL.
    Image(String),
}

impl Attachment {
    /// Reads a file: text, or an image of a kind that models take.
    pub(super) fn read(path: &str) -> Result<Self> {
        let failed = || Failure::failed(format!("can't attach {path}"));
        let file = expanded(path);
        let meta = std::fs::metadata(&file).map_err(|why| failed().caused_by(&why))?;
        if meta.is_dir() {
            let why = failed().cause("it is a folder");
            return Err(why.hint("name the files: /file a.rs b.rs"));
        }
        let too_large = |most: u64| {
            let size = size(meta.len());
            failed().cause(format!(
                "it has {size}, and {} is the most",
                self::size(most)
            ))
        };
        // Not a byte is read of what is too large for everything, nor of a pipe without an end.
        if !meta.is_file() || meta.len() > MAX_IMAGE_BYTES {
            return Err(if meta.is_file() {
                too_large(MAX_IMAGE_BYTES)
            } else {
                failed().cause("it is no regular file")
            });
        }
        let bytes = std::fs::read(&file).map_err(|why| failed().caused_by(&why))?;
        let content = match image_kind(&bytes) {
            Some(kind) => Content::Image(format!(
                "data:image/{kind};base64,{}",
                STANDARD.encode(&bytes)
            )),
            None if bytes.len() as u64 > MAX_TEXT_BYTES => return Err(too_large(MAX_TEXT_BYTES)),
            None => match String::from_utf8(bytes) {
                Ok(text) if !text.contains('\0') => Content::Text(text),
                _ => {
                    let why = failed().cause("it is neither text nor an image");
                    return Err(why.hint("UTF-8 text, PNG, JPEG, WebP and GIF can be attached"));
                }
            },
        };
        let name = Path::new(path).file_name();
        let name = name.map_or_else(|| path.into(), |name| name.to_string_lossy().into_owned());
        Ok(Self { name, content })
    }

    pub(super) fn is_image(&self) -> bool {
        matches!(self.content, Content::Image(_))
    }

    /// For a person: name and size.
    pub(super) fn shown(&self) -> String {
        match &self.content {
            Content::Text(text) => {
                let lines = match text.lines().count() {
                    1 => "1 line".to_owned(),
                    lines => format!("{lines} lines"),
                };
                format!("{} ({lines}, {})", self.name, size(text.len() as u64))
            }
            Content::Image(url) => {
                // Base 64 has four letters for three bytes.
                let letters = url.rsplit(',').next().unwrap_or_default().len();
                let bytes = letters as u64 / 4 * 3;
                format!("{} (image, {})", self.name, size(bytes))
            }
        }
    }

    pub(super) fn to_json(&self) -> Value {
        match &self.content {
            Content::Text(text) => json!({"name": self.name, "text": text}),
            Content::Image(url) => json!({"name": self.name, "image": url}),
        }
    }

    pub(super) fn from_json(value: &Value) -> Option<Self> {
        let field = |name| value.get(name).and_then(Value::as_str).map(str::to_owned);
        let content = match (field("text"), field("image")) {
            (Some(text), _) => Content::Text(text),
            (None, Some(url)) if url.starts_with("data:image/") => Content::Image(url),
            _ => return None,
        };
        let name = field("name")?;
        Some(Self { name, content })
    }
}

/// The `content` of a message with its files: the files first, then what is asked about them.
pub(super) fn content(text: &str, files: &[Attachment]) -> Value {
    let mut whole = String::new();
    for file in files {
        if let Content::Text(inside) = &file.content {
            let end = if inside.ends_with('\n') { "" } else { "\n" };
            let _ = write!(
                whole,
                "<file name=\"{}\">\n{inside}{end}</file>\n\n",
                file.name
            );
        }
    }
    whole += text;
    let images = files.iter().filter_map(|file| match &file.content {
        Content::Image(url) => Some(json!({"type": "image_url", "image_url": {"url": url}})),
        Content::Text(_) => None,
    });
    let mut parts: Vec<Value> = images.collect();
    if parts.is_empty() {
        return whole.into();
    }
    parts.insert(0, json!({"type": "text", "text": whole}));
    parts.into()
}

/// `~/` is the home folder, as in a shell.
pub(super) fn expanded(path: &str) -> PathBuf {
    match (path.strip_prefix("~/"), std::env::var_os("HOME")) {
        (Some(rest), Some(home)) => Path::new(&home).join(rest),
        _ => path.into(),
    }
}

/// Told by the first bytes: a name says little.
fn image_kind(bytes: &[u8]) -> Option<&'static str> {
    if bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
        Some("png")
    } else if bytes.starts_with(b"\xff\xd8\xff") {
        Some("jpeg")
    } else if bytes.starts_with(b"GIF87a") || bytes.starts_with(b"GIF89a") {
        Some("gif")
    } else if bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP") {
        Some("webp")
    } else {
        None
    }
}

fn size(bytes: u64) -> String {
    match bytes {
        0..1_000 => format!("{bytes} bytes"),
        1_000..1_000_000 => format!("{} kB", bytes / 1_000),
        _ => format!("{}.{} MB", bytes / 1_000_000, bytes / 100_000 % 10),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(name: &str, text: &str) -> Attachment {
        Attachment {
            name: name.into(),
            content: Content::Text(text.into()),
        }
    }

    #[test]
    fn files_stand_before_the_question_and_images_beside_it() {
        let file = text("a.rs", "fn a() {}");
        assert_eq!(
            content("explain", std::slice::from_ref(&file)),
            "<file name=\"a.rs\">\nfn a() {}\n</file>\n\nexplain"
        );
        let image = Attachment {
            name: "x.png".into(),
            content: Content::Image("data:image/png;base64,AAAA".into()),
        };
        let both = content("what?", &[file, image]);
        assert!(
            both[0]["text"]
                .as_str()
                .unwrap()
                .ends_with("</file>\n\nwhat?")
        );
        assert_eq!(both[1]["image_url"]["url"], "data:image/png;base64,AAAA");
    }

    #[test]
    fn a_file_keeps_what_it_held() {
        let file = text("a", "b");
        assert_eq!(Attachment::from_json(&file.to_json()), Some(file));
        assert_eq!(
            Attachment::from_json(&json!({"name": "x", "image": "http://x"})),
            None
        );
    }

    #[test]
    fn images_are_told_by_their_bytes() {
        assert_eq!(image_kind(b"RIFF....WEBPVP8 "), Some("webp"));
        assert_eq!(image_kind(b"\xff\xd8\xff\xe0"), Some("jpeg"));
        assert_eq!(image_kind(b"text"), None);
    }
}
