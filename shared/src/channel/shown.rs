//! How messages that carry what a caller or a model said look in a log: with its length, never with its words.

use std::fmt;

use serde_json::value::RawValue;

use super::{Chunk, ResultMessage, Task};

impl fmt::Debug for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Task")
            .field("task_id", &self.task_id)
            .field("llm", &self.llm)
            .field("method", &self.method)
            .field("path", &self.path)
            .field("stream", &self.stream)
            .field("deadline_ms", &self.deadline_ms)
            .field("body", &Length::of(self.body.as_deref()))
            .field("body_ref", &self.body_ref)
            .finish()
    }
}

impl fmt::Debug for ResultMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResultMessage")
            .field("seq", &self.seq)
            .field("status", &self.status)
            .field("content_type", &self.content_type)
            .field("error", &self.error)
            .field("chunk", &self.chunk)
            .field("body", &Length::of(self.body.as_deref()))
            .finish()
    }
}

impl fmt::Debug for Chunk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let coded = self.data_base64.as_ref();
        f.debug_struct("Chunk")
            .field("data", &Length(self.data.len()))
            .field("data_base64", &coded.map(|text| Length(text.len())))
            .field("done", &self.done)
            .finish()
    }
}

/// Stands for a text that nobody but its reader may see.
struct Length(usize);

impl Length {
    fn of(text: Option<&RawValue>) -> Option<Self> {
        text.map(|text| Self(text.get().len()))
    }
}

impl fmt::Debug for Length {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::channel::Frame;
    use crate::infer_path::InferPath;

    #[test]
    fn no_debug_form_says_what_a_caller_or_a_model_said() {
        let said = |text: &str| RawValue::from_string(format!("{{\"x\":\"{text}\"}}")).ok();
        let task = Task {
            task_id: "t1".into(),
            llm: "laptop".parse().unwrap(),
            method: "POST".into(),
            path: InferPath::ChatCompletions,
            stream: true,
            deadline_ms: 1000,
            body: said("a secret"),
            body_ref: None,
        };
        let message = |chunk, body| ResultMessage {
            seq: 3,
            status: None,
            content_type: None,
            error: None,
            chunk,
            body,
        };
        let chunk = Chunk {
            data: "a secret".into(),
            data_base64: Some("a secret".into()),
            done: true,
        };
        for (shown, size) in [
            (format!("{:?}", Frame::Task(task)), "16 bytes"),
            (format!("{:#?}", message(Some(chunk), None)), "8 bytes"),
            (format!("{:?}", message(None, said("a secret"))), "16 bytes"),
        ] {
            assert!(!shown.contains("secret"), "{shown}");
            assert!(shown.contains(size), "{shown}");
        }
    }
}
