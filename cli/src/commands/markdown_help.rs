//! `mcpctl __markdown-help`: the whole reference, for `docs/CLI.md`.

use clap::Command;

use super::help::topics;
use crate::args::definition;
use crate::exit_code::Exit;
use crate::failure::Result;
use crate::output::Output;

pub(super) fn run(output: &Output) -> Result<Exit> {
    let root = definition();
    let mut text = String::from(
        "# mcpctl\n\nMade by `mcpctl __markdown-help`; change the program, not this file.\n",
    );
    section(&root, &mut text);
    text += "\n# Topics\n";
    for (topic, body) in topics() {
        text += &format!(
            "\n## mcpctl help {topic}\n\n```text\n{}\n```\n",
            body.trim_end()
        );
    }
    output.raw(text.as_bytes())?;
    Ok(Exit::Done)
}

fn section(command: &Command, text: &mut String) {
    let name = command.get_bin_name().unwrap_or(command.get_name());
    // A fixed width, so that the reference does not depend on who makes it.
    let mut alone = command.clone().term_width(100);
    if name != "mcpctl" {
        // The flags that every command takes stand once, at the top.
        alone = alone.mut_args(|arg| {
            let global = arg.is_global_set();
            if global { arg.hide(true) } else { arg }
        });
    }
    let help = alone.render_long_help();
    let lines: Vec<_> = help
        .to_string()
        .lines()
        .map(str::trim_end)
        .map(String::from)
        .collect();
    let help = lines.join("\n");
    *text += &format!("\n## {name}\n\n```text\n{}\n```\n", help.trim_end());
    for sub in command.get_subcommands().filter(|sub| !sub.is_hide_set()) {
        section(sub, text);
    }
}
