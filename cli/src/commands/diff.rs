//! `mcpctl diff -f`: what `apply` would change, as a unified diff.

use serde_json::Value;
use similar::TextDiff;

use super::manifest::{Entry, read};
use super::wanted::normal;
use crate::args::apply::Diff;
use crate::client::Client;
use crate::exit_code::Exit;
use crate::failure::{Failure, Result};
use crate::output::paint::Paint;
use crate::output::yaml;
use crate::resource::Resource;
use crate::session::Session;

pub(super) async fn run(args: &Diff, session: &Session<'_>) -> Result<Exit> {
    let entries = read(&args.filename)?;
    let client = session.client()?;
    let output = session.output;
    let paint = Paint {
        colour: output.colour_on_out(),
    };
    let (mut differs, mut broken) = (false, None);
    for entry in entries {
        let compared = match &entry {
            Ok(entry) => compare(&client, entry).await,
            Err(_) => Ok(String::new()),
        };
        match entry.and(compared) {
            Ok(diff) if diff.is_empty() => {}
            Ok(diff) => {
                differs = true;
                output.data_painted(&diff, |line| painted(paint, line))?;
            }
            Err(why) => {
                output.failure(&why);
                broken = broken.max(Some(why.exit().code()));
            }
        }
    }
    // 1 says that something differs: a failure must not.
    Ok(match broken {
        Some(code) if code == Exit::Auth.code() => Exit::Auth,
        Some(code) if code == Exit::Unavailable.code() => Exit::Unavailable,
        Some(code) if code == Exit::NotFound.code() => Exit::NotFound,
        Some(_) => Exit::Usage,
        None if differs => Exit::Failure,
        None => Exit::Done,
    })
}

/// The diff from what is there to what the entry wants; empty where they are the same.
async fn compare(client: &Client, entry: &Entry) -> Result<String> {
    let current = match client.get(entry.resource, &entry.name).await {
        Ok(current) => Some(current),
        Err(why) if why.exit() == Exit::NotFound => None,
        Err(why) => return Err(why.cause(format!("comparing {}", entry.place))),
    };
    let form = |document: &Value| {
        let form = normal(entry.resource, document);
        form.ok_or_else(|| {
            Failure::failed(format!("{} can't be compared", entry.place))
                .hint("`mcpctl version` shows whether server and mcpctl differ")
        })
    };
    let wanted = yaml(&form(&entry.document)?)?;
    let before = match &current {
        Some(current) => yaml(&form(current)?)?,
        None => String::new(),
    };
    if entry.resource == Resource::Secret && before == wanted {
        let note = "the values of secret/{} can't be compared: only its fields are";
        client
            .output()
            .note(&note.replace("{}", entry.name.as_str()));
    }
    let name = format!("{}/{}", entry.resource.singular(), entry.name);
    let there = match current {
        Some(_) => format!("{name} (on the server)"),
        None => format!("{name} (not there)"),
    };
    Ok(unified(
        &before,
        &wanted,
        &there,
        &format!("{name} ({})", entry.place),
    ))
}

/// A unified diff; empty where the texts are the same.
pub(super) fn unified(before: &str, after: &str, name: &str, new_name: &str) -> String {
    if before == after {
        return String::new();
    }
    TextDiff::from_lines(before, after)
        .unified_diff()
        .context_radius(3)
        .header(name, new_name)
        .to_string()
}

/// A line of a diff in its colour.
fn painted(paint: Paint, line: &str) -> String {
    let code = match line.as_bytes() {
        [b'-', b'-', b'-', ..] | [b'+', b'+', b'+', ..] => "1",
        [b'@', ..] => "36",
        [b'-', ..] => "31",
        [b'+', ..] => "32",
        _ => return line.into(),
    };
    paint.line(code, line)
}
