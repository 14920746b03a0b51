//! Runs one recipe, of whichever form.

use crate::config::Recipe;
use crate::publish::Failed;

use super::{command, http_call, wol};

/// What recipes are run with. Cheap to clone.
#[derive(Clone)]
pub struct Recipes {
    /// For HTTP calls.
    pub client: upstream::Client,
}

/// Runs `recipe` to its end. Dropping the future stops it: a command is killed with all that it
/// started.
///
/// Errors: why it failed, without a credential; the words for the server without a path or address.
pub async fn run(recipe: &Recipe, with: &Recipes) -> Result<(), Failed> {
    match recipe {
        Recipe::Command(command) => command::run(command).await,
        Recipe::Http(call) => http_call::send(call, &with.client).await,
        Recipe::Wol(wol) => wol::send(wol).await,
    }
}
