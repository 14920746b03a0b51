//! What an event stream says, in any of the dialects of the fronts: its text without everything around it.

use serde_json::Value;
use shared::sse::Decoder;

/// Longest event that is read, in bytes.
const MAX_EVENT_BYTES: usize = 1024 * 1024;

/// The pieces of text in `stream`, joined. What is no JSON is passed over.
///
/// # Panics
/// When an event is too long.
#[must_use]
pub fn spoken(stream: &[u8]) -> String {
    let mut events = Vec::new();
    let fed = Decoder::new(MAX_EVENT_BYTES).feed(stream, &mut events);
    fed.expect("no event of a test is too long");
    events
        .iter()
        .filter_map(|event| piece(&event.data))
        .collect()
}

/// What the mock says of `count` tokens.
#[must_use]
pub fn tokens(count: u32) -> String {
    (0..count).map(|n| format!("t{n} ")).collect()
}

/// The text of one event: of a chat, of a message, of a response.
fn piece(data: &str) -> Option<String> {
    let event: Value = serde_json::from_str(data).ok()?;
    let of_chat = || event.pointer("/choices/0/delta/content");
    let text = match event["type"].as_str() {
        Some("content_block_delta") => event.pointer("/delta/text"),
        Some("response.output_text.delta") => event.get("delta"),
        _ => of_chat(),
    };
    Some(text?.as_str()?.to_owned())
}

#[cfg(test)]
mod tests {
    use super::{spoken, tokens};

    #[test]
    fn the_text_of_each_dialect_is_found_and_nothing_else() {
        let said = concat!(
            "data: {\"choices\":[{\"delta\":{\"content\":\"t0 \"}}]}\n\n",
            ": comment\n\ndata: {\"choices\": [\n\ndata: [DONE]\n\n",
            "event: x\ndata: {\"type\":\"content_block_delta\",\"delta\":{\"text\":\"t1 \"}}\n\n",
            "data: {\"type\":\"response.output_text.delta\",\"delta\":\"t2 \"}\n\n",
            "data: {\"type\":\"response.output_text.done\",\"text\":\"t2 \"}\n\n",
        );
        assert_eq!(spoken(said.as_bytes()), tokens(3));
    }
}
