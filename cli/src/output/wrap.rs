//! Text that is broken between words, so that a terminal does not break it inside of one.

/// Splits `text` into lines of at most `room` characters; none are split where there is no limit.
///
/// A word that is too long stands alone, uncut: it may be a path that somebody wants to copy.
pub(crate) fn wrapped(text: &str, room: Option<usize>) -> Vec<String> {
    let Some(room) = room else {
        return vec![text.to_owned()];
    };
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        let Some(line) = lines.last_mut() else { break };
        let used = line.chars().count();
        if used > 0 && used + 1 + word.chars().count() > room {
            lines.push(word.into());
            continue;
        }
        if used > 0 {
            line.push(' ');
        }
        line.push_str(word);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_between_words_and_a_long_word_stays_whole() {
        assert_eq!(wrapped("a bb ccc", Some(4)), ["a bb", "ccc"]);
        assert_eq!(
            wrapped("a /a/long/path b", Some(4)),
            ["a", "/a/long/path", "b"]
        );
        assert_eq!(wrapped("a bb ccc", None), ["a bb ccc"]);
        assert_eq!(wrapped("", Some(4)), [""]);
    }
}
