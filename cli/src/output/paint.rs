//! How the frames of live views are painted and cut.

/// How a frame is painted: SGR codes, all empty where no colour is wanted.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Paint {
    pub(crate) colour: bool,
}

impl Paint {
    pub(crate) fn line(self, code: &str, text: &str) -> String {
        if self.colour && !text.is_empty() {
            format!("\u{1b}[{code}m{text}\u{1b}[0m")
        } else {
            text.into()
        }
    }
}

/// Cuts a line of our own words, which take a cell each, or of a server's name and error, which
/// may hold wider ones: those are counted as two.
pub(crate) fn cut(text: &str, width: u16) -> String {
    let cells = |c: char| if c.is_ascii() || c == '…' { 1 } else { 2 };
    let total: usize = text.chars().map(cells).sum();
    let width = usize::from(width);
    if total <= width {
        return text.into();
    }
    let mut used = 1;
    let kept = text.chars().take_while(|c| {
        used += cells(*c);
        used <= width
    });
    let mut kept: String = kept.collect();
    kept.push('…');
    kept
}
