use std::collections::BTreeSet;

use chrono::TimeDelta;

use super::RuchyBridgeError;
use crate::research::artifact::DEFAULT_KEYWORDS;
use crate::research::{ArtifactType, Author, ContributorRole, ResearchArtifact};
use crate::session::{EntrenarSession, Series, names, number};

/// How many of the other metrics a description names.
const OTHERS_SHOWN: usize = 12;

/// Describes a session as an artifact that can be cited.
///
/// The type is a notebook; id and title are the session's; the user is the author, with the
/// roles Software and Investigation; tags are the keywords (else training, experiment,
/// entrenar); the version is `1.0.0+steps` and the number of steps, 0 included; the description
/// says in sentences what was trained. Times that were recorded are kept, derived ones are not.
/// A licence is never chosen.
///
/// ```
/// use entrenar::ecosystem::{EntrenarSession, session_to_artifact};
///
/// let mut session = EntrenarSession::new("s-1", "Rank 64").with_user("Ada Lovelace");
/// session.metrics.add_loss(0.5);
/// let artifact = session_to_artifact(&session)?;
/// assert_eq!(artifact.version, "1.0.0+steps1");
/// assert_eq!(artifact.authors[0].family(), "Lovelace");
/// assert_eq!(artifact.license, None);
/// # Ok::<(), entrenar::ecosystem::RuchyBridgeError>(())
/// ```
///
/// # Errors
/// [`NoTrainingHistory`](RuchyBridgeError::NoTrainingHistory) if the session has neither a
/// metric nor a cell.
pub fn session_to_artifact(
    session: &EntrenarSession,
) -> Result<ResearchArtifact, RuchyBridgeError> {
    if !session.has_training_data() && session.code_history.is_empty() {
        return Err(RuchyBridgeError::NoTrainingHistory);
    }
    let stated = |field: &str| !session.derived.contains_key(field);
    let version = format!("1.0.0+steps{}", session.metrics.total_steps());
    let mut artifact = ResearchArtifact::new(&session.id, &session.name, ArtifactType::Notebook)
        .with_version(version)
        .with_description(description(session))
        .with_keywords(keywords(session))
        .with_recorded_times(
            session.started_at.filter(|_| stated("started_at")),
            session.ended_at.filter(|_| stated("ended_at")),
        );
    artifact.title_derived_from = session.derived.get("name").cloned();
    if let Some(user) = session
        .user
        .as_deref()
        .filter(|user| !user.trim().is_empty())
    {
        let roles = [ContributorRole::Software, ContributorRole::Investigation];
        artifact = artifact.with_author(Author::new(user).with_roles(roles));
    }
    Ok(artifact)
}

fn keywords(session: &EntrenarSession) -> Vec<String> {
    let tags: Vec<String> = session
        .tags
        .iter()
        .filter(|tag| !tag.trim().is_empty())
        .cloned()
        .collect();
    if tags.is_empty() {
        DEFAULT_KEYWORDS.map(ToOwned::to_owned).to_vec()
    } else {
        tags
    }
}

/// What was trained, in sentences; the same for the same session.
fn description(session: &EntrenarSession) -> String {
    let metrics = &session.metrics;
    let given = |text: &Option<String>| text.clone().filter(|text| !text.trim().is_empty());
    let subject = match (given(&session.architecture), given(&session.dataset)) {
        (Some(model), Some(data)) => format!("Training of {model} on {data}."),
        (Some(model), None) => format!("Training of {model}."),
        (None, Some(data)) => format!("Training on {data}."),
        (None, None) if session.has_training_data() => "Training session.".to_owned(),
        (None, None) => "Code session.".to_owned(),
    };
    let mut sentences = vec![subject];
    let mut recorded = Vec::new();
    if session.has_training_data() {
        recorded.push(counted(metrics.total_steps(), "training step"));
    }
    if !session.code_history.is_empty() {
        recorded.push(counted(session.code_history.len(), "code cell"));
    }
    sentences.push(format!("Recorded: {}.", recorded.join(", ")));
    sentences.extend(final_and_best(
        &headline("Loss", &["loss", "losses"], &metrics.loss()),
        metrics.final_loss(),
        metrics.best_loss(),
    ));
    sentences.extend(final_and_best(
        &headline("Accuracy", &["accuracy", "acc"], &metrics.accuracy()),
        metrics.final_accuracy(),
        metrics.best_accuracy(),
    ));
    sentences.extend(others(session));
    match metrics.non_finite_count() {
        0 => {}
        1 => sentences.push("One value is not finite.".to_owned()),
        count => sentences.push(format!("{count} values are not finite.")),
    }
    let derived = |field: &str| session.derived.contains_key(field);
    sentences.extend(
        session
            .duration()
            .filter(|_| !derived("started_at") && !derived("ended_at"))
            .and_then(duration)
            .map(|duration| format!("Duration: {duration}.")),
    );
    sentences.join(" ")
}

fn counted(count: usize, thing: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{count} {thing}{plural}")
}

/// What a figure is called, with what makes it another one than its plain name says: the name
/// under which it was logged (`train_acc`), and that it is of several runs.
fn headline(title: &str, plain: &[&str], series: &[&Series]) -> String {
    let mut more = Vec::new();
    if let Some(series) = series.first()
        && !plain.contains(&names::fold(series.name()).as_str())
    {
        more.push(series.name().to_owned());
    }
    let runs: BTreeSet<_> = series.iter().map(|series| series.key().run).collect();
    if runs.len() > 1 {
        more.push(counted(runs.len(), "run"));
    }
    match more.as_slice() {
        [] => title.to_owned(),
        more => format!("{title} ({})", more.join(", ")),
    }
}

fn final_and_best(name: &str, last: Option<f64>, best: Option<f64>) -> Option<String> {
    let last = number::to_text(last?);
    Some(match best {
        Some(best) => format!("{name}: final {last}, best {}.", number::to_text(best)),
        None => format!("{name}: final {last}, never a finite value."),
    })
}

/// Names the series that are neither the loss nor the accuracy.
fn others(session: &EntrenarSession) -> Option<String> {
    let shown: Vec<&Series> = [session.metrics.loss(), session.metrics.accuracy()].concat();
    let shown: BTreeSet<&str> = shown.iter().map(|series| series.name()).collect();
    let names: BTreeSet<&str> = session
        .metrics
        .series()
        .iter()
        .filter(|series| !series.is_empty())
        .map(Series::name)
        .filter(|name| !shown.contains(name) && !names::fold(name).is_empty())
        .collect();
    (!names.is_empty()).then(|| {
        let mut shown: Vec<&str> = names.iter().copied().take(OTHERS_SHOWN).collect();
        let more = match names.len() - shown.len() {
            0 => String::new(),
            more => format!("{more} more"),
        };
        if !more.is_empty() {
            shown.push(&more);
        }
        format!("Other metrics: {}.", shown.join(", "))
    })
}

/// A duration in the largest two or three units; `None` for a negative one.
fn duration(duration: TimeDelta) -> Option<String> {
    let millis = u64::try_from(duration.num_milliseconds()).ok()?;
    let (seconds, millis) = (millis / 1000, millis % 1000);
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    Some(match (hours, minutes, seconds) {
        (0, 0, 0) => format!("{millis} ms"),
        (0, 0, _) => format!("{seconds} s"),
        (0, ..) => format!("{minutes} min {seconds} s"),
        _ => format!("{hours} h {minutes} min {seconds} s"),
    })
}

#[cfg(test)]
mod tests {
    use chrono::{DateTime, Utc};

    use super::*;
    use crate::session::{CodeCell, Point, SeriesKey};

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).unwrap()
    }

    fn description_of(session: &EntrenarSession) -> String {
        session_to_artifact(session).unwrap().description.unwrap()
    }

    #[test]
    fn the_description_says_what_was_trained() {
        let mut session = EntrenarSession::empty("s", "S")
            .with_architecture("llama-2-7b")
            .with_dataset("alpaca-clean");
        for loss in [0.9, 0.25, 0.5] {
            session.metrics.add_loss(loss);
        }
        session.metrics.add_accuracy(87.5);
        session.metrics.add_custom("f1", 0.1);
        session.metrics.add_custom("bleu", f64::NAN);
        session.add_code_cell(CodeCell {
            execution_order: 1,
            source: "x".into(),
            output: None,
            timestamp: at(0),
            duration_ms: None,
        });
        session.started_at = Some(at(100));
        session.ended_at = Some(at(100 + 3600 + 125));
        assert_eq!(
            description_of(&session),
            "Training of llama-2-7b on alpaca-clean. Recorded: 3 training steps, 1 code cell. \
             Loss: final 0.5, best 0.25. Accuracy: final 87.5, best 87.5. \
             Other metrics: bleu, f1. One value is not finite. Duration: 1 h 2 min 5 s."
        );
    }

    #[test]
    fn many_other_metrics_are_counted() {
        let mut session = EntrenarSession::empty("s", "S");
        for name in 0..15 {
            session.metrics.add_custom(format!("m{name:02}"), 1.0);
        }
        let description = description_of(&session);
        assert!(description.contains("m10, m11, 3 more."), "{description}");
    }

    #[test]
    fn a_loss_that_is_never_finite_is_said_so() {
        let mut session = EntrenarSession::empty("s", "S");
        session.metrics.add_loss(f64::INFINITY);
        session.metrics.add_loss(f64::NAN);
        assert_eq!(
            description_of(&session),
            "Training session. Recorded: 2 training steps. \
             Loss: final NaN, never a finite value. 2 values are not finite."
        );
    }

    #[test]
    fn a_derived_time_is_no_date_and_gives_no_duration() {
        let mut session = EntrenarSession::empty("s", "stem");
        session.metrics.add_loss(1.0);
        session.started_at = Some(at(100));
        session.ended_at = Some(at(200));
        let both = session_to_artifact(&session).unwrap();
        assert_eq!(
            (both.created_at, both.completed_at),
            (Some(at(100)), Some(at(200)))
        );
        assert!(both.description.unwrap().contains("Duration: 1 min 40 s."));
        assert!(both.title_derived_from.is_none());

        for field in ["ended_at", "name"] {
            session
                .derived
                .insert(field.into(), "the last event".into());
        }
        let artifact = session_to_artifact(&session).unwrap();
        assert_eq!(
            (artifact.created_at, artifact.completed_at),
            (Some(at(100)), None)
        );
        assert!(!artifact.description.unwrap().contains("Duration"));
        assert_eq!(
            artifact.title_derived_from.as_deref(),
            Some("the last event")
        );
        assert_eq!(artifact.release_date, None);
    }

    #[test]
    fn a_negative_duration_is_left_out() {
        let mut session = EntrenarSession::empty("s", "S");
        session.metrics.add_loss(1.0);
        session.started_at = Some(at(100));
        session.ended_at = Some(at(99));
        assert!(!description_of(&session).contains("Duration"));
    }

    #[test]
    fn a_blank_user_is_nobody_and_blank_tags_are_none() {
        let mut session = EntrenarSession::empty("s", "S")
            .with_user(" \t")
            .with_tag(" ");
        session.metrics.add_loss(1.0);
        let artifact = session_to_artifact(&session).unwrap();
        assert!(artifact.authors.is_empty());
        assert_eq!(artifact.keywords, DEFAULT_KEYWORDS);
    }

    #[test]
    fn a_session_with_an_empty_series_has_no_history() {
        let mut session = EntrenarSession::empty("s", "S");
        session
            .metrics
            .push(SeriesKey::named("loss"), Point::default());
        assert!(session_to_artifact(&session).is_ok());
        session.metrics.remove(&SeriesKey::named("loss"));
        assert!(matches!(
            session_to_artifact(&session),
            Err(RuchyBridgeError::NoTrainingHistory)
        ));
    }
}
