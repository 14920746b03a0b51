//! What may stand as `model` in a request: an LLM, an alias, or the model id of several LLMs. For
//! those who are about to ask, and for the hint of those who asked for nothing that there is.

use serde_json::{Value, json};

use super::{Client, name_of, names_in};
use crate::exit_code::Exit;
use crate::failure::{Failure, Result};
use crate::near_miss::nearest;
use crate::resource::Resource;

/// Everything that can be asked for.
pub(crate) struct Models {
    llms: Value,
    aliases: Value,
}

/// What a name stands for, in the order in which the server looks it up.
#[derive(Debug, PartialEq)]
pub(crate) enum Target<'a> {
    Llm(&'a Value),
    Alias(&'a Value),
    /// The LLMs that serve the model id.
    Pool(Vec<&'a Value>),
}

impl Client {
    /// Everything that can be asked for. A server without aliases has none.
    pub(crate) async fn models(&self) -> Result<Models> {
        let llms = self.list(Resource::Llm).await?;
        let aliases = self.list(Resource::Alias).await;
        let aliases = aliases.unwrap_or_else(|_| json!({}));
        Ok(Models { llms, aliases })
    }

    /// Adds the nearest of all that may stand as `model` to a not-found failure, where the server
    /// did not hint itself.
    pub(super) async fn with_near_model(&self, failure: Failure, model: &str) -> Failure {
        if failure.exit() != Exit::NotFound || failure.has_hint() {
            return failure;
        }
        match self.models().await {
            Ok(models) => models.hint(failure, model),
            Err(_) => failure,
        }
    }
}

impl Models {
    /// The names of LLMs and aliases.
    pub(crate) fn names(&self) -> Vec<&str> {
        let llms = names_in(&self.llms).into_iter();
        llms.chain(names_in(&self.aliases)).collect()
    }

    /// What `name` stands for.
    ///
    /// Errors: not found, with the nearest name as a hint.
    pub(crate) fn get(&self, name: &str) -> Result<Target<'_>> {
        let called = |document: &&Value| name_of(document) == name;
        if let Some(llm) = items(&self.llms).find(called) {
            return Ok(Target::Llm(llm));
        }
        if let Some(alias) = items(&self.aliases).find(called) {
            return Ok(Target::Alias(alias));
        }
        let pool = items(&self.llms).filter(|llm| model_id(llm) == Some(name));
        let pool: Vec<_> = pool.collect();
        if !pool.is_empty() {
            return Ok(Target::Pool(pool));
        }
        let why = format!("there is no LLM, alias or model id `{name}`");
        Err(self.hint(Failure::new(Exit::NotFound, why), name))
    }

    fn hint(&self, failure: Failure, typed: &str) -> Failure {
        let ids = items(&self.llms).filter_map(model_id);
        match nearest(typed, self.names().into_iter().chain(ids)) {
            Some(near) => failure.hint(format!("did you mean `{near}`?")),
            None => failure.hint("`mcpctl get llm,alias` lists what can be asked for"),
        }
    }
}

fn items(list: &Value) -> impl Iterator<Item = &Value> {
    let items = list.get("items").and_then(Value::as_array);
    items.into_iter().flatten()
}

fn model_id(llm: &Value) -> Option<&str> {
    llm.pointer("/spec/model")?.as_str()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_llm_goes_before_an_alias_and_an_alias_before_a_model_id() {
        let llm =
            |name: &str, model: &str| json!({"metadata": {"name": name}, "spec": {"model": model}});
        let alias = |name: &str| json!({"metadata": {"name": name}});
        let models = Models {
            llms: json!({"items": [llm("a", "m"), llm("b", "m"), llm("c", "smart")]}),
            aliases: json!({"items": [alias("a"), alias("smart")]}),
        };
        assert_eq!(models.get("a").unwrap(), Target::Llm(&llm("a", "m")));
        assert_eq!(models.get("smart").unwrap(), Target::Alias(&alias("smart")));
        let pool = [llm("a", "m"), llm("b", "m")];
        assert_eq!(
            models.get("m").unwrap(),
            Target::Pool(pool.iter().collect())
        );
        let lines = models.get("smrat").unwrap_err();
        assert!(format!("{lines:?}").contains("did you mean `smart`?"));
    }
}
