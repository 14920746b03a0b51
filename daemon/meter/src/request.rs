//! What is known of a request before it is sent: its few fields, and a guess of its prompt.

use shared::chat_body::{self, BadBody, Head};

/// Reads the few fields of a request body that the gateway needs, in one pass.
///
/// Errors: [`BadBody`], with line and column where the JSON is broken.
pub fn request(body: &[u8]) -> Result<Head, BadBody> {
    chat_body::read(body)
}

/// A guess of how many tokens a request's prompt has: a quarter of its bytes, rounded up.
///
/// It counts the JSON around the text too, so it is high for short prompts; for languages that
/// need several bytes per letter it is near, and for embedded images it is far too high.
pub fn estimate_prompt_tokens(body: &[u8]) -> u64 {
    (body.len() as u64).div_ceil(4)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prompt_is_a_quarter_of_its_bytes_rounded_up() {
        let guesses = [&b""[..], b"a", b"abcd", b"abcde"].map(estimate_prompt_tokens);
        assert_eq!(guesses, [0, 1, 1, 2]);
    }
}
