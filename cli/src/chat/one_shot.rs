//! One question, one answer: the text alone on stdout, fit for a pipe.

use shared::name::Name;

use super::ask::ask;
use super::conversation::{Conversation, Speaker};
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
    let mut conversation = Conversation::new(args);
    conversation.say(Speaker::User, message);
    if matches!(output.format, Format::Json | Format::Yaml) {
        let body = conversation.request(name.as_str(), false);
        let answer = tokio::select! {
            biased;
            _ = tokio::signal::ctrl_c() => return Err(Failure::interrupted()),
            answer = async { client.read_json(client.infer(name, &body).await?).await } => answer?,
        };
        output.document(&answer)?;
        return Ok(Exit::Done);
    }
    let body = conversation.request(name.as_str(), !args.no_stream);
    let asked = ask(&client, name, &body, output).await;
    match asked.end {
        Ok(true) => Ok(Exit::Done),
        Ok(false) => Err(Failure::interrupted()),
        Err(why) => Err(why),
    }
}
