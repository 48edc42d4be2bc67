use entrenar::preserve;
use entrenar::research::metadata::{Described, MetadataField, MetadataOrigin};
use entrenar::research::{Affiliation, Author, ResearchArtifact};
use serde_json::{Map, Value, json};

use crate::app::App;
use crate::errors::{Exit, Failure};
use crate::statement::Statement;
use crate::table::{Column, Table};
use crate::term::{Line, Tone};

/// Show what is stated, and who says so
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  entrenar artifact show 3f2a91
  entrenar artifact show 3f2a91 --json | jq '.fields[] | {field, origins}'")]
pub(super) struct Args {
    /// The session's id or the beginning of it
    id: String,
    #[command(flatten)]
    statement: Statement,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Args {
    pub(super) fn run(self, app: &mut App) -> Result<Exit, Failure> {
        let session = app.session(&self.id)?;
        let options = self.statement.options(app, &session.id)?;
        let described = preserve::describe_with_origins(&session, &options);
        if self.json {
            app.out.json(&to_json(&described))?;
            return Ok(Exit::Done);
        }
        let mut table = Table::new(&[
            ("FIELD", Column::Left),
            ("FROM", Column::Path),
            ("VALUE", Column::Main),
        ]);
        let mut absent = Vec::new();
        for field in MetadataField::ALL {
            let values = values(*field, &described.artifact);
            let origins = described.origins_of(*field);
            if values.is_empty() || origins.is_empty() {
                absent.push(field.key());
                continue;
            }
            let origins: Vec<String> = origins.iter().map(ToString::to_string).collect();
            let mut from = origins.join(", ");
            let mut name = field.key();
            for value in values {
                let name = Line::of(Tone::Dim, std::mem::take(&mut name));
                let from = Line::new().dim(std::mem::take(&mut from));
                table.row(vec![name, from, Line::new().plain(value)]);
            }
        }
        for line in table.lines(app.out.columns()) {
            app.out.line(&line)?;
        }
        if let Some(how) = &described.artifact.title_derived_from {
            let line = format!("! nobody gave the title; it was derived from {how}");
            app.out.line(&Line::of(Tone::Warning, line))?;
        }
        if !absent.is_empty() {
            let line = Line::new().dim(format!("not stated: {}", absent.join(", ")));
            app.out.line(&line)?;
        }
        Ok(Exit::Done)
    }
}

/// The values of a field, a line each.
fn values(field: MetadataField, artifact: &ResearchArtifact) -> Vec<String> {
    use MetadataField as F;
    let one = |text: Option<String>| text.into_iter().collect::<Vec<_>>();
    match field {
        F::Title => vec![artifact.title.clone()],
        F::Authors => artifact.authors.iter().map(author_line).collect(),
        F::Abstract => one(artifact.abstract_text.clone()),
        F::Description => one(artifact.description.clone()),
        F::Keywords => one((!artifact.keywords.is_empty()).then(|| artifact.keywords.join(", "))),
        F::Subjects => {
            let subjects = artifact.subjects.iter();
            subjects
                .map(|subject| with(&subject.term, [&subject.scheme, &subject.uri]))
                .collect()
        }
        F::License => one(artifact.license.as_ref().map(ToString::to_string)),
        F::Version => vec![artifact.version.clone()],
        F::Date => one(artifact.release_date.map(|day| day.to_string())),
        F::Language => one(artifact.language.as_ref().map(ToString::to_string)),
        F::Type => vec![artifact.artifact_type.to_string().to_lowercase()],
        F::Doi => one(artifact.doi.as_ref().map(ToString::to_string)),
        F::Url => one(artifact.url.clone()),
        F::Repository => one(artifact.repository.clone()),
        F::Publisher => one(artifact.publisher.clone()),
        F::Funding => {
            let funding = artifact.funding.iter();
            funding
                .map(|one| {
                    let ror = one.funder_ror.as_ref().map(ToString::to_string);
                    let more = [&one.award_number, &one.award_title, &one.award_url, &ror];
                    with(&one.funder, more)
                })
                .collect()
        }
        F::Related => {
            let related = artifact.related.iter();
            related
                .map(|one| format!("{} {}", one.relation, one.identifier))
                .collect()
        }
        F::Software => {
            let software = artifact.software.iter();
            software
                .map(|one| with(&one.name, [&one.version, &one.url]))
                .collect()
        }
        F::Hardware => artifact.hardware.clone(),
        _ => Vec::new(),
    }
}

fn with<const N: usize>(first: &str, more: [&Option<String>; N]) -> String {
    let more: Vec<&str> = more.into_iter().filter_map(Option::as_deref).collect();
    let mut line = first.to_owned();
    if !more.is_empty() {
        line.push_str(&format!(" ({})", more.join(", ")));
    }
    line
}

fn author_line(author: &Author) -> String {
    let mut facts: Vec<String> = Vec::new();
    facts.extend(author.orcid.as_ref().map(|orcid| orcid.as_str().to_owned()));
    facts.extend(author.email.clone());
    facts.extend(author.affiliations.iter().map(|one| one.name.clone()));
    facts.extend(author.roles.iter().map(ToString::to_string));
    let mut line = author.name.clone();
    if !facts.is_empty() {
        line.push_str(&format!(" ({})", facts.join(", ")));
    }
    line
}

/// The JSON of `artifact show`; docs/cli-json.md describes it.
fn to_json(described: &Described) -> Value {
    let artifact = &described.artifact;
    let fields: Vec<Value> = described
        .origins
        .iter()
        .map(|one| {
            let origins: Vec<Value> = one.origins.iter().map(origin_json).collect();
            json!({
                "field": one.field.key(),
                "value": value_json(one.field, artifact),
                "origins": origins,
            })
        })
        .collect();
    json!({
        "id": artifact.id,
        "title_derived_from": artifact.title_derived_from,
        "fields": fields,
    })
}

fn origin_json(origin: &MetadataOrigin) -> Value {
    match origin.file() {
        Some(file) => json!({ "kind": origin.kind(), "file": file }),
        None => json!({ "kind": origin.kind() }),
    }
}

fn value_json(field: MetadataField, artifact: &ResearchArtifact) -> Value {
    use MetadataField as F;
    match field {
        F::Title => json!(artifact.title),
        F::Authors => artifact.authors.iter().map(author_json).collect(),
        F::Abstract => json!(artifact.abstract_text),
        F::Description => json!(artifact.description),
        F::Keywords => json!(artifact.keywords),
        F::Subjects => artifact
            .subjects
            .iter()
            .map(|one| present(json!({"term": one.term, "scheme": one.scheme, "uri": one.uri})))
            .collect(),
        F::License => json!(artifact.license.as_ref().map(ToString::to_string)),
        F::Version => json!(artifact.version),
        F::Date => json!(artifact.release_date),
        F::Language => json!(artifact.language.as_ref().map(ToString::to_string)),
        F::Type => json!(artifact.artifact_type.to_string().to_lowercase()),
        F::Doi => json!(artifact.doi.as_ref().map(ToString::to_string)),
        F::Url => json!(artifact.url),
        F::Repository => json!(artifact.repository),
        F::Publisher => json!(artifact.publisher),
        F::Funding => artifact
            .funding
            .iter()
            .map(|one| {
                present(json!({
                    "funder": one.funder,
                    "ror": one.funder_ror.as_ref().map(ToString::to_string),
                    "award": one.award_number,
                    "title": one.award_title,
                    "url": one.award_url,
                }))
            })
            .collect(),
        F::Related => artifact
            .related
            .iter()
            .map(|one| {
                present(json!({
                    "identifier": one.identifier.to_string(),
                    "relation": one.relation.as_str(),
                    "type": one.artifact_type.map(|kind| kind.to_string().to_lowercase()),
                }))
            })
            .collect(),
        F::Software => artifact
            .software
            .iter()
            .map(|one| present(json!({"name": one.name, "version": one.version, "url": one.url})))
            .collect(),
        F::Hardware => json!(artifact.hardware),
        _ => Value::Null,
    }
}

fn author_json(author: &Author) -> Value {
    let parts = author.parts();
    let affiliations: Vec<Value> = author.affiliations.iter().map(affiliation_json).collect();
    let roles: Vec<&str> = author.roles.iter().map(|role| role.name()).collect();
    present(json!({
        "name": author.name,
        "kind": format!("{:?}", author.kind()).to_lowercase(),
        "family": parts.full_family(),
        "given": parts.given,
        "suffix": parts.suffix,
        "orcid": author.orcid.as_ref().map(|orcid| orcid.as_str()),
        "email": author.email,
        "affiliations": affiliations,
        "roles": roles,
    }))
}

fn affiliation_json(affiliation: &Affiliation) -> Value {
    present(json!({
        "name": affiliation.name,
        "ror": affiliation.ror.as_ref().map(ToString::to_string),
        "country": affiliation.country,
    }))
}

/// The object without what is null.
fn present(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let fields = fields.into_iter().filter(|(_, value)| !value.is_null());
            Value::Object(fields.collect::<Map<_, _>>())
        }
        value => value,
    }
}
