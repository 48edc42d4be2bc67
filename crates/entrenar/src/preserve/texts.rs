//! Every text of a session and of its description, each with its place.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use crate::research::{Author, ResearchArtifact};
use crate::session::{
    DocumentCell, EntrenarSession, Point, PointRef, Series, SeriesKey, SessionMetrics,
};

/// A text and where it stands.
pub(super) struct Spot<'a> {
    /// The path of `session.json`, such as `cells[3].source`.
    pub(super) place: &'a str,
    /// The field's own name, where the text is the value of one.
    pub(super) field: Option<&'a str>,
    /// Whether the field stands in metadata, where its name says what the text is.
    pub(super) metadata: bool,
    /// Whether the text stands elsewhere, too, and is told from there.
    pub(super) again: bool,
}

/// Gives another text for the one it sees, or `None` to leave it.
pub(super) type Edit<'e> = dyn FnMut(&Spot<'_>, &str) -> Option<String> + 'e;

/// Shows every text of `session` to `edit`, in the order of `session.json`. Encoded bytes of
/// images and the like are no texts; their places go to `opaque`.
pub(super) fn visit(
    session: &mut EntrenarSession,
    edit: &mut Edit<'_>,
    opaque: &mut dyn FnMut(&str, &str),
) {
    session.metrics = visit_all(session, edit, opaque, &|point| Point {
        value: point.value,
        step: point.step,
        epoch: point.epoch,
        // Places in a text that was edited would be wrong; a clock tells whose it was.
        time_us: None,
        origin: None,
    });
}

/// As [`visit`], for the session as it goes on to be known: its points keep their times and
/// places.
pub(super) fn visit_keeping_points(
    session: &mut EntrenarSession,
    edit: &mut Edit<'_>,
    opaque: &mut dyn FnMut(&str, &str),
) {
    session.metrics = visit_all(session, edit, opaque, &|point| Point {
        value: point.value,
        step: point.step,
        epoch: point.epoch,
        time_us: point.time_us,
        origin: point.origin.cloned(),
    });
}

/// Shows all texts, and gives the metrics under their edited names.
fn visit_all(
    session: &mut EntrenarSession,
    edit: &mut Edit<'_>,
    opaque: &mut dyn FnMut(&str, &str),
    point: &dyn Fn(PointRef<'_>) -> Point,
) -> SessionMetrics {
    let mut walk = Walk {
        edit,
        opaque,
        again: false,
    };
    walk.field("metadata.name", "name", &mut session.name);
    for (name, text) in [
        ("user", &mut session.user),
        ("architecture", &mut session.architecture),
        ("dataset", &mut session.dataset),
        ("notes", &mut session.notes),
    ] {
        if let Some(text) = text {
            walk.field(&format!("metadata.{name}"), name, text);
        }
    }
    walk.config("metadata.config", &mut session.config);
    for (index, tag) in session.tags.iter_mut().enumerate() {
        walk.text(&format!("metadata.tags[{index}]"), tag);
    }
    for (name, how) in &mut session.derived {
        walk.text(&format!("metadata.derived.{name}"), how);
    }
    walk.map("metadata.environment", &mut session.environment, true);
    for (index, run) in session.runs.iter_mut().enumerate() {
        if let Some(name) = &mut run.name {
            walk.text(&format!("runs[{index}].name"), name);
        }
        walk.config(&format!("runs[{index}].config"), &mut run.config);
    }
    let metrics = walk.metrics(&session.metrics, point);
    for (index, cell) in session.code_history.iter_mut().enumerate() {
        let place = format!("cells[{index}]");
        walk.text(&format!("{place}.source"), &mut cell.source);
        if let Some(output) = &mut cell.output {
            let record = session.cell_records.get(index);
            walk.again = record.is_some_and(|record| !record.outputs.is_empty());
            walk.text(&format!("{place}.output"), output);
            walk.again = false;
        }
    }
    for (index, record) in session.cell_records.iter_mut().enumerate() {
        let place = format!("cells[{index}]");
        if let Some(id) = &mut record.id {
            walk.text(&format!("{place}.id"), id);
        }
        for (number, output) in record.outputs.iter_mut().enumerate() {
            walk.value(&format!("{place}.outputs[{number}]"), output, false);
        }
        if let Some(error) = &mut record.error {
            walk.text(&format!("{place}.error.message"), &mut error.message);
            for line in &mut error.traceback {
                walk.text(&format!("{place}.error.traceback"), line);
            }
        }
        walk.map(&format!("{place}.metadata"), &mut record.metadata, true);
        walk.map(&format!("{place}.extra"), &mut record.extra, true);
    }
    for (index, cell) in session.document.cells.iter_mut().enumerate() {
        let (DocumentCell::Markdown(cell) | DocumentCell::Raw(cell)) = cell else {
            continue;
        };
        let place = format!("document.cells[{index}]");
        if let Some(id) = &mut cell.id {
            walk.text(&format!("{place}.id"), id);
        }
        walk.text(&format!("{place}.source"), &mut cell.source);
        walk.map(&format!("{place}.metadata"), &mut cell.metadata, true);
        walk.map(&format!("{place}.extra"), &mut cell.extra, true);
        walk.map(
            &format!("{place}.attachments"),
            &mut cell.attachments,
            false,
        );
    }
    walk.map("document.metadata", &mut session.document.metadata, true);
    walk.map("document.extra", &mut session.document.extra, true);
    for (index, warning) in session.warnings.iter_mut().enumerate() {
        walk.text(&format!("warnings[{index}].message"), &mut warning.message);
        if let Some(path) = &mut warning.place.path {
            walk.text(&format!("warnings[{index}].path"), path);
        }
    }
    metrics
}

/// Shows the texts of the description to `edit`, each with its place.
pub(super) fn description(
    artifact: &mut ResearchArtifact,
    edit: &mut dyn FnMut(&str, &str) -> Option<String>,
) {
    let mut text = |place: &str, text: &mut String| {
        if let Some(other) = edit(place, text) {
            *text = other;
        }
    };
    text("artifact.title", &mut artifact.title);
    for (place, value) in [
        (
            "artifact.title_derived_from",
            &mut artifact.title_derived_from,
        ),
        ("artifact.description", &mut artifact.description),
        ("artifact.abstract", &mut artifact.abstract_text),
    ] {
        if let Some(value) = value {
            text(place, value);
        }
    }
    text("artifact.version", &mut artifact.version);
    for keyword in &mut artifact.keywords {
        text("artifact.keywords", keyword);
    }
    for hardware in &mut artifact.hardware {
        text("artifact.hardware", hardware);
    }
    for subject in &mut artifact.subjects {
        text("artifact.subjects", &mut subject.term);
    }
    for software in &mut artifact.software {
        text("artifact.software", &mut software.name);
        // An address with a stand-in in it leads nowhere.
        let names = software.url.clone().is_some_and(|mut url| {
            let before = url.clone();
            text("artifact.software", &mut url);
            url != before
        });
        if names {
            software.url = None;
        }
    }
    for reference in &mut artifact.references {
        let texts = [
            &mut reference.title,
            &mut reference.note,
            &mut reference.url,
            &mut reference.key,
        ];
        for value in texts.into_iter().flatten() {
            text("artifact.references", value);
        }
        for author in reference.authors.iter_mut().chain(&mut reference.editors) {
            let before = author.name.clone();
            text("artifact.references", &mut author.name);
            if author.name != before {
                *author = Author::organisation(author.name.clone());
            }
        }
    }
}

struct Walk<'w, 'e> {
    edit: &'w mut Edit<'e>,
    opaque: &'w mut dyn FnMut(&str, &str),
    again: bool,
}

impl Walk<'_, '_> {
    fn text(&mut self, place: &str, text: &mut String) {
        self.spot(place, None, false, text);
    }

    fn field(&mut self, place: &str, field: &str, text: &mut String) {
        self.spot(place, Some(field), true, text);
    }

    fn spot(&mut self, place: &str, field: Option<&str>, metadata: bool, text: &mut String) {
        let spot = Spot {
            place,
            field,
            metadata,
            again: self.again,
        };
        if let Some(other) = (self.edit)(&spot, text) {
            *text = other;
        }
    }

    fn config(&mut self, place: &str, config: &mut BTreeMap<String, String>) {
        let mut edited = BTreeMap::new();
        for (name, mut value) in std::mem::take(config) {
            let place = format!("{place}.{name}");
            let mut key = name.clone();
            self.text(&place, &mut key);
            self.field(&place, &name, &mut value);
            // Two names may become the same; none is lost.
            while edited.contains_key(&key) {
                key.push('_');
            }
            edited.insert(key, value);
        }
        *config = edited;
    }

    fn metrics(
        &mut self,
        metrics: &SessionMetrics,
        change: &dyn Fn(PointRef<'_>) -> Point,
    ) -> SessionMetrics {
        let mut edited = SessionMetrics::new();
        let mut taken = BTreeSet::new();
        for (index, series) in metrics.series().iter().enumerate() {
            let mut key: SeriesKey = series.key().clone();
            self.text(&format!("metrics[{index}].name"), &mut key.name);
            while !taken.insert(key.clone()) {
                key.name.push('_');
            }
            let mut renamed = Series::new(key);
            for point in series.points() {
                renamed.push(change(point));
            }
            edited.insert(renamed);
        }
        edited
    }

    fn map(&mut self, place: &str, map: &mut Map<String, Value>, metadata: bool) {
        let mut edited = Map::new();
        for (name, mut value) in std::mem::take(map) {
            let place = format!("{place}.{name}");
            let mut key = name.clone();
            if is_encoded(&name, &value) {
                (self.opaque)(&place, &name);
                edited.insert(name, value);
                continue;
            }
            self.text(&place, &mut key);
            // The name of a kernel is shown under the name that people are shown under.
            let metadata = metadata && name != "kernelspec";
            if let Value::String(text) = &mut value {
                self.spot(&place, Some(&name), metadata, text);
            } else {
                self.value(&place, &mut value, metadata);
            }
            while edited.contains_key(&key) {
                key.push('_');
            }
            edited.insert(key, value);
        }
        *map = edited;
    }

    fn value(&mut self, place: &str, value: &mut Value, metadata: bool) {
        match value {
            Value::String(text) => self.spot(place, None, metadata, text),
            Value::Array(items) => {
                // The lines of a text keep the place of the text.
                let lines = items.iter().all(Value::is_string);
                for (index, item) in items.iter_mut().enumerate() {
                    if lines {
                        self.value(place, item, metadata);
                    } else {
                        self.value(&format!("{place}[{index}]"), item, metadata);
                    }
                }
            }
            Value::Object(map) => self.map(place, map, metadata),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
}

/// Whether `name` is a media type whose values are bytes in base64.
fn is_encoded(name: &str, value: &Value) -> bool {
    let bytes = ["image/", "audio/", "video/", "font/"]
        .iter()
        .any(|kind| name.starts_with(kind))
        || matches!(name, "application/pdf" | "application/octet-stream");
    bytes && !name.ends_with("+xml") && !value.is_object()
}
