//! What Gemini sends: a `GenerateContentResponse`, whole or one of a stream's, taken apart.
//!
//! | Gemini | what it is to us |
//! |---|---|
//! | `text`; with `thought` | text; thoughts |
//! | `functionCall` | a call, with its `thoughtSignature` |
//! | `inlineData` image, audio, other | an image, sound, an image (a `data:` URL tells its type) |
//! | `executableCode`, `codeExecutionResult` | text in a fence |
//! | `thoughtSignature` of a text | the message's signature |
//!
//! Source: `Candidate`, `Part`, `UsageMetadata` of google.ai.generativelanguage.v1beta.

use serde::Deserialize;
use serde_json::{Value, json};

use super::refusal;
use crate::Error;

/// One `GenerateContentResponse`.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Piece {
    pub(super) candidates: Vec<Candidate>,
    pub(super) prompt_feedback: Feedback,
    pub(super) usage_metadata: Usage,
    pub(super) model_version: Option<String>,
    pub(super) error: Option<refusal::Told>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Candidate {
    pub(super) index: Option<u32>,
    content: Content,
    finish_reason: Option<String>,
    pub(super) finish_message: Option<String>,
    logprobs_result: Option<Logprobs>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Content {
    parts: Vec<Part>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Part {
    text: Option<String>,
    thought: bool,
    thought_signature: Option<String>,
    function_call: Option<FunctionCall>,
    inline_data: Option<Blob>,
    executable_code: Option<Code>,
    code_execution_result: Option<CodeResult>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct FunctionCall {
    id: Option<String>,
    name: String,
    args: Value,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Blob {
    mime_type: String,
    data: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Code {
    language: String,
    code: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct CodeResult {
    output: String,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Feedback {
    pub(super) block_reason: Option<String>,
}

/// Token counts. A stream repeats them; the last word on each counts.
#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Usage {
    prompt_token_count: Option<u64>,
    cached_content_token_count: Option<u64>,
    candidates_token_count: Option<u64>,
    tool_use_prompt_token_count: Option<u64>,
    thoughts_token_count: Option<u64>,
    total_token_count: Option<u64>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Logprobs {
    top_candidates: Vec<Top>,
    chosen_candidates: Vec<Token>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Top {
    candidates: Vec<Token>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Token {
    token: String,
    log_probability: f64,
}

/// One thing that a candidate says.
pub(super) enum Said {
    Thoughts(String),
    Text(String),
    Call(Call),
    /// A `data:` URL.
    Image(String),
    /// Base64, and its type.
    Audio {
        data: String,
        mime_type: String,
    },
    /// The signature of the message.
    Signature(String),
    /// OpenAI's `logprobs.content`.
    Logprobs(Vec<Value>),
}

/// A function to call.
pub(super) struct Call {
    /// Gemini's id, where it gave one.
    pub(super) id: Option<String>,
    pub(super) name: String,
    /// A text of JSON.
    pub(super) arguments: String,
    pub(super) signature: Option<String>,
}

impl Piece {
    pub(super) fn read(json: &[u8]) -> Result<Self, Error> {
        serde_json::from_slice(json).map_err(|wrong| {
            Error::Unreadable(format!("a piece of it is not what Gemini sends ({wrong})"))
        })
    }
}

impl Candidate {
    /// Why it ended, where it has.
    pub(super) fn reason(&mut self) -> Option<String> {
        let reason = self.finish_reason.take();
        reason.filter(|reason| !matches!(&**reason, "" | "FINISH_REASON_UNSPECIFIED"))
    }

    /// What it says, in its order.
    pub(super) fn said(&mut self) -> Vec<Said> {
        let mut said = Vec::new();
        for part in std::mem::take(&mut self.content.parts) {
            part.said(&mut said);
        }
        if let Some(logprobs) = self.logprobs_result.take() {
            said.push(Said::Logprobs(logprobs.content()));
        }
        said
    }
}

impl Part {
    fn said(self, out: &mut Vec<Said>) {
        if let Some(call) = self.function_call {
            return out.push(Said::Call(Call {
                id: call.id.filter(|id| !id.is_empty()),
                name: call.name,
                arguments: match call.args {
                    Value::Null => "{}".into(),
                    args => args.to_string(),
                },
                signature: self.thought_signature,
            }));
        }
        let text = self.text.filter(|text| !text.is_empty());
        match text {
            Some(thoughts) if self.thought => out.push(Said::Thoughts(thoughts)),
            Some(text) => out.push(Said::Text(text)),
            None => {}
        }
        // Images that were drawn while thinking are drafts.
        if let Some(blob) = self.inline_data.filter(|_| !self.thought) {
            out.push(blob.said());
        }
        if let Some(Code { language, code }) = self.executable_code {
            let language = language.to_ascii_lowercase();
            out.push(Said::Text(format!("\n```{language}\n{code}\n```\n")));
        }
        if let Some(CodeResult { output }) = self.code_execution_result {
            out.push(Said::Text(format!("\n```\n{output}\n```\n")));
        }
        if let Some(signature) = self.thought_signature {
            out.push(Said::Signature(signature));
        }
    }
}

impl Blob {
    fn said(self) -> Said {
        let Self { mime_type, data } = self;
        if mime_type.starts_with("audio/") {
            Said::Audio { data, mime_type }
        } else {
            Said::Image(format!("data:{mime_type};base64,{data}"))
        }
    }
}

impl Usage {
    /// Takes what `newer` tells.
    pub(super) fn update(&mut self, newer: Self) {
        let Self {
            prompt_token_count,
            cached_content_token_count,
            candidates_token_count,
            tool_use_prompt_token_count,
            thoughts_token_count,
            total_token_count,
        } = newer;
        let last = |known: &mut Option<u64>, newer: Option<u64>| *known = newer.or(*known);
        last(&mut self.prompt_token_count, prompt_token_count);
        last(
            &mut self.cached_content_token_count,
            cached_content_token_count,
        );
        last(&mut self.candidates_token_count, candidates_token_count);
        last(
            &mut self.tool_use_prompt_token_count,
            tool_use_prompt_token_count,
        );
        last(&mut self.thoughts_token_count, thoughts_token_count);
        last(&mut self.total_token_count, total_token_count);
    }

    /// OpenAI's `usage`, where Gemini told any.
    pub(super) fn mapped(&self) -> Option<Value> {
        let given = self.prompt_token_count.or(self.total_token_count);
        given.or(self.candidates_token_count)?;
        let count = Option::unwrap_or_default;
        let prompt =
            count(self.prompt_token_count).saturating_add(count(self.tool_use_prompt_token_count));
        let thoughts = count(self.thoughts_token_count);
        let completion = count(self.candidates_token_count).saturating_add(thoughts);
        let sum = prompt.saturating_add(completion);
        Some(json!({
            "prompt_tokens": prompt,
            "completion_tokens": completion,
            "total_tokens": self.total_token_count.unwrap_or(sum),
            "prompt_tokens_details": {"cached_tokens": count(self.cached_content_token_count)},
            "completion_tokens_details": {"reasoning_tokens": thoughts},
        }))
    }
}

impl Logprobs {
    fn content(self) -> Vec<Value> {
        let mut tops = self.top_candidates.into_iter();
        let chosen = self.chosen_candidates.into_iter();
        let token = |chosen: Token| {
            let top = tops.next().unwrap_or_default().candidates;
            let top: Vec<Value> = top.iter().map(Token::mapped).collect();
            let mut mapped = chosen.mapped();
            mapped["top_logprobs"] = top.into();
            mapped
        };
        chosen.map(token).collect()
    }
}

impl Token {
    fn mapped(&self) -> Value {
        json!({"token": self.token, "logprob": self.log_probability, "bytes": self.token.as_bytes()})
    }
}
