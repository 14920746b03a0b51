//! The commands of a conversation: what a line that begins with `/` means.

use crate::args::chat::temperature;
use crate::near_miss::nearest;

/// A command, read.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Slash {
    Help,
    Clear,
    System(Option<String>),
    Set(Option<Setting>),
    Model(Option<String>),
    Save(String),
    Load(String),
    Retry,
    Copy,
    Exit,
}

/// What `/set` changes; `None` takes the setting back.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Setting {
    Temperature(Option<f64>),
    MaxTokens(Option<u32>),
}

/// Every command: name, argument, what it does.
pub(super) const COMMANDS: [(&str, &str, &str); 10] = [
    ("/help", "", "list the commands and keys"),
    ("/clear", "", "forget what was said"),
    ("/system", "[TEXT|off]", "show or set the system prompt"),
    (
        "/set",
        "[temperature N|max-tokens N]",
        "show or change a setting; `off` takes it back",
    ),
    (
        "/model",
        "[NAME]",
        "show or change the LLM, alias or model id",
    ),
    ("/save", "FILE", "write the conversation to a file"),
    ("/load", "FILE", "go on with a saved conversation"),
    ("/retry", "", "ask the last question again"),
    ("/copy", "", "copy the last answer to the clipboard"),
    ("/exit", "", "leave (Ctrl-D)"),
];

/// The names that `/set` knows.
pub(super) const SETTINGS: [&str; 2] = ["temperature", "max-tokens"];

/// Reads a line that begins with `/`.
///
/// Errors: a sentence for the user.
pub(super) fn parse(line: &str) -> Result<Slash, String> {
    let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    let rest = rest.trim();
    let given = || Some(rest.to_owned()).filter(|rest| !rest.is_empty());
    let needed = || given().ok_or_else(|| format!("`{word}` needs a file name"));
    Ok(match word {
        "/help" | "/?" | "/h" => Slash::Help,
        "/clear" | "/new" => Slash::Clear,
        "/system" => Slash::System(given()),
        "/set" => Slash::Set(given().map(|rest| setting(&rest)).transpose()?),
        "/model" => Slash::Model(given()),
        "/save" => Slash::Save(needed()?),
        "/load" => Slash::Load(needed()?),
        "/retry" => Slash::Retry,
        "/copy" => Slash::Copy,
        "/exit" | "/quit" | "/bye" | "/q" => Slash::Exit,
        _ => {
            let near = nearest(word, COMMANDS.map(|(name, _, _)| name));
            let hint = near.map_or("`/help` lists the commands".into(), |near| {
                format!("did you mean `{near}`?")
            });
            return Err(format!("there is no command `{word}`; {hint}"));
        }
    })
}

fn setting(text: &str) -> Result<Setting, String> {
    let (name, value) = text.split_once([' ', '=']).unwrap_or((text, ""));
    let value = value.trim();
    let off = matches!(value, "off" | "default" | "none");
    match name {
        "temperature" if off => Ok(Setting::Temperature(None)),
        "temperature" => temperature(value).map(|t| Setting::Temperature(Some(t))),
        "max-tokens" | "max_tokens" if off => Ok(Setting::MaxTokens(None)),
        "max-tokens" | "max_tokens" => match value.parse() {
            Ok(count) if count > 0 => Ok(Setting::MaxTokens(Some(count))),
            _ => Err(format!("`{value}` is not a count of tokens")),
        },
        _ => Err(format!(
            "there is no setting `{name}`: {}",
            SETTINGS.join(", ")
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_and_their_arguments_are_read() {
        assert_eq!(parse("/exit"), Ok(Slash::Exit));
        assert_eq!(
            parse("/system be brief "),
            Ok(Slash::System(Some("be brief".into())))
        );
        assert_eq!(parse("/model"), Ok(Slash::Model(None)));
        assert_eq!(
            parse("/set temperature 0.2"),
            Ok(Slash::Set(Some(Setting::Temperature(Some(0.2)))))
        );
        assert_eq!(
            parse("/set max-tokens off"),
            Ok(Slash::Set(Some(Setting::MaxTokens(None))))
        );
    }

    #[test]
    fn a_wrong_command_says_what_would_be_right() {
        let why = |line| parse(line).unwrap_err();
        assert!(why("/hepl").contains("did you mean `/help`?"));
        assert!(why("/xyzzy").contains("/help"));
        assert!(why("/save").contains("file name"));
        assert!(why("/set temperature 9").contains("0 to 2"));
        assert!(why("/set colour red").contains("max-tokens"));
    }
}
