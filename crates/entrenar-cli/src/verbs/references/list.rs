use entrenar::research::Reference;
use serde_json::{Value, json};

use crate::app::App;
use crate::cited;
use crate::errors::{Exit, Failure};
use crate::table::{Column, Table};
use crate::term::{Line, Tone};

/// List the works that a session cites
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  entrenar references list 3f2a91
  entrenar references list 3f2a91 --json | jq -r '.references[].csl.DOI'")]
pub(crate) struct Args {
    /// The session's id or the beginning of it
    id: String,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Args {
    pub(crate) fn run(self, app: &mut App) -> Result<Exit, Failure> {
        let (store, id) = app.find(&self.id)?;
        let references = cited::in_store(&store, &id)?;
        if self.json {
            let references: Vec<Value> = references.iter().map(in_json).collect();
            app.out
                .json(&json!({ "session": id, "references": references }))?;
            return Ok(Exit::Done);
        }
        if references.is_empty() {
            app.out.line(&Line::new().dim("it cites nothing"))?;
            return Ok(Exit::Done);
        }
        let mut table = Table::new(&[
            ("key", Column::Left),
            ("as", Column::Left),
            ("relation", Column::Left),
            ("authors", Column::Flexible),
            ("year", Column::Left),
            ("title", Column::Main),
            ("where", Column::Flexible),
        ]);
        let [relation, address] = [2, 6];
        table.may_drop(&[relation]);
        table.may_drop(&[address]);
        for reference in &references {
            table.row(vec![
                Line::of(Tone::Id, reference.key.as_deref().unwrap_or_default()),
                Line::new().plain(reference.use_or_kind().as_str()),
                Line::new().plain(reference.relation.as_str()),
                Line::new().plain(authors(reference)),
                Line::new().plain(
                    reference
                        .issued
                        .map(|date| date.year().to_string())
                        .unwrap_or_default(),
                ),
                Line::new().plain(reference.title.as_deref().unwrap_or_default()),
                Line::new().dim(place(reference)),
            ]);
        }
        for line in table.lines(app.out.columns()) {
            app.out.line(&line)?;
        }
        Ok(Exit::Done)
    }
}

fn authors(reference: &Reference) -> String {
    let names = if reference.authors.is_empty() {
        &reference.editors
    } else {
        &reference.authors
    };
    match names.as_slice() {
        [] => String::new(),
        [one] => one.family(),
        [one, two] => format!("{}, {}", one.family(), two.family()),
        [one, ..] => format!("{} et al.", one.family()),
    }
}

fn place(reference: &Reference) -> String {
    match (&reference.session, reference.address()) {
        (Some(session), _) => format!("session {session}"),
        (None, Some(address)) => address,
        (None, None) => {
            let first = reference.identifiers.first();
            first.map(ToString::to_string).unwrap_or_default()
        }
    }
}

fn in_json(reference: &Reference) -> Value {
    let key = reference.key.as_deref().unwrap_or_default();
    json!({
        "key": key,
        "kind": reference.kind.as_str(),
        "as": reference.use_or_kind().as_str(),
        "relation": reference.relation.as_str(),
        "title": reference.title,
        "authors": reference.authors.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "issued": reference.issued.map(|date| date.to_string()),
        "address": reference.address(),
        "session": reference.session,
        "csl": reference.to_csl_json(key),
    })
}
