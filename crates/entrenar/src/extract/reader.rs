//! Lines → points: asks the grammars what a line holds and decides what of it is a metric.
//!
//! * A name with a metric word is one ([`words`](super::words)).
//! * An unknown name is one only with evidence: it stands in log lines (with their own step or
//!   epoch), at least [`EVIDENCE`] times, with different values that are not all whole numbers.
//! * Step and epoch come from the line itself, else from the last line that showed them.
//! * Of a bar, the last state counts; the states before are [`PointKind::Progress`].

use std::collections::{BTreeMap, HashMap};

use super::clues::{
    behind, bracketed_head, fraction_behind, is_config, is_counter, is_prose, is_setting, labels,
    leading_split, mmengine, rank, restates, split_of, with_split,
};
use super::grammar::{bar, boxed, columns, dict, pairs, report, symbols};
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
    bars: BTreeMap<(String, u64, Option<u64>), OpenBar>,
    /// Total and completion of the bar that drew the epoch of the last header.
    epoch_bar: Option<(f64, bool)>,
    table: Option<(columns::Header, usize)>,
    section: String,
    /// Lines that an unfinished call may still take.
    call: usize,
    /// Lines of settings just before this one.
    settings: usize,
    /// The line before says that this one repeats an earlier one.
    repeats: bool,
}

impl Reader {
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
        self.part(state, 0, text, marks);
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
        if self.report(state, base, text, kind)
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
        for pair in pairs.iter().filter(|pair| !is_counter(pair)) {
            let meaning = self.meaning(pair.key);
            let word_count = pair.key.split_whitespace().count();
            if pair.separator == Separator::Blank {
                // Without a separator, prose is close.
                let named = matches!(
                    meaning,
                    Meaning::Metric | Meaning::WeakMetric | Meaning::LearningRate
                );
                if !named || pair.followed || word_count > 4 || is_prose(pair.key) {
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

    fn bar(&mut self, state: &LineState<'_>, base: usize, text: &str, bar: &bar::Bar) {
        let piece = |range: &std::ops::Range<usize>| text.get(range.clone()).unwrap_or_default();
        let label = piece(&bar.label);
        let label_pairs = pairs::read(label);
        let mut counters = Self::counters(label, Marks::of(label), &label_pairs);
        let plain_label = label.trim().trim_end_matches(':');
        if !counters.any() && plain_label.eq_ignore_ascii_case("epochs") {
            counters.epoch = Some(bar.done);
        }
        self.see(&counters);
        let body = piece(&bar.body);
        let body_pairs = pairs::read(body);
        let mut found = self.found(&label_pairs, None);
        for mut one in self.found(&body_pairs, None) {
            one.span = bar.body.start + one.span.start..bar.body.start + one.span.end;
            found.push(one);
        }
        let complete = bar.done >= bar.total && bar.total > 0.0;
        let row_start = self.points.len();
        let in_table = self.table_row(state, base, label, true, Some(PointKind::Progress));
        if in_table || !found.is_empty() {
            // A bar of other length behind the finished one of an epoch is not of that epoch.
            if bar.leading {
                match self.epoch_bar {
                    Some((total, ended)) if ended && total.to_bits() != bar.total.to_bits() => {
                        self.context = Counters::default();
                    }
                    _ => self.epoch_bar = Some((bar.total, complete)),
                }
            }
            let mut at = self.at(&counters);
            // The end of an epoch's bar, or of an evaluation by Keras, is no step.
            at.step = counters.step;
            if !complete || counters.epoch.is_none() && !bar.leading {
                at.step = at.step.or(Some(bar.done));
            }
            let entering = Entering {
                rule: "progress bar",
                kind: PointKind::Progress,
                log_line: true,
            };
            self.enter(state, base, found, at, entering);
            // A bar without an epoch of its own may go on through several.
            let epoch = if bar.leading {
                at.epoch
            } else {
                counters.epoch
            };
            self.follow(state, label, bar, epoch, row_start);
        }
        let rest = piece(&bar.rest);
        if !rest.trim().is_empty() {
            self.part(state, base + bar.rest.start, rest, Marks::of(rest));
        }
    }

    /// Keeps the points from `start` as the last state of their bar.
    fn follow(
        &mut self,
        state: &LineState<'_>,
        label: &str,
        bar: &bar::Bar,
        epoch: Option<f64>,
        start: usize,
    ) {
        let key = (
            label.chars().filter(|c| c.is_alphabetic()).collect(),
            bar.total.to_bits(),
            epoch.map(f64::to_bits),
        );
        let now = OpenBar {
            done: bar.done,
            total: bar.total,
            ended: state.last,
            points: start..self.points.len(),
        };
        if let Some(before) = self.bars.remove(&key) {
            let same = before.done.to_bits() == now.done.to_bits();
            let repeated = same && self.agree(&before.points, &now.points);
            if now.done < before.done || same && before.ended && !repeated {
                self.close(&before);
            } else if repeated && before.points.len() == now.points.len() {
                // Nothing new: the same numbers drawn again.
                self.points.truncate(now.points.start);
                while self
                    .candidates
                    .last()
                    .is_some_and(|c| c.place > self.points.len())
                {
                    self.candidates.pop();
                }
                self.bars.insert(
                    key,
                    OpenBar {
                        points: before.points,
                        ..now
                    },
                );
                return;
            }
        }
        if self.bars.len() >= OPEN_BARS {
            self.close_all();
        }
        self.bars.insert(key, now);
    }

    /// Whether the values of the names that both ranges of points have are the same.
    fn agree(&self, before: &std::ops::Range<usize>, now: &std::ops::Range<usize>) -> bool {
        let points =
            |range: &std::ops::Range<usize>| self.points.get(range.clone()).unwrap_or_default();
        points(before).iter().all(|old| {
            points(now)
                .iter()
                .find(|new| new.name == old.name)
                .is_some_and(|new| new.value.to_bits() == old.value.to_bits())
        })
    }

    fn close(&mut self, bar: &OpenBar) {
        if bar.done >= bar.total
            && let Some(points) = self.points.get_mut(bar.points.clone())
        {
            for point in points {
                point.kind = PointKind::Log;
            }
        }
    }

    fn close_all(&mut self) {
        for bar in std::mem::take(&mut self.bars).into_values() {
            self.close(&bar);
        }
    }

    /// Reads a row of the table whose header came before; `false` where it is none.
    fn table_row(
        &mut self,
        state: &LineState<'_>,
        base: usize,
        text: &str,
        open: bool,
        kind: Option<PointKind>,
    ) -> bool {
        let Some((header, gap)) = &mut self.table else {
            return false;
        };
        let Some(row) = columns::row(text, header, open) else {
            *gap += 1;
            if *gap > TABLE_GAP {
                self.table = None;
            }
            return false;
        };
        *gap = 0;
        let names = header.names.clone();
        let mut counters = Counters::default();
        counters.set(header.counter, row.count);
        let mut found = Vec::new();
        for (name, cell) in names.into_iter().skip(1).zip(row.cells) {
            if let Some((value, span, integer)) = cell {
                found.push(Found {
                    meaning: self.meaning(&name),
                    name,
                    value,
                    span,
                    integer,
                    plain: true,
                });
            }
        }
        let kind = kind.unwrap_or(if state.last {
            PointKind::Log
        } else {
            PointKind::Progress
        });
        let entering = Entering {
            rule: "columns",
            kind,
            log_line: true,
        };
        self.enter(state, base, found, counters, entering);
        true
    }

    fn dict(&mut self, state: &LineState<'_>, base: usize, text: &str, kind: PointKind) -> bool {
        let Some(start) = text.find('{') else {
            return false;
        };
        let Some(dict) = dict::read(text, start) else {
            return false;
        };
        if !text.get(dict.end..).unwrap_or_default().trim().is_empty() {
            return false;
        }
        let before = text.get(..start).unwrap_or_default();
        let before_pairs = pairs::read(before);
        let mut counters = Self::counters(before, Marks::of(before), &before_pairs);
        let mut found = Vec::new();
        let split = split_of(before, &before_pairs);
        for entry in dict.entries {
            if let Some(counter) = words::counter(&entry.key) {
                counters.set(counter, entry.value);
                continue;
            }
            found.push(Found {
                meaning: self.meaning(&entry.key),
                name: with_split(&entry.key, split),
                value: entry.value,
                span: entry.span,
                integer: entry.integer,
                plain: true,
            });
        }
        if dict.words >= 2 && !counters.any() {
            // A dictionary of settings.
            return true;
        }
        self.see(&counters);
        let at = self.at(&counters);
        let entering = Entering {
            rule: "dict",
            kind,
            log_line: counters.any(),
        };
        self.enter(state, base, found, at, entering);
        true
    }

    fn symbols(&mut self, state: &LineState<'_>, base: usize, text: &str, kind: PointKind) -> bool {
        let Some(entries) = symbols::read(text) else {
            return false;
        };
        let mut counters = Counters::default();
        let mut found = Vec::new();
        for entry in entries {
            match words::counter(&entry.key) {
                Some(counter) => counters.set(counter, entry.value),
                None => found.push(Found {
                    meaning: self.meaning(&entry.key),
                    name: entry.key,
                    value: entry.value,
                    span: entry.span,
                    integer: entry.integer,
                    plain: true,
                }),
            }
        }
        let entering = Entering {
            rule: "symbols",
            kind,
            log_line: counters.any(),
        };
        self.enter(state, base, found, counters, entering);
        true
    }

    /// Lines of evaluation reports, each with one value.
    fn report(&mut self, state: &LineState<'_>, base: usize, text: &str, kind: PointKind) -> bool {
        let Some(entry) = report::read(text) else {
            return false;
        };
        if let Some(value) = entry.value {
            let found = vec![Found {
                name: entry.name,
                value,
                span: entry.span,
                integer: false,
                meaning: Meaning::Metric,
                plain: true,
            }];
            let entering = Entering {
                rule: "report",
                kind,
                log_line: false,
            };
            let at = self.context;
            self.enter(state, base, found, at, entering);
        }
        true
    }

    fn boxed(&mut self, state: &LineState<'_>, base: usize, text: &str, kind: PointKind) -> bool {
        match boxed::row(text) {
            None => return false,
            Some(boxed::Row::Section(name)) => name.clone_into(&mut self.section),
            Some(boxed::Row::Value {
                name,
                value,
                span,
                integer,
            }) => {
                let meaning = self.meaning(name);
                let name = format!("{}{name}", self.section);
                let found = vec![Found {
                    name,
                    value,
                    span,
                    integer,
                    meaning,
                    plain: false,
                }];
                let entering = Entering {
                    rule: "boxed",
                    kind,
                    log_line: false,
                };
                let at = self.context;
                self.enter(state, base, found, at, entering);
            }
        }
        true
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
