//! `mcpctl context`: the servers that there are, and the one in use.

use home::config::{Config, Context};
use serde_json::{Value, json};

use crate::args::Format;
use crate::args::connect::{Context as ContextArgs, ContextVerb};
use crate::exit_code::Exit;
use crate::failure::{Failure, Result};
use crate::output::table;
use crate::session::{Session, find_context};

pub(super) fn run(args: &ContextArgs, session: &Session<'_>) -> Result<Exit> {
    match &args.verb {
        ContextVerb::List => list(session)?,
        ContextVerb::Show { name } => show(session, name.as_deref())?,
        ContextVerb::Use { name } => {
            find_context(&Config::load(&session.home)?, name)?;
            Config::edit(&session.home, |config| config.use_context(name))?;
            session
                .output
                .note(&format!("Switched to context `{name}`"));
        }
        ContextVerb::Delete { name } => {
            find_context(&Config::load(&session.home)?, name)?;
            Config::edit(&session.home, |config| config.delete_context(name))?;
            session.output.note(&format!("Deleted context `{name}`"));
        }
    }
    Ok(Exit::Done)
}

fn list(session: &Session<'_>) -> Result<()> {
    let config = Config::load(&session.home)?;
    let (contexts, output) = (config.contexts(), session.output);
    let is_current = |context: &Context| config.current_context() == Some(&*context.name);
    match output.format {
        Format::Json | Format::Yaml => {
            let each = contexts.iter().map(|c| as_json(c, is_current(c)));
            output.document(&Value::Array(each.collect()))
        }
        Format::Name => contexts
            .iter()
            .try_for_each(|context| output.line(&context.name)),
        Format::Table | Format::Wide if contexts.is_empty() => {
            output.note("No contexts. `mcpctl login URL` adds one");
            Ok(())
        }
        Format::Table | Format::Wide => {
            let rows = contexts.iter().map(|context| {
                let mark = if is_current(context) { "*" } else { "" };
                vec![context.name.clone(), context.server.clone(), mark.into()]
            });
            let rows: Vec<_> = rows.collect();
            output.data(&table::render(
                Some(&["NAME", "SERVER", "CURRENT"]),
                &rows,
                output.width(),
            ))
        }
    }
}

fn show(session: &Session<'_>, name: Option<&str>) -> Result<()> {
    let config = Config::load(&session.home)?;
    let output = session.output;
    let name = name.or(session.global.context.as_deref());
    let context = match name.or(config.current_context()) {
        Some(name) => find_context(&config, name)?,
        None => {
            return Err(Failure::failed("no context is in use")
                .hint("`mcpctl context list` lists them, `mcpctl login URL` adds one"));
        }
    };
    let is_current = config.current_context() == Some(&*context.name);
    match output.format {
        Format::Json | Format::Yaml => output.document(&as_json(&context, is_current)),
        Format::Name => output.line(&context.name),
        Format::Table | Format::Wide => {
            output.line(&format!("Name:    {}", context.name))?;
            output.line(&format!("Server:  {}", context.server))?;
            output.line(&format!(
                "Current: {}",
                if is_current { "yes" } else { "no" }
            ))?;
            match session.server() {
                Ok(used) if used.as_str() != context.server && is_current => {
                    output.note(&format!("In use now, by flag or environment: {used}"));
                }
                _ => {}
            }
            Ok(())
        }
    }
}

fn as_json(context: &Context, current: bool) -> Value {
    json!({"name": context.name, "server": context.server, "current": current})
}
