//! How text looks, and which sequences make a terminal show it so.

/// What a stretch of text is, as far as it looks different.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Style {
    pub(crate) bold: bool,
    pub(crate) italic: bool,
    pub(crate) strike: bool,
    pub(crate) underline: bool,
    pub(crate) dim: bool,
    pub(crate) ink: Ink,
}

/// What a colour stands for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Ink {
    #[default]
    Plain,
    Heading,
    Code,
    Link,
    Keyword,
    Text,
    Number,
    Name,
    Type,
    Comment,
    Inserted,
    Deleted,
}

impl Style {
    pub(crate) fn ink(self, ink: Ink) -> Self {
        Self { ink, ..self }
    }

    pub(crate) fn bold(self) -> Self {
        Self { bold: true, ..self }
    }

    pub(crate) fn underline(self) -> Self {
        Self {
            underline: true,
            ..self
        }
    }

    pub(crate) fn dim(self) -> Self {
        Self { dim: true, ..self }
    }
}

/// Which colours the terminal takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Palette {
    /// No sequence at all.
    None,
    /// The 16 colours that each terminal's owner chose: of them those that can be read on light
    /// and on dark.
    Basic,
    /// 256 colours.
    Rich,
}

/// The look of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Theme {
    palette: Palette,
    dim: bool,
}

impl Theme {
    /// No colour, no bold: no sequence at all. Marks that would be lost stay as they were typed.
    #[must_use]
    pub fn none() -> Self {
        Self::of(Palette::None)
    }

    /// The 16 colours that every terminal has.
    #[must_use]
    pub fn basic() -> Self {
        Self::of(Palette::Basic)
    }

    /// 256 colours.
    #[must_use]
    pub fn rich() -> Self {
        Self::of(Palette::Rich)
    }

    /// The same, all of it dim.
    #[must_use]
    pub fn dimmed(self) -> Self {
        Self { dim: true, ..self }
    }

    const fn of(palette: Palette) -> Self {
        Self {
            palette,
            dim: false,
        }
    }

    /// Whether style can be seen.
    pub(crate) fn is_plain(self) -> bool {
        self.palette == Palette::None
    }

    /// The SGR parameters of a style; empty where it looks like nothing special.
    pub(crate) fn sgr(self, style: Style) -> String {
        if self.is_plain() {
            return String::new();
        }
        let dim = self.dim || style.dim || style.ink == Ink::Comment;
        let flags = [
            (style.bold, "1"),
            (dim, "2"),
            (style.italic, "3"),
            (style.underline, "4"),
            (style.strike, "9"),
        ];
        let mut codes: Vec<&str> = flags.iter().filter(|(on, _)| *on).map(|f| f.1).collect();
        let colour = match self.palette {
            Palette::Rich => rich(style.ink),
            _ => basic(style.ink),
        };
        codes.extend(colour.filter(|_| !self.dim));
        codes.join(";")
    }
}

fn basic(ink: Ink) -> Option<&'static str> {
    Some(match ink {
        Ink::Plain | Ink::Comment | Ink::Name => return None,
        Ink::Heading | Ink::Keyword => "35",
        Ink::Code | Ink::Link | Ink::Number | Ink::Type => "36",
        Ink::Text | Ink::Inserted => "32",
        Ink::Deleted => "31",
    })
}

/// Of middle brightness: they can be read on light and on dark.
fn rich(ink: Ink) -> Option<&'static str> {
    Some(match ink {
        Ink::Plain | Ink::Comment => return None,
        Ink::Heading => "38;5;133",
        Ink::Keyword => "38;5;134",
        Ink::Code => "38;5;37",
        Ink::Link | Ink::Name => "38;5;68",
        Ink::Number => "38;5;166",
        Ink::Type => "38;5;31",
        Ink::Text | Ink::Inserted => "38;5;71",
        Ink::Deleted => "38;5;167",
    })
}
