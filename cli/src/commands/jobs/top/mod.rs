//! `mcpctl jobs top`: how many jobs there are, what runs, what waits for what; once or live.

use serde_json::Value;

use crate::args::Format;
use crate::args::jobs::TopJobs;
use crate::clock::now;
use crate::commands::live;
use crate::exit_code::Exit;
use crate::failure::{Failure, Result};
use crate::session::Session;

mod frame;
mod summary;

use frame::View;
use summary::Summary;

pub(super) async fn run(args: &TopJobs, session: &Session<'_>) -> Result<Exit> {
    let (client, output) = (session.client()?, session.output);
    // Before the screen is taken: a failure at the start is told where one can read it.
    let answer = client.jobs_summary().await?;
    match output.format {
        Format::Json | Format::Yaml => {
            output.document(&answer)?;
            return Ok(Exit::Done);
        }
        Format::Name => {
            return Err(
                Failure::usage("`jobs top` has no names to print").hint("mcpctl get jobs -o name")
            );
        }
        Format::Table | Format::Wide => {}
    }
    let summary = read(&answer);
    if !args.once && output.can_draw() {
        let title = format!(
            "mcpctl jobs top  {}  every {}  q leaves",
            client.server(),
            shared::span::Span(args.interval)
        );
        let look = async || Ok(read(&client.jobs_summary().await?));
        return live::run(View::new(title, summary), args.interval, look, output).await;
    }
    let text = frame::text(&summary, output.width());
    output.data(&text)?;
    Ok(Exit::Done)
}

fn read(answer: &Value) -> Summary {
    Summary::read(answer, now())
}
