//! A model card for the Hugging Face Hub: metadata in YAML and sections of Markdown.
//!
//! The keys are those of the Hub's specification of model cards (`modelcard.md`): `language`,
//! `license`, `license_name`, `license_link`, `tags`, `datasets`, `base_model`, `model-index`. Only
//! what the session and its description hold is said; sections about intended use, bias and risks
//! are the author's to write.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::research::text::{distinct, one_line};
use crate::research::{
    ArtifactType, CitationMetadata, IdentifierScheme, License, RelatedIdentifier, ResearchArtifact,
};
use crate::session::{EntrenarSession, Series, number};

/// Licences that the Hub knows by the lower-case form of their SPDX identifier.
const LICENSES: [&str; 51] = [
    "afl-3.0",
    "apache-2.0",
    "artistic-2.0",
    "bsd-2-clause",
    "bsd-3-clause",
    "bsd-3-clause-clear",
    "bsl-1.0",
    "c-uda",
    "cc-by-2.0",
    "cc-by-2.5",
    "cc-by-3.0",
    "cc-by-4.0",
    "cc-by-nc-2.0",
    "cc-by-nc-3.0",
    "cc-by-nc-4.0",
    "cc-by-nc-nd-3.0",
    "cc-by-nc-nd-4.0",
    "cc-by-nc-sa-2.0",
    "cc-by-nc-sa-3.0",
    "cc-by-nc-sa-4.0",
    "cc-by-nd-4.0",
    "cc-by-sa-3.0",
    "cc-by-sa-4.0",
    "cc0-1.0",
    "cdla-permissive-1.0",
    "cdla-permissive-2.0",
    "cdla-sharing-1.0",
    "ecl-2.0",
    "epl-1.0",
    "epl-2.0",
    "etalab-2.0",
    "eupl-1.1",
    "eupl-1.2",
    "isc",
    "lppl-1.3c",
    "mit",
    "mpl-2.0",
    "ms-pl",
    "ncsa",
    "ofl-1.1",
    "osl-3.0",
    "postgresql",
    "unlicense",
    "wtfpl",
    "zlib",
    // under another name than SPDX's
    "agpl-3.0",
    "gpl-2.0",
    "gpl-3.0",
    "lgpl-2.1",
    "lgpl-3.0",
    "odbl",
];

/// What the Hub asks of a result and a session does not hold.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ModelCardOptions {
    /// The task, by the Hub's name of it, such as `text-classification`.
    pub task: Option<String>,
}

/// The card. The metadata have a `model-index` with the last value of each metric where the task
/// is given and the session names its dataset, which the Hub insists on; the table of results in
/// the text is there in any case.
pub fn document(
    session: &EntrenarSession,
    artifact: &ResearchArtifact,
    options: &ModelCardOptions,
) -> Vec<u8> {
    let results = results(session);
    let mut out = String::new();
    yaml(&metadata(session, artifact, options, &results), 0, &mut out);
    if !out.is_empty() {
        out = format!("---\n{out}---\n\n");
    }
    text(session, artifact, &results, &mut out);
    out.into_bytes()
}

/// The figures of one metric over all runs; of several ranks the lowest counts.
#[derive(Debug)]
struct Figures {
    name: String,
    points: usize,
    last: f64,
    min: Option<f64>,
    max: Option<f64>,
}

fn results(session: &EntrenarSession) -> Vec<Figures> {
    let mut by_name: BTreeMap<String, Vec<&Series>> = BTreeMap::new();
    for series in session
        .metrics
        .series()
        .iter()
        .filter(|series| !series.is_empty())
    {
        let name = one_line(series.name());
        if !name.is_empty() {
            by_name.entry(name).or_default().push(series);
        }
    }
    let figures = |(name, mut all): (String, Vec<&Series>)| {
        let rank = all.iter().map(|series| series.key().rank).min()?;
        all.retain(|series| series.key().rank == rank);
        all.sort_by_key(|series| series.key().run);
        let summaries: Vec<_> = all.iter().filter_map(|series| series.summary()).collect();
        Some(Figures {
            name,
            points: summaries.iter().map(|summary| summary.count).sum(),
            last: summaries.last()?.last,
            min: summaries
                .iter()
                .filter_map(|summary| summary.min)
                .reduce(f64::min),
            max: summaries
                .iter()
                .filter_map(|summary| summary.max)
                .reduce(f64::max),
        })
    };
    by_name.into_iter().filter_map(figures).collect()
}

fn metadata(
    session: &EntrenarSession,
    artifact: &ResearchArtifact,
    options: &ModelCardOptions,
    results: &[Figures],
) -> Value {
    let mut fields: Vec<(&str, Value)> = Vec::new();
    let mut list = |key, items: Vec<String>| {
        if !items.is_empty() {
            fields.push((key, items.into()));
        }
    };
    let language = artifact
        .language
        .as_ref()
        .map(|tag| tag.primary().to_owned());
    list("language", language.into_iter().collect());
    list("tags", distinct(&artifact.keywords));
    list("datasets", hub_ids(&artifact.related, true));
    list("base_model", hub_ids(&artifact.related, false));
    if let Some(license) = &artifact.license {
        fields.extend(license_fields(license).map(|(key, text)| (key, text.into())));
    }
    fields.extend(model_index(session, artifact, options, results).map(|it| ("model-index", it)));
    fields
        .into_iter()
        .map(|(key, value)| (key.to_owned(), value))
        .collect()
}

/// The ids of data sets or models of the Hub among the related works.
fn hub_ids(related: &[RelatedIdentifier], datasets: bool) -> Vec<String> {
    let ids = related
        .iter()
        .filter(|related| related.identifier.scheme() == IdentifierScheme::Url)
        .filter_map(|related| {
            let path = related
                .identifier
                .value()
                .strip_prefix("https://huggingface.co/")?;
            let path = path.trim_end_matches('/');
            let id = match path.strip_prefix("datasets/") {
                Some(id) => datasets.then_some(id)?,
                None => (!datasets && related.artifact_type == Some(ArtifactType::Model))
                    .then_some(path)?,
            };
            let plain = |c: char| c.is_ascii_alphanumeric() || "-._/".contains(c);
            (id.split('/').count() <= 2 && id.chars().all(plain)).then(|| id.to_owned())
        })
        .collect::<Vec<_>>();
    distinct(&ids)
}

/// The licence by the Hub's name, else `other` with a name of its own.
fn license_fields(license: &License) -> impl Iterator<Item = (&'static str, String)> {
    let id = license.single_id();
    let hub = id.map(|id| match id {
        "ODbL-1.0" => "odbl".to_owned(),
        id => id
            .trim_end_matches("-only")
            .trim_end_matches("-or-later")
            .to_ascii_lowercase(),
    });
    let fields = match hub.filter(|name| LICENSES.contains(&name.as_str())) {
        Some(name) => vec![("license", name)],
        None => {
            let slug = license.as_str().to_ascii_lowercase();
            let words = slug.split(|c: char| !c.is_ascii_alphanumeric() && !"-.".contains(c));
            let name: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
            let link = id.map(|id| {
                (
                    "license_link",
                    format!("https://spdx.org/licenses/{id}.html"),
                )
            });
            [
                ("license", "other".to_owned()),
                ("license_name", name.join("-")),
            ]
            .into_iter()
            .chain(link)
            .collect()
        }
    };
    fields.into_iter()
}

/// Whether a task may be named so on the Hub: lower-case letters, digits and hyphens.
pub fn is_task(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
}

fn model_index(
    session: &EntrenarSession,
    artifact: &ResearchArtifact,
    options: &ModelCardOptions,
    results: &[Figures],
) -> Option<Value> {
    let task = options.task.as_deref().filter(|task| is_task(task))?;
    let dataset = one_line(session.dataset.as_deref()?);
    let metrics: Vec<Value> = results
        .iter()
        .filter(|figures| figures.last.is_finite())
        .map(|figures| json!({"type": figures.name, "value": figures.last}))
        .collect();
    let title = title(artifact);
    (!dataset.is_empty() && !metrics.is_empty()).then(|| {
        json!([{
            "name": title,
            "results": [{
                "task": {"type": task},
                "dataset": {"type": dataset, "name": dataset},
                "metrics": metrics,
            }],
        }])
    })
}

/// Block style, two spaces a level; scalars in JSON's form, which is YAML's too: `one_line` has
/// replaced the characters on which the two disagree.
fn yaml(value: &Value, depth: usize, out: &mut String) {
    let indent = "  ".repeat(depth);
    let mut entry = |head: String, inner: &Value| {
        out.push_str(&head);
        if inner.is_object() || inner.is_array() {
            let mut block = String::new();
            yaml(inner, depth + 1, &mut block);
            if head.ends_with('-') {
                out.push(' ');
                out.push_str(block.trim_start());
            } else {
                out.push('\n');
                out.push_str(&block);
            }
        } else {
            out.push(' ');
            out.push_str(&scalar(inner));
            out.push('\n');
        }
    };
    match value {
        Value::Object(fields) => {
            for (key, inner) in fields {
                entry(format!("{indent}{key}:"), inner);
            }
        }
        Value::Array(items) => {
            for inner in items {
                entry(format!("{indent}-"), inner);
            }
        }
        _ => {}
    }
}

/// A scalar; YAML 1.1 knows a number with an exponent by its point and its sign only.
fn scalar(value: &Value) -> String {
    let text = value.to_string();
    match text.split_once('e').filter(|_| value.is_number()) {
        Some((mantissa, exponent)) => {
            let point = if mantissa.contains('.') { "" } else { ".0" };
            let sign = if exponent.starts_with(['-', '+']) {
                ""
            } else {
                "+"
            };
            format!("{mantissa}{point}e{sign}{exponent}")
        }
        None => text,
    }
}

fn text(
    session: &EntrenarSession,
    artifact: &ResearchArtifact,
    results: &[Figures],
    out: &mut String,
) {
    let mut line = |text: &str| {
        out.push_str(text);
        out.push('\n');
    };
    line(&format!("# {}\n", markdown(&title(artifact))));
    for paragraph in [&artifact.abstract_text, &artifact.description]
        .into_iter()
        .flatten()
    {
        let paragraph = markdown(paragraph);
        if !paragraph.is_empty() {
            line(&format!("{paragraph}\n"));
        }
    }
    let details = details(session, artifact);
    if !details.is_empty() {
        line("## Model details\n");
        for (name, value) in details {
            line(&format!("- **{name}:** {value}"));
        }
        line("");
    }
    if !session.config.is_empty() {
        line("## Training\n\n| parameter | value |\n|---|---|");
        for (name, value) in &session.config {
            line(&format!("| {} | {} |", markdown(name), markdown(value)));
        }
        line("");
    }
    if !results.is_empty() {
        line(
            "## Results\n\n| metric | points | last | smallest | largest |\n|---|---:|---:|---:|---:|",
        );
        for figures in results {
            let shown = |value: Option<f64>| value.map(number::to_text).unwrap_or_default();
            line(&format!(
                "| {} | {} | {} | {} | {} |",
                markdown(&figures.name),
                figures.points,
                number::to_text(figures.last),
                shown(figures.min),
                shown(figures.max),
            ));
        }
        line("");
    }
    let citation = CitationMetadata::without_year(artifact).to_bibtex();
    let fence = fence(&citation);
    line(&format!(
        "## Citation\n\n{fence}bibtex\n{}\n{fence}",
        citation.trim_end()
    ));
}

fn details(session: &EntrenarSession, artifact: &ResearchArtifact) -> Vec<(&'static str, String)> {
    let joined = |items: Vec<String>| {
        let items: Vec<String> = items.iter().map(|item| markdown(item)).collect();
        items.join(", ")
    };
    let software = artifact
        .software
        .iter()
        .map(|software| match &software.version {
            Some(version) => format!("{} {version}", software.name),
            None => software.name.clone(),
        });
    let authors = artifact.authors.iter().filter(|author| author.is_named());
    let text = |text: Option<&str>| text.map(markdown).unwrap_or_default();
    let mut details = vec![
        ("Architecture", text(session.architecture.as_deref())),
        ("Dataset", text(session.dataset.as_deref())),
        (
            "Developed by",
            joined(authors.map(|author| author.name.clone()).collect()),
        ),
        (
            "Funded by",
            joined(
                artifact
                    .funding
                    .iter()
                    .map(|funding| funding.funder.clone())
                    .collect(),
            ),
        ),
        (
            "Licence",
            text(artifact.license.as_ref().map(License::as_str)),
        ),
        ("Version", text(Some(&artifact.version))),
        ("Repository", text(artifact.repository.as_deref())),
        ("Software", joined(software.collect())),
        ("Hardware", joined(artifact.hardware.clone())),
    ];
    details.retain(|(_, value)| !value.is_empty());
    details
}

fn title(artifact: &ResearchArtifact) -> String {
    Some(one_line(&artifact.title))
        .filter(|title| !title.is_empty())
        .unwrap_or_else(|| "Title not recorded".to_owned())
}

/// Text on one line that Markdown takes as text.
fn markdown(text: &str) -> String {
    let line = one_line(text);
    let mut out = String::with_capacity(line.len());
    for c in line.chars() {
        if "\\`*_{}[]<>#|!~&$".contains(c) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// A fence longer than any run of backticks in the text.
fn fence(text: &str) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    "`".repeat(3.max(longest + 1))
}
