//! Progress bars: the points of each state, and which state of a bar is its last.

use super::{Counters, Entering, LineState, Marks, OPEN_BARS, OpenBar, PointKind, Reader};
use super::{bar, pairs, validator};

impl Reader {
    pub(super) fn bar(&mut self, state: &LineState<'_>, base: usize, text: &str, bar: &bar::Bar) {
        let piece = |range: &std::ops::Range<usize>| text.get(range.clone()).unwrap_or_default();
        let label = piece(&bar.label);
        if let Some(names) = validator::header(label) {
            self.validator = Some(names);
            return;
        }
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
    pub(super) fn follow(
        &mut self,
        state: &LineState<'_>,
        label: &str,
        bar: &bar::Bar,
        epoch: Option<f64>,
        start: usize,
    ) {
        // The name last: of many bars the numbers differ.
        let key = (
            bar.total.to_bits(),
            epoch.map(f64::to_bits),
            label.chars().filter(|c| c.is_alphabetic()).collect(),
        );
        let now = OpenBar {
            done: bar.done,
            total: bar.total,
            ended: state.last,
            points: start..self.points.len(),
        };
        let before = self.bars.get(&key).cloned();
        if before.is_none() && self.bars.len() >= OPEN_BARS {
            self.close_all();
        }
        if let Some(before) = before {
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
        self.bars.insert(key, now);
    }

    /// Whether the values of the names that both ranges of points have are the same.
    pub(super) fn agree(
        &self,
        before: &std::ops::Range<usize>,
        now: &std::ops::Range<usize>,
    ) -> bool {
        let points =
            |range: &std::ops::Range<usize>| self.points.get(range.clone()).unwrap_or_default();
        points(before).iter().all(|old| {
            points(now)
                .iter()
                .find(|new| new.name == old.name)
                .is_some_and(|new| new.value.to_bits() == old.value.to_bits())
        })
    }

    pub(super) fn close(&mut self, bar: &OpenBar) {
        if bar.done >= bar.total
            && let Some(points) = self.points.get_mut(bar.points.clone())
        {
            for point in points {
                point.kind = PointKind::Log;
            }
        }
    }

    pub(super) fn close_all(&mut self) {
        for bar in std::mem::take(&mut self.bars).into_values() {
            self.close(&bar);
        }
    }
}
