//! The character references that language models write.

/// The longest that is looked for, with `&` and `;`.
pub(crate) const MAX_BYTES: usize = 9;

const NAMES: [(&str, &str); 12] = [
    ("&amp;", "&"),
    ("&lt;", "<"),
    ("&gt;", ">"),
    ("&quot;", "\""),
    ("&apos;", "'"),
    ("&#39;", "'"),
    ("&nbsp;", "\u{a0}"),
    ("&ndash;", "–"),
    ("&mdash;", "—"),
    ("&hellip;", "…"),
    ("&larr;", "←"),
    ("&rarr;", "→"),
];

/// The reference that `text` begins with: its length and what it stands for.
pub(crate) fn entity(text: &str) -> Option<(usize, &'static str)> {
    let found = NAMES.iter().find(|(name, _)| text.starts_with(name));
    found.map(|(name, shown)| (name.len(), *shown))
}

/// Whether `text` may become a reference when more comes.
pub(crate) fn may_become(text: &str) -> bool {
    text.len() < MAX_BYTES && NAMES.iter().any(|(name, _)| name.starts_with(text))
}
