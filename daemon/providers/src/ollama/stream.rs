//! Ollama's lines of JSON as server-sent events, line by line as they come.
//!
//! The body ends well only after a line with `done`, or after an error that the caller was told.
//! An end before that is [`Error::CutShort`], so that half an answer never looks complete. What was
//! said before an error is given out before it, and nothing follows it.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame};
use memchr::memchr;

use super::response::{Answer, Progress};
use crate::Error;

/// The longest line, in bytes: a tool call with a file in its arguments fits.
const MAX_LINE_BYTES: usize = 8 * 1024 * 1024;

/// A translated body. Dropping it stops Ollama.
pub(super) struct Translated<B> {
    theirs: B,
    lines: Lines,
    state: State,
}

enum State {
    Open,
    /// The answer is complete; what follows is read all the same: the connection can be used again.
    Over,
    /// What was said before it is given out; now comes the error.
    Failed(Error),
    Spent,
}

impl<B> Translated<B> {
    pub(super) fn new(theirs: B, answer: Answer) -> Self {
        let lines = Lines {
            answer,
            held: Vec::new(),
        };
        Self {
            theirs,
            lines,
            state: State::Open,
        }
    }
}

impl<B> HttpBody for Translated<B>
where
    B: HttpBody<Data = Bytes> + Unpin,
    B::Error: Into<Error>,
{
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let this = self.get_mut();
        loop {
            let is_over = match std::mem::replace(&mut this.state, State::Spent) {
                State::Failed(wrong) => return Poll::Ready(Some(Err(wrong))),
                State::Spent => return Poll::Ready(None),
                open_or_over => {
                    this.state = open_or_over;
                    matches!(this.state, State::Over)
                }
            };
            let next = ready!(Pin::new(&mut this.theirs).poll_frame(cx));
            let mut out = Vec::new();
            let fed = match next {
                Some(Ok(_)) if is_over => continue,
                _ if is_over => {
                    this.state = State::Spent;
                    continue;
                }
                None => Err(Error::CutShort),
                Some(Err(broken)) => Err(broken.into()),
                Some(Ok(frame)) => {
                    let data = frame.into_data().unwrap_or_default();
                    this.lines.feed(&data, &mut out)
                }
            };
            match fed {
                Ok(Progress::More) => {}
                Ok(Progress::Over) => this.state = State::Over,
                Err(wrong) => this.state = State::Failed(wrong),
            }
            if !out.is_empty() {
                return Poll::Ready(Some(Ok(Frame::data(out.into()))));
            }
        }
    }
}

/// Cuts bytes into lines.
struct Lines {
    answer: Answer,
    held: Vec<u8>,
}

impl Lines {
    fn feed(&mut self, mut bytes: &[u8], out: &mut Vec<u8>) -> Result<Progress, Error> {
        while let Some(end) = memchr(b'\n', bytes) {
            let progress = if self.held.is_empty() {
                self.answer.line(&bytes[..end], out)?
            } else {
                self.held.extend_from_slice(&bytes[..end]);
                let line = std::mem::take(&mut self.held);
                self.answer.line(&line, out)?
            };
            bytes = &bytes[end + 1..];
            if progress == Progress::Over {
                return Ok(progress);
            }
        }
        if self.held.len() + bytes.len() > MAX_LINE_BYTES {
            let why = format!("a line of it is longer than {MAX_LINE_BYTES} bytes");
            return Err(Error::Unreadable(why));
        }
        self.held.extend_from_slice(bytes);
        Ok(Progress::More)
    }
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;
    use kit::random::SeededRandom;
    use serde_json::Value;
    use shared::sse;

    use super::*;
    use crate::pieces_tests::Fake;

    /// Thoughts, text, a tool call and the end, several of them in one line.
    const LINES: &str = concat!(
        r#"{"model":"m","created_at":"2026-11-21T09:30:00Z","message":{"role":"assistant","thinking":"hmm","content":""},"done":false}"#,
        "\n",
        r#"{"model":"m","created_at":"2026-11-21T09:30:00Z","message":{"role":"assistant","thinking":"so","content":"Grüezi 👋","tool_calls":[{"id":"c1","function":{"name":"f","arguments":{"x":1}}},{"function":{"name":"g"}}]},"done":false}"#,
        "\r\n\n",
        r#"{"model":"m","created_at":"2026-11-21T09:30:01Z","message":{"role":"assistant","content":"!"},"done":true,"done_reason":"stop","prompt_eval_count":5,"eval_count":9}"#,
        "\n",
    );

    /// What comes out, and whether it ended well.
    async fn translate(pieces: Vec<Bytes>) -> (Vec<sse::Event>, Result<(), Error>) {
        let answer = Answer::new(SeededRandom::new(1), "chatcmpl", true, true);
        let mut body = Translated::new(Fake::from(pieces), answer);
        let (mut decoder, mut events) = (sse::Decoder::new(1 << 20), Vec::new());
        while let Some(frame) = body.frame().await {
            match frame {
                Ok(frame) => {
                    let data = frame.into_data().unwrap_or_default();
                    decoder.feed(&data, &mut events).unwrap();
                }
                Err(wrong) => return (events, Err(wrong)),
            }
        }
        (events, Ok(()))
    }

    fn in_pieces(text: &str, size: usize) -> Vec<Bytes> {
        let pieces = text.as_bytes().chunks(size);
        pieces.map(Bytes::copy_from_slice).collect()
    }

    #[tokio::test]
    async fn every_field_of_every_line_comes_through_in_order() {
        let (events, ended) = translate(in_pieces(LINES, LINES.len())).await;
        ended.unwrap();
        assert_eq!(events.last().unwrap().data, "[DONE]");
        let chunks = events[..events.len() - 1].iter();
        let chunks: Vec<Value> = chunks
            .map(|event| serde_json::from_str(&event.data).unwrap())
            .collect();
        let deltas: Vec<String> = chunks
            .iter()
            .filter_map(|chunk| chunk["choices"].get(0))
            .map(|choice| choice["delta"].to_string())
            .collect();
        let generated = chunks[5]["choices"][0]["delta"]["tool_calls"][0]["id"].clone();
        assert_eq!(
            deltas,
            [
                r#"{"role":"assistant","content":""}"#.to_owned(),
                r#"{"reasoning_content":"hmm"}"#.to_owned(),
                r#"{"reasoning_content":"so"}"#.to_owned(),
                r#"{"content":"Grüezi 👋"}"#.to_owned(),
                r#"{"tool_calls":[{"index":0,"id":"c1","type":"function","function":{"name":"f","arguments":"{\"x\":1}"}}]}"#.to_owned(),
                format!(r#"{{"tool_calls":[{{"index":1,"id":{generated},"type":"function","function":{{"name":"g","arguments":"{{}}"}}}}]}}"#),
                r#"{"content":"!"}"#.to_owned(),
                "{}".to_owned(),
            ]
        );
        assert_eq!(chunks[7]["choices"][0]["finish_reason"], "tool_calls");
        assert_eq!(chunks[8]["choices"], serde_json::json!([]));
        assert_eq!(chunks[8]["usage"]["prompt_tokens"], 5);
        assert_eq!(chunks[8]["usage"]["completion_tokens"], 9);
        assert_eq!(chunks[0]["created"], 1_795_253_400);
    }

    #[tokio::test]
    async fn splitting_the_bytes_anywhere_changes_nothing() {
        let (whole, _) = translate(in_pieces(LINES, LINES.len())).await;
        for size in 1..LINES.len() {
            let (events, ended) = translate(in_pieces(LINES, size)).await;
            ended.unwrap();
            assert_eq!(events, whole, "in pieces of {size} bytes");
        }
    }

    #[tokio::test]
    async fn a_stream_that_is_cut_anywhere_never_looks_complete() {
        // The last line end is not needed to know that the answer is not whole before it.
        for end in 0..LINES.len() {
            let cut = Bytes::copy_from_slice(&LINES.as_bytes()[..end]);
            let (events, ended) = translate(vec![cut]).await;
            assert!(matches!(ended, Err(Error::CutShort)), "cut at {end}");
            assert!(events.iter().all(|event| event.data != "[DONE]"));
        }
    }

    #[tokio::test]
    async fn an_error_in_the_middle_is_told_and_nothing_follows_it() {
        let (first, _) = LINES.split_once('\n').unwrap();
        let lines = format!("{first}\n{{\"error\":\"the runner died\"}}\n{LINES}");
        let (events, ended) = translate(in_pieces(&lines, 10)).await;
        ended.unwrap();
        let last = events.last().unwrap();
        assert_eq!(last.event, "error");
        assert!(last.data.contains("the runner died"), "{}", last.data);
        assert!(events.iter().all(|event| event.data != "[DONE]"));
    }

    #[tokio::test]
    async fn what_is_not_json_breaks_the_stream_off() {
        let (_, ended) = translate(in_pieces("<html>\n", 3)).await;
        assert!(matches!(ended, Err(Error::Unreadable(_))));
    }

    #[tokio::test]
    async fn what_was_said_before_an_error_in_the_same_piece_is_given_out() {
        let first = LINES.lines().next().unwrap();
        let (events, ended) = translate(in_pieces(&format!("{first}\n<html>\n"), 1 << 20)).await;
        assert!(matches!(ended, Err(Error::Unreadable(_))), "{ended:?}");
        assert!(events.iter().any(|event| event.data.contains("hmm")));
    }

    #[tokio::test]
    async fn a_line_without_end_is_refused() {
        let piece = Bytes::from(vec![b'x'; 1 << 20]);
        let (_, ended) = translate(vec![piece; 9]).await;
        assert!(matches!(ended, Err(Error::Unreadable(_))));
    }
}
