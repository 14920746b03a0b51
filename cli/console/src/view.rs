//! The views, and the words by which one goes to them.

/// What the table shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum View {
    /// The LLMs, and how busy they are.
    Llm,
    /// Who publishes, and who works on jobs.
    Publishers,
    /// The jobs, newest first.
    Jobs,
    /// What was used, and how busy the last minutes were.
    Usage,
    /// The last requests.
    Requests,
    /// The aliases.
    Alias,
    /// The prices.
    Price,
    /// The secrets, without their values.
    Secret,
    /// The access tokens, without their values.
    Token,
}

impl View {
    /// Every view, in the order of their numbers.
    pub const ALL: [Self; 9] = [
        Self::Llm,
        Self::Publishers,
        Self::Jobs,
        Self::Usage,
        Self::Requests,
        Self::Alias,
        Self::Price,
        Self::Secret,
        Self::Token,
    ];

    /// Its name, as it is typed behind `:`.
    pub const fn name(self) -> &'static str {
        self.words()[0]
    }

    /// Its name and the other words for it.
    pub const fn words(self) -> &'static [&'static str] {
        match self {
            Self::Llm => &["llm", "llms", "model", "models"],
            Self::Publishers => &["publishers", "publisher", "workers", "worker"],
            Self::Jobs => &["jobs", "job"],
            Self::Usage => &["usage", "costs", "cost"],
            Self::Requests => &["requests", "request"],
            Self::Alias => &["alias", "aliases"],
            Self::Price => &["price", "prices"],
            Self::Secret => &["secret", "secrets"],
            Self::Token => &["token", "tokens"],
        }
    }

    /// The view that `word` names, in any case.
    pub fn find(word: &str) -> Option<Self> {
        let word = word.to_lowercase();
        let named = |view: &Self| view.words().contains(&word.as_str());
        Self::ALL.into_iter().find(named)
    }

    /// The place in [`View::ALL`].
    pub(crate) fn place(self) -> usize {
        let found = Self::ALL.iter().position(|view| *view == self);
        found.unwrap_or_default()
    }

    /// The one so many places further, around the end.
    pub(crate) fn step(self, by: usize) -> Self {
        Self::ALL[(self.place() + by) % Self::ALL.len()]
    }
}
