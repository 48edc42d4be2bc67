//! Drawings of series that stay in the store: of a long one only what shows is read.

use entrenar::export::chart::{
    Abscissa, AbscissaFacts, Chart, ChartFigures, ChartOptions, ChartSeries, LARGEST, Reduced,
    Smoother,
};
use entrenar::session::{EntrenarSession, PointRef, Series};
use entrenar::store::{StoreError, StoreView, StoredSeries, StoredSeriesInfo};
use entrenar::window::{Window, WindowAxis, WindowError, WindowPoint, WindowQuery};

use super::{Candidate, Drawing, DrawnLine, Points, Wanted};
use crate::errors::Failure;

/// A series of no more points is read whole, so that its points can be drawn as dots.
const MOST_READ: u64 = 20_000;

impl<'a> Drawing<'a> {
    /// Picks series of `view`; `sessions` are those that may be drawn, without their points. With
    /// `whole`, all points are read.
    pub(crate) fn stored(
        view: &'a StoreView<'_>,
        sessions: &'a [EntrenarSession],
        wanted: Wanted<'_>,
        whole: bool,
    ) -> Result<Self, Failure> {
        let mut candidates = Vec::new();
        for session in sessions {
            let of_session = view.series_of(&session.id)?.into_iter();
            let of_session = of_session.map(|(info, series)| Candidate {
                session,
                key: info.key.clone(),
                count: info.count,
                points: Points::Stored(series, Box::new(info)),
            });
            candidates.push(of_session.collect());
        }
        let mut drawing = Self::among(sessions, candidates, wanted, |points| {
            if let Points::Stored(series, info) = points {
                if !whole && info.count > MOST_READ {
                    return facts(series, info);
                }
                *points = Points::Read(Box::new(read(series, info)?));
            }
            match points {
                Points::Memory(series) => Ok(AbscissaFacts::of(series)),
                Points::Read(series) => Ok(AbscissaFacts::of(series)),
                Points::Stored(series, info) => facts(series, info),
            }
        })?;
        for line in &mut drawing.lines {
            // What lies between steps and epochs is no abscissa of the store's.
            if let (Abscissa::StepInEpoch(_), Points::Stored(series, info)) =
                (line.abscissa, &line.points)
            {
                line.points = Points::Read(Box::new(read(series, info)?));
            }
        }
        Ok(drawing)
    }

    /// The lines as charts take them. Those that stay in the store have what shows in as many
    /// columns as `pixels` says for a chart of them.
    pub(crate) fn reduced(
        &self,
        options: &ChartOptions,
        pixels: impl FnOnce(&[ChartSeries]) -> u32,
    ) -> Result<Vec<ChartSeries>, Failure> {
        let mut series = self.series();
        let is_stored = |line: &DrawnLine<'_>| matches!(line.points, Points::Stored(..));
        if !self.lines.iter().any(is_stored) {
            return Ok(series);
        }
        let plain = ChartOptions {
            smoothing: None,
            ..options.clone()
        };
        // One column has the whole range of both axes.
        for (one, line) in series.iter_mut().zip(&self.lines) {
            if let Points::Stored(stored, info) = &line.points {
                let range = range(line.abscissa, stored)?;
                one.reduced = Some(reduced(line, (stored, info), range, 1, &plain)?);
            }
        }
        let x = Chart::new(&series, &plain).x;
        let pixels = pixels(&series);
        for (one, line) in series.iter_mut().zip(&self.lines) {
            if let Points::Stored(stored, info) = &line.points {
                let range = (x.min, x.max);
                one.reduced = Some(reduced(line, (stored, info), range, pixels, options)?);
            }
        }
        Ok(series)
    }
}

/// All points of a series.
fn read(stored: &StoredSeries<'_>, info: &StoredSeriesInfo) -> Result<Series, StoreError> {
    let mut series = Series::new(info.key.clone());
    stored.for_each(|points| series.extend(points))?;
    Ok(series)
}

/// What decides over what a series is drawn, of one that stays in the store.
pub(super) fn facts(
    stored: &StoredSeries<'_>,
    info: &StoredSeriesInfo,
) -> Result<AbscissaFacts, StoreError> {
    let steps = stored.abscissas(WindowAxis::Step)?;
    let epochs = stored.abscissas(WindowAxis::Epoch)?;
    let size = |count: u64| usize::try_from(count).unwrap_or(usize::MAX);
    let has_epochs = epochs.count == info.count;
    Ok(AbscissaFacts {
        count: size(info.count),
        has_steps: steps.count == info.count,
        has_epochs,
        restarts: size(steps.descents),
        epochs_lead: steps.descents > 0 && has_epochs && epochs_lead(stored)?,
        largest_step: info.steps.map(|(_, largest)| largest),
    })
}

fn epochs_lead(stored: &StoredSeries<'_>) -> Result<bool, StoreError> {
    let mut last: Option<PointRef<'static>> = None;
    let mut lead = true;
    stored.for_each(|points| {
        for point in points.points() {
            let point = PointRef {
                value: point.value,
                step: point.step,
                epoch: point.epoch,
                time_us: point.time_us,
                origin: None,
            };
            lead &= last.is_none_or(|last| AbscissaFacts::follow(&last, &point));
            last = Some(point);
        }
    })?;
    Ok(lead)
}

/// The smallest and the largest abscissa.
fn range(abscissa: Abscissa, stored: &StoredSeries<'_>) -> Result<(f64, f64), StoreError> {
    Ok(stored
        .abscissas(axis(abscissa))?
        .range
        .unwrap_or((0.0, 0.0)))
}

fn axis(abscissa: Abscissa) -> WindowAxis {
    match abscissa {
        Abscissa::Step | Abscissa::StepInEpoch(_) => WindowAxis::Step,
        Abscissa::Epoch => WindowAxis::Epoch,
        Abscissa::Order(_) => WindowAxis::Arrival,
    }
}

fn reduced(
    line: &DrawnLine<'_>,
    (stored, info): (&StoredSeries<'_>, &StoredSeriesInfo),
    (from, to): (f64, f64),
    pixels: u32,
    options: &ChartOptions,
) -> Result<Reduced, StoreError> {
    let axis = axis(line.abscissa);
    let low = if options.log_y {
        f64::MIN_POSITIVE
    } else {
        -LARGEST
    };
    let query =
        |pixels| -> Result<WindowQuery, WindowError> { WindowQuery::new(axis, from, to, pixels) };
    let drawn = query(pixels)?.values(low, LARGEST);
    let window = stored.query(&drawn)?;
    // The figures are those of all values, drawn or not.
    let all = stored.query(&query(1)?)?;
    let values = || all.lines.iter().flatten().map(|point| point.value);
    let size = |count: u64| usize::try_from(count).unwrap_or(usize::MAX);
    let smoothed = match options.smoothing {
        Some(weight) if weight > 0.0 => lines(&smoothed(stored, line.abscissa, &drawn, weight)?),
        _ => Vec::new(),
    };
    Ok(Reduced {
        lines: lines(&window),
        smoothed,
        figures: ChartFigures {
            count: size(info.count),
            not_finite: size(all.not_drawn),
            first: info.first,
            last: info.last,
            min: values().reduce(f64::min),
            max: values().reduce(f64::max),
        },
        not_drawn: size(window.not_drawn),
    })
}

fn lines(window: &Window) -> Vec<Vec<(f64, f64)>> {
    let line = |points: &Vec<WindowPoint>| points.iter().map(|p| (p.x, p.value)).collect();
    window.lines.iter().map(line).collect()
}

/// The window of the smoothed values, which all points are read for, some at a time.
fn smoothed(
    stored: &StoredSeries<'_>,
    abscissa: Abscissa,
    query: &WindowQuery,
    weight: f64,
) -> Result<Window, StoreError> {
    Window::of_points(query, |push| {
        let mut smoother = Smoother::new(weight);
        let mut index = 0_u64;
        stored.for_each(|points| {
            for point in points.points() {
                let value = smoother.next(point.value);
                if let Some(x) = abscissa.x(usize::try_from(index).unwrap_or(usize::MAX), &point) {
                    push(x, value, index);
                }
                index += 1;
            }
        })
    })
}
