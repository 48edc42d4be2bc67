//! Lines → points: asks the grammars what a line holds and decides what of it is a metric.
//!
//! * A name with a metric word is one ([`words`](super::words)).
//! * An unknown name is one only with evidence: it stands in log lines (with their own step or
//!   epoch), at least [`EVIDENCE`] times, with different values that are not all whole numbers.
//! * Step and epoch come from the line itself, else from the last line that showed them.
//! * Of a bar, the last state counts; the states before are [`PointKind::Progress`].

mod bars;
mod shapes;

use std::collections::{BTreeMap, HashMap};

use super::clues::{
    behind, bracketed_head, fraction_behind, is_config, is_counter, is_prose, is_setting, labels,
    leading_split, mmengine, rank, restates, split_of, with_split,
};
use super::commas;
use super::grammar::{bar, boxed, columns, dict, pairs, report, symbols, validator};
use super::lines::LineState;
use super::marks::Marks;
use super::words::{self, Counter, Meaning};
use super::{ExtractedPoint, PointKind};

use pairs::{Pair, Separator};

/// Number of log lines with the same unknown name that make it a metric.
const EVIDENCE: usize = 3;
/// Lines without a row after which a table's header no longer holds.
const TABLE_GAP: usize = 60;
/// Lines of an unfinished call that are passed over.
const CALL_LINES: usize = 200;
/// Bars whose last state is awaited at the same time.
const OPEN_BARS: usize = 1024;

/// A number with a name, found by a grammar, not yet judged.
struct Found {
    name: String,
    value: f64,
    span: std::ops::Range<usize>,
    integer: bool,
    meaning: Meaning,
    /// Whether its form is one that an unknown name may have.
    plain: bool,
}

/// Step and epoch of a line, as far as it shows them.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Counters {
    epoch: Option<f64>,
    step: Option<f64>,
    batch: Option<f64>,
    rank: Option<u32>,
}

impl Counters {
    fn set(&mut self, counter: Counter, value: f64) {
        let place = match counter {
            Counter::Epoch => &mut self.epoch,
            Counter::Step => &mut self.step,
            Counter::Batch => &mut self.batch,
        };
        if place.is_none() && value.is_finite() {
            *place = Some(value);
        }
    }

    fn any(&self) -> bool {
        self.placed() || self.batch.is_some()
    }

    fn placed(&self) -> bool {
        self.epoch.is_some() || self.step.is_some()
    }
}

/// How a line's points are entered.
#[derive(Clone, Copy)]
struct Entering {
    rule: &'static str,
    kind: PointKind,
    /// The counters are on the line itself.
    log_line: bool,
}

#[derive(Default)]
struct Evidence {
    count: usize,
    first: f64,
    varies: bool,
    fractional: bool,
}

/// A point that waits for evidence.
struct Candidate {
    place: usize,
    point: ExtractedPoint,
}

/// The last state of a bar.
#[derive(Clone)]
struct OpenBar {
    done: f64,
    total: f64,
    ended: bool,
    points: std::ops::Range<usize>,
}

/// Reads the lines of one text.
#[derive(Default)]
pub(super) struct Reader {
    points: Vec<ExtractedPoint>,
    candidates: Vec<Candidate>,
    evidence: HashMap<String, Evidence>,
    meanings: HashMap<String, Meaning>,
    context: Counters,
    bars: BTreeMap<(u64, Option<u64>, String), OpenBar>,
    /// Total and completion of the bar that drew the epoch of the last header.
    epoch_bar: Option<(f64, bool)>,
    table: Option<(columns::Header, usize)>,
    /// The columns of a validator whose row is awaited, and the place of the last row of a table
    /// with a bar, to which that belongs.
    validator: Option<Vec<String>>,
    validated: Counters,
    section: String,
    /// Lines that an unfinished call may still take.
    call: usize,
    /// Lines of settings just before this one.
    settings: usize,
    /// The line before says that this one repeats an earlier one.
    repeats: bool,
    /// Words behind which the text has decimal commas.
    commas: commas::Words,
}

impl Reader {
    /// A reader for the lines of `text`.
    pub(super) fn of(text: &str) -> Self {
        Self {
            commas: commas::Words::of(text),
            ..Self::default()
        }
    }

    /// Reads one state of one line.
    pub(super) fn line(&mut self, state: &LineState<'_>) {
        let text = state.text;
        let marks = Marks::of(text);
        if is_blank(text, marks) {
            self.settings = 0;
            self.section.clear();
            return;
        }
        if self.call > 0 {
            self.call = if text.contains(')') { 0 } else { self.call - 1 };
            return;
        }
        if !(marks.any(Marks::DIGIT) || marks.any(Marks::N) && maybe_not_finite(text)) {
            self.wordy(text, marks);
            return;
        }
        let pointed = if marks.all(Marks::COMMA.or(Marks::DIGIT)) {
            commas::pointed(text, &self.commas)
        } else {
            None
        };
        self.part(state, 0, pointed.as_deref().unwrap_or(text), marks);
    }

    /// A line without a number.
    fn wordy(&mut self, text: &str, marks: Marks) {
        if let Some(header) = columns::header(text, marks) {
            self.table = Some((header, 0));
        } else if marks.any(Marks::BAR.or(Marks::WIDE))
            && let Some(boxed::Row::Section(name)) = boxed::row(text)
        {
            name.clone_into(&mut self.section);
        } else {
            self.settings = if is_setting(text, marks) {
                self.settings + 1
            } else {
                0
            };
        }
        self.repeats = text.contains("best iteration is");
    }

    /// Reads `text`, which begins at byte `base` of the line and has `marks`.
    fn part(&mut self, state: &LineState<'_>, base: usize, text: &str, marks: Marks) {
        let repeats = std::mem::take(&mut self.repeats);
        if repeats {
            return;
        }
        if let Some(bar) = bar::find(text, marks) {
            self.bar(state, base, text, &bar);
            return;
        }
        if self.table_row(state, base, text, false, None) {
            return;
        }
        if let Some(header) = columns::header(text, marks) {
            self.table = Some((header, 0));
            return;
        }
        let kind = if state.last {
            PointKind::Log
        } else {
            PointKind::Progress
        };
        if self.validated(state, base, text, kind)
            || self.report(state, base, text, kind)
            || marks.any(Marks::BRACE) && self.dict(state, base, text, kind)
            || marks.all(Marks::PARENTHESIS.or(Marks::COLON))
                && self.symbols(state, base, text, kind)
            || marks.any(Marks::BAR.or(Marks::WIDE)) && self.boxed(state, base, text, kind)
        {
            self.settings = 0;
            return;
        }
        let pairs = pairs::read(text);
        if marks.all(Marks::PARENTHESIS.or(Marks::EQUALS)) && pairs::opens_call(text) {
            self.call = CALL_LINES;
        }
        self.pairs(state, base, (text, marks), &pairs, kind);
    }

    fn pairs(
        &mut self,
        state: &LineState<'_>,
        base: usize,
        (text, marks): (&str, Marks),
        pairs: &[Pair<'_>],
        kind: PointKind,
    ) {
        let settings = self.settings;
        self.settings = 0;
        if pairs.is_empty() {
            self.settings = if is_setting(text, marks) {
                settings + 1
            } else {
                0
            };
            return;
        }
        let counters = Self::counters(text, marks, pairs);
        if !counters.any() && pairs.len() == 1 && is_setting(text, marks) {
            let known = pairs
                .first()
                .is_some_and(|pair| self.meaning(pair.key) == Meaning::Metric);
            if !known || settings >= 2 {
                // One of several lines of settings.
                self.settings = settings + 1;
                if settings >= 2 {
                    return;
                }
            }
        }
        if marks.any(Marks::EQUALS) && is_config(text, if counters.placed() { 4 } else { 2 }) {
            return;
        }
        let labels = labels(text);
        let split = match labels.first() {
            Some(_) => None,
            None => split_of(text, pairs).or_else(|| leading_split(pairs)),
        };
        let mut found = self.found(pairs, split);
        for one in &mut found {
            let label = labels.iter().rfind(|(at, _)| *at < one.span.start);
            if let Some((_, label)) = label.filter(|_| one.meaning != Meaning::LearningRate) {
                one.name = with_split(&one.name, Some(label));
            }
        }
        if !found.is_empty() && restates(text) {
            return;
        }
        let rule = match pairs
            .iter()
            .find(|pair| !is_counter(pair))
            .map(|p| p.separator)
        {
            Some(Separator::Equals) => "key=value",
            Some(Separator::Blank) => "name value",
            _ => "key: value",
        };
        self.see(&counters);
        let at = self.at(&counters);
        let entering = Entering {
            rule,
            kind,
            log_line: counters.any(),
        };
        self.enter(state, base, found, at, entering);
    }

    /// The metrics among `pairs`, named.
    fn found(&mut self, pairs: &[Pair<'_>], split: Option<&str>) -> Vec<Found> {
        let mut found = Vec::new();
        let begin = pairs.first().map_or(0, |pair| pair.key_at);
        for (index, pair) in pairs.iter().enumerate() {
            if is_counter(pair) {
                continue;
            }
            let meaning = self.meaning(pair.key);
            let word_count = pair.key.split_whitespace().count();
            if pair.separator == Separator::Blank {
                // Without a separator, prose is close.
                let named = matches!(
                    meaning,
                    Meaning::Metric | Meaning::WeakMetric | Meaning::LearningRate
                );
                let in_sentence = pair.followed
                    && !pairs
                        .get(index + 1)
                        .is_some_and(|next| self.continues(pair, next));
                if !named || in_sentence || word_count > 4 || is_prose(pair.key) {
                    continue;
                }
            }
            let long = word_count > 8 && (word_count > 12 || !begins_as_metric(pair.key));
            if long || pair.key.contains(['+', '*', '?', '!', '$']) {
                continue;
            }
            let split = split.filter(|_| meaning != Meaning::LearningRate);
            let named = words::placed(pair.key, pair.key_at == begin);
            let name = with_split(named.map_or(pair.key, |(name, ..)| name), split);
            let plain = pair.separator != Separator::Blank && word_count <= 3;
            if let Some((mean, span)) = &pair.mean {
                found.push(Found {
                    name: format!("{name} (avg)"),
                    value: *mean,
                    span: span.clone(),
                    integer: false,
                    meaning,
                    plain: false,
                });
            }
            found.push(Found {
                name,
                value: pair.value,
                span: pair.span.clone(),
                integer: pair.integer,
                meaning,
                plain,
            });
        }
        found.sort_by_key(|one| one.span.start);
        found
    }

    /// Whether what follows on `pair` is the next name with its value, as in `loss 0.5 acc 0.9`.
    fn continues(&mut self, pair: &Pair<'_>, next: &Pair<'_>) -> bool {
        let named = is_counter(next)
            || matches!(
                self.meaning(next.key),
                Meaning::Metric | Meaning::WeakMetric | Meaning::LearningRate
            );
        let short = next.key.split_whitespace().count() <= 3 && !is_prose(next.key);
        named && short && next.key_at == pair.span.end + 1
    }

    /// Enters those of `found` that are metrics. Returns the range of new points.
    fn enter(
        &mut self,
        state: &LineState<'_>,
        base: usize,
        found: Vec<Found>,
        at: Counters,
        entering: Entering,
    ) -> std::ops::Range<usize> {
        let start = self.points.len();
        if start + self.candidates.len() >= super::MAX_POINTS {
            return start..start;
        }
        let accepted = |one: &Found| match one.meaning {
            Meaning::Metric => true,
            Meaning::WeakMetric => !one.integer || entering.log_line,
            _ => false,
        };
        let any = found.iter().any(accepted);
        for one in found {
            let metric = accepted(&one) || one.meaning == Meaning::LearningRate && any;
            let maybe = one.meaning == Meaning::Unknown && one.plain && entering.log_line;
            if !metric && !maybe {
                continue;
            }
            let point = ExtractedPoint {
                value: one.value,
                step: at.step.or(at.batch).and_then(whole),
                epoch: at.epoch,
                rank: at.rank,
                span: state.span(base + one.span.start..base + one.span.end),
                rule: entering.rule,
                kind: entering.kind,
                name: one.name,
            };
            if metric {
                self.points.push(point);
                continue;
            }
            if !self.evidence.contains_key(&point.name) {
                self.evidence
                    .insert(point.name.clone(), Evidence::default());
            }
            let Some(evidence) = self.evidence.get_mut(&point.name) else {
                continue;
            };
            if evidence.count == 0 {
                evidence.first = one.value;
            }
            evidence.count += 1;
            evidence.varies |= evidence.first.to_bits() != one.value.to_bits();
            evidence.fractional |= !one.integer;
            self.candidates.push(Candidate {
                place: self.points.len(),
                point,
            });
        }
        start..self.points.len()
    }

    /// The counters that a text with `marks` shows.
    fn counters(text: &str, marks: Marks, pairs: &[Pair<'_>]) -> Counters {
        let mut counters = Counters {
            rank: rank(text, marks),
            ..Counters::default()
        };
        let begin = pairs.first().map_or(0, |pair| pair.key_at);
        for pair in pairs {
            if let Some(counter) = pair.counter {
                counters.set(counter, pair.value);
                // "Epoch: [0][  1/640]": the batch stands behind the epoch.
                if counter == Counter::Epoch
                    && let Some(batch) =
                        behind(text, pair.span.end).or_else(|| fraction_behind(text, pair.span.end))
                {
                    counters.set(Counter::Batch, batch);
                }
            } else if let Some((_, counter, value)) = words::placed(pair.key, pair.key_at == begin)
            {
                counters.set(counter, value);
            }
        }
        // "Epoch(train)  [1][10/15]"
        if counters.epoch.is_none()
            && marks.all(Marks::PARENTHESIS.or(Marks::BRACKET))
            && let Some((epoch, batch)) = mmengine(text)
        {
            counters.epoch = Some(epoch);
            counters.batch = Some(batch);
        }
        if !counters.any()
            && let Some((epoch, batch)) = bracketed_head(text)
            && pairs
                .iter()
                .any(|pair| words::meaning(pair.key) == Meaning::Metric)
        {
            counters.epoch = Some(epoch);
            counters.batch = Some(batch);
        }
        counters
    }

    /// Remembers the counters of a line for the lines behind it.
    fn see(&mut self, counters: &Counters) {
        if let Some(epoch) = counters.epoch {
            if self.context.epoch.map(f64::to_bits) != Some(epoch.to_bits()) {
                self.epoch_bar = None;
            }
            self.context = Counters {
                rank: None,
                batch: None,
                ..*counters
            };
        } else if counters.step.is_some() {
            self.context.step = counters.step;
        }
    }

    /// The counters that hold for a line which shows `counters`.
    fn at(&self, counters: &Counters) -> Counters {
        Counters {
            batch: counters.batch,
            rank: counters.rank,
            ..self.context
        }
    }

    fn meaning(&mut self, name: &str) -> Meaning {
        if let Some(meaning) = self.meanings.get(name) {
            return *meaning;
        }
        let meaning = words::meaning(name);
        if self.meanings.len() < 4096 {
            self.meanings.insert(name.to_owned(), meaning);
        }
        meaning
    }

    /// All points, in the order of the text.
    pub(super) fn finish(mut self) -> Vec<ExtractedPoint> {
        self.close_all();
        let mut candidates = self.candidates.into_iter().peekable();
        let evidence = self.evidence;
        let convincing = |candidate: &Candidate| {
            evidence
                .get(&candidate.point.name)
                .is_some_and(|e| e.count >= EVIDENCE && e.varies && e.fractional)
        };
        let mut all = Vec::with_capacity(self.points.len());
        for (place, point) in self.points.into_iter().enumerate() {
            while let Some(candidate) = candidates.next_if(|c| c.place <= place) {
                if convincing(&candidate) {
                    all.push(candidate.point);
                }
            }
            all.push(point);
        }
        all.extend(candidates.filter(convincing).map(|c| c.point));
        // A line that the cursor came back to is seen again when it ends.
        if !all.is_sorted_by_key(|point| point.span.start) {
            all.sort_by_key(|point| point.span.start);
        }
        all.dedup_by(|again, first| {
            let same = again.span == first.span && again.name == first.name;
            if same && again.kind == PointKind::Log {
                first.kind = PointKind::Log;
            }
            same
        });
        all
    }
}

/// Whether the first word of a name is a metric's: `Accuracy of the network on the … images`.
fn begins_as_metric(key: &str) -> bool {
    let word = key.split(' ').next().unwrap_or_default();
    words::meaning(word) == Meaning::Metric
}

/// Whether `text`, which has `marks`, is white space.
fn is_blank(text: &str, marks: Marks) -> bool {
    !marks.any(Marks::INK) || marks.any(Marks::WIDE) && text.trim().is_empty()
}

fn maybe_not_finite(text: &str) -> bool {
    text.contains("nan") || text.contains("NaN") || text.contains("inf") || text.contains("Inf")
}

/// A whole number as an integer.
#[expect(
    clippy::cast_possible_truncation,
    reason = "below 2^53 and whole, as checked"
)]
pub(super) fn whole(value: f64) -> Option<i64> {
    (value.fract() == 0.0 && value.abs() < 9e15).then_some(value as i64)
}
