//! Thoughts that a model writes into its answer: `<think>...</think>` at its very beginning, where
//! the provider does not tell them apart.

use super::answer::Piece;

const OPEN: &str = "<think>";
const CLOSE: &str = "</think>";

/// Tells thoughts from the answer, also where a tag is split over pieces.
#[derive(Clone, Debug, Default)]
pub(super) struct Thoughts {
    place: Place,
    /// What may be the beginning of a tag.
    held: String,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Place {
    #[default]
    Before,
    /// Behind the opening tag: the blank lines before the thoughts.
    Opened,
    Inside,
    /// Behind the thoughts: the blank lines before the answer.
    Between,
    Answer,
}

impl Thoughts {
    /// Takes the next piece of an answer.
    pub(super) fn take(&mut self, text: &str, pieces: &mut Vec<Piece>) {
        let mut text = std::mem::take(&mut self.held) + text;
        if self.place == Place::Before {
            let begun = text.trim_start();
            if begun.len() < OPEN.len() && OPEN.starts_with(begun) {
                self.held = text;
                return;
            }
            match begun.strip_prefix(OPEN) {
                Some(rest) => {
                    self.place = Place::Opened;
                    text = rest.to_owned();
                }
                None => self.place = Place::Answer,
            }
        }
        if self.place == Place::Opened {
            text = text.trim_start().to_owned();
            if text.is_empty() {
                return;
            }
            self.place = Place::Inside;
        }
        if self.place == Place::Inside {
            match text.split_once(CLOSE) {
                Some((thought, rest)) => {
                    push(pieces, Piece::Thinking, thought);
                    self.place = Place::Between;
                    text = rest.to_owned();
                }
                None => {
                    let kept = text.len() - tail(&text);
                    self.held = text.split_off(kept);
                    push(pieces, Piece::Thinking, &text);
                    return;
                }
            }
        }
        if self.place == Place::Between {
            text = text.trim_start().to_owned();
            if !text.is_empty() {
                self.place = Place::Answer;
            }
        }
        push(pieces, Piece::Text, &text);
    }

    /// What was held back, now that nothing more comes.
    pub(super) fn end(&mut self) -> Option<Piece> {
        let held = std::mem::take(&mut self.held);
        let piece = match self.place {
            Place::Inside => Piece::Thinking(held),
            _ => Piece::Text(held),
        };
        match &piece {
            Piece::Text(text) | Piece::Thinking(text) if text.is_empty() => None,
            _ => Some(piece),
        }
    }
}

fn push(pieces: &mut Vec<Piece>, kind: fn(String) -> Piece, text: &str) {
    if !text.is_empty() {
        pieces.push(kind(text.to_owned()));
    }
}

/// The bytes at the end that may be the beginning of the closing tag.
fn tail(text: &str) -> usize {
    let lengths = (1..CLOSE.len()).rev();
    let mut fitting = lengths.filter(|length| text.ends_with(&CLOSE[..*length]));
    fitting.next().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str, size: usize) -> (String, String) {
        let (mut thoughts, mut pieces) = (Thoughts::default(), Vec::new());
        let chars: Vec<char> = text.chars().collect();
        for piece in chars.chunks(size) {
            thoughts.take(&piece.iter().collect::<String>(), &mut pieces);
        }
        pieces.extend(thoughts.end());
        let (mut thought, mut answer) = (String::new(), String::new());
        for piece in pieces {
            match piece {
                Piece::Thinking(text) => thought += &text,
                Piece::Text(text) => answer += &text,
            }
        }
        (thought, answer)
    }

    #[test]
    fn tags_are_found_however_they_are_split() {
        for size in 1..12 {
            assert_eq!(
                told("\n<think>\nhm < 3</think>\n\nyes <think>", size),
                ("hm < 3".into(), "yes <think>".into()),
                "{size}"
            );
            assert_eq!(
                told("no <think>x", size),
                (String::new(), "no <think>x".into())
            );
            assert_eq!(told("<thin", size), (String::new(), "<thin".into()));
            assert_eq!(
                told("<think>open</th", size),
                ("open</th".into(), String::new())
            );
        }
    }
}
