//! Heads: the start line and the headers of one message.

use super::BodyDecoder;
use memchr::{memchr, memmem};

/// Largest head that is waited for, in bytes. Real ones stay under 2 KiB.
pub const MAX_HEAD_BYTES: usize = 32 * 1024;

/// A head that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BadHead {
    /// No blank line within [`MAX_HEAD_BYTES`].
    #[error("the head is longer than {MAX_HEAD_BYTES} bytes")]
    TooLong,
    /// The start line has no method, path or status where one belongs.
    #[error("the start line cannot be read")]
    StartLine,
}

/// A complete head, borrowed from the receive buffer.
#[derive(Debug, Clone, Copy)]
pub struct Head<'a> {
    bytes: &'a [u8],
}

impl<'a> Head<'a> {
    /// Finds the first complete head in `buffer`.
    ///
    /// Shape: `None` while the blank line has not arrived yet.
    ///
    /// # Errors
    /// [`BadHead::TooLong`] when [`MAX_HEAD_BYTES`] have arrived without one.
    pub fn find(buffer: &'a [u8]) -> Result<Option<Self>, BadHead> {
        match memmem::find(buffer, b"\r\n\r\n") {
            Some(at) => Ok(Some(Self {
                bytes: &buffer[..at + 4],
            })),
            None if buffer.len() > MAX_HEAD_BYTES => Err(BadHead::TooLong),
            None => Ok(None),
        }
    }

    /// Length in bytes with the blank line: the body starts there.
    #[must_use]
    pub fn wire_len(&self) -> usize {
        self.bytes.len()
    }

    /// Method and path of a request.
    ///
    /// # Errors
    /// [`BadHead::StartLine`] when the first line is not `METHOD PATH VERSION`.
    pub fn method_and_path(&self) -> Result<(&'a str, &'a str), BadHead> {
        let mut words = self.start_line()?.split(' ');
        match (words.next(), words.next(), words.next()) {
            (Some(method), Some(path), Some(_version)) => Ok((method, path)),
            _ => Err(BadHead::StartLine),
        }
    }

    /// Status of an answer.
    ///
    /// # Errors
    /// [`BadHead::StartLine`] when the first line is not `VERSION STATUS …`.
    pub fn status(&self) -> Result<u16, BadHead> {
        let word = self
            .start_line()?
            .split(' ')
            .nth(1)
            .ok_or(BadHead::StartLine)?;
        word.parse().map_err(|_| BadHead::StartLine)
    }

    /// The value of the first header called `name`, trimmed; names compare without case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&'a [u8]> {
        self.headers()
            .find(|(found, _)| found.eq_ignore_ascii_case(name.as_bytes()))
            .map(|(_, value)| value)
    }

    /// All headers in order, values trimmed.
    pub fn headers(&self) -> impl Iterator<Item = (&'a [u8], &'a [u8])> + use<'a> {
        let mut rest = self.after_start_line();
        std::iter::from_fn(move || {
            let end = memchr(b'\n', rest)?;
            let line = &rest[..end];
            rest = &rest[end + 1..];
            let colon = memchr(b':', line)?;
            Some((&line[..colon], line[colon + 1..].trim_ascii()))
        })
    }

    /// Whether the sender closes the connection after this message.
    #[must_use]
    pub fn closes(&self) -> bool {
        self.header("connection")
            .is_some_and(|value| value.eq_ignore_ascii_case(b"close"))
    }

    /// The decoder for a request's body: none unless the head announces one.
    #[must_use]
    pub fn request_body(&self) -> BodyDecoder {
        self.announced_body().unwrap_or(BodyDecoder::length(0))
    }

    /// The decoder for an answer's body: until the connection closes unless the head announces a length.
    #[must_use]
    pub fn answer_body(&self) -> BodyDecoder {
        match self.status() {
            Ok(204 | 304) => BodyDecoder::length(0),
            _ => self.announced_body().unwrap_or(BodyDecoder::until_close()),
        }
    }

    fn announced_body(&self) -> Option<BodyDecoder> {
        if let Some(coding) = self.header("transfer-encoding")
            && coding.eq_ignore_ascii_case(b"chunked")
        {
            return Some(BodyDecoder::chunked());
        }
        let length = std::str::from_utf8(self.header("content-length")?).ok()?;
        length.parse().ok().map(BodyDecoder::length)
    }

    fn start_line(&self) -> Result<&'a str, BadHead> {
        let end = memchr(b'\r', self.bytes).ok_or(BadHead::StartLine)?;
        std::str::from_utf8(&self.bytes[..end]).map_err(|_| BadHead::StartLine)
    }

    fn after_start_line(&self) -> &'a [u8] {
        match memchr(b'\n', self.bytes) {
            Some(end) => &self.bytes[end + 1..],
            None => &[],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REQUEST: &[u8] = b"POST /v1/x HTTP/1.1\r\nHost: a\r\ncontent-LENGTH:  12 \r\n\r\nbody";

    #[test]
    fn a_head_is_found_only_when_whole() {
        assert!(Head::find(&REQUEST[..REQUEST.len() - 6]).unwrap().is_none());
        let head = Head::find(REQUEST).unwrap().unwrap();
        assert_eq!(head.wire_len(), REQUEST.len() - 4);
        assert_eq!(head.method_and_path().unwrap(), ("POST", "/v1/x"));
    }

    #[test]
    fn header_names_compare_without_case_and_values_are_trimmed() {
        let head = Head::find(REQUEST).unwrap().unwrap();
        assert_eq!(head.header("Content-Length"), Some(&b"12"[..]));
        assert_eq!(head.header("absent"), None);
        assert_eq!(head.headers().count(), 2);
    }

    #[test]
    fn an_endless_head_is_refused() {
        assert!(matches!(
            Head::find(&vec![b'a'; MAX_HEAD_BYTES + 1]),
            Err(BadHead::TooLong)
        ));
    }

    #[test]
    fn an_answer_gives_its_status() {
        let head = Head::find(b"HTTP/1.1 429 Too Many\r\n\r\n")
            .unwrap()
            .unwrap();
        assert_eq!(head.status().unwrap(), 429);
    }
}
