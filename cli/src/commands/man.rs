//! `mcpctl man`: manual pages, made from the same definitions as the help.

use std::path::Path;

use clap::Command;
use clap_mangen::Man;

use super::help;
use crate::args;
use crate::args::connect;
use crate::exit_code::Exit;
use crate::failure::{Failure, Result};
use crate::output::Output;

pub(super) fn run(args: &connect::Man, output: &Output) -> Result<Exit> {
    let root = args::definition();
    let Some(dir) = &args.dir else {
        let command = help::find(&root, &args.words)?;
        output.raw(&page(command)?)?;
        return Ok(Exit::Done);
    };
    let failed = |path: &Path, why: &std::io::Error| {
        Failure::failed(format!("can't write {}", path.display())).caused_by(why)
    };
    std::fs::create_dir_all(dir).map_err(|why| failed(dir, &why))?;
    let mut count = 0;
    for (name, command) in visible(&root) {
        let path = dir.join(format!("{name}.1"));
        std::fs::write(&path, page(command)?).map_err(|why| failed(&path, &why))?;
        count += 1;
    }
    output.note(&format!("{count} pages are in {}", dir.display()));
    Ok(Exit::Done)
}

/// A command and all below it, each with the name of its page: `mcpctl-jobs-submit`.
fn visible(command: &Command) -> Vec<(String, &Command)> {
    let below = command.get_subcommands().filter(|sub| !sub.is_hide_set());
    let below = below.flat_map(visible);
    [(page_name(command), command)]
        .into_iter()
        .chain(below)
        .collect()
}

fn page_name(command: &Command) -> String {
    let name = command.get_bin_name().unwrap_or(command.get_name());
    name.replace(' ', "-")
}

fn page(command: &Command) -> Result<Vec<u8>> {
    let titled = command.clone().display_name(page_name(command));
    let man = Man::new(titled)
        .source(concat!("mcpctl ", env!("CARGO_PKG_VERSION")))
        .manual("mcpctl manual");
    let mut page = Vec::new();
    sections(&man, command, &mut page)
        .map_err(|why| Failure::failed("the page can't be made").caused_by(&why))?;
    Ok(page)
}

fn sections(man: &Man, command: &Command, page: &mut Vec<u8>) -> std::io::Result<()> {
    man.render_title(page)?;
    man.render_name_section(page)?;
    man.render_synopsis_section(page)?;
    man.render_description_section(page)?;
    man.render_options_section(page)?;
    if command.get_subcommands().any(|sub| !sub.is_hide_set()) {
        man.render_subcommands_section(page)?;
    }
    if let Some(after) = command.get_after_help() {
        page.extend_from_slice(examples(&after.to_string()).as_bytes());
    }
    Ok(())
}

/// What stands behind the help: examples, which are not to be filled into lines.
fn examples(after_help: &str) -> String {
    let text = after_help.strip_prefix("Examples:\n").unwrap_or(after_help);
    // In roff a backslash begins an escape, a dot or a quote in front a request.
    let lines = text
        .lines()
        .map(|line| format!("\\&{}\n", line.replace('\\', "\\e")));
    format!(".SH EXAMPLES\n.nf\n{}.fi\n", lines.collect::<String>())
}
