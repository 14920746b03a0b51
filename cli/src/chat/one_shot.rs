//! One question, one answer: the text alone on stdout, fit for a pipe.

use shared::name::Name;

use super::ask::{ask, summarise};
use super::conversation::{Conversation, Question};
use super::settings::Settings;
use crate::args::Format;
use crate::args::chat::ChatLlm;
use crate::exit_code::Exit;
use crate::failure::{Failure, Result};
use crate::session::Session;

pub(super) async fn run(
    name: &Name,
    message: String,
    args: &ChatLlm,
    session: &Session<'_>,
) -> Result<Exit> {
    let (client, output) = (session.client()?, session.output);
    let mut settings = Settings::new(args, session.global.verbose);
    let mut conversation = Conversation::new(args.system.clone());
    conversation.ask(Question {
        text: message,
        files: Vec::new(),
    });
    if matches!(output.format, Format::Json | Format::Yaml) {
        settings.no_stream = true;
        let body = conversation.request(name.as_str(), &settings);
        let answer = tokio::select! {
            biased;
            _ = tokio::signal::ctrl_c() => return Err(Failure::interrupted()),
            answer = async { client.read_json(client.infer(name, &body).await?).await } => answer?,
        };
        output.document(&answer)?;
        return Ok(Exit::Done);
    }
    let body = conversation.request(name.as_str(), &settings);
    let asked = ask(&client, name, &body, &settings, output).await;
    summarise(&asked.statistics, None, output);
    match asked.end {
        Ok(true) => Ok(Exit::Done),
        Ok(false) => Err(Failure::interrupted()),
        Err(why) => Err(why),
    }
}
