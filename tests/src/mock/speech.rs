//! What an answer says: numbered tokens unless a request wants words, thoughts or calls of tools of its own choosing.

use super::answer::put;
use super::behaviour::Behaviour;
use serde_json::{Value, json};

/// Characters of a tool's arguments per delta.
const ARGUMENT_CHARS: usize = 7;

/// The contents of one answer, whole and in pieces.
#[derive(Debug)]
pub(super) struct Speech<'a> {
    asked: &'a Behaviour,
    /// The deltas of a stream, as JSON; empty where numbered tokens are sent.
    deltas: Vec<Value>,
}

impl<'a> Speech<'a> {
    pub(super) fn of(asked: &'a Behaviour) -> Self {
        let plain =
            asked.text.is_none() && asked.reasoning.is_none() && asked.tool_calls.is_empty();
        let deltas = if plain { Vec::new() } else { deltas(asked) };
        Self { asked, deltas }
    }

    /// How many pieces a stream of it has; also what its usage says.
    pub(super) fn tokens(&self) -> u32 {
        match self.deltas.len() {
            0 => self.asked.tokens,
            pieces => u32::try_from(pieces).unwrap_or(u32::MAX),
        }
    }

    /// Piece `n` of a stream, as JSON; `None` for the numbered token `n`.
    pub(super) fn delta(&self, n: u32) -> Option<&Value> {
        self.deltas.get(usize::try_from(n).ok()?)
    }

    pub(super) fn finish_reason(&self) -> &str {
        match &self.asked.finish_reason {
            Some(reason) => reason,
            None if self.asked.tool_calls.is_empty() => "stop",
            None => "tool_calls",
        }
    }

    /// Appends the assistant's message.
    pub(super) fn message(&self, out: &mut Vec<u8>) {
        if self.deltas.is_empty() {
            out.extend_from_slice(br#"{"role":"assistant","content":"#);
            self.text(out);
            out.push(b'}');
            return;
        }
        let mut message = json!({"role": "assistant", "content": self.asked.text});
        if let Some(reasoning) = &self.asked.reasoning {
            message["reasoning_content"] = reasoning.as_str().into();
        }
        if !self.asked.tool_calls.is_empty() {
            let calls = self.asked.tool_calls.iter().enumerate().map(|(n, call)| {
                let function = json!({"name": call.name, "arguments": call.arguments.to_string()});
                json!({"id": format!("call_{n}"), "type": "function", "function": function})
            });
            message["tool_calls"] = calls.collect();
        }
        put(out, format_args!("{message}"));
    }

    /// Appends the text alone, as a JSON string.
    pub(super) fn text(&self, out: &mut Vec<u8>) {
        if let Some(text) = &self.asked.text {
            put(out, format_args!("{}", Value::from(text.as_str())));
            return;
        }
        out.push(b'"');
        for n in 0..self.asked.tokens {
            put(out, format_args!("t{n} "));
        }
        out.push(b'"');
    }
}

fn deltas(asked: &Behaviour) -> Vec<Value> {
    let mut deltas = vec![json!({"role": "assistant", "content": ""})];
    for word in words(asked.reasoning.as_deref()) {
        deltas.push(json!({"reasoning_content": word}));
    }
    for word in words(asked.text.as_deref()) {
        deltas.push(json!({"content": word}));
    }
    for (n, call) in asked.tool_calls.iter().enumerate() {
        let opening = json!({"name": call.name, "arguments": ""});
        deltas.push(json!({"tool_calls": [
            {"index": n, "id": format!("call_{n}"), "type": "function", "function": opening}
        ]}));
        let arguments: Vec<char> = call.arguments.to_string().chars().collect();
        for piece in arguments.chunks(ARGUMENT_CHARS) {
            let function = json!({"arguments": piece.iter().collect::<String>()});
            deltas.push(json!({"tool_calls": [{"index": n, "function": function}]}));
        }
    }
    deltas
}

/// The words of a text with the spaces behind them.
fn words(text: Option<&str>) -> impl Iterator<Item = &str> {
    text.unwrap_or_default().split_inclusive(' ')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mock::ToolCall;

    #[test]
    fn the_pieces_of_a_stream_are_the_whole_answer() {
        let call = |city: &str| ToolCall {
            name: "weather".to_owned(),
            arguments: json!({"city": city}),
        };
        let asked = Behaviour {
            text: Some("Let me see.".to_owned()),
            reasoning: Some("Which city?".to_owned()),
            tool_calls: vec![call("Oslo"), call("Zürich")],
            ..Behaviour::default()
        };
        let speech = Speech::of(&asked);
        let pieces = || (0..speech.tokens()).map(|n| speech.delta(n).unwrap());
        let text: String = pieces()
            .filter_map(|piece| piece["content"].as_str())
            .collect();
        assert_eq!(text, "Let me see.");
        for (n, city) in [(0, "Oslo"), (1, "Zürich")] {
            let arguments: String = pieces()
                .map(|piece| &piece["tool_calls"][0])
                .filter(|call| call["index"] == n)
                .filter_map(|call| call["function"]["arguments"].as_str())
                .collect();
            assert_eq!(arguments, json!({"city": city}).to_string());
        }
        let mut whole = Vec::new();
        speech.message(&mut whole);
        let whole: Value = serde_json::from_slice(&whole).unwrap();
        assert_eq!(whole["reasoning_content"], "Which city?");
        assert_eq!(whole["tool_calls"][1]["id"], "call_1");
        assert_eq!(speech.finish_reason(), "tool_calls");
    }
}
