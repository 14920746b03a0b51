//! The keys, as `?` shows them.

/// Keys and what they do, in groups.
pub(crate) const KEYS: [(&str, &[(&str, &str)]); 4] = [
    (
        "Go",
        &[
            (":NAME", "to a view; Tab completes"),
            ("Tab 1-9", "to the next, or that one"),
            ("j k PgDn", "down, up, by pages"),
            ("g G", "to the start, the end"),
            ("/", "filter: text or pattern"),
            ("Esc", "back"),
        ],
    ),
    (
        "Look",
        &[
            ("d Enter", "all fields of the row"),
            ("l", "its log, as it comes"),
            ("n p", "next row, row before"),
            ("s S", "sort by a column; turn"),
            ("b", "usage by LLM, token, day"),
            ("v", "events"),
        ],
    ),
    (
        "Do",
        &[
            ("e", "edit"),
            ("c", "talk to the LLM or alias"),
            ("x r", "cancel a job, retry it"),
            ("Ctrl-D", "delete, after a question"),
            ("y", "copy the name"),
        ],
    ),
    (
        "This",
        &[
            ("Ctrl-R", "fetch all anew"),
            ("Ctrl-L", "draw all anew"),
            ("Ctrl-Z", "stop for a while"),
            ("q :q Ctrl-C", "leave"),
        ],
    ),
];

/// Lines of all groups, one below the other.
pub(crate) fn lines() -> usize {
    KEYS.iter().map(|(_, keys)| keys.len() + 1).sum()
}
