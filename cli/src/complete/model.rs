//! What a completion script knows: commands, flags, and what may stand in each place.

use clap::{Arg, ArgAction, Command, ValueHint};

use crate::args::definition;
use crate::args::jobs::KINDS;
use crate::commands::TOPICS;

/// One command.
pub(super) struct Node {
    /// The words behind `mcpctl`, each with a blank before it: ` create llm`.
    pub(super) path: String,
    /// Sub-commands with what they do.
    pub(super) subcommands: Vec<(String, String)>,
    /// Flags as they are typed, with what they do and what follows.
    pub(super) flags: Vec<Flag>,
    /// What the words behind the command are.
    pub(super) slot: Slot,
    /// Whether more than one may follow.
    pub(super) many: bool,
}

pub(super) struct Flag {
    /// `--server`, `-v`.
    pub(super) word: String,
    pub(super) about: String,
    /// `None` where no value follows.
    pub(super) value: Option<Slot>,
}

/// What may stand in a place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Slot {
    /// Nothing that we know.
    Free,
    /// One of these.
    Words(Vec<String>),
    /// A file or a folder.
    File,
    /// What `mcpctl __complete KIND` prints.
    Ask(&'static str),
}

impl Slot {
    /// As the tables of the scripts write it: words, `@file`, `@KIND`, or nothing.
    pub(super) fn text(&self) -> String {
        match self {
            Self::Free => String::new(),
            Self::Words(words) => words.join(" "),
            Self::File => "@file".into(),
            Self::Ask(kind) => format!("@{kind}"),
        }
    }
}

/// Every visible command, parents first.
pub(super) fn nodes() -> Vec<Node> {
    let root = definition();
    let mut nodes = Vec::new();
    collect(&root, String::new(), &mut nodes);
    nodes
}

fn collect(command: &Command, path: String, nodes: &mut Vec<Node>) {
    let visible = || command.get_subcommands().filter(|sub| !sub.is_hide_set());
    let about = |sub: &Command| sub.get_about().map(ToString::to_string).unwrap_or_default();
    let positional = command.get_positionals().next();
    nodes.push(Node {
        subcommands: visible()
            .map(|sub| (sub.get_name().to_owned(), about(sub)))
            .collect(),
        flags: flags(command),
        slot: positional.map_or(Slot::Free, |arg| slot(&path, arg)),
        many: positional.is_some_and(|arg| {
            arg.get_num_args()
                .is_some_and(|range| range.max_values() > 1)
                || matches!(arg.get_action(), ArgAction::Append)
        }),
        path: path.clone(),
    });
    for sub in visible() {
        collect(sub, format!("{path} {}", sub.get_name()), nodes);
    }
}

fn flags(command: &Command) -> Vec<Flag> {
    let mut flags = Vec::new();
    for arg in command.get_opts().chain(
        command
            .get_arguments()
            .filter(|arg| !arg.is_positional() && !arg.get_action().takes_values()),
    ) {
        if arg.is_hide_set() {
            continue;
        }
        let value = arg.get_action().takes_values().then(|| slot("", arg));
        let about = arg.get_help().map(ToString::to_string).unwrap_or_default();
        let long = arg.get_long().map(|long| format!("--{long}"));
        let short = arg.get_short().map(|short| format!("-{short}"));
        flags.extend(long.into_iter().chain(short).map(|word| Flag {
            word,
            about: about.clone(),
            value: value.clone(),
        }));
    }
    flags
}

fn slot(path: &str, arg: &Arg) -> Slot {
    match (path, arg.get_id().as_str()) {
        (" top llm", "names") | ("", "llm" | "llms") => return Slot::Ask("llm"),
        (" get", "what") => return Slot::Ask("what-get"),
        (" describe" | " delete" | " edit" | " wait" | " logs", "what") => {
            return Slot::Ask("what");
        }
        (" chat-llm", "name") | (" explain route", "model") | ("", "fallbacks") => {
            return Slot::Ask("route");
        }
        (" explain", "field") => {
            let types = crate::resource::Resource::ALL.map(|r| r.singular().to_owned());
            return Slot::Words(types.to_vec());
        }
        (" set limits", "token") => return Slot::Ask("limits"),
        (" context use" | " context show" | " context delete", "name") | ("", "context") => {
            return Slot::Ask("context");
        }
        (" jobs watch" | " jobs wait" | " jobs cancel" | " jobs retry", "ids")
        | (" jobs logs", "id") => return Slot::Ask("job"),
        ("", "kind") => return Slot::Words(KINDS.map(String::from).to_vec()),
        (_, "provider") => return Slot::Ask("provider"),
        (" help", "words") => return Slot::Words(help_words()),
        ("", "roles") => {
            let roles = shared::role::Role::ALL.map(|role| role.as_str().to_owned());
            return Slot::Words(roles.to_vec());
        }
        _ => {}
    }
    let values: Vec<String> = arg
        .get_possible_values()
        .iter()
        .map(|value| value.get_name().to_owned())
        .collect();
    match arg.get_value_hint() {
        _ if !values.is_empty() => Slot::Words(values),
        ValueHint::AnyPath | ValueHint::FilePath => Slot::File,
        _ => Slot::Free,
    }
}

fn help_words() -> Vec<String> {
    let root = definition();
    let commands = root.get_subcommands().filter(|sub| !sub.is_hide_set());
    let commands = commands.map(|sub| sub.get_name().to_owned());
    commands.chain(TOPICS.map(String::from)).collect()
}
