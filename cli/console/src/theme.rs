//! How things look. Without colour, weight and reversal say what must be said.

use ratatui::style::{Color, Modifier, Style};

/// What a text is, for the eye.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Tone {
    #[default]
    Plain,
    /// As it should be.
    Good,
    /// Worth a look.
    Warn,
    /// Not as it should be.
    Bad,
    /// Of little weight, or old.
    Faint,
    /// A title.
    Strong,
    /// A key that can be pressed.
    Key,
}

/// Whether there is colour.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Theme {
    pub(crate) colour: bool,
}

impl Theme {
    pub(crate) fn style(self, tone: Tone) -> Style {
        let style = Style::new();
        let painted = |colour| if self.colour { style.fg(colour) } else { style };
        match tone {
            Tone::Plain => style,
            Tone::Good => painted(Color::Green),
            Tone::Warn => painted(Color::Yellow),
            Tone::Bad => painted(Color::Red),
            Tone::Faint if self.colour => style.add_modifier(Modifier::DIM),
            Tone::Faint => style,
            Tone::Strong => style.add_modifier(Modifier::BOLD),
            Tone::Key => painted(Color::Cyan),
        }
    }

    /// The row that is chosen.
    pub(crate) const fn chosen(self) -> Style {
        Style::new().add_modifier(Modifier::REVERSED)
    }
}
