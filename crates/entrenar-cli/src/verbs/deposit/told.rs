//! How far a deposit is, and why it stopped, for people and programs.

use entrenar::research::archive::{
    ArchiveApi, ArchiveError, ConnectError, DepositFailure, DepositState, Step,
};
use entrenar::store::StoredDeposit;
use serde_json::{Value, json};

use crate::errors::{Exit, Failure};
use crate::figures;
use crate::shell::word;
use crate::term::{Line, Tone};

/// A step as part of a sentence.
pub(super) fn step_in_words(step: Step) -> &'static str {
    match step {
        Step::Planned => "nothing was sent",
        Step::CreatingDraft => "a draft was asked for",
        Step::DraftCreated => "a draft is at the archive, without files",
        Step::DoiReserved => "a draft with a DOI is at the archive",
        Step::Frozen => "the files are made, a draft with a DOI is at the archive",
        Step::Described => "the archive has the description; files are being uploaded",
        Step::Uploaded => "a complete draft is at the archive",
        Step::Publishing => "publication was asked for",
        Step::Published => "it is published; what comes after that is not done",
        Step::Done => "it is published",
        Step::Discarding => "the draft is being deleted",
        Step::Discarded => "the draft was deleted",
        _ => "it goes on",
    }
}

/// How far a deposit is, as part of a sentence.
pub(super) fn state_in_words(state: &DepositState) -> String {
    let words = step_in_words(state.step);
    if state.step == Step::Described {
        let arrived = state.files.iter().filter(|file| file.arrived).count();
        return format!("{words} ({arrived} of {})", state.files.len());
    }
    words.to_owned()
}

/// The page where the owner sees the draft.
fn draft_page(state: &DepositState) -> Option<String> {
    let draft = state.draft.as_ref()?;
    let base = &state.base_url;
    Some(match state.api {
        ArchiveApi::Legacy => format!("{base}/deposit/{}", draft.id),
        _ => format!("{base}/uploads/{}", draft.id),
    })
}

/// A few lines for people.
pub(super) fn lines(state: &DepositState) -> Vec<Line> {
    let mut lines = Vec::new();
    let row = |name: &str, text: &str| Line::new().dim(format!("{name:<10} ")).plain(text);
    let (tone, word_of) = match state.step {
        Step::Done | Step::Published => (Tone::Good, "published"),
        Step::Uploaded => (Tone::Good, "draft"),
        Step::Discarded => (Tone::Dim, "discarded"),
        _ => (Tone::Warning, "open"),
    };
    let mut first = Line::of(tone, format!("{word_of:<10} "));
    first = match (&state.url, draft_page(state), state.step) {
        (Some(url), _, _) => first.plain(url),
        (None, _, Step::Discarded) => first.plain("nothing of it is at the archive"),
        (None, Some(page), _) => first.plain(page),
        (None, None, _) => first.plain(state_in_words(state)),
    };
    lines.push(first);
    if let Some(doi) = &state.doi {
        let reserved = if state.step.is_published() {
            ""
        } else {
            "  (reserved)"
        };
        if state.step != Step::Discarded {
            lines.push(row("doi", doi).dim(reserved));
        }
    }
    if !state.files.is_empty() && state.step != Step::Discarded {
        let size = state.files.iter().map(|file| file.size).sum();
        let text = format!(
            "{}, {}",
            figures::count(state.files.len(), "file", "files"),
            figures::bytes(size)
        );
        lines.push(row("files", &text));
    }
    if !state.step.is_over() && state.step != Step::Uploaded {
        lines.push(row("state", &state_in_words(state)));
    }
    if let Some(stopped) = &state.stopped {
        lines.push(row("stopped", stopped));
    }
    let id = word(&state.artifact);
    if state.step == Step::Uploaded {
        let next = format!(
            "`entrenar deposit {id} --resume --publish` publishes it, `… --discard` deletes it"
        );
        lines.push(row("next", &next));
    } else if !state.step.is_over() {
        lines.push(row("next", &format!("`entrenar deposit {id} --resume`")));
    }
    lines
}

/// For programs.
pub(super) fn to_json(state: &DepositState) -> Value {
    let files: Vec<Value> = state
        .files
        .iter()
        .map(|file| {
            json!({
                "name": file.name,
                "size": file.size,
                "md5": file.md5,
                "arrived": file.arrived,
            })
        })
        .collect();
    json!({
        "deposit": state.id,
        "session": state.artifact,
        "archive": state.base_url,
        "api": state.api,
        "step": state.step,
        "published": state.step.is_published(),
        "doi": state.doi,
        "record": state.draft.as_ref().map(|draft| &draft.id),
        "url": state.url.clone().or_else(|| match state.step {
            Step::Discarded => None,
            _ => draft_page(state),
        }),
        "new_version_of": state.new_version_of,
        "terms": state.terms,
        "files": files,
        "stopped": state.stopped,
    })
}

/// As [`to_json`], with the times.
pub(super) fn stored_to_json(deposit: &StoredDeposit) -> Value {
    let mut json = to_json(&deposit.state);
    if let Some(fields) = json.as_object_mut() {
        let time = |time: chrono::DateTime<chrono::Utc>| {
            time.to_rfc3339_opts(chrono::SecondsFormat::Micros, true)
        };
        fields.insert("updated".into(), time(deposit.updated).into());
        let steps: Vec<Value> = deposit
            .steps
            .iter()
            .map(|step| json!({ "step": step.step, "time": time(step.time) }))
            .collect();
        fields.insert("steps".into(), steps.into());
    }
    json
}

/// No archive answers as one.
pub(super) fn no_archive(state: &DepositState, error: &ConnectError) -> Failure {
    let text = format!(
        "cannot deposit session {} at {}: {}",
        state.artifact,
        state.base_url,
        state_in_words(state)
    );
    let failure = Failure::new(Exit::Archive, text).because(error);
    match error {
        ConnectError::Archive(error) => hinted(failure, state, error),
        _ => failure,
    }
}

/// A deposit stopped.
pub(super) fn stopped(state: &DepositState, failure: &DepositFailure) -> Failure {
    let id = word(&state.artifact);
    let mut text = format!(
        "the deposit of session {} at {} stopped: {}",
        state.artifact,
        state.base_url,
        state_in_words(state)
    );
    let resume = format!("`entrenar deposit {id} --resume` goes on from there");
    let discard = format!("`entrenar deposit {id} --discard` ends it");
    match failure {
        DepositFailure::Archive(ArchiveError::Refused { refusals }) => {
            for refusal in refusals {
                text.push_str(&format!("\n{refusal}"));
            }
            Failure::new(Exit::Archive, text)
                .because(&crate::errors::Plain("the archive refuses what is listed"))
                .hint(format!(
                    "correct it: `entrenar artifact edit {id}`, or an option such as `--license`"
                ))
                .hint(resume)
        }
        DepositFailure::Archive(error) => hinted(
            Failure::new(Exit::Archive, text).because(error),
            state,
            error,
        ),
        DepositFailure::Log(error) => Failure::new(Exit::Store, text)
            .because(&**error)
            .hint("nothing was sent after that")
            .hint(resume),
        DepositFailure::Contents(error) => Failure::new(Exit::InputFailed, text)
            .because(&**error)
            .hint(resume),
        DepositFailure::Vanished { .. } => Failure::new(Exit::Archive, text)
            .because(failure)
            .hint(format!("{discard}; then begin a new one")),
        DepositFailure::InReview { .. } => Failure::new(Exit::Archive, text)
            .because(failure)
            .hint(format!("when it was accepted: {resume}")),
        DepositFailure::IsPublished => Failure::new(Exit::Usage, text)
            .because(failure)
            .hint("`--new-version` makes a new version of the record"),
        failure => Failure::new(Exit::Archive, text).because(failure),
    }
}

/// What to do about an archive's failure, and the command that goes on.
fn hinted(failure: Failure, state: &DepositState, error: &ArchiveError) -> Failure {
    let id = word(&state.artifact);
    let goes_on = if state.step == Step::Planned {
        "nothing was sent; the same command tries it again".to_owned()
    } else {
        format!("`entrenar deposit {id} --resume` goes on from there")
    };
    let failure = match error {
        ArchiveError::Forbidden { .. } => failure.hint(
            "the token may be wrong, expired, of another archive, or lack the scopes \
             deposit:write and deposit:actions",
        ),
        ArchiveError::NotAnArchive { .. } | ArchiveError::Redirected { .. } => failure.hint(
            "is it the address of an archive that runs InvenioRDM, without a path? Zenodo is \
             `--to zenodo`",
        ),
        ArchiveError::RateLimited { wait, .. } => {
            failure.hint(format!("wait {} s", wait.as_secs()))
        }
        ArchiveError::FileChanged { .. } => {
            failure.hint("wait until nothing writes to the file; it is packed anew")
        }
        ArchiveError::UnexpectedDoi { .. } => failure.hint(format!(
            "look at the draft; `entrenar deposit {id} --discard` deletes it"
        )),
        _ => failure,
    };
    failure.hint(goes_on)
}
