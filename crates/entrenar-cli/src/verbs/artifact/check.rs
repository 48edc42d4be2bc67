use clap::builder::PossibleValuesParser;
use entrenar::preserve;
use entrenar::research::Importance;
use entrenar::research::metadata::{CheckTarget, Gap, gaps};
use serde_json::{Value, json};

use crate::app::App;
use crate::errors::{Exit, Failure};
use crate::shell::word;
use crate::statement::Statement;
use crate::term::{Line, Tone};

/// List what a format or archive still lacks
///
/// Required is what the target refuses to go without, recommended what its readers will miss.
/// The exit code is 0 where nothing required is missing, and 6 otherwise.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  entrenar artifact check 3f2a91
  entrenar artifact check 3f2a91 --for zenodo --for datacite
  entrenar artifact check 3f2a91 --for cff --json")]
pub(super) struct Args {
    /// The session's id or the beginning of it
    id: String,
    /// What it is for (repeatable) [default: zenodo, ro-crate and cff]
    #[arg(long = "for", value_name = "TARGET", value_parser = PossibleValuesParser::new(CheckTarget::ALL.map(CheckTarget::as_str)))]
    targets: Vec<String>,
    #[command(flatten)]
    statement: Statement,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// What `check` looks at where nobody says: what `preserve` writes, and the usual archive.
const DEFAULT_TARGETS: [CheckTarget; 3] =
    [CheckTarget::Zenodo, CheckTarget::RoCrate, CheckTarget::Cff];

impl Args {
    pub(super) fn run(self, app: &mut App) -> Result<Exit, Failure> {
        let session = app.session(&self.id)?;
        let options = self.statement.options(app, &session.id)?;
        let artifact = preserve::describe(&session, &options);
        let mut targets: Vec<CheckTarget> = Vec::new();
        for name in &self.targets {
            targets.extend(CheckTarget::parse(name).filter(|one| !targets.contains(one)));
        }
        if targets.is_empty() {
            targets = DEFAULT_TARGETS.to_vec();
        }
        let mut rows: Vec<Row> = Vec::new();
        for target in &targets {
            for gap in gaps(&artifact, *target) {
                Row::add(&mut rows, *target, &gap);
            }
        }
        rows.sort_by_key(|row| row.required.is_empty());
        let missing = rows.iter().filter(|row| !row.required.is_empty()).count();
        if self.json {
            let rows: Vec<Value> = rows.iter().map(Row::to_json).collect();
            let targets: Vec<&str> = targets.iter().map(|target| target.as_str()).collect();
            let value = json!({
                "id": session.id,
                "targets": targets,
                "complete": missing == 0,
                "missing": rows,
            });
            app.out.json(&value)?;
        } else {
            let several = targets.len() > 1;
            for row in &rows {
                row.print(app, &session.id, several)?;
            }
            let line = if rows.is_empty() {
                Line::of(Tone::Good, "nothing is missing")
            } else if missing == 0 {
                Line::of(Tone::Good, "nothing required is missing")
            } else {
                let count =
                    crate::figures::count(missing, "required fact is", "required facts are");
                Line::of(Tone::Bad, format!("{count} missing"))
            };
            app.out.line(&line)?;
        }
        Ok(if missing == 0 {
            Exit::Done
        } else {
            Exit::Broken
        })
    }
}

/// A gap, and which targets have it.
#[derive(Debug)]
struct Row {
    gap: Gap,
    required: Vec<CheckTarget>,
    recommended: Vec<CheckTarget>,
}

impl Row {
    fn add(rows: &mut Vec<Self>, target: CheckTarget, gap: &Gap) {
        let at = rows.iter().position(|row| row.gap.message == gap.message);
        let at = at.unwrap_or_else(|| {
            rows.push(Self {
                gap: gap.clone(),
                required: Vec::new(),
                recommended: Vec::new(),
            });
            rows.len() - 1
        });
        if let Some(row) = rows.get_mut(at) {
            match gap.importance {
                Importance::Required => row.required.push(target),
                Importance::Recommended => row.recommended.push(target),
            }
        }
    }

    fn print(&self, app: &mut App, id: &str, several: bool) -> Result<(), Failure> {
        let (tone, head) = if self.required.is_empty() {
            (Tone::Warning, "recommended")
        } else {
            (Tone::Bad, "required   ")
        };
        let mut line = Line::of(tone, head).plain("  ").plain(&self.gap.message);
        if several {
            let targets = if self.required.is_empty() {
                &self.recommended
            } else {
                &self.required
            };
            let names: Vec<&str> = targets.iter().map(|target| target.as_str()).collect();
            line = line.dim(format!("  ({})", names.join(", ")));
        }
        app.out.line(&line)?;
        let hint = self
            .gap
            .hint
            .replace("edit ID", &format!("edit {}", word(id)));
        let hint = hint.replace("rename ID", &format!("rename {}", word(id)));
        app.out
            .long_line(&Line::new().plain("             ").dim(hint))?;
        Ok(())
    }

    fn to_json(&self) -> Value {
        let names = |targets: &[CheckTarget]| {
            let names: Vec<&str> = targets.iter().map(|target| target.as_str()).collect();
            json!(names)
        };
        json!({
            "field": self.gap.field.key(),
            "message": self.gap.message,
            "hint": self.gap.hint,
            "required_by": names(&self.required),
            "recommended_by": names(&self.recommended),
        })
    }
}
