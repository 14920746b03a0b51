//! What `/help` says.

use super::slash::COMMANDS;

/// Below this width each command takes two lines.
const WIDE: usize = 60;

const KEYS: [(&str, &str); 7] = [
    ("Alt-Enter", "begin another line (or end one with \\)"),
    ("\"\"\"", "begin and end a message of many lines"),
    ("Tab", "complete commands, names, settings, files"),
    ("Ctrl-R", "search what you typed before"),
    ("Ctrl-O", "write the message in your editor"),
    ("Ctrl-C", "stop the answer; twice: leave"),
    ("Ctrl-D", "leave"),
];

/// The commands and keys, in a terminal of `width` cells.
pub(super) fn help(width: usize) -> String {
    let line = |what: &str, about: &str| match width {
        WIDE.. => format!("  {what:<22}{about}"),
        _ => format!("  {what}\n      {about}"),
    };
    let mut lines = Vec::new();
    for (name, argument, about) in COMMANDS {
        lines.push(line(format!("{name} {argument}").trim_end(), about));
    }
    lines.push(String::new());
    lines.extend(KEYS.map(|(key, about)| line(key, about)));
    lines.join("\n")
}
