//! What one event of a stream says: seen by looking at its keys, without parsing it.
//!
//! A key is what stands in quotes before a colon. Inside a string such quotes are escaped, so a
//! text that quotes JSON does not look like one; the few events that seem to carry a usage, an
//! end or an error are then read properly, by walking their outermost members.

use std::ops::Range;

use memchr::{memchr_iter, memrchr};

use crate::{
    Dialect,
    frames::{lines, value},
    members::{find, is_key, members, skip_spaces},
};

/// What an event says.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Said<'a> {
    /// It carries text, reasoning, a refusal or arguments of a tool.
    pub(crate) has_content: bool,
    /// The stream's proper end.
    pub(crate) is_end: bool,
    /// A choice of a chat says why it ended; `[DONE]` should follow, and some servers forget it.
    pub(crate) is_finish: bool,
    /// An error.
    pub(crate) is_error: bool,
    /// A usage object.
    pub(crate) usage: Option<&'a [u8]>,
    /// There are no choices in it, and there is a usage: it was sent for the usage alone.
    pub(crate) is_usage_alone: bool,
    /// Where the outermost `"usage":null` stands in the event, one comma included.
    pub(crate) usage_null: Option<Range<usize>>,
}

/// What the keys of an event hint at.
#[derive(Clone, Copy, Default)]
struct Hints {
    has_content: bool,
    has_finish: bool,
    has_usage: bool,
    has_usage_null: bool,
    may_end: bool,
    may_fail: bool,
}

/// Reads an event. One whose JSON is spread over several `data` lines is read line by line: its
/// usage is not found. With `strip` it is looked for what to take out, too.
pub(crate) fn read(dialect: Dialect, strip: bool, event: &[u8]) -> Said<'_> {
    let mut said = Said::default();
    for line in lines(event) {
        if let Some(name) = value(line, "event") {
            said.is_error |= name == b"error";
        } else if let Some(data) = value(line, "data") {
            let at = data.as_ptr() as usize - event.as_ptr() as usize;
            read_data(dialect, strip.then_some(at), data, &mut said);
        }
    }
    said
}

/// `strip_at` says where `data` stands in the event, if anything is to be taken out.
fn read_data<'a>(dialect: Dialect, strip_at: Option<usize>, data: &'a [u8], said: &mut Said<'a>) {
    let data = data.trim_ascii_end();
    if data.trim_ascii() == b"[DONE]" {
        said.is_end = true;
        return;
    }
    let hints = look(dialect, data);
    said.has_content |= hints.has_content;
    said.is_finish |= hints.has_finish;
    if hints.may_fail {
        said.is_error |= find(data, "error").is_some_and(|error| error != b"null")
            || find(data, "type")
                .is_some_and(|kind| kind == b"\"error\"" || kind == b"\"response.failed\"");
    }
    if hints.may_end {
        said.is_end |= find(data, "type").is_some_and(|kind| is_end(dialect, kind));
    }
    if hints.has_usage {
        let usage = find_usage(dialect, data);
        said.is_usage_alone |= strip_at.is_some()
            && find(data, "usage").is_some_and(|usage| usage.starts_with(b"{"))
            && find(data, "choices").is_some_and(is_empty_array);
        said.usage = usage.or(said.usage);
    }
    if let Some(at) = strip_at.filter(|_| hints.has_usage_null) {
        said.usage_null = members(data)
            .find(|member| {
                is_key(&data[member.key.clone()], "usage") && &data[member.value.clone()] == b"null"
            })
            .map(|member| member.with_comma())
            .map(|cut| cut.start + at..cut.end + at);
    }
}

/// One pass over the colons.
fn look(dialect: Dialect, data: &[u8]) -> Hints {
    let mut hints = Hints::default();
    // Anthropic has texts outside of deltas too: those of a block that is whole already.
    let mut in_delta = dialect != Dialect::Messages;
    for colon in memchr_iter(b':', data) {
        if colon < 2 || data[colon - 1] != b'"' {
            continue;
        }
        let behind = skip_spaces(data, colon + 1);
        let Some(first) = data.get(behind) else {
            continue;
        };
        let Some(quote) = memrchr(b'"', &data[..colon - 1]) else {
            continue;
        };
        match (&data[quote + 1..colon - 1], first) {
            (b"usage", b'{') => hints.has_usage = true,
            (b"usage", b'n') => hints.has_usage_null = true,
            (b"error", _) => hints.may_fail = true,
            (b"finish_reason", b'"') => hints.has_finish = true,
            (b"delta", b'{') => in_delta = true,
            (b"type", b'"') => {
                let kind = data[behind + 1..].split(|byte| *byte == b'"').next();
                match kind.unwrap_or_default() {
                    b"message_stop" | b"response.completed" | b"response.incomplete" => {
                        hints.may_end = true;
                    }
                    b"response.failed" => (hints.may_end, hints.may_fail) = (true, true),
                    b"error" => hints.may_fail = true,
                    _ => {}
                }
            }
            (key, b'"') if in_delta && data.get(behind + 1) != Some(&b'"') => {
                hints.has_content |= is_content(dialect, key);
            }
            _ => {}
        }
    }
    hints
}

/// Whether a string called `key` is a part of the answer.
fn is_content(dialect: Dialect, key: &[u8]) -> bool {
    match dialect {
        Dialect::Chat => matches!(
            key,
            b"content"
                | b"text"
                | b"reasoning_content"
                | b"reasoning"
                | b"thinking"
                | b"refusal"
                | b"arguments"
                | b"input"
        ),
        Dialect::Responses => key == b"delta",
        Dialect::Messages => matches!(key, b"text" | b"thinking" | b"partial_json"),
        Dialect::Other => false,
    }
}

fn is_end(dialect: Dialect, kind: &[u8]) -> bool {
    match dialect {
        Dialect::Responses => matches!(
            kind,
            br#""response.completed""# | br#""response.incomplete""# | br#""response.failed""#
        ),
        Dialect::Messages => kind == br#""message_stop""#,
        Dialect::Chat | Dialect::Other => false,
    }
}

/// Where the usage stands in an event.
fn find_usage(dialect: Dialect, data: &[u8]) -> Option<&[u8]> {
    let holder = match dialect {
        Dialect::Responses => "response",
        Dialect::Messages => "message",
        // Groq's way where it was not asked for one.
        Dialect::Chat | Dialect::Other => "x_groq",
    };
    let outermost = find(data, "usage").filter(|usage| usage.starts_with(b"{"));
    outermost.or_else(|| find(find(data, holder)?, "usage"))
}

fn is_empty_array(value: &[u8]) -> bool {
    let inside = value.strip_prefix(b"[").and_then(|v| v.strip_suffix(b"]"));
    inside.is_some_and(|inside| inside.trim_ascii().is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chat(data: &str) -> String {
        format!("data: {data}\n\n")
    }

    #[test]
    fn text_that_quotes_json_says_nothing() {
        let quoting = [
            r#"{"choices":[{"delta":{"content":""},"x":"\"content\":\"a"}]}"#,
            r#"{"choices":[{"delta":{"role":"assistant","content":""}}]}"#,
            r#"{"x":"a\"usage","y":"usage","choices":[]}"#,
            r#"{"choices":[{"usage":null}],"error":null}"#,
        ];
        for data in quoting {
            assert_eq!(
                read(Dialect::Chat, true, chat(data).as_bytes()),
                Said::default(),
                "{data}"
            );
        }
    }

    #[test]
    fn content_of_every_kind_counts() {
        for delta in [
            r#"{"content":"a"}"#,
            r#"{"content": "a"}"#,
            r#"{"reasoning_content":"a"}"#,
            r#"{"reasoning":"a"}"#,
            r#"{"refusal":"a"}"#,
            r#"{"tool_calls":[{"index":0,"function":{"arguments":"{"}}]}"#,
        ] {
            let event = chat(&format!(r#"{{"choices":[{{"index":0,"delta":{delta}}}]}}"#));
            assert!(
                read(Dialect::Chat, true, event.as_bytes()).has_content,
                "{delta}"
            );
        }
    }

    #[test]
    fn other_dialects_count_their_deltas_alone() {
        let counts = |dialect, data: &str| read(dialect, false, chat(data).as_bytes()).has_content;
        let responses = |data| counts(Dialect::Responses, data);
        assert!(responses(
            r#"{"type":"response.output_text.delta","delta":"a"}"#
        ));
        assert!(!responses(
            r#"{"type":"response.output_text.done","text":"a"}"#
        ));
        let messages = |data| counts(Dialect::Messages, data);
        assert!(messages(
            r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"a"}}"#
        ));
        assert!(!messages(
            r#"{"type":"content_block_start","content_block":{"type":"text","text":"a"}}"#
        ));
    }

    #[test]
    fn errors_and_ends_are_seen_where_they_stand_outermost() {
        let said = |dialect, event: &str| {
            let said = read(dialect, false, event.as_bytes());
            (said.is_end, said.is_error)
        };
        let chat = |event| said(Dialect::Chat, event);
        assert_eq!(chat("data: [DONE]\n\n"), (true, false));
        assert_eq!(chat("data:[DONE]\r\n\r\n"), (true, false));
        assert_eq!(
            chat("data: {\"error\":{\"message\":\"m\"}}\n\n"),
            (false, true)
        );
        let finish = |reason| {
            let event = format!(r#"data: {{"choices":[{{"finish_reason":{reason}}}]}}"#);
            read(Dialect::Chat, false, event.as_bytes()).is_finish
        };
        assert_eq!(["\"stop\"", "null"].map(finish), [true, false]);
        assert_eq!(chat("event: error\ndata: gone\n\n"), (false, true));
        let responses = |event| said(Dialect::Responses, event);
        assert_eq!(
            responses("data: {\"type\":\"response.completed\"}\n\n"),
            (true, false)
        );
        assert_eq!(
            responses("data: {\"type\":\"response.failed\"}\n\n"),
            (true, true)
        );
        assert_eq!(
            responses("data: {\"x\":{\"type\":\"response.completed\"}}\n\n"),
            (false, false)
        );
        assert_eq!(
            said(Dialect::Messages, "data: {\"type\":\"message_stop\"}\n\n"),
            (true, false)
        );
    }
}
