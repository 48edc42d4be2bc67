//! `.replay`: recordings of the REPL (Ruchy 1.30 to 3.7) and of the library (all versions).

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use crate::bridge::{BridgeError, Limits};
use crate::session::{Place, WarningKind};

use super::raw::{self, Budget, Raw, Warnings};
use super::session::{RuchyEnvironment, RuchyFormatVersion, RuchyMetadata, RuchySession, is_plain};
use super::timeline::Timeline;
use super::values;

/// Reads a recording.
///
/// A recording that was cut off gives the events that are whole, with a warning.
pub(super) fn read(
    text: &str,
    limits: Limits,
    warnings: &mut Warnings,
) -> Result<RuchySession, BridgeError> {
    let cut_off = raw::check(text)?;
    let mut session = RuchySession::default();
    let mut timeline = None;
    let mut keys = BTreeSet::new();
    let budget = Budget::new(limits.max_values);
    for (key, value) in Raw::document(text, &budget).fields() {
        if !keys.insert(key.clone()) {
            warnings.add(
                WarningKind::InvalidValue,
                value.place(&*key),
                format!(
                    "the field {key:?} is there twice; lists are joined, else the last one counts"
                ),
            );
        }
        match &*key {
            "version" if value.is_object() => session.version = version(value, warnings),
            "metadata" if value.is_object() => session.metadata = metadata(value, warnings),
            "environment" if value.is_object() => {
                session.environment = environment(value, warnings);
            }
            "timeline" if value.is_array() => {
                read_timeline(
                    text,
                    value,
                    limits,
                    timeline.get_or_insert_default(),
                    warnings,
                )?;
            }
            "checkpoints" if value.is_object() => {
                for (id, state) in value.fields() {
                    session.checkpoints.insert(id.into_owned(), state.value());
                }
            }
            _ => {
                warnings.add(
                    WarningKind::UnknownField,
                    value.place(&*key),
                    format!("the field {key:?} is not one of the format's; it is kept"),
                );
                session
                    .document
                    .extra
                    .insert(key.into_owned(), value.value());
            }
        }
    }
    budget.report(warnings);
    match (timeline, cut_off) {
        (Some(timeline), None) => take(&mut session, timeline, warnings),
        (Some(timeline), Some(error)) if !timeline.cells.is_empty() => {
            warnings.add(
                WarningKind::Missing,
                Place::byte(text.len()),
                format!("the recording was cut off; the events that are whole were read ({error})"),
            );
            take(&mut session, timeline, warnings);
        }
        (_, Some(error)) => return Err(error),
        (None, None) => {
            return Err(BridgeError::Invalid {
                place: "timeline".into(),
                message: "the recording has no list of events".into(),
            });
        }
    }
    Ok(session)
}

fn take(session: &mut RuchySession, timeline: Timeline, warnings: &mut Warnings) {
    timeline.check_times(warnings);
    for (index, cell) in timeline.cells.iter().enumerate() {
        if cell.stdout.is_empty() && values::prints(&cell.source) {
            warnings.add(
                WarningKind::Missing,
                Place::path(format!("cells[{index}]")),
                "the code prints, but Ruchy's recording does not hold what was printed: \
                 only values that an input shows can be read as metrics",
            );
        }
    }
    session.cells = timeline.cells;
    session.events = timeline.events;
    session.last_event_ns = timeline.last_event_ns;
}

fn read_timeline(
    text: &str,
    list: Raw<'_>,
    limits: Limits,
    timeline: &mut Timeline,
    warnings: &mut Warnings,
) -> Result<(), BridgeError> {
    let limit = limits.max_cells();
    for (index, item) in list.items().enumerate() {
        timeline.add(item, index, warnings);
        // Lines of one input and what it gave are one cell: events as such cost nothing.
        if timeline.cells.len() + timeline.events.len() > limit {
            return Err(BridgeError::TooManyCells {
                limit,
                position: raw::position(text, item.at),
            });
        }
    }
    Ok(())
}

fn version(object: Raw<'_>, warnings: &mut Warnings) -> Option<RuchyFormatVersion> {
    let part = |name: &str| {
        let (_, value) = object.fields().find(|(key, _)| key == name)?;
        value.get()
    };
    let version = (|| {
        Some(RuchyFormatVersion {
            major: part("major")?,
            minor: part("minor")?,
            patch: part("patch")?,
        })
    })();
    if version.is_none_or(|version| version.major != 1) {
        warnings.add(
            WarningKind::InvalidValue,
            object.place("version"),
            format!(
                "version {} of the format is not known; read as 1.0.0",
                object.text
            ),
        );
    }
    version
}

fn metadata(object: Raw<'_>, warnings: &mut Warnings) -> RuchyMetadata {
    let mut metadata = RuchyMetadata::default();
    for (key, value) in object.fields() {
        let text = value.string().map(std::borrow::Cow::into_owned);
        let known = match &*key {
            _ if value.is_null() => true,
            "session_id" => set(&mut metadata.session_id, text),
            "ruchy_version" => set(&mut metadata.ruchy_version, text),
            "student_id" => set(&mut metadata.student_id, text),
            "assignment_id" => set(&mut metadata.assignment_id, text),
            "created_at" => set(&mut metadata.created_at, text.as_deref().and_then(time)),
            "tags" => value.get().map(|tags| metadata.tags = tags).is_some(),
            _ => {
                warnings.unknown(&key, value, "metadata");
                metadata.extra.insert(key.into_owned(), value.value());
                continue;
            }
        };
        if !known {
            let kind = match &*key {
                "created_at" => WarningKind::Time,
                _ => WarningKind::InvalidValue,
            };
            warnings.add(
                kind,
                value.place(format!("metadata.{key}")),
                format!("{key:?} cannot be read; it is kept as it is"),
            );
            metadata.extra.insert(key.into_owned(), value.value());
        }
    }
    metadata
}

fn set<T>(field: &mut Option<T>, value: Option<T>) -> bool {
    let known = value.is_some();
    if known {
        *field = value;
    }
    known
}

/// Reads an RFC 3339 time of the years 1 to 9999.
fn time(text: &str) -> Option<DateTime<Utc>> {
    let time = DateTime::parse_from_rfc3339(text.trim()).ok()?.to_utc();
    is_plain(&time).then_some(time)
}

fn environment(object: Raw<'_>, warnings: &mut Warnings) -> RuchyEnvironment {
    let mut environment = RuchyEnvironment::default();
    for (key, value) in object.fields() {
        let known = match &*key {
            _ if value.is_null() => true,
            "seed" => set(&mut environment.seed, value.get()),
            "feature_flags" => value
                .get()
                .map(|flags| environment.feature_flags = flags)
                .is_some(),
            "resource_limits" => set(&mut environment.resource_limits, value.get()),
            _ => {
                warnings.unknown(&key, value, "environment");
                environment.extra.insert(key.into_owned(), value.value());
                continue;
            }
        };
        if !known {
            warnings.invalid("what the format says", &key, value, "environment");
            environment.extra.insert(key.into_owned(), value.value());
        }
    }
    environment
}
