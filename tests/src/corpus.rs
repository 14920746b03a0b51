//! The fidelity corpus: requests and answers in the shapes in which vendors send them, for tests that compare bytes.
//!
//! One case per file in `corpus/`; every byte between the marks counts, also the last one of the file:
//!
//! ```text
//! # what it shows
//! > chat/completions                    the path below /v1; then the request, with @MODEL@ as its model
//! {"model":"@MODEL@", …}
//! < 200 text/event-stream               the provider's status and content type; then its answer
//! data: {…}
//! ~                                     only where it differs: what the caller gets
//! data: {…}
//! ```

use serde_json::Value;
use std::path::Path;

/// Stands for the model's name in a request.
const MODEL: &str = "@MODEL@";

/// One request with its answer.
#[derive(Debug, Clone)]
pub struct Case {
    /// The file's name without its ending.
    pub name: String,
    /// The path below `/v1/`.
    pub path: String,
    request: String,
    /// The provider's status.
    pub status: u16,
    /// The provider's content type.
    pub content_type: String,
    /// The provider's answer.
    pub answer: String,
    /// What the caller gets, where the provider is asked for more than the caller asked for.
    pub for_caller: Option<String>,
}

impl Case {
    /// All cases, by name.
    ///
    /// # Panics
    /// When a file can't be read as a case.
    #[must_use]
    pub fn all() -> Vec<Self> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
        let entries = std::fs::read_dir(&folder).expect("the corpus lies beside the manifest");
        let mut cases: Vec<Self> = entries
            .map(|entry| entry.expect("a folder of ours can be listed").path())
            .filter(|file| file.extension().is_some_and(|ending| ending == "case"))
            .map(|file| Self::read(&file))
            .collect();
        cases.sort_by(|a, b| a.name.cmp(&b.name));
        cases
    }

    fn read(file: &Path) -> Self {
        let name = file.file_stem().map(|name| name.to_string_lossy().into());
        let text = std::fs::read_to_string(file).expect("a case is text");
        let case = Self::parse(name.unwrap_or_default(), &text);
        case.unwrap_or_else(|| panic!("{} is no case", file.display()))
    }

    fn parse(name: String, text: &str) -> Option<Self> {
        let (_, text) = text.strip_prefix("# ")?.split_once("\n> ")?;
        let (path, text) = text.split_once('\n')?;
        let (request, text) = text.split_once("\n< ")?;
        let (head, text) = text.split_once('\n')?;
        let (status, content_type) = head.split_once(' ')?;
        let (answer, for_caller) = match text.split_once("\n~\n") {
            Some((answer, for_caller)) => (answer, Some(for_caller.to_owned())),
            None => (text, None),
        };
        Some(Self {
            name,
            path: path.to_owned(),
            request: request.to_owned(),
            status: status.parse().ok()?,
            content_type: content_type.to_owned(),
            answer: answer.to_owned(),
            for_caller,
        })
    }

    /// The request for the model `model`.
    #[must_use]
    pub fn request(&self, model: &str) -> String {
        self.request.replacen(MODEL, model, 1)
    }

    /// Whether the answer is an event stream.
    #[must_use]
    pub fn is_stream(&self) -> bool {
        self.content_type.starts_with("text/event-stream")
    }

    /// Whether a gateway that counts tokens must ask the provider for usage by itself: a stream of completions whose
    /// caller did not ask for it.
    #[must_use]
    pub fn lacks_usage(&self) -> bool {
        let body: Value = serde_json::from_str(&self.request).unwrap_or_default();
        body["stream"] == true
            && self.path.ends_with("completions")
            && body["stream_options"]["include_usage"] != true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::de::IgnoredAny;

    #[test]
    fn the_corpus_is_large_and_sound() {
        let cases = Case::all();
        let streams = cases.iter().filter(|case| case.is_stream()).count();
        assert!(
            cases.len() >= 64 && streams * 3 >= cases.len(),
            "{} cases, {streams} streams",
            cases.len()
        );
        for case in &cases {
            let name = &case.name;
            let request: Value = serde_json::from_str(&case.request("m")).expect(name);
            assert_eq!(request["model"], "m", "{name}");
            assert_eq!(request["stream"] == true, case.is_stream(), "{name}");
            assert!(case.for_caller.is_none() || case.lacks_usage(), "{name}");
            for text in [Some(&case.answer), case.for_caller.as_ref()] {
                text.into_iter().for_each(|text| is_sound(case, text));
            }
        }
    }

    /// JSON, or a stream of it. Not read into strings: halves of characters are no Rust text, and do occur.
    fn is_sound(case: &Case, text: &str) {
        if !case.is_stream() {
            serde_json::from_str::<IgnoredAny>(text).expect(&case.name);
            return;
        }
        let mut events = 0;
        for line in text.lines() {
            if let Some(data) = line.strip_prefix("data:")
                && data.trim() != "[DONE]"
            {
                serde_json::from_str::<IgnoredAny>(data).expect(&case.name);
                events += 1;
            }
        }
        assert!(events > 0, "{}", case.name);
    }

    #[test]
    fn what_the_caller_gets_has_no_usage_that_it_did_not_ask_for() {
        for case in Case::all() {
            let Some(text) = &case.for_caller else {
                continue;
            };
            for line in text.lines().filter(|line| line.starts_with("data:")) {
                let data = line["data:".len()..].trim();
                let chunk: Value = serde_json::from_str(data).unwrap_or_default();
                assert!(chunk.get("usage").is_none(), "{}: {line}", case.name);
            }
            assert!(text.len() < case.answer.len(), "{}", case.name);
        }
    }
}
