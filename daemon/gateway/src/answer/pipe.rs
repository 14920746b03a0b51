//! What happens to an answer's bytes between its LLM and its caller: they are metered, put into the
//! caller's dialect where it is another, and kept for the cache where an alias wants that.
//!
//! Most answers pass all of it as they came, without a copy.

use bytes::{Bytes, BytesMut};
use cache::Recorder;
use meter::Meter;

use crate::error::Error;

/// The largest whole answer that is translated, in bytes: it has to be there as a whole.
const MAX_TRANSLATED_BYTES: usize = 32 * 1024 * 1024;

/// The way of one answer's bytes.
pub(crate) struct Pipe {
    pub(crate) meter: Meter,
    pub(crate) translator: Option<Translator>,
    pub(crate) recorder: Option<Recorder>,
}

/// From OpenAI's dialect to Anthropic's.
pub(crate) enum Translator {
    /// Event by event.
    Events(Box<messages::stream::Events>),
    /// As a whole, at its end.
    Whole {
        status: u16,
        model: String,
        so_far: BytesMut,
    },
}

impl Pipe {
    /// Whether a whole answer comes out as it goes in.
    pub(crate) fn is_plain(&self) -> bool {
        self.translator.is_none()
    }

    /// Takes a piece in; gives what the caller gets for it, if anything.
    pub(crate) fn feed(&mut self, name: &str, piece: Bytes) -> Result<Option<Bytes>, Error> {
        // Before the usage is taken out: who gets the answer again may ask for it.
        if let Some(recorder) = &mut self.recorder {
            recorder.feed(&piece);
        }
        match self.meter.feed(piece) {
            Some(piece) => self.through(name, piece),
            None => Ok(None),
        }
    }

    /// The end of the answer: gives what was held back.
    pub(crate) fn finish(&mut self, name: &str) -> Result<Option<Bytes>, Error> {
        let held = match self.meter.finish() {
            Some(held) => self.through(name, held)?,
            None => None,
        };
        let last = match &mut self.translator {
            None => None,
            Some(translator) => translator.finish(name)?,
        };
        let last = match (held, last) {
            (Some(held), Some(last)) => Some([held, last].concat().into()),
            (held, last) => held.or(last),
        };
        Ok(last)
    }

    fn through(&mut self, name: &str, piece: Bytes) -> Result<Option<Bytes>, Error> {
        match &mut self.translator {
            None => Ok(Some(piece)),
            Some(translator) => translator.feed(name, &piece),
        }
    }
}

impl Translator {
    fn feed(&mut self, name: &str, piece: &[u8]) -> Result<Option<Bytes>, Error> {
        match self {
            Self::Events(events) => {
                let mut out = Vec::with_capacity(piece.len());
                let fed = events.feed(piece, &mut out);
                fed.map_err(|source| unreadable(name, &source))?;
                Ok((!out.is_empty()).then(|| out.into()))
            }
            Self::Whole { so_far, .. } => {
                if so_far.len() + piece.len() > MAX_TRANSLATED_BYTES {
                    let source = upstream::Error::TooLarge {
                        limit: MAX_TRANSLATED_BYTES,
                    };
                    return Err(Error::Provider {
                        name: name.to_owned(),
                        source: source.into(),
                    });
                }
                so_far.extend_from_slice(piece);
                Ok(None)
            }
        }
    }

    fn finish(&mut self, name: &str) -> Result<Option<Bytes>, Error> {
        match self {
            Self::Events(events) => {
                let mut out = Vec::new();
                let finished = events.finish(&mut out);
                finished.map_err(|_| Error::Provider {
                    name: name.to_owned(),
                    source: providers::Error::CutShort,
                })?;
                Ok((!out.is_empty()).then(|| out.into()))
            }
            Self::Whole {
                status,
                model,
                so_far,
            } => {
                let so_far = std::mem::take(so_far);
                if *status >= 400 {
                    let body = messages::error::from_openai(*status, &so_far);
                    return Ok(Some(body.into()));
                }
                let answer = messages::answer::from_chat(&so_far, model);
                let answer = answer.map_err(|source| unreadable(name, &source))?;
                Ok(Some(answer.into()))
            }
        }
    }
}

fn unreadable(name: &str, source: &messages::Unreadable) -> Error {
    Error::Provider {
        name: name.to_owned(),
        source: providers::Error::Unreadable(source.to_string()),
    }
}
