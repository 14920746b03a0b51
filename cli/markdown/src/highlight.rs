//! Colours a block of code, line by line. The grammars are unpacked with the first block.

use std::sync::OnceLock;

use syntect::parsing::{ParseState, Scope, ScopeStack, SyntaxReference, SyntaxSet};

use crate::style::{Ink, Style};

/// The longest line that is looked at, in bytes: data that somebody put on one line is not read. While a line grows, it
/// is read again with each piece.
const LONGEST: usize = 1000;

/// Languages that the grammars know by another name, or that look much like one they know.
const ALSO: [(&str, &str); 14] = [
    ("ts", "js"),
    ("tsx", "js"),
    ("jsx", "js"),
    ("typescript", "js"),
    ("node", "js"),
    ("shell", "sh"),
    ("console", "sh"),
    ("zsh", "sh"),
    ("jsonc", "json"),
    ("json5", "json"),
    ("golang", "go"),
    ("csharp", "cs"),
    ("python3", "py"),
    ("kotlin", "java"),
];

/// Scopes and what they look like: of those that fit, the innermost scope decides.
const INKS: [(&str, Ink); 21] = [
    ("comment", Ink::Comment),
    ("punctuation.definition.comment", Ink::Comment),
    ("string", Ink::Text),
    ("punctuation.definition.string", Ink::Text),
    ("constant.character", Ink::Number),
    ("constant.numeric", Ink::Number),
    ("constant", Ink::Number),
    ("keyword.operator", Ink::Plain),
    ("keyword", Ink::Keyword),
    ("storage", Ink::Keyword),
    ("variable.language", Ink::Keyword),
    ("entity.name.function", Ink::Name),
    ("support.function", Ink::Name),
    ("variable.function", Ink::Name),
    ("entity.name.tag", Ink::Keyword),
    ("entity.other.attribute-name", Ink::Type),
    ("entity.name", Ink::Type),
    ("support", Ink::Type),
    ("markup.inserted", Ink::Inserted),
    ("markup.deleted", Ink::Deleted),
    ("markup.heading", Ink::Heading),
];

struct Grammars {
    set: SyntaxSet,
    inks: Vec<(Scope, Ink)>,
}

fn grammars() -> &'static Grammars {
    static GRAMMARS: OnceLock<Grammars> = OnceLock::new();
    GRAMMARS.get_or_init(|| {
        let scope = |(name, ink): (&str, Ink)| Scope::new(name).ok().map(|scope| (scope, ink));
        Grammars {
            set: SyntaxSet::load_defaults_newlines(),
            inks: INKS.into_iter().filter_map(scope).collect(),
        }
    })
}

/// Where the reader of a block stands.
#[derive(Clone)]
pub(crate) struct Highlighter {
    state: ParseState,
    scopes: ScopeStack,
}

impl std::fmt::Debug for Highlighter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Highlighter").finish_non_exhaustive()
    }
}

impl Highlighter {
    /// A reader of a language; `None` for one that is not known.
    pub(crate) fn of(language: &str) -> Option<Self> {
        let language = language.trim_matches(['{', '}', '.']).to_ascii_lowercase();
        let language = language.split([',', ':']).next().unwrap_or_default();
        if matches!(language, "" | "text" | "txt" | "plain" | "plaintext") {
            return None;
        }
        let syntax = find(language)?;
        Some(Self {
            state: ParseState::new(syntax),
            scopes: ScopeStack::new(),
        })
    }

    /// The next line, cut where its look changes. Its end is not a part of it.
    pub(crate) fn line(&mut self, line: &str) -> Vec<(String, Style)> {
        let plain = || vec![(line.to_owned(), Style::default())];
        if line.len() > LONGEST {
            return plain();
        }
        let grammars = grammars();
        let ended = format!("{line}\n");
        let Ok(changes) = self.state.parse_line(&ended, &grammars.set) else {
            return plain();
        };
        let mut spans = Vec::new();
        let mut from = 0;
        for (at, change) in changes {
            let at = at.min(line.len());
            if at > from {
                spans.push((line[from..at].to_owned(), self.style(grammars)));
                from = at;
            }
            // A grammar that contradicts itself colours wrongly, and nothing else.
            let _ = self.scopes.apply(&change);
        }
        if from < line.len() {
            spans.push((line[from..].to_owned(), self.style(grammars)));
        }
        spans
    }

    fn style(&self, grammars: &Grammars) -> Style {
        let ink = self.scopes.as_slice().iter().rev().find_map(|scope| {
            let mut inks = grammars.inks.iter();
            inks.find(|(prefix, _)| prefix.is_prefix_of(*scope))
        });
        Style::default().ink(ink.map_or(Ink::Plain, |(_, ink)| *ink))
    }
}

fn find(language: &str) -> Option<&'static SyntaxReference> {
    let set = &grammars().set;
    let other = ALSO.iter().find(|(name, _)| *name == language);
    set.find_syntax_by_token(other.map_or(language, |(_, known)| known))
}
