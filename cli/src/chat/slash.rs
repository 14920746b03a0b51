//! The commands of a conversation: what a line that begins with `/` means.

use crate::near_miss::nearest;

/// A command, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Slash {
    Help,
    Clear,
    System(Option<String>),
    Set(Option<String>),
    Show,
    Model(Option<String>),
    File(Vec<String>),
    Edit(String),
    Save(Option<String>),
    Load(String),
    List,
    Delete(String),
    Retry,
    Undo(usize),
    Copy(Copy),
    Exit,
}

/// What `/copy` takes of the last answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Copy {
    All,
    /// Its last code block.
    Code,
    /// Its code block of this number, from 1.
    Block(usize),
}

/// Every command: name, argument, what it does.
pub(super) const COMMANDS: [(&str, &str, &str); 16] = [
    ("/help", "", "list the commands and keys"),
    ("/file", "PATH...", "attach files to the next message"),
    ("/edit", "[TEXT]", "write the message in your editor"),
    ("/retry", "", "ask the last question again"),
    ("/undo", "[N]", "take back the last N questions"),
    ("/copy", "[N|code]", "copy the answer, or a code block"),
    ("/model", "[NAME]", "show or change whom to ask"),
    ("/system", "[TEXT|off]", "show or set the system prompt"),
    ("/set", "[NAME VALUE]", "show or change a setting"),
    ("/show", "", "show settings, files and tokens"),
    ("/save", "[NAME]", "keep the conversation"),
    ("/load", "NAME", "go on with a kept one"),
    ("/list", "", "list the kept ones"),
    ("/delete", "NAME", "delete a kept one"),
    ("/clear", "", "forget what was said"),
    ("/exit", "", "leave (Ctrl-D)"),
];

/// Other names of commands.
const ALSO: [(&str, &str); 10] = [
    ("/?", "/help"),
    ("/h", "/help"),
    ("/new", "/clear"),
    ("/attach", "/file"),
    ("/stats", "/show"),
    ("/info", "/show"),
    ("/bye", "/exit"),
    ("/quit", "/exit"),
    ("/q", "/exit"),
    ("/regenerate", "/retry"),
];

/// Whether a line is a command: a path such as `/etc/hosts` in a question is none.
pub(super) fn is_command(line: &str) -> bool {
    let word = line.split_whitespace().next().unwrap_or_default();
    word.starts_with('/') && !word[1..].contains('/')
}

/// Reads a line that begins with `/`.
///
/// Errors: a sentence for the user.
pub(super) fn parse(line: &str) -> Result<Slash, String> {
    let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    let rest = rest.trim();
    let given = || Some(rest.to_owned()).filter(|rest| !rest.is_empty());
    let also = ALSO.iter().find(|(name, _)| *name == word);
    let command = also.map_or(word, |(_, meant)| meant);
    let needed = |what| given().ok_or_else(|| format!("`{word}` needs {what}"));
    Ok(match command {
        "/help" => Slash::Help,
        "/clear" => Slash::Clear,
        "/system" => Slash::System(given()),
        "/set" => match rest.strip_prefix("system ") {
            Some(text) => Slash::System(Some(text.trim().trim_matches('"').to_owned())),
            None => Slash::Set(given()),
        },
        "/show" => Slash::Show,
        "/model" => Slash::Model(given()),
        "/file" => Slash::File(words(rest)),
        "/edit" => Slash::Edit(rest.to_owned()),
        "/save" => Slash::Save(given()),
        "/load" => Slash::Load(needed("a name; `/list` lists what is kept")?),
        "/list" => Slash::List,
        "/delete" => Slash::Delete(needed("a name; `/list` lists what is kept")?),
        "/retry" => Slash::Retry,
        "/undo" if rest.is_empty() => Slash::Undo(1),
        "/undo" => Slash::Undo(count(rest)?),
        "/copy" => Slash::Copy(match rest {
            "" => Copy::All,
            "code" => Copy::Code,
            number => Copy::Block(count(number.trim_start_matches("code").trim())?),
        }),
        "/exit" => Slash::Exit,
        _ => {
            let near = nearest(word, COMMANDS.map(|(name, _, _)| name));
            let hint = near.map_or("`/help` lists the commands".into(), |near| {
                format!("did you mean `{near}`?")
            });
            return Err(format!("there is no command `{word}`; {hint}"));
        }
    })
}

fn count(text: &str) -> Result<usize, String> {
    let count = text.parse().ok().filter(|count| *count > 0);
    count.ok_or_else(|| format!("`{text}` is not a count"))
}

/// The words of a command, as a shell reads them: quotes and `\ ` keep blanks.
pub(super) fn words(text: &str) -> Vec<String> {
    let (mut words, mut word) = (Vec::new(), None::<String>);
    let mut quote = None;
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match (c, quote) {
            (c, Some(mark)) if c == mark => quote = None,
            ('\'' | '"', None) => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            ('\\', None | Some('"')) => word.get_or_insert_default().extend(chars.next()),
            (c, None) if c.is_whitespace() => words.extend(word.take()),
            (c, _) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_and_their_arguments_are_read() {
        for exit in ["/exit", "/quit", "/bye"] {
            assert_eq!(parse(exit), Ok(Slash::Exit));
        }
        assert_eq!(
            parse("/system be brief "),
            Ok(Slash::System(Some("be brief".into())))
        );
        assert_eq!(
            parse("/set system \"be brief\""),
            Ok(Slash::System(Some("be brief".into())))
        );
        assert_eq!(parse("/model"), Ok(Slash::Model(None)));
        assert_eq!(
            parse("/set temperature 0.2"),
            Ok(Slash::Set(Some("temperature 0.2".into())))
        );
        assert_eq!(parse("/copy"), Ok(Slash::Copy(Copy::All)));
        assert_eq!(parse("/copy code"), Ok(Slash::Copy(Copy::Code)));
        assert_eq!(parse("/copy 2"), Ok(Slash::Copy(Copy::Block(2))));
        assert_eq!(parse("/undo"), Ok(Slash::Undo(1)));
        assert_eq!(
            parse("/file 'a b' c\\ d"),
            Ok(Slash::File(vec!["a b".into(), "c d".into()]))
        );
    }

    #[test]
    fn a_wrong_command_says_what_would_be_right() {
        let why = |line| parse(line).unwrap_err();
        assert!(why("/hepl").contains("did you mean `/help`?"));
        assert!(why("/xyzzy").contains("/help"));
        assert!(why("/load").contains("/list"));
        assert!(why("/undo x").contains("not a count"));
    }

    #[test]
    fn a_path_is_no_command() {
        assert!(is_command("/help") && is_command("/file /etc/hosts"));
        assert!(!is_command("/etc/hosts is what?") && !is_command("say /help"));
    }
}
