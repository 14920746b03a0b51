//! For tests of translated bodies: a provider that sends given pieces, and what OpenAI's clients make of the rest.

use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http_body::{Body as HttpBody, Frame};
use serde_json::Value;
use shared::sse;

use crate::Error;

/// A body of the given pieces that then ends.
pub(crate) struct Fake(std::vec::IntoIter<Bytes>);

impl Fake {
    pub(crate) fn of(pieces: &[&[u8]]) -> Self {
        let pieces: Vec<Bytes> = pieces
            .iter()
            .map(|piece| Bytes::copy_from_slice(piece))
            .collect();
        Self::from(pieces)
    }
}

impl From<Vec<Bytes>> for Fake {
    fn from(pieces: Vec<Bytes>) -> Self {
        Self(pieces.into_iter())
    }
}

impl HttpBody for Fake {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        Poll::Ready(self.0.next().map(|piece| Ok(Frame::data(piece))))
    }
}

/// What comes out of a body, and why it ended: `None` where it ended well.
pub(crate) fn drained<B>(mut body: B) -> (Vec<u8>, Option<String>)
where
    B: HttpBody<Data = Bytes, Error = Error> + Unpin,
{
    let mut bytes = Vec::new();
    loop {
        match next(&mut body) {
            None => return (bytes, None),
            Some(Err(wrong)) => {
                assert!(next(&mut body).is_none(), "something follows an error");
                return (bytes, Some(format!("{wrong:?}")));
            }
            Some(Ok(frame)) => bytes.extend(frame.into_data().unwrap()),
        }
    }
}

/// Of a body that never waits.
fn next<B: HttpBody + Unpin>(body: &mut B) -> Option<Result<Frame<B::Data>, B::Error>> {
    match Pin::new(body).poll_frame(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(next) => next,
        Poll::Pending => panic!("a body of pieces waits"),
    }
}

/// Asserts that these are chunks of OpenAI's, and that they look complete where they are and only there.
pub(crate) fn assert_chunks(bytes: &[u8], is_complete: bool) {
    let mut events = Vec::new();
    sse::Decoder::new(64 << 20)
        .feed(bytes, &mut events)
        .unwrap();
    // Ollama's own error in a stream is told as an event.
    let is_end = |last: &mut sse::Event| last.data == "[DONE]" || last.event == "error";
    let done = events.pop_if(is_end).is_some();
    assert_eq!(
        done, is_complete,
        "an end stands behind what is complete, and nowhere else"
    );
    for event in events {
        let chunk: Value = serde_json::from_str(&event.data).unwrap();
        let object = chunk["object"].as_str();
        assert!(
            matches!(object, Some("chat.completion.chunk" | "text_completion")),
            "{chunk}"
        );
        for choice in chunk["choices"].as_array().expect("choices are an array") {
            assert!(choice["index"].is_u64(), "{choice}");
            assert!(
                choice["delta"].is_object() || choice["text"].is_string(),
                "{choice}"
            );
            for call in choice["delta"]["tool_calls"]
                .as_array()
                .into_iter()
                .flatten()
            {
                assert!(call["index"].is_u64(), "{call}");
                assert!(call["function"].is_object(), "{call}");
            }
        }
        assert!(
            chunk["usage"].is_null() || chunk["usage"]["prompt_tokens"].is_u64(),
            "{chunk}"
        );
    }
}

/// Asserts that this is a whole answer of OpenAI's.
pub(crate) fn assert_answer(text: &str) {
    let answer: Value = serde_json::from_str(text).unwrap();
    let choices = answer["choices"].as_array().expect("choices are an array");
    assert!(!choices.is_empty(), "{answer}");
    for choice in choices {
        assert!(
            choice["message"].is_object() || choice["text"].is_string(),
            "{choice}"
        );
        assert!(choice["finish_reason"].is_string(), "{choice}");
        for call in choice["message"]["tool_calls"]
            .as_array()
            .into_iter()
            .flatten()
        {
            let arguments = call["function"]["arguments"]
                .as_str()
                .expect("arguments are a text");
            assert!(call["id"].is_string() && !arguments.is_empty(), "{call}");
        }
    }
}
