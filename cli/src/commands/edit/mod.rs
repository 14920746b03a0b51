//! `mcpctl edit TYPE/NAME`: a resource's YAML in the person's editor, and what was saved on the
//! server.
//!
//! ```text
//! get -> edit -> unchanged: done
//!          ^  -> not valid: the reason on top ──┐
//!          ^  -> overtaken: hers on theirs ─────┤
//!          └────────────────────────────────────┘
//!             -> stored: done            else: the text is kept in a file
//! ```

use serde_json::Value;
use shared::name::Name;

use super::diff::unified;
use super::wanted::written;
use super::{manifest, report};
use crate::args::apply::Edit;
use crate::client::{Client, name_of};
use crate::exit_code::Exit;
use crate::failure::{Failure, Result};
use crate::output::yaml;
use crate::prompt;
use crate::resource::{Resource, select};
use crate::session::Session;

mod editor;
mod merge;
mod page;

use editor::Editor;
use merge::merge;
use page::Page;

pub(super) async fn run(args: &Edit, session: &Session<'_>) -> Result<Exit> {
    let (resource, name) = one(&args.what)?;
    can_be_edited(resource, &name)?;
    let editor = Editor::find()?;
    let client = session.client()?;
    let edit = Editing {
        client: &client,
        resource,
        name: &name,
    };
    let base = client.get(resource, &name).await?;
    refuse_virtual(&base)?;
    edit.until_stored(base, editor, session).await
}

/// Reads the one thing that is to be edited.
fn one(words: &[String]) -> Result<(Resource, Name)> {
    let mut selections = select(words)?;
    let alone = selections.len() == 1;
    match selections.pop() {
        Some(mut only) if alone && only.names.len() == 1 => {
            Ok((only.resource, only.names.remove(0)))
        }
        _ => Err(Failure::usage("one resource at a time can be edited").hint(
            "mcpctl edit llm/NAME; for many: `mcpctl get TYPE -o yaml`, then `mcpctl apply -f`",
        )),
    }
}

fn can_be_edited(resource: Resource, name: &Name) -> Result<()> {
    let (what, hint) = match resource {
        Resource::Llm | Resource::Alias | Resource::Price => return Ok(()),
        Resource::Secret => (
            "a secret's values can't be seen, so they can't be edited",
            format!(
                "replace it: mcpctl delete secret {name}, mcpctl create secret {name} --from-stdin FIELD"
            ),
        ),
        Resource::Token => (
            "of a token only its limits can be changed",
            format!("mcpctl set limits token/{name} --budget USD"),
        ),
        Resource::Job => (
            "a job that was accepted can't be changed",
            format!("take it back: mcpctl jobs cancel {name}"),
        ),
    };
    Err(Failure::usage(what).hint(hint))
}

/// What a publisher says of its own LLM comes with its offer.
fn refuse_virtual(document: &Value) -> Result<()> {
    match document.pointer("/spec/kind").and_then(Value::as_str) {
        Some("virtual") => Err(Failure::usage(format!(
            "`{}` is virtual: its publisher says what it is",
            name_of(document)
        ))
        .hint(
            "change it in ~/.mcpctl/config.json on its machine, then `mcpctl local reload` there",
        )),
        _ => Ok(()),
    }
}

/// What is edited.
struct Editing<'a> {
    client: &'a Client,
    resource: Resource,
    name: &'a Name,
}

/// Why a text was not stored.
enum Refused {
    /// For this reason; another text may do.
    Invalid(Failure),
    /// Somebody stored this version meanwhile.
    Overtaken(Box<Value>, Failure),
    /// No other text helps.
    Failed(Failure),
}

impl Editing<'_> {
    async fn until_stored(
        &self,
        mut base: Value,
        mut editor: Editor,
        session: &Session<'_>,
    ) -> Result<Exit> {
        let what = format!("{}/{}", self.resource.singular(), self.name);
        let output = session.output;
        let mut page = Page::new(&what, yaml(&written(&base))?);
        let mut failed: Option<Failure> = None;
        loop {
            let text = page.read(&editor.edit(&page.show())?);
            if text.trim().is_empty() {
                output.note(&format!("The text is empty: {what} stays as it is"));
                return failed.map_or(Ok(Exit::Failure), Err);
            }
            if text == page.text && !page.overtaken {
                let Some(failure) = failed else {
                    output.line(&format!("{what} unchanged"))?;
                    return Ok(Exit::Done);
                };
                return Err(editor.keep(&text, failure));
            }
            match self.store(&text, &base).await {
                Ok(None) => {
                    output.line(&format!("{what} unchanged"))?;
                    return Ok(Exit::Done);
                }
                Ok(Some(stored)) => {
                    report(output, self.resource, &stored, "edited")?;
                    return Ok(Exit::Done);
                }
                Err(Refused::Invalid(why)) => {
                    page = page.again(text, &why);
                    failed = Some(why);
                }
                Err(Refused::Failed(why)) => return Err(editor.keep(&text, why)),
                Err(Refused::Overtaken(theirs, why)) => {
                    let (before, after) = (yaml(&written(&base))?, yaml(&written(&theirs))?);
                    let theirs_diff =
                        unified(&before, &after, "what you opened", "what is there now");
                    output.warning(&format!("{what} was changed meanwhile:"));
                    output.note(theirs_diff.trim_end());
                    let again = prompt::can_ask()
                        && prompt::confirm("Open it again, your changes on top of theirs?")?;
                    if !again {
                        return Err(editor.keep(&text, why));
                    }
                    let hers = self.document(&text).unwrap_or_else(|_| written(&base));
                    let merged = merge(&written(&base), &hers, &written(&theirs));
                    page = page.overtaken(yaml(&merged.document)?, &theirs_diff, &merged.both);
                    failed = None;
                    base = *theirs;
                }
            }
        }
    }

    /// Stores a text over the version that was opened. `None`: it wants what is there.
    async fn store(&self, text: &str, base: &Value) -> Result<Option<Value>, Refused> {
        let mut document = self.document(text).map_err(Refused::Invalid)?;
        if document == written(base) {
            return Ok(None);
        }
        if let Some(version) = base.pointer("/metadata/resourceVersion") {
            document["metadata"]["resourceVersion"] = version.clone();
        }
        match self.client.put(self.resource, self.name, &document).await {
            Ok(stored) => Ok(Some(stored)),
            Err(why) if why.exit() == Exit::Conflict => self.overtaken(why, base).await,
            Err(why) if why.exit() == Exit::Failure => Err(Refused::Invalid(why)),
            Err(why) => Err(Refused::Failed(why)),
        }
    }

    /// A conflict: somebody was faster, or the server refuses it for another reason.
    async fn overtaken(&self, why: Failure, base: &Value) -> Result<Option<Value>, Refused> {
        let theirs = self.client.get(self.resource, self.name).await;
        let theirs = theirs.map_err(Refused::Failed)?;
        let version = |document: &Value| document.pointer("/metadata/resourceVersion").cloned();
        if version(&theirs) == version(base) {
            return Err(Refused::Invalid(why));
        }
        Err(Refused::Overtaken(Box::new(theirs), why))
    }

    /// Reads a text, and checks it as the server would.
    fn document(&self, text: &str) -> Result<Value> {
        let document =
            crate::yaml::one(text).map_err(|why| Failure::failed("this is not YAML").cause(why))?;
        if !document.is_object() {
            return Err(Failure::failed(
                "this is no document: its fields are missing",
            ));
        }
        let name = document.pointer("/metadata/name").and_then(Value::as_str);
        if name != Some(self.name.as_str()) {
            return Err(Failure::failed("the name can't be changed")
                .cause(format!("`metadata.name` must stay `{}`", self.name)));
        }
        manifest::check(self.resource, &document)
            .map_err(|why| Failure::failed("this is not valid").cause(why))?;
        Ok(written(&document))
    }
}
